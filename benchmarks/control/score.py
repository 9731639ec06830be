"""What a run is judged by: degree-hours of the true temperature, starts, writes and energy, and what decided them.

Below: under the target of that moment less half a kelvin, at all hours; a rise of the target counts at once. Above:
over the target plus half a kelvin, in comfort hours. Of several rooms the degree-hours add up.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

#: What a room may be off its target without counting (K).
ALLOWED_K = 0.5
_MINUTE_HOURS = 1 / 60
#: Errors at the start of a slot count from this day on: until then a controller learns.
LEARNED_FROM_DAY = 7
_DAY_MINUTES = 24 * 60


@dataclass(slots=True)
class Score:
    """A run so far. The shares by code add up to `below_k_h` and `above_k_h`."""

    rooms: int = 1
    below_k_h: float = 0.0
    above_k_h: float = 0.0
    starts: int = 0
    writes: int = 0
    #: Writes of more power to a machine that still boots or ramps.
    hasty_writes: int = 0
    drawn_wh: float = 0.0
    minutes: int = 0
    coldest_celsius: float = math.inf
    hottest_celsius: float = -math.inf
    #: The most a room was above its target of that moment in comfort hours while its sensor was heard (K).
    most_over_k: float = -math.inf
    #: While a sensor failed: the most above the target of comfort hours, at any hour (K), and the coldest.
    blind_over_k: float = -math.inf
    blind_coldest_celsius: float = math.inf
    below_by: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    above_by: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    #: How far the first room was from its target when a slot with a higher one began (K), and on which day.
    slot_starts_k: list[tuple[int, float]] = field(default_factory=list)
    _squares_k2: float = 0.0
    _comfort_minutes: int = 0

    def count(
        self,
        celsius: Sequence[float],
        target_celsius: float,
        *,
        is_comfort: bool,
        is_rise: bool,
        drawn_w: float,
        code: str,
        blind_target_celsius: float | None = None,
    ) -> None:
        """One minute, at the end of which the rooms have these temperatures.

        `blind_target_celsius`: a sensor fails, and this is the target of comfort hours.
        """
        for one in celsius:
            below_k = target_celsius - ALLOWED_K - one
            above_k = one - target_celsius - ALLOWED_K
            if below_k > 0:
                self.below_k_h += below_k * _MINUTE_HOURS
                self.below_by[code] += below_k * _MINUTE_HOURS
            elif is_comfort and above_k > 0:
                self.above_k_h += above_k * _MINUTE_HOURS
                self.above_by[code] += above_k * _MINUTE_HOURS
            self.coldest_celsius = min(self.coldest_celsius, one)
            self.hottest_celsius = max(self.hottest_celsius, one)
            if blind_target_celsius is not None:
                self.blind_over_k = max(self.blind_over_k, one - blind_target_celsius)
                self.blind_coldest_celsius = min(self.blind_coldest_celsius, one)
            elif is_comfort:
                self.most_over_k = max(self.most_over_k, one - target_celsius)
            if is_comfort:
                self._squares_k2 += (one - target_celsius) ** 2
        if is_rise:
            self.slot_starts_k.append((self.minutes // _DAY_MINUTES, celsius[0] - target_celsius))
        self._comfort_minutes += is_comfort
        self.drawn_wh += drawn_w * _MINUTE_HOURS
        self.minutes += 1

    @property
    def days(self) -> float:
        return self.minutes / _DAY_MINUTES

    @property
    def kwh(self) -> float:
        return self.drawn_wh / 1000

    @property
    def writes_a_day(self) -> float:
        return self.writes / self.days if self.minutes else 0.0

    @property
    def rmse_k(self) -> float:
        """About the target, in comfort hours."""
        count = self._comfort_minutes * self.rooms
        return math.sqrt(self._squares_k2 / count) if count else 0.0

    @property
    def slot_start_error_k(self) -> float | None:
        """The mean distance from the target at the start of a slot, once there was time to learn; None: no slot."""
        errors = [abs(error_k) for day, error_k in self.slot_starts_k if day >= LEARNED_FROM_DAY]
        return sum(errors) / len(errors) if errors else None
