"""What crosses the border of `miners`: one controller's reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .power import PowerSource


class MinerStatus(StrEnum):
    """What the device showed. Never derived from a default: no answer is `unreachable` or `unknown`."""

    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    OFF = "off"
    STARTING = "starting"
    RAMPING = "ramping"
    HEATING = "heating"
    STOPPING = "stopping"
    PROTECT = "protect"
    NO_POOL = "no_pool"

    @property
    def is_known(self) -> bool:
        return self not in (MinerStatus.UNREACHABLE, MinerStatus.UNKNOWN)

    @property
    def is_on(self) -> bool:
        """The device draws, or is about to draw, heating power."""
        return self in (MinerStatus.STARTING, MinerStatus.RAMPING, MinerStatus.HEATING, MinerStatus.NO_POOL)


@dataclass(frozen=True, slots=True)
class MinerSnapshot:
    """What one controller read: watts (None: not measured), hash rate TH/s, °C, the source's time (UTC)."""

    status: MinerStatus
    power_w: float | None = None
    power_is_measured: bool = False
    hash_rate_th_s: float | None = None
    chip_temperature_celsius: float | None = None
    observed_at: datetime | None = None
    problem: str = ""
    #: A fault it tells of while it goes on working (a fan, its supply): heating stops. Empty: none.
    fault: str = ""
    #: Where `power_w` comes from; `power_is_measured` is False for a table's figure.
    power_source: PowerSource = PowerSource.NONE
    level: str = ""
    #: The watts it is set to (its own word, not its draw), where a setting is no named level; None: it does not say.
    set_power_w: float | None = None
    inlet_temperature_celsius: float | None = None
    outlet_temperature_celsius: float | None = None
    board_temperature_celsius: float | None = None
    #: Means over what it has; the two above without “average” are the hottest.
    average_chip_temperature_celsius: float | None = None
    average_board_temperature_celsius: float | None = None
    #: Of its fastest fan.
    fan_rpm: float | None = None
    uptime_seconds: float | None = None
    #: Blocks it found, by its own count (most start anew at a restart).
    blocks_found: int | None = None
    #: In how long it will switch itself off, by its own clock (s; 0: not set yet); None: it does not.
    switches_off_in_seconds: float | None = None
    #: The pool answers it; None: it does not say.
    pool_alive: bool | None = None
