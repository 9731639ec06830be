"""An Antminer with VNish (since 2025 also called XMiner): its REST API on :80 under /api/v1.

Sources: replies recorded or described by public clients: 256foundation/asic-rs (firmware 1.2 and 1.3: endpoints,
`Authorization: Bearer`, presets as a list or as `{"presets": […]}`), a Home Assistant integration for 1.2.6 and 1.3.x
(states, `throttled`, `found_blocks`, `POST mining/throttle {"percent": 20..100}`, `restart_required`, that a preset is
set by its name alone), an XMiner client (info, status, summary, perf-summary need no token; errors are `{"err": …}`).

Assumed: a stopped machine's power_consumption is its standby, throttle takes effect on the watts in proportion and is
taken while stopped, a preset takes effect at the next start of mining, times of the rig, that a restart comes back
mining.
"""

from __future__ import annotations

from typing import Any

from .base import HttpEmulator, HttpRequest, http_bytes
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

PASSWORD = "correct horse"
#: Preset: watts, TH/s, tuned, needs another power supply.
PRESETS = {
    "1500": (1500, 62.0, False, False),
    "2000": (2000, 81.0, True, False),
    "2700": (2700, 105.0, True, False),
    "3250": (3250, 120.0, True, False),
    "3900": (3900, 138.0, True, True),
}


class PresetAtPercent(dict[str, Setting]):
    """Settings `preset@percent`."""

    def __missing__(self, key: str) -> Setting:
        preset, _, percent = key.partition("@")
        watts, hash_rate, *_ = PRESETS[preset]
        return Setting(watts * int(percent) / 100, hash_rate * int(percent) / 100)


def _settings() -> PresetAtPercent:
    settings = PresetAtPercent()
    settings["3250@100"] = settings["3250@100"]
    return settings


