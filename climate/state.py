"""What crosses the border of `climate`: one monitor's reading and one zone's state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .pulses import NO_PULSE, Pulse

if TYPE_CHECKING:
    from .ration import Ration
    from .sensors import MonitorState
    from .thermal_model import ThermalModel

#: Below this a zone is not called heated (the standby of a plug, a fan or a miner's board), W.
HEATING_MIN_W = 50.0


class SensorHealth(StrEnum):
    """How far a zone's temperature can be believed."""

    OK = "ok"
    SUSPECT = "suspect"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class ClimateReading:
    """What one monitor said: °C, relative humidity %, and the source's own time (aware UTC).

    `observed_at` None: the source gives no time; the reader's clock then counts.
    """

    temperature_celsius: float
    humidity_percent: float | None = None
    observed_at: datetime | None = None
    #: A window or door contact of the room; None: there is none, or it does not say.
    window_open: bool | None = None
    #: Somebody is in the room; None: nothing tells, or it does not say.
    is_occupied: bool | None = None
    #: Why the contact, or what tells of people, does not say, as a sentence; empty: it does, or there is none.
    window_problem: str = ""
    presence_problem: str = ""
    #: The temperature as its source said it, number and unit; None and empty: the adapter does not tell.
    number: float | None = None
    unit: str = ""


class TargetSource(StrEnum):
    """What decides a target."""

    DEFAULT = "default"
    SCHEDULE = "schedule"
    PERIOD = "period"
    HAND = "hand"


class Lowered(StrEnum):
    """What keeps the effective target below the requested one."""

    ABSENCE = "absence"
    HIGH_LIMIT = "high_limit"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a zone now (°C), why, and when it changes next (aware UTC; None: not foreseen).

    `requested_celsius` is what the schedule or a hand asks for; `effective_celsius` what the zone is
    kept at: a period, an empty room, the high limit or an open window may set it lower.
    """

    requested_celsius: float
    effective_celsius: float
    reason: str
    until: datetime | None = None
    next_celsius: float | None = None
    preset: str = ""
    source: TargetSource = TargetSource.DEFAULT
    lowered: Lowered | None = None
    #: It is the next target already, so that the room is warm when that begins (then).
    early_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class ZoneState:
    """One zone as a decision sees it. Temperatures in °C, times aware UTC.

    `temperature_celsius` is None unless the sensor may be believed, and without jumps that nothing bears out
    (`steady`); `highest_celsius` is the highest plausible reading of any of its sensors as they say it,
    believed or not (the high limit looks there); `lowest_celsius` the lowest believed one (frost protection looks
    there). Without a sensor to believe, `faded_high_celsius` is what the room may still be at most,
    and `doubted_celsius` the lowest that a sensor in doubt says.
    """

    zone_id: str
    slug: str
    name: str
    temperature_celsius: float | None
    humidity_percent: float | None
    target: Target
    hysteresis_celsius: float
    high_limit_celsius: float
    frost_limit_celsius: float | None
    sensor: SensorHealth
    problem: str
    observed_at: datetime | None
    highest_celsius: float | None = None
    lowest_celsius: float | None = None
    trend_celsius_per_hour: float | None = None
    sensor_is_real: bool = True
    lost_since: datetime | None = None
    #: Heating pauses since then: a contact says so, or the temperature falls like through a window.
    window_open_since: datetime | None = None
    window_by_slope: bool = False
    is_occupied: bool | None = None
    #: Something tells whether somebody is there (even if it does not say now).
    tells_presence: bool = False
    #: A sensor of it measures the humidity (even if it does not say now).
    tells_humidity: bool = False
    #: The heat it may get until its sensor reports again; None: its sensors report often enough.
    ration: Ration | None = None
    faded_high_celsius: float | None = None
    doubted_celsius: float | None = None
    doubted_since: datetime | None = None
    #: Whether a room in doubt may be heated now against frost.
    pulse: Pulse = NO_PULSE
    #: Its sensors one by one, as judged also beside the others; for showing.
    sensors: tuple[MonitorState, ...] = ()
    #: How the room answers to heat; None: nothing is known of it yet.
    thermal: ThermalModel | None = None
    #: Its next targets: in so many hours, so many °C.
    ahead: tuple[tuple[float, float], ...] = ()

    def complete(self, **later: Any) -> None:
        """Fields that follow from the others; for whoever builds it, before anybody else has it."""
        for name, value in later.items():
            object.__setattr__(self, name, value)

    @property
    def is_paused_by_window(self) -> bool:
        """An open window, and nothing else, keeps it from being heated: it is warm enough for what is left."""
        return self.target.lowered is Lowered.WINDOW and self.above_target is True

    @property
    def lower_bound(self) -> float:
        return self.target.effective_celsius - self.hysteresis_celsius

    @property
    def upper_bound(self) -> float:
        return self.target.effective_celsius + self.hysteresis_celsius

    @property
    def below_target(self) -> bool | None:
        """T < lower bound; None when T is unknown."""
        return None if self.temperature_celsius is None else self.temperature_celsius < self.lower_bound

    @property
    def above_target(self) -> bool | None:
        """T ≥ upper bound; None when T is unknown."""
        return None if self.temperature_celsius is None else self.temperature_celsius >= self.upper_bound
