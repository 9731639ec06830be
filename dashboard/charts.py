"""History as JSON columns for the charts: times in Unix seconds, one list per line, null where nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from climate.history import Resolution, fitting, points
from climate.models import ClimateZone, ZoneReading
from climate.state import HEATING_MIN_W, SensorHealth
from energy.models import EnergyReading, EnergySource

from .window import window_start

#: A hole longer than this (and than a step) is shown as a hole, not bridged by a line.
GAP = timedelta(minutes=3)
MINUTE = timedelta(minutes=1)


def columns(rows: Iterable[Sequence[Any]], width: int, step: timedelta = MINUTE) -> list[list[Any]]:
    """Rows (aware time first, `width` values behind) turned into columns; a row of nulls marks each hole."""
    result: list[list[Any]] = [[] for _ in range(width + 1)]
    before: datetime | None = None
    for at, *values in rows:
        if before is not None and at - before > max(GAP, step):
            _append(result, before + step, [None] * width)
        _append(result, at, values)
        before = at
    return result


def _append(result: list[list[Any]], at: datetime, values: Sequence[Any]) -> None:
    result[0].append(int(at.timestamp()))
    for column, value in zip(result[1:], values, strict=True):
        column.append(round(value, 2) if isinstance(value, float) else value)


def _chart(names: Sequence[str], lists: list[list[Any]], begin: datetime, now: datetime) -> dict[str, Any]:
    """The columns by name, and from when to when they are drawn: a young history fills the drawing, too."""
    first = datetime.fromtimestamp(lists[0][0], UTC) if lists[0] else None
    start = window_start(first, now, now - begin)
    return {**dict(zip(names, lists, strict=True)), "from": int(start.timestamp()), "to": int(now.timestamp())}


def zone_chart(zone: ClimateZone, hours: int, now: datetime) -> dict[str, Any]:
    """°C, band low and high °C, heating W, its share of the time, and 1 where the sensor was mostly lost.

    A point lasts `step` seconds: a minute, a quarter or an hour, whichever fits the time asked for.
    """
    begin = now - timedelta(hours=hours)
    resolution = fitting(begin, now, now)
    lines = _minute_lines(zone, begin, now) if resolution is Resolution.MINUTE else _lines(zone, begin, now, resolution)
    half = zone.hysteresis_celsius
    banded = (
        (at, mean, None if target is None else target - half, None if target is None else target + half, *rest)
        for at, mean, target, *rest in lines
    )
    lists = columns(banded, 6, timedelta(seconds=resolution.seconds))
    chart = _chart(["t", "temperature", "low", "high", "heating", "heated", "lost"], lists, begin, now)
    return {**chart, "step": resolution.seconds}


def _minute_lines(zone: ClimateZone, begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    """As `_lines`, of the minute rows as they are: folding 1440 of them would take twice the time."""
    rows = ZoneReading.objects.filter(zone=zone, at__gte=begin, at__lt=end).order_by("at")
    for at, temperature, target, heating_w, sensor in rows.values_list(
        "at", "temperature_celsius", "target_celsius", "heating_w", "sensor"
    ):
        yield at, temperature, target, heating_w, int(heating_w >= HEATING_MIN_W), int(sensor == SensorHealth.LOST)


def _lines(zone: ClimateZone, begin: datetime, end: datetime, resolution: Resolution) -> Iterator[tuple[Any, ...]]:
    """Time, °C, target °C, W, share of the time it heated, 1 where the sensor was mostly lost."""
    for point in points(zone, begin, end, resolution):
        heated, lost = point.heating_minutes / point.minutes, int(point.lost_minutes * 2 > point.minutes)
        yield point.at, point.mean_celsius, point.target_celsius, point.heating_w, heated, lost


def energy_chart(source: EnergySource, begin: datetime, now: datetime) -> dict[str, Any]:
    """W of production, household, grid and battery, and the battery's charge in %."""
    rows = (
        EnergyReading.objects.filter(source=source, at__gte=begin, at__lte=now)
        .order_by("at")
        .values_list("at", "production_w", "household_w", "grid_w", "battery_w", "battery_soc_percent")
    )
    return _chart(["t", "production", "household", "grid", "battery", "charge"], columns(rows, 5), begin, now)