class VnishEmulator(HttpEmulator):
    """`wrapped`: presets come as `{"presets": […]}`; `pretty`: they say their watts in words only."""

    def __init__(
        self, clock: Clock, *, version: str = "1.3.3", wrapped: bool = False, says_power_at_rest: bool = True
    ) -> None:
        nature = Nature(_settings(), "3250@100", standby_w=16.0, boot_seconds=90.0, init_seconds=30.0)
        self.version, self.wrapped, self.says_power_at_rest = version, wrapped, says_power_at_rest
        self.preset = "3250"
        self.percent = 100
        self.throttle_status = 200
        self.state: str | None = None
        self.hr_measure = "GH/s"
        self.tokens: set[str] = set()
        self.logins = 0
        super().__init__(Rig(nature, clock))

    def lost_power(self) -> None:
        self.tokens.clear()

    def is_write(self, request: HttpRequest) -> bool:
        return request.method == "POST" and request.path != "/api/v1/unlock" and self._is_let_in(request)

    def denial(self, request: HttpRequest) -> bytes:
        return http_bytes(500, {"err": "internal error"})

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        path = request.path.removeprefix("/api/v1/")
        open_to_all = {
            "info": self._info,
            "summary": self._summary,
            "perf-summary": self._perf_summary,
            "status": lambda: {**self._miner_status(), "restart_required": False, "reboot_required": False},
        }
        if request.method == "GET" and path in open_to_all:
            return 200, open_to_all[path]()
        if (request.method, path) == ("POST", "unlock"):
            return self._unlock(request.json())
        if not self._is_let_in(request):
            return 401, {"err": "unauthorized"}
        match request.method, path:
            case "GET", "autotune/presets":
                return 200, {"presets": self._presets()} if self.wrapped else self._presets()
            case "GET", "settings":
                return 200, {"miner": {"overclock": {"preset": self.preset, "globals": {"volt": 1400, "freq": 545}}}}
            case "POST", "mining/start" | "mining/stop" | "mining/restart":
                return self._mining(path.partition("/")[2], act)
            case "POST", "mining/throttle" if self._has_throttle():
                return self._throttle(request.json(), act)
            case "POST", "settings":
                return self._set(request.json(), act)
        return 404, {"err": "not found"}

    def _is_let_in(self, request: HttpRequest) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    def _has_throttle(self) -> bool:
        return tuple(int(part) for part in self.version.split(".")) >= (1, 3, 3)

    def _unlock(self, body: Any) -> tuple[int, Any]:
        if body != {"pw": PASSWORD}:
            return 403, {"err": "bad password"}
        self.logins += 1
        self.tokens.add(f"tok-{self.logins}")
        return 200, {"token": f"tok-{self.logins}"}

    def _miner_state(self) -> str:
        match self.rig.phase:
            case Phase.SLEEP:
                return "shutting-down" if self.rig.power_w > self.rig.nature.standby_w + 1 else "stopped"
            case Phase.BOOT:
                return "initializing"
            case Phase.INIT:
                return "starting"
            case Phase.PROTECT:
                return "failure"
        return "mining"

    def _miner_status(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "miner_state": self.state or self._miner_state(),
            "miner_state_time": int(self.rig.uptime_seconds),
            "throttled": self.percent,
        }
        if self.rig.phase is Phase.PROTECT:
            status |= {"description": "Overheat", "failure_code": 5}
        return status

    def _info(self) -> dict[str, Any]:
        return {
            "fw_name": "Vnish",
            "fw_version": self.version,
            "platform": "aml",
            "install_type": "nand",
            "build_time": "2026-05-04 11:22:33",
            "miner": "Antminer S19j Pro",
            "model": "s19jpro",
            "algorithm": "sha256d",
            "hr_measure": self.hr_measure,
            "serial": "SN123456",
            "system": {
                "uptime": "1 day, 2:03",
                "network_status": {"mac": "02:00:5E:00:53:02", "ip": "192.168.1.50", "hostname": "antminer"},
            },
        }

    def _summary(self) -> dict[str, Any]:
        rig = self.rig
        asleep = rig.phase is Phase.SLEEP and not self.says_power_at_rest
        rpm = 5400 if rig.fan_works else 0
        chip = round(rig.chip_celsius)
        pool_status = "active" if rig.has_pool else "offline"
        miner: dict[str, Any] = {
            "miner_type": f"Antminer S19j Pro (Vnish {self.version})",
            "miner_status": self._miner_status(),
            "hr_realtime": round(rig.shown_hash_rate_th_s * 1000, 2),
            "hr_nominal": 112000.0,
            "hr_average": 110000.0,
            "power_usage": 29.5,
            "found_blocks": self.blocks_found,
            "power_consumption": round(rig.power_w),
            "chip_temp": {"min": chip - 8, "max": chip},
            "pcb_temp": {"min": chip - 20, "max": chip - 14},
            "cooling": {
                "fan_num": 2,
                "fan_duty": 60,
                "fans": [{"id": i, "rpm": rpm, "status": "ok" if rpm else "lost", "max_rpm": 6000} for i in (0, 1)],
            },
            "chains": [{"id": 1, "hashrate_rt": 55000.0, "status": {"state": "mining"}}],
            "pools": [
                {"id": 0, "url": "pool.example:3333", "user": "w.1", "pool_type": "UserPool", "status": pool_status},
                {"id": 1, "url": "DevFee", "user": "dev", "pool_type": "DevFee", "status": "working"},
            ],
        }
        if asleep:
            del miner["power_consumption"]
        return {"miner": miner}

    def _presets(self) -> list[dict[str, Any]]:
        manual = {"name": "disabled", "pretty": "disabled", "status": "untuned", "modded_psu_required": False}
        return [manual, *(self._preset(name) for name in PRESETS)]

    def _preset(self, name: str) -> dict[str, Any]:
        watts, hash_rate, tuned, modded = PRESETS[name]
        return {
            "name": name,
            "pretty": f"{watts} watt ~ {hash_rate:.0f} TH",
            "status": "tuned" if tuned else "untuned",
            "modded_psu_required": modded,
        }

    def _perf_summary(self) -> dict[str, Any]:
        return {"preset_switcher": {"enabled": False}, "current_preset": self._preset(self.preset)}

    def _mining(self, what: str, act: bool) -> tuple[int, Any]:
        if act and what == "stop":
            self.rig.sleep()
        elif act and what == "start":
            self._apply()
            self.rig.wake()
        elif act and what == "restart" and self.rig.phase is Phase.WORK:
            self._apply()
            self.rig.sleep()
            self.rig.wake()
        return 200, {"success": True}

    def _throttle(self, body: Any, act: bool) -> tuple[int, Any]:
        percent = body.get("percent") if isinstance(body, dict) else None
        if self.throttle_status != 200 or not isinstance(percent, int) or not 20 <= percent <= 100:
            return (self.throttle_status if self.throttle_status != 200 else 422), {"err": "cannot throttle now"}
        if act:
            self.percent = percent
            self._apply()
        return 200, {"restart_required": False, "reboot_required": False}

    def _set(self, body: Any, act: bool) -> tuple[int, Any]:
        overclock = body.get("miner", {}).get("overclock", {})
        if body.get("miner", {}).keys() != {"overclock"} or overclock.get("preset") not in PRESETS:
            return 422, {"err": "invalid settings"}
        if act:
            self.preset = overclock["preset"]
        return 200, {"restart_required": self.rig.phase is not Phase.SLEEP, "reboot_required": False}

    def _apply(self) -> None:
        self.rig.choose(f"{self.preset}@{self.percent}")
