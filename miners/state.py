"""What crosses the border of `miners`: one controller's reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .power import PowerSource


class MinerStatus(StrEnum):
    """What the device showed. Never derived from a default: no answer is `unreachable` or `unknown`.

    Protection is a reason, not a state of heat: a device that protects itself and is off by word and watts is `off`,
    with the reason in `fault`. `protect` is only for one whose off is not established yet.
    """

    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    OFF = "off"
    #: Its switch says off, and a meter that has shown nothing new since does not confirm it (`miners.status.evidence`).
    UNCONFIRMED = "unconfirmed"
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
    def says_off(self) -> bool:
        """Off by the word of its switch, confirmed or not: it may be started."""
        return self in (MinerStatus.OFF, MinerStatus.UNCONFIRMED)

    @property
    def is_on(self) -> bool:
        """The device draws, or is about to draw, heating power."""
        return self in (MinerStatus.STARTING, MinerStatus.RAMPING, MinerStatus.HEATING, MinerStatus.NO_POOL)


class SwitchedBy(StrEnum):
    """Who brought a switch to its present state, as its source says."""

    NOT_SAID = ""
    PERSON = "person"
    TIMER = "timer"  # the device's own


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
    #: A fault it reports while it works, or why it protects itself: heating stops, nothing starts. Empty: none.
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
    #: In how long it will switch itself off, by its own clock (s; 0: not set); None: it does not say, or never does.
    switches_off_in_seconds: float | None = None
    #: It draws no heating power now but may start by itself: a start on its way, a timer, a schedule. It counts as
    #: “may be on” until an off has cancelled it.
    pending_start: bool = False
    #: It protects itself and stays so until somebody restarts it. False: its protection may end by itself.
    is_latched: bool = False
    #: In how long, by its own clock (s); None: not known, or nothing is pending.
    starts_in_seconds: float | None = None
    #: What it takes at first when it is switched on now, where it takes a level only while it works (W); None: as told.
    starts_at_power_w: float | None = None
    #: The pool answers it; None: it does not say.
    pool_alive: bool | None = None
    #: When `power_w` or `last_power_w` was reported, by its source's clock; None: measured when it was asked.
    power_at: datetime | None = None
    #: What its meter last showed where that proves nothing now (W): no measurement, but every limit counts it.
    last_power_w: float | None = None
    #: What a switch itself says, whatever its meter shows; since when, by the same clock; and who did it.
    switch_is_on: bool | None = None
    switched_at: datetime | None = None
    switched_by: SwitchedBy = SwitchedBy.NOT_SAID
