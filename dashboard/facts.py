"""What the rows of a site say, as plain values: the only input of the cards (`dashboard.cards`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from climate.models import TARGET_MAX_CELSIUS
from climate.state import Target, TargetSource
from miners.power import PowerModel, on_or_off
from miners.requests.manual import most_w

from .sparkline import Row


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked of a miner: W until a time (aware UTC; None: until resumed), and since when."""

    power_w: int
    until: datetime | None
    since: datetime
    by: str = ""
    origin: str = "person"


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """One open alarm; `subject` as in `sites.models.Alarm`."""

    id: str
    subject: str
    severity: str
    text: str
    did: str
    remedy: str
    since: datetime
    acknowledged: bool = False
    #: False: found while nothing can be stored, so there is no row to acknowledge.
    is_stored: bool = True


@dataclass(frozen=True, slots=True)
class DeadMan:
    """What cuts a miner's power when this program is gone (None: nothing does), and how to set one up where."""

    words: str | None
    help: str
    controller_id: str


@dataclass(frozen=True, slots=True)
class MinerFacts:
    """A miner, the wish that holds, and its part of the live snapshot ({} before the first pass)."""

    id: str
    name: str
    nominal_power_w: int
    wish: Wish | None = None
    has_controller: bool = True
    is_active: bool = True
    zone_names: tuple[str, ...] = ()
    heats_no_room: bool = False
    unit_name: str = ""
    live: Mapping[str, Any] = field(default_factory=dict)
    dead_man: DeadMan | None = None
    #: What it can be told; None: nobody asked it, or it is only switched.
    power: PowerModel | None = None
    #: When it was started in the last 24 h (aware), and how often it may be.
    starts: tuple[datetime, ...] = ()
    max_starts_per_day: int | None = None
    #: It is only switched and tells next to nothing, like a heater on a plug.
    is_plain: bool = False

    @property
    def most_w(self) -> int:
        """The most it can take."""
        return most_w(self.power or on_or_off(self.nominal_power_w), self.nominal_power_w)


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """A zone, its target as its rows say now, its part of the live snapshot, its last 6 hours."""

    id: str
    name: str
    target: Target
    hysteresis_celsius: float
    stale_after_seconds: int | None
    miners: tuple[MinerFacts, ...] = ()
    live: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    #: What the presets mean here: (key, °C).
    presets: tuple[tuple[str, float], ...] = ()
    #: The warmest target its high limit allows, °C.
    highest_target_celsius: float = TARGET_MAX_CELSIUS

    @property
    def by_hand(self) -> bool:
        return self.target.source is TargetSource.HAND

    @property
    def has_sensor(self) -> bool:
        return self.stale_after_seconds is not None


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """A period of the whole home, or of some rooms (`rooms`, by name): its preset or °C, from when until when.

    `came_at`: when it took effect; of those that hold the last that came decides.
    """

    id: str
    name: str
    preset: str
    target_celsius: float | None
    starts_at: datetime
    ends_at: datetime | None
    came_at: datetime
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """An energy source and its part of the live snapshot."""

    id: str
    name: str
    has_production: bool
    has_battery: bool
    has_grid: bool
    has_monitor: bool
    live: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where a page is drawn: now (aware UTC) and the site's zone."""

    now: datetime
    tz: ZoneInfo
