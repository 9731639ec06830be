"""What a quarter or an hour of a room's minutes amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sites.rollup import Series, count_starts

from .models import ZoneHour, ZoneQuarter, ZoneReading
from .state import HEATING_MIN_W, SensorHealth


class ZoneMinute(NamedTuple):
    """One minute row, and the half-width of the band around its target (K)."""

    at: datetime
    temperature_celsius: float | None
    low_celsius: float | None
    high_celsius: float | None
    target_celsius: float | None
    heating_w: float
    sensor: str
    window_open: bool
    outdoor_celsius: float | None
    hysteresis_celsius: float

    @property
    def is_heating(self) -> bool:
        return self.heating_w >= HEATING_MIN_W

    @property
    def is_lost(self) -> bool:
        return self.sensor == SensorHealth.LOST

    @property
    def below_target_k(self) -> float | None:
        """How far below the target (negative: above); None while either is unknown."""
        if self.temperature_celsius is None or self.target_celsius is None or self.is_lost:
            return None
        return self.target_celsius - self.temperature_celsius


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def fold(minutes: Sequence[ZoneMinute], before: ZoneMinute | None) -> dict[str, Any]:
    """The columns of `ZoneBucket`."""
    temperatures = [one.temperature_celsius for one in minutes if one.temperature_celsius is not None]
    lows = [one.low_celsius for one in minutes if one.low_celsius is not None]
    highs = [one.high_celsius for one in minutes if one.high_celsius is not None]
    misses = [one for one in minutes if one.below_target_k is not None]
    return {
        "mean_celsius": _mean(temperatures),
        "low_celsius": min([*temperatures, *lows], default=None),
        "high_celsius": max([*temperatures, *highs], default=None),
        "target_celsius": _mean([one.target_celsius for one in minutes if one.target_celsius is not None]),
        "heating_wh": sum(one.heating_w for one in minutes) / 60,
        "below_target_degree_minutes": sum(max(0.0, one.below_target_k) for one in misses),
        # While a window is open no target is kept, so none is met.
        "in_band_minutes": sum(
            abs(one.below_target_k) <= one.hysteresis_celsius and not one.window_open for one in misses
        ),
        "lost_minutes": sum(one.is_lost for one in minutes),
        "window_minutes": sum(one.window_open for one in minutes),
        "outdoor_celsius": _mean([one.outdoor_celsius for one in minutes if one.outdoor_celsius is not None]),
        "heating_minutes": sum(one.is_heating for one in minutes),
        "starts": count_starts(minutes, before, attrgetter("is_heating")),
    }


ZONES = Series(
    name="zones",
    owner="zone",
    readings=ZoneReading,
    quarters=ZoneQuarter,
    hours=ZoneHour,
    columns=(
        "at",
        "temperature_celsius",
        "low_celsius",
        "high_celsius",
        "target_celsius",
        "heating_w",
        "sensor",
        "window_open",
        "outdoor_celsius",
        "zone__hysteresis_celsius",
    ),
    minute=ZoneMinute,
    fold=fold,
)
