"""The sun over a site, as rule values: astral's formulas, no network.

Source: astral 3.2 (NOAA solar calculations); azimuth and elevation in degrees.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from .control.context import calendar

_EVENTS = ("dawn", "sunrise", "noon", "midnight", "sunset", "dusk")


@lru_cache(maxsize=4096)
def _events(day: date, latitude: float, longitude: float, zone: str) -> dict[str, datetime | None]:
    """The day's events (aware, site-local); None where the sun does not rise or set."""
    from astral import Observer, sun

    observer, tz = Observer(latitude, longitude), ZoneInfo(zone)
    found: dict[str, datetime | None] = {}
    for name in _EVENTS:
        try:
            found[name] = getattr(sun, name)(observer, date=day, tzinfo=tz)
        except ValueError:
            found[name] = None
    return found


@lru_cache(maxsize=1024)
def _calendars(day: date, latitude: float, longitude: float, zone: str) -> dict[str, Any]:
    """When its events are, and how long day and night last."""
    today = _events(day, latitude, longitude, zone)
    found: dict[str, Any] = {}
    for name, at in today.items():
        found.update(calendar(f"sun.{name}", at))
    return found | _lengths(today, _events(day + timedelta(days=1), latitude, longitude, zone))


@lru_cache(maxsize=1024)
def _position(minute: datetime, latitude: float, longitude: float) -> tuple[float, float]:
    from astral import Observer, sun

    observer = Observer(latitude, longitude)
    return sun.azimuth(observer, minute), sun.elevation(observer, minute)


def values(now: datetime, latitude: float | None, longitude: float | None, tz: ZoneInfo) -> dict[str, Any]:
    """`sun.*` at `now` (aware UTC), to the minute; empty (absent) for a site without a location."""
    if latitude is None or longitude is None:
        return {}
    local = now.astimezone(tz)
    today = _events(local.date(), latitude, longitude, tz.key)
    tomorrow = _events(local.date() + timedelta(days=1), latitude, longitude, tz.key)
    result = dict(_calendars(local.date(), latitude, longitude, tz.key))
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    azimuth, elevation = _position(minute, latitude, longitude)
    result |= {
        "sun.azimuth": azimuth,
        "sun.elevation": elevation,
        "sun.zenith": 90.0 - elevation,
        "sun.is_up": elevation > -0.833,
    }
    for name in ("sunrise", "sunset"):
        at = today[name]
        following = at if at is not None and at > now else tomorrow[name]
        result[f"sun.minutes_to_{name}"] = None if following is None else (following - now).total_seconds() / 60
        result[f"sun.time_before_{name}"] = None if at is None else max(0.0, (at - now).total_seconds())
        result[f"sun.time_after_{name}"] = None if at is None else max(0.0, (now - at).total_seconds())
    return result


def _lengths(today: dict[str, datetime | None], tomorrow: dict[str, datetime | None]) -> dict[str, float | None]:
    def seconds(start: datetime | None, end: datetime | None) -> float | None:
        return None if start is None or end is None else (end - start).total_seconds()

    return {
        "sun.daylight": seconds(today["sunrise"], today["sunset"]),
        "sun.night": seconds(today["dusk"], tomorrow["dawn"]),
        "sun.twilight": seconds(today["dawn"], today["sunrise"]),
    }
