"""How numbers, times and ages read: pure functions, the same on every page.

Always with the unit behind a narrow no-break space, unknown as a dash, the minus as a real minus.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

THIN = "\u202f"
MINUS = "\u2212"
UNKNOWN = "–"
#: Below this a room's temperature counts as standing still (°C/h).
STEADY_CELSIUS_PER_HOUR = 0.05
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def degrees(value: float | None) -> str:
    """“20.4°”: the short form, on cards."""
    return UNKNOWN if value is None else f"{_number(value, 1)}°"


def celsius(value: float | None) -> str:
    """“20.4 °C”."""
    return UNKNOWN if value is None else f"{_number(value, 1)}{THIN}°C"


def trend(celsius_per_hour: float | None) -> str:
    """“+0.3°/h”, “steady”, or nothing while it is unknown."""
    if celsius_per_hour is None:
        return ""
    if abs(celsius_per_hour) < STEADY_CELSIUS_PER_HOUR:
        return "steady"
    sign = "+" if celsius_per_hour > 0 else ""
    return f"{sign}{_number(celsius_per_hour, 1)}°/h"


def power(watts: float | None) -> str:
    """“800 W”, from 1000 W on “3.2 kW”."""
    if watts is None:
        return UNKNOWN
    if abs(round(watts)) < 1000:
        return f"{_number(watts, 0)}{THIN}W"
    return f"{_number(watts / 1000, 1)}{THIN}kW"


def energy(watt_hours: float | None) -> str:
    """“1.4 kWh”."""
    return UNKNOWN if watt_hours is None else f"{_number(watt_hours / 1000, 1)}{THIN}kWh"


def percent(value: float | None) -> str:
    """“82 %”."""
    return UNKNOWN if value is None else f"{_number(value, 0)}{THIN}%"


def duration(seconds: float) -> str:
    """“40 s”, “12 min”, “3 h”, “5 days”; never negative. `static/dashboard/app.js` says the same."""
    seconds = max(0, int(seconds))
    if seconds < _MINUTE:
        return f"{seconds}{THIN}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}{THIN}min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}{THIN}h"
    return f"{seconds // _DAY}{THIN}days"


def age(moment: datetime | None, now: datetime) -> str:
    """“40 s ago”."""
    return "never" if moment is None else f"{duration((now - moment).total_seconds())} ago"


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


def parse_time(text: str | None) -> datetime | None:
    """An ISO time of a snapshot; None where there is none."""
    return datetime.fromisoformat(text) if text else None
