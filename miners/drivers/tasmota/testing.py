"""A Tasmota plug for tests: its web commands and their answers, and what the contract suites are to try with it.

Sources: the firmware's documentation of its commands and of `Status 0`; answers as its console prints them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from miners.drivers.tasmota.driver import TasmotaPlug
from tests.drivers.device import Device
from tests.emulators.base import HttpEmulator, HttpRequest
from tests.emulators.clock import Clock
from tests.emulators.rig import Nature, Phase, Rig, Setting

LOAD_W = 800.0
#: Settings of the adapter as somebody fills them in.
EXAMPLE = {"address": "192.168.1.47"}


def device(**how: Any) -> Device:
    """As the contract suites take it: without its timer, which has tests of its own."""
    return Device("tasmota", TasmotaPlug, lambda clock: TasmotaEmulator(clock, **how), {"auto_off_minutes": None},
                  needs_pool=False, is_stepped=False, tells_protection=False)  # fmt: skip


def _encoded(seconds: float) -> int:
    """PulseTime: up to 11.1 s in tenths, above that seconds + 100."""
    return round(seconds * 10) if seconds <= 11.1 else round(seconds) + 100


def _decoded(value: int) -> float:
    return value / 10 if value <= 111 else value - 100.0


class TasmotaEmulator(HttpEmulator):
    """`metering`: it measures; `password`: it asks for one; `relays`: with more than one they are POWER1, POWER2, …"""

    def __init__(self, clock: Clock, *, metering: bool = True, password: str = "", relays: int = 1) -> None:
        nature = Nature(
            {"on": Setting(LOAD_W, 0.0)},
            "on",
            standby_w=0.0,
            boot_seconds=2.0,
            init_seconds=1.0,
            ramp_seconds=4.0,
            fall_seconds=0.01,
            off_survives_power_cut=True,
            needs_pool=False,
        )
        self.metering, self.password, self.relays = metering, password, relays
        self.pulse_seconds = 0.0
        self.opens_at: float | None = None
        self.power_on_state, self.timers = 3, "OFF"
        #: It takes a new PulseTime and keeps the old one.
        self.keeps_pulse_time = False
        super().__init__(Rig(nature, clock))

    def lost_power(self) -> None:
        self.opens_at = None

    @staticmethod
    def _command(request: HttpRequest) -> str:
        return parse_qs(request.query).get("cmnd", [""])[0]

    def is_write(self, request: HttpRequest) -> bool:
        name, _, value = self._command(request).partition(" ")
        return bool(value) and name.lower().startswith(("power", "pulsetime")) and name != "PowerOnState"

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        if request.path != "/cm":
            return 404, b"File Not Found"
        asked = parse_qs(request.query)
        if self.password and (asked.get("user"), asked.get("password")) != (["admin"], [self.password]):
            return 401, {"WARNING": "Need user=<username>&password=<password>"}
        name, _, value = self._command(request).partition(" ")
        match name.lower().rstrip("0123456789"), value:
            case "status", "0":
                return 200, self._status()
            case "poweronstate", "":
                return 200, {"PowerOnState": self.power_on_state}
            case "timers", "":
                return 200, {"Timers": self.timers, "Timer1": {"Enable": 0, "Mode": 0, "Time": "00:00"}}
            case "pulsetime", _:
                return 200, self._pulse_time(name, value, act)
            case "power", "ON" | "OFF":
                if act:
                    self._switch(value == "ON")
                return 200, {self._power_name: "ON" if self._on else "OFF"}
        return 200, {"Command": "Unknown"}

    @property
    def _on(self) -> bool:
        return self.rig.phase in (Phase.BOOT, Phase.INIT, Phase.WORK)

    @property
    def _power_name(self) -> str:
        return "POWER" if self.relays == 1 else "POWER1"

    def settle(self) -> Rig:
        if self.opens_at is not None and self.clock.now() >= self.opens_at:
            self._switch(False)
        return self.rig.settle()

    def _switch(self, on: bool) -> None:
        self.opens_at = self.clock.now() + self.pulse_seconds if on and self.pulse_seconds else None
        if on:
            self.rig.wake()
        else:
            self.rig.sleep()
            self.rig.power_w = 0.0

    def _pulse_time(self, name: str, value: str, act: bool) -> dict[str, Any]:
        if value and act and not self.keeps_pulse_time:
            self.pulse_seconds = _decoded(int(value))
        left = 0.0 if self.opens_at is None else max(0.0, self.opens_at - self.clock.now())
        return {name: {"Set": _encoded(self.pulse_seconds), "Remaining": _encoded(left)}}

    def _status(self) -> dict[str, Any]:
        sensors: dict[str, Any] = {"Time": "2026-11-25T15:20:00"}
        if self.metering:
            watts = round(self.rig.power_w)
            sensors["ENERGY"] = {
                "TotalStartTime": "2026-01-01T00:00:00", "Total": 14.093, "Yesterday": 1.2, "Today": 0.4,
                "Power": watts if self.relays == 1 else [watts] + [0] * (self.relays - 1),
                "ApparentPower": watts, "ReactivePower": 0, "Factor": 1.0, "Voltage": 231,
                "Current": round(watts / 231, 3),
            }  # fmt: skip
        state = {self._power_name: "ON" if self._on else "OFF"}
        state |= {f"POWER{number}": "OFF" for number in range(2, self.relays + 1)}
        return {
            "Status": {"Module": 1, "DeviceName": "Heater plug", "FriendlyName": ["Heater"], "Topic": "tasmota_1A2B3C",
                       "Power": int(self._on), "PowerOnState": self.power_on_state},
            "StatusFWR": {"Version": "14.4.1(release-tasmota)", "Hardware": "ESP8266EX"},
            "StatusNET": {"Hostname": "tasmota-1A2B3C-2876", "IPAddress": "127.0.0.1", "Mac": "84:F3:EB:1A:2B:3C"},
            "StatusSNS": sensors,
            "StatusSTS": {"Time": "2026-11-25T15:20:00", "Uptime": "1T02:03:04", "UptimeSec": 93784, **state,
                          "Wifi": {"AP": 1, "RSSI": 78, "Signal": -61}},
        }  # fmt: skip


DEVICES = [device()]
