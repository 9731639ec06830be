"""A zone's past at the resolution that fits: minutes, quarters or hours, all as the same points.

Stored buckets are read as they are; the end that is not folded yet is folded here from its minutes,
so a chart is never behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sites import csv_export
from sites.history import MINUTES_KEPT, QUARTERS_KEPT
from sites.rollup import NEIGHBOUR, floor, folded

from .models import ClimateZone
from .rollup import ZONES

#: More points than a screen has columns say nothing more.
_POINTS_OF_A_CHART = 1500


class Resolution(StrEnum):
    """How long a point lasts."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"

    @property
    def minutes(self) -> int:
        return {"minute": 1, "quarter": 15, "hour": 60}[self]

    @property
    def seconds(self) -> int:
        return self.minutes * 60


@dataclass(frozen=True, slots=True)
class Point:
    """A zone from `at` for one step; the columns of `ZoneBucket` (°C, Wh, K·min, minutes)."""

    at: datetime
    minutes: int
    mean_celsius: float | None
    low_celsius: float | None
    high_celsius: float | None
    target_celsius: float | None
    heating_wh: float
    below_target_degree_minutes: float
    in_band_minutes: int
    lost_minutes: int
    window_minutes: int
    outdoor_celsius: float | None
    heating_minutes: int
    starts: int

    @property
    def heating_w(self) -> float:
        """Mean over the recorded minutes."""
        return self.heating_wh * 60 / self.minutes


_COLUMNS = [column.name for column in fields(Point)]
_SUMMED = [name for name in _COLUMNS if not name.endswith("_celsius") and name != "at"]


def fitting(begin: datetime, end: datetime, now: datetime) -> Resolution:
    """The finest resolution that a chart of this time can show and that is still kept."""
    minutes = (end - begin) / timedelta(minutes=1)
    for resolution, kept in ((Resolution.MINUTE, MINUTES_KEPT), (Resolution.QUARTER, QUARTERS_KEPT)):
        if minutes / resolution.minutes <= _POINTS_OF_A_CHART and begin >= now - kept:
            return resolution
    return Resolution.HOUR


def points(zone: ClimateZone, begin: datetime, end: datetime, resolution: Resolution) -> list[Point]:
    """The points that begin in `begin` ≤ at < `end` (aware), in order; a time without records has none."""
    begin, end = _ceiling(begin.astimezone(UTC), resolution), end.astimezone(UTC)
    found = [] if resolution is Resolution.MINUTE else _stored(zone, begin, end, resolution)
    if not found:
        return _folded(zone, begin, end, resolution)
    # The last stored one may have got more minutes since, or lost some to pruning: the fuller one counts.
    last = found.pop()
    fresh = _folded(zone, last.at, end, resolution)
    if not fresh or fresh[0].at != last.at:
        return [*found, last, *fresh]
    return [*found, max(last, fresh[0], key=lambda point: point.minutes), *fresh[1:]]


def _ceiling(at: datetime, resolution: Resolution) -> datetime:
    below = floor(at, resolution.minutes)
    return below if below == at else below + timedelta(minutes=resolution.minutes)


def _stored(zone: ClimateZone, begin: datetime, end: datetime, resolution: Resolution) -> list[Point]:
    model = ZONES.quarters if resolution is Resolution.QUARTER else ZONES.hours
    rows = model.objects.filter(zone=zone, at__gte=begin, at__lt=end).order_by("at").values_list(*_COLUMNS)
    return [Point(*row) for row in rows]


def _folded(zone: ClimateZone, begin: datetime, end: datetime, resolution: Resolution) -> list[Point]:
    """Points made here and now of the minutes there are; a point begins at `begin`."""
    return [
        Point(at, **values)
        for _, minutes in ZONES.minutes_of([zone.pk], begin - NEIGHBOUR, _ceiling(end, resolution))
        for at, values in folded(ZONES, minutes, resolution.minutes)
        if begin <= at < end
    ]


def totals(history: Sequence[Point]) -> dict[str, float]:
    """What the points amount to: Wh, K·min, minutes, starts."""
    return {name: sum(getattr(point, name) for point in history) for name in _SUMMED}


def csv_lines(history: Iterable[Point]) -> Iterator[str]:
    """A table for spreadsheets: a header, then a line a point."""
    return csv_export.csv_lines(_COLUMNS[1:], (astuple(point) for point in history))
