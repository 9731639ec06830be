"""AxeOS on a Bitaxe, and its relative on a NerdQAxe: JSON over HTTP.

Names, units (GH/s, mV, W, °C) and what survives a power cut are from the firmware sources and
recorded answers (reference notes, section 2; `blockFound`, and a NerdQAxe's `asicTemps`,
`foundBlocks` and `totalFoundBlocks`: answers that public clients quote). Assumed: standby watts,
the texts of `POST` answers, "Not Connected" as what `poolConnectionInfo` says without a pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import HttpEmulator, HttpRequest
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting


@dataclass(frozen=True)
class Board:
    """A board and its firmware: default frequency (MHz), watts at it, standby, and what the firmware can do."""

    model: str
    asic: str
    chips: int
    version: str
    options_mhz: tuple[int, ...]
    default_mhz: int
    watts: float
    standby_w: float
    hash_rate_th_s: float
    max_power_w: float
    can_pause: bool = True
    is_nerd: bool = False


GAMMA = Board("Gamma", "BM1370", 1, "v2.14.1", (400, 490, 525, 550, 600, 625), 525, 19.0, 2.0, 1.07, 40)
GAMMA_OLD = Board(
    "Gamma", "BM1370", 1, "v2.9.0", (400, 490, 525, 550, 600, 625), 525, 19.0, 2.0, 1.07, 40, can_pause=False
)
NERDQAXE = Board(
    "NerdQAxe++", "BM1370", 4, "v1.0.36", (500, 515, 525, 550, 575, 600), 600, 72.5, 9.0, 4.8, 100, is_nerd=True
)
NERDQAXE_OLD = Board(
    "NerdQAxe++",
    "BM1370",
    4,
    "v1.0.30",
    (500, 515, 525, 550, 575, 600),
    600,
    72.5,
    9.0,
    4.8,
    100,
    can_pause=False,
    is_nerd=True,
)


def _nature(board: Board) -> Nature:
    settings = {
        str(mhz): Setting(
            board.standby_w + (board.watts - board.standby_w) * mhz / board.default_mhz,
            board.hash_rate_th_s * mhz / board.default_mhz,
        )
        for mhz in board.options_mhz
    }
    return Nature(
        settings,
        str(board.default_mhz),
        board.standby_w,
        boot_seconds=12,
        init_seconds=3,
        ramp_seconds=8,
        fall_seconds=2,
        average_seconds=30,
        hot_celsius=60,
    )


class AxeOS(HttpEmulator):
    """`wants_otp`: PATCH and restart ask for a TOTP (NerdQAxe). `is_foreign`: refuses callers as not in its network."""

    def __init__(self, clock: Clock, board: Board = GAMMA) -> None:
        self.board = board
        self.is_shut_down = False
        self.wants_otp = False
        self.is_foreign = False
        self.flash_writes = 0
        super().__init__(Rig(_nature(board), clock))

    def lost_power(self) -> None:
        self.is_shut_down = False

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        if self.is_foreign:
            return 401, b"Unauthorized"
        match request.method, request.path:
            case "GET", "/api/system/info":
                return 200, self._info()
            case "GET", "/api/system/asic":
                return 200, self._asic()
            case "PATCH", "/api/system":
                return self._patch(request.json(), act)
            case "POST", "/api/system/restart":
                if self.wants_otp:
                    return 401, b"OTP"
                if act:
                    self.is_shut_down = False
                    self.rig.restart()
                return 200, b"System will restart shortly."
            case "POST", "/api/system/pause" if self.board.can_pause and not self.board.is_nerd:
                if act:
                    self.rig.sleep()
                return 200, b""
            case "POST", "/api/system/resume" if self.board.can_pause and not self.board.is_nerd:
                if act:
                    self.rig.wake()
                return 200, b""
            case "POST", "/api/system/shutdown" if self.board.can_pause and self.board.is_nerd:
                if act:
                    self.is_shut_down = True
                    self.rig.sleep()
                return 200, b""
        return 404, b"Not found"

    def _patch(self, wanted: dict[str, Any], act: bool) -> tuple[int, Any]:
        if self.wants_otp:
            return 401, b"OTP"
        if act:
            self.flash_writes += 1
            if "frequency" in wanted:
                self.rig.choose(str(wanted["frequency"]))
        return 200, b""

    def _info(self) -> dict[str, Any]:
        rig, board = self.rig, self.board
        protects = rig.phase is Phase.PROTECT
        info = {
            "power": rig.power_w,
            "voltage": 5087.5,
            "current": rig.power_w / 5.0875 * 1000,
            "temp": rig.chip_celsius,
            "temp2": -1,
            "vrTemp": rig.chip_celsius + 6,
            "maxPower": board.max_power_w,
            "nominalVoltage": 5,
            "hashRate": rig.shown_hash_rate_th_s * 1000,
            "expectedHashrate": rig.nature.settings[rig.setting].hash_rate_th_s * 1000,
            "bestDiff": "2.03 G",
            "coreVoltage": 1150,
            "coreVoltageActual": 1144 if rig.phase is Phase.WORK else 0,
            "frequency": int(rig.setting),
            "macAddr": "66:F3:55:23:1A:BD",
            "hostname": "bitaxe",
            "sharesAccepted": 20205,
            "sharesRejected": 24,
            "uptimeSeconds": int(rig.uptime_seconds),
            "smallCoreCount": 2040,
            "ASICModel": board.asic,
            "stratumURL": "192.168.1.11",
            "stratumPort": 3333,
            "stratumUser": "worker",
            "isUsingFallbackStratum": 0,
            "version": board.version,
            "boardVersion": "602",
            "overheat_mode": int(protects),
            "fanspeed": 72 if rig.fan_works else 0,
            "fanrpm": 4800 if rig.fan_works else 0,
        }
        if board.is_nerd:
            # Its present session's blocks and all of them; a chip that is off says 0 °C.
            works = rig.phase is Phase.WORK
            chips = [round(rig.chip_celsius - i, 1) if works else 0 for i in range(board.chips)]
            info |= {"deviceModel": board.model, "minPower": 50, "overheat_temp": 70, "asicTemps": chips}
            info |= {"foundBlocks": 0, "totalFoundBlocks": self.blocks_found}
            if board.can_pause:
                info["shutdown"] = self.is_shut_down
            return info
        info["axeOSVersion"] = board.version
        info["blockFound"] = self.blocks_found
        if board.can_pause:
            info["miningPaused"] = rig.phase is Phase.SLEEP
            info["poolConnectionInfo"] = "IPv4" if rig.has_pool else "Not Connected"
        return info

    def _asic(self) -> dict[str, Any]:
        board = self.board
        asic = {
            "ASICModel": board.asic,
            "deviceModel": board.model,
            "swarmColor": "green",
            "asicCount": board.chips,
            "defaultFrequency": board.default_mhz,
            "frequencyOptions": list(board.options_mhz),
            "defaultVoltage": 1150,
            "voltageOptions": [1000, 1060, 1100, 1150, 1200, 1250],
        }
        return asic | ({"absMaxFrequency": 800, "ecoFrequency": 500} if board.is_nerd else {})
