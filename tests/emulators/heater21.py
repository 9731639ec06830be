"""A room heater of 21energy ("Ofen"): its own API on :80 under /21control, open to everybody in the network.

Source: the maker's Home Assistant integration (21energy/21energy_heater_control: paths, bodies, both shapes of
`heater/status/summary`, that target watts are told threefold and consumption is not, that it runs when `operational`
is true and, from 0.4 on, `miningDevices.enabled` is 1, before that when there is a `tunerStatus`).

Assumed: a heater that stopped itself is not operational, a switched-off one tells its standby as consumption and no
tuner status, watts of the five levels, times of the rig, that a mains cut brings it back heating.
"""

from __future__ import annotations

from typing import Any

from .base import HttpEmulator, HttpRequest
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

LEVEL_WATTS = (420, 590, 760, 930, 1100)


class Heater21Emulator(HttpEmulator):
    """`old`: the summary of firmware before 0.4. `says_power_at_rest`: a heater that is off tells a consumption."""

    def __init__(self, clock: Clock, *, old: bool = False, says_power_at_rest: bool = True) -> None:
        settings = {str(i): Setting(float(watts), watts / 26.0) for i, watts in enumerate(LEVEL_WATTS)}
        self.old, self.says_power_at_rest = old, says_power_at_rest
        super().__init__(Rig(Nature(settings, "4", standby_w=12.0, boot_seconds=60.0), clock))

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        path = request.path.removeprefix("/21control/")
        values = {
            "status": lambda: {"operational": self.rig.phase is not Phase.PROTECT},
            "status/system": lambda: {
                "model": "Ofen Pro",
                "isPaired": True,
                "productId": "21E OFEN 000123",
                "version": "0.3.7" if self.old else "0.4.2",
            },
            "heater/powerTarget": lambda: int(self.rig.setting),
            "heater/powerTarget/watt": lambda: f"{LEVEL_WATTS[int(self.rig.setting)] * 3}W",
            "heater/status/fan": lambda: "42.0",
            "heater/status/temperature": lambda: round(self.rig.chip_celsius, 1),
            "heater/status/summary": lambda: self._old() if self.old else self._summary(),
        }
        if request.method == "GET" and path in values:
            return 200, values[path]()
        if (request.method, path) == ("POST", "heater/enable"):
            return self._enable(request.json(), act)
        if request.method == "POST" and path.startswith("heater/powerTarget/"):
            return self._choose(path.rpartition("/")[2], act)
        return 404, b""

    @property
    def _on(self) -> bool:
        return self.rig.phase is not Phase.SLEEP

    def _old(self) -> dict[str, Any]:
        rig = self.rig
        mhs = rig.shown_hash_rate_th_s * 1e6
        summary: dict[str, Any] = {
            "foundBlocks": self.blocks_found,
            "poolStatus": "ACTIVE" if rig.has_pool else "DEAD",
            "power": {"limitW": LEVEL_WATTS[int(rig.setting)] * 3, "approxConsumptionW": round(rig.power_w)},
            "realHashrate": {"mhs5S": mhs, "mhs1M": mhs, "mhs15M": mhs, "mhs24H": mhs, "mhsAv": mhs},
        }
        if self._on:
            summary["tunerStatus"] = "STABLE"
        elif not self.says_power_at_rest:
            del summary["power"]["approxConsumptionW"]
        return summary

    def _summary(self) -> dict[str, Any]:
        rig = self.rig
        devices: dict[str, Any] = {
            "enabled": 1 if self._on else 0,
            "powerTargetW": LEVEL_WATTS[int(rig.setting)] * 3,
            "powerConsumptionW": round(rig.power_w),
            "hashRate": rig.shown_hash_rate_th_s * 1000,
            "maxChipTemperature": round(rig.chip_celsius),
            "minChipTemperature": round(rig.chip_celsius) - 9,
            "lastSummaries": [
                {
                    "id": "miner0",
                    "fans": [{"rpm": 1400 if rig.fan_works else 0, "target_speed_ratio": 0.4}],
                    "power_stats": {"approximated_consumption": {"watt": round(rig.power_w)}},
                }
            ],
        }
        if not self._on and not self.says_power_at_rest:
            del devices["powerConsumptionW"]
            devices["lastSummaries"] = []
        return {"forge": {}, "miningDevices": devices}

    def _enable(self, body: Any, act: bool) -> tuple[int, Any]:
        wanted = body.get("enabled") if isinstance(body, dict) else None
        if not isinstance(wanted, bool):
            return 400, b""
        if act:
            self.rig.wake() if wanted else self.rig.sleep()
        return 200, b""

    def _choose(self, level: str, act: bool) -> tuple[int, Any]:
        if level not in self.rig.nature.settings:
            return 400, b""
        if act:
            self.rig.choose(level)
        return 200, b""
