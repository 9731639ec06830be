"""What a case of the control bench consists of: rooms, weather, machines, a schedule, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

from simulation.building import BuildingSpec, Weather
from simulation.dwelling import Passage
from simulation.machine import MinerSpec
from simulation.sensor_faults import SensorFault

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Schedule:
    """A comfort temperature from one hour to another, a setback at night. Both equal: a constant target."""

    comfort_celsius: float = 21.0
    setback_celsius: float = 15.0
    comfort_from: time = time(6)
    comfort_until: time = time(22)

    def is_comfort(self, minute: int) -> bool:
        """Whether somebody is there to be too warm."""
        if self.comfort_celsius == self.setback_celsius:
            return True
        of_day = minute % DAY_MINUTES
        return _minute_of(self.comfort_from) <= of_day < _minute_of(self.comfort_until)

    def target_celsius(self, minute: int) -> float:
        return self.comfort_celsius if self.is_comfort(minute) else self.setback_celsius

    def rises_at(self, minute: int) -> bool:
        return self.target_celsius(minute) > self.target_celsius(minute - 1)


def _minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


@dataclass(frozen=True, slots=True)
class Machine:
    """A miner: its levels in watts (with `step_w` any step between the lowest and the highest), and its times."""

    key: str
    name: str
    levels_w: tuple[float, ...]
    step_w: float | None = None
    boot_seconds: float = 120.0
    slew_w_per_s: float = 20.0
    min_on_seconds: int = 1800
    min_off_seconds: int = 600
    device_class: str = "antminer"
    #: Which share of its heat each room gets.
    shares: tuple[float, ...] = (1.0,)
    refused_share: float = 0.0

    @property
    def every_level_w(self) -> tuple[float, ...]:
        """All powers it can be told."""
        if self.step_w is None:
            return self.levels_w
        lowest_w, highest_w = self.levels_w[0], self.levels_w[-1]
        return tuple(lowest_w + n * self.step_w for n in range(int((highest_w - lowest_w) / self.step_w) + 1))

    @property
    def full_w(self) -> float:
        return self.levels_w[-1]

    def nearest_w(self, power_w: float) -> float:
        """The level nearest to what is wanted; a controller that has decided to heat."""
        return min(self.every_level_w, key=lambda level_w: abs(level_w - power_w))

    def spec(self) -> MinerSpec:
        """It as physics. How much it hashes is nothing to this bench."""
        levels_w = self.every_level_w
        return MinerSpec(
            self.key,
            self.name,
            None,
            levels_w,
            tuple(level_w / 20 for level_w in levels_w),
            boot_seconds=self.boot_seconds,
            boot_to_w=min(300.0, levels_w[0]),
            slew_up_w_per_s=self.slew_w_per_s,
            slew_down_w_per_s=max(50.0, self.slew_w_per_s),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What issue 11 asks for; None: nothing. K·h and starts in the days of the case, W and K as they are."""

    below_k_h: float | None = None
    above_k_h: float | None = None
    starts: float | None = None
    rmse_k: float | None = None
    writes_a_day: float | None = 50.0
    slot_start_error_k: float | None = None
    over_target_k: float | None = None
    coldest_celsius: float | None = None
    #: Beside the thermostat with the same machine: no more K·h, and this share of its starts.
    starts_share: float | None = None
    #: Beside the thermostat with the same machine and minimum times: so many K·h below more a day.
    colder_k_h_a_day: float | None = None


NO_LIMITS = Limits(writes_a_day=None)


@dataclass(frozen=True, slots=True)
class Case:
    """One winter with one plant; all of it follows from this."""

    key: str
    name: str
    rooms: tuple[BuildingSpec, ...]
    weather: Weather
    machines: tuple[Machine, ...]
    schedule: Schedule = field(default_factory=Schedule)
    days: int = 14
    #: Half-width of the band a person set; the default is also where degree-hours begin.
    hysteresis_k: float = 0.5
    passages: tuple[Passage, ...] = ()
    sensor_faults: tuple[SensorFault, ...] = ()
    has_outdoor_sensor: bool = True
    #: By how much the parameters are wrong that a controller is given of the room (a gain, a heat loss).
    model_factor: float = 1.0
    limits: Limits = NO_LIMITS

    @property
    def ua_w_per_k(self) -> float:
        """What its rooms lose outdoors, as a controller is told."""
        return sum(room.ua_w_per_k for room in self.rooms) * self.model_factor
