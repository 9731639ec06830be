"""A home battery on self-consumption: it takes what is left over and covers what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .values import check_range


@dataclass(frozen=True, slots=True)
class BatterySpec:
    """A battery; powers are at its AC side."""

    capacity_wh: float
    charge_w: float
    discharge_w: float
    round_trip: float = 0.90
    floor_percent: float = 10.0  # never discharged below

    def __post_init__(self) -> None:
        check_range("battery.capacity_wh", self.capacity_wh, 1, 1e8)
        check_range("battery.charge_w", self.charge_w, 0, 1e7)
        check_range("battery.discharge_w", self.discharge_w, 0, 1e7)
        check_range("battery.round_trip", self.round_trip, 0.1, 1)
        check_range("battery.floor_percent", self.floor_percent, 0, 100)


def exchange_w(spec: BatterySpec, stored_wh: float, surplus_w: float, hours: float) -> float:
    """Mean AC power over the next `hours`: + charges, - discharges.

    Limited by the surplus (or, if negative, the deficit), the converter, and the room left, so that
    a full or an empty battery is reached exactly and never passed.
    """
    one_way = math.sqrt(spec.round_trip)
    if surplus_w >= 0:
        room_wh = max(0.0, spec.capacity_wh - stored_wh)
        return min(surplus_w, spec.charge_w, room_wh / one_way / hours)
    left_wh = max(0.0, stored_wh - spec.capacity_wh * spec.floor_percent / 100)
    return -min(-surplus_w, spec.discharge_w, left_wh * one_way / hours)


def stored_after_wh(spec: BatterySpec, stored_wh: float, power_w: float, hours: float) -> float:
    """What the cells hold after `power_w` for `hours`; half of the losses on each way."""
    one_way = math.sqrt(spec.round_trip)
    after = stored_wh + hours * (power_w * one_way if power_w > 0 else power_w / one_way)
    return min(spec.capacity_wh, max(0.0, after))
