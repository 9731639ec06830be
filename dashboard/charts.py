"""Minute rows as JSON columns for the charts: times in Unix seconds, one list per line, null where nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from climate.models import ClimateZone, ZoneReading
from energy.models import EnergyReading, EnergySource

from .window import window_start

#: A hole longer than this is shown as a hole, not bridged by a line.
GAP = timedelta(minutes=3)


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows (aware time first, `width` values behind) turned into columns; a row of nulls marks each hole."""
    result: list[list[Any]] = [[] for _ in range(width + 1)]
    before: datetime | None = None
    for at, *values in rows:
        if before is not None and at - before > GAP:
            _append(result, before + timedelta(minutes=1), [None] * width)
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
    """°C, band low and high °C, heating W, and 1 where the sensor was not to be believed."""
    begin = now - timedelta(hours=hours)
    rows = (
        ZoneReading.objects.filter(zone=zone, at__gte=begin, at__lte=now)
        .order_by("at")
        .values_list("at", "temperature_celsius", "target_celsius", "heating_w", "sensor")
    )
    half = zone.hysteresis_celsius
    lines = (
        (
            at,
            temperature,
            None if target is None else target - half,
            None if target is None else target + half,
            heating_w,
            int(sensor == "lost"),
        )
        for at, temperature, target, heating_w, sensor in rows
    )
    return _chart(["t", "temperature", "low", "high", "heating", "lost"], columns(lines, 5), begin, now)


def energy_chart(source: EnergySource, begin: datetime, now: datetime) -> dict[str, Any]:
    """W of production, household, grid and battery, and the battery's charge in %."""
    rows = (
        EnergyReading.objects.filter(source=source, at__gte=begin, at__lte=now)
        .order_by("at")
        .values_list("at", "production_w", "household_w", "grid_w", "battery_w", "battery_soc_percent")
    )
    return _chart(["t", "production", "household", "grid", "battery", "charge"], columns(rows, 5), begin, now)
