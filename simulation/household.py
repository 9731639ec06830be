"""What the home uses besides its miners: a deterministic function of (seed, minute)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .sky import solar_hour, uniform
from .values import check_range


@dataclass(frozen=True, slots=True)
class HouseholdSpec:
    """Watts: always on, in the busiest hour on top, and the largest appliance."""

    base_w: float = 150.0
    activity_w: float = 300.0
    appliance_w: float = 2000.0

    def __post_init__(self) -> None:
        for name in ("base_w", "activity_w", "appliance_w"):
            check_range(f"household.{name}", getattr(self, name), 0, 1e6)


def household_w(spec: HouseholdSpec, seed: int, minute: int, longitude: float) -> float:
    """Load in W: base, a fridge, mornings and evenings, now and then a kettle or an oven."""
    hour = solar_hour(minute, longitude)
    morning = math.exp(-(((hour - 7.3) / 1.2) ** 2))
    evening = math.exp(-(((hour - 19.3) / 2.2) ** 2))
    activity = min(1.0, 0.7 * morning + evening)
    fridge = 80.0 if (minute + int(45 * uniform(seed, 10, 0))) % 45 < 15 else 0.0
    slot, minute_in_slot = divmod(minute, 20)
    load = spec.base_w + fridge + spec.activity_w * activity
    if uniform(seed, 11, slot) < 0.04 + 0.3 * activity and 6 < hour < 23.5:
        lasts = 2 + int(11 * uniform(seed, 12, slot))
        if minute_in_slot < lasts:
            load += spec.appliance_w * (0.25 + 0.75 * uniform(seed, 13, slot))
    return load
