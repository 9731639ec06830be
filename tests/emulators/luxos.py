"""LuxOS on an Antminer S19k Pro: cgminer's protocol with LUXminer's commands.

Commands, sessions, codes and member names are from the vendor's API pages and recorded answers
(reference notes, section 2). Assumed: codes and texts of refused writes, standby watts, boot, init
and ramp times, and that a protection switches the supply off while CurtailMode stays "None".
"""

from __future__ import annotations

from typing import Any

from .base import LineEmulator
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

_SESSION_SECONDS = 60.0
_DEFAULT_MHZ = 645
#: 25 profiles: 16 steps of 25 MHz below the default and 8 above; watts 784 at the lowest (recorded).
_STEPS = range(-16, 9)


def _profile(step: int) -> str:
    return "default" if step == 0 else f"{_DEFAULT_MHZ + 25 * step}MHz"


def _watts(step: int) -> float:
    return round(784 + (2760 - 784) * ((step + 16) / 16) ** 1.15)


def _hash_rate(step: int) -> float:
    return round(120.0 * (_DEFAULT_MHZ + 25 * step) / _DEFAULT_MHZ, 1)


class LuxOS(LineEmulator):
    """`busy_session`: another program holds the session. `atm`: thermal management chooses the profile.

    `estimate`: what share of the truth its watts are; `psu_reports`: the supply measures them.
    """

    description = "LUXminer 2025.4.8.220305"
    writes = frozenset({"logon", "logoff", "curtail", "profileset"})

    def __init__(self, clock: Clock) -> None:
        self.atm = self.tunes = False
        self.estimate = 0.96
        self.psu_reports = False
        self.session = ""
        self.session_at = 0.0
        settings = {_profile(step): Setting(_watts(step), _hash_rate(step)) for step in _STEPS}
        nature = Nature(
            settings,
            "default",
            standby_w=14.0,
            boot_seconds=60,
            init_seconds=10,
            ramp_seconds=60,
            fall_seconds=4,
            average_seconds=5,
            hot_celsius=65,
            off_survives_power_cut=True,
        )
        self.refuses_profile_asleep = False
        super().__init__(Rig(nature, clock))

    def is_write(self, request: tuple[str, str]) -> bool:
        return request[0] in ("curtail", "profileset")

    def lost_power(self) -> None:
        self.session = ""

    def hold_session(self, name: str) -> None:
        """Another program is logged on."""
        self.session, self.session_at = name, self.clock.now()

    def reply(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        if self.session and self.clock.now() - self.session_at > _SESSION_SECONDS:
            self.session = ""
        match command:
            case "version":
                row = {"API": "3.7", "LUXminer": "2025.4.8.220305", "Miner": "2025.4.8.220305", "Type": "S19k Pro"}
                return self.status("S", 22, "LUXminer versions") | {"VERSION": [row]}
            case "config":
                return self.status("S", 33, "LUXminer config") | {"CONFIG": [self._config()]}
            case "power":
                row = {"PSU": self.psu_reports, "Watts": self._said_w()}
                return self.status("S", 322, "Power information") | {"POWER": [row]}
            case "summary":
                row = {
                    "Elapsed": int(self.rig.uptime_seconds),
                    "GHS 5s": self.rig.shown_hash_rate_th_s * 1000,
                    "GHS av": 118000.0,
                    "Found Blocks": self.blocks_found,
                    "MHS 1m": 118000000.0,
                }
                return self.status("S", 11, "Summary") | {"SUMMARY": [row]}
            case "temps":
                return self.status("S", 201, "Temperatures") | {"TEMPS": self._temps()}
            case "fans":
                rpm = 4200 if self.rig.fan_works and self.rig.phase is Phase.WORK else 0
                fans = [{"FAN": i, "ID": i, "RPM": rpm, "Speed": 60} for i in range(4)]
                return self.status("S", 202, "Fans") | {"FANS": fans}
            case "pools":
                alive = self.rig.has_pool and self.rig.phase is not Phase.SLEEP
                row = {"POOL": 0, "Status": "Alive" if alive else "Dead", "URL": "stratum+tcp://pool.invalid:700"}
                return self.status("S", 7, "1 Pool(s)") | {"POOLS": [row]}
            case "profiles":
                return self.status("S", 320, "Profiles") | {"PROFILES": [self._row(step) for step in _STEPS]}
            case "session":
                return self.status("S", 319, "Session information") | {"SESSION": [{"SessionID": self.session}]}
            case "logon":
                if self.session:
                    return self.status("E", 402, "Another session is active")
                self.hold_session("yJN2nlj1")
                return self.status("S", 316, "Session created") | {"SESSION": [{"SessionID": self.session}]}
            case "logoff" | "curtail" | "profileset":
                return self._privileged(command, parameter, act)
        return self.status("E", 14, "Invalid command")

    def _privileged(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        session, _, rest = parameter.partition(",")
        if not session or session != self.session:
            return self.status("E", 401, "Invalid session")
        self.session_at = self.clock.now()
        if command == "logoff":
            self.session = ""
            return self.status("S", 317, "Session terminated")
        if command == "curtail" and rest in ("sleep", "wakeup"):
            if act:
                self.rig.sleep() if rest == "sleep" else self.rig.wake()
            action = "sleep mode" if rest == "sleep" else "wake up"
            return self.status("S", 335, "Curtailment command sent") | {"CURTAIL": [{"Action": action}]}
        if command == "profileset":
            if self.refuses_profile_asleep and self.rig.phase is Phase.SLEEP:
                return self.status("E", 421, "Command not allowed while asleep")
            if self.atm:
                return self.status("E", 420, "Command not allowed while ATM is enabled")
            if rest not in self.rig.nature.settings:
                return self.status("E", 403, "Profile not found")
            if act:
                self.rig.choose(rest)
            return self.status("S", 321, "Profile Set") | {"PROFILE": [{"Board": 0, "Profile": rest}]}
        return self.status("E", 14, "Invalid parameter")

    def _said_w(self) -> int:
        return int(self.rig.power_w * (1.0 if self.psu_reports else self.estimate))

    def _config(self) -> dict[str, Any]:
        rig = self.rig
        return {
            "ASC Count": 3,
            "ControlBoardType": "CVITek",
            "CurtailMode": "Sleep" if rig.phase is Phase.SLEEP else "None",
            "Hostname": "antminer",
            "IsAtmEnabled": self.atm,
            "IsPowerSupplyOn": rig.phase in (Phase.INIT, Phase.WORK) and rig.psu_works,
            "IsTuning": self.tunes,
            "MACAddr": "62:f7:5e:b7:10:46",
            "Model": "Antminer S19k Pro",
            "NameplateTHS": 120.0,
            "OS": "Lux",
            "PSULabel": "APW12",
            "Profile": rig.setting,
            "ProfileStep": "0",
            "SerialNumber": "JYZZB0UBDJABF06RB",
            "SystemStatus": "Miner started",
        }

    def _temps(self) -> list[dict[str, Any]]:
        celsius = self.rig.chip_celsius if self.rig.phase is Phase.WORK else 0
        sides = ("BottomLeft", "BottomRight", "TopLeft", "TopRight")
        return [{"TEMP": i, "ID": i, **dict.fromkeys(sides, round(celsius - i, 1))} for i in range(3)]

    def _row(self, step: int) -> dict[str, Any]:
        return {
            "Profile Name": _profile(step),
            "Step": str(step),
            "Frequency": _DEFAULT_MHZ + 25 * step,
            "Hashrate": _hash_rate(step),
            "Watts": _watts(step),
            "Voltage": 13.4 + 0.1 * step,
            "IsDynamic": False,
            "IsTuned": True,
        }
