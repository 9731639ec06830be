"""How numbers, times and ages read on the pages: pure functions; what the set-up says, too, is `sites.words`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sites import words

from . import degrees as shown_degrees

THIN = words.THIN
UNKNOWN = words.NOTHING
power, duration, age = words.watts, words.duration, words.age
exactly = words.exactly
#: Below this a room's temperature counts as standing still (°C/h).
STEADY_CELSIUS_PER_HOUR = 0.05


def celsius(value: float | None) -> str:
    """“20.4 °C” of a temperature in °C, “68.7 °F” where the home wants that; a dash when it is unknown."""
    if words.is_unknown(value):
        return UNKNOWN
    return f"{words.number(shown_degrees.shown(value), 1)}{THIN}{shown_degrees.symbol()}"


def degrees(value: float | None) -> str:
    """“20.4°”: the short form, on cards."""
    return UNKNOWN if words.is_unknown(value) else f"{words.number(shown_degrees.shown(value), 1)}°"


def trend(celsius_per_hour: float | None) -> str:
    """“+0.3°/h”, “steady”, or nothing while it is unknown."""
    if words.is_unknown(celsius_per_hour):
        return ""
    if abs(celsius_per_hour) < STEADY_CELSIUS_PER_HOUR:
        return "steady"
    sign = "+" if celsius_per_hour > 0 else ""
    return f"{sign}{words.number(shown_degrees.difference(celsius_per_hour), 1)}°/h"


def energy(wh: float | None) -> str:
    """“12.4 kWh”; from 100 kWh on without decimals."""
    if words.is_unknown(wh):
        return UNKNOWN
    return f"{words.number(wh / 1000, 1 if abs(wh) < 99_950 else 0)}{THIN}kWh"


def percent(value: float | None) -> str:
    """“82 %”."""
    return UNKNOWN if words.is_unknown(value) else f"{words.number(value, 0)}{THIN}%"


def moment(when: datetime | None, now: datetime, tz: ZoneInfo) -> str:
    """A time in the site's zone, with the day only where it is not today: “22:00”, “tomorrow 06:30”."""
    if when is None:
        return UNKNOWN
    local, today = when.astimezone(tz), now.astimezone(tz).date()
    days = (local.date() - today).days
    clock = f"{local:%H:%M}"
    if days == 0:
        return clock
    if days in (-1, 1):
        return f"{'tomorrow' if days == 1 else 'yesterday'} {clock}"
    if abs(days) < 7:
        return f"{local:%a} {clock}"
    return f"{local.day} {local:%b} {clock}" if local.year == today.year else f"{local.day} {local:%b %Y} {clock}"


def at_moment(when: datetime, now: datetime, tz: ZoneInfo) -> str:
    """“at 22:00”, “tomorrow 06:30”."""
    is_today = when.astimezone(tz).date() == now.astimezone(tz).date()
    return f"{'at ' if is_today else ''}{moment(when, now, tz)}"


def parse_time(text: str | None) -> datetime | None:
    """An ISO time of a snapshot; None where there is none."""
    return datetime.fromisoformat(text) if text else None
