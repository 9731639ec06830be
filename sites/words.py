"""Values as the admin's lists say them: always the unit, a thin space before it, never a bare None."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

THIN = "\u202f"
NOTHING = "–"


def celsius(value: float | None) -> str:
    """“20.4 °C”, or a dash when it is unknown."""
    return NOTHING if value is None else f"{value:.1f}{THIN}°C"


def watts(value: float | None) -> str:
    """“800 W”, “1.2 kW”, or a dash when it is unknown."""
    if value is None:
        return NOTHING
    return f"{value:.0f}{THIN}W" if abs(value) < 1000 else f"{value / 1000:.1f}{THIN}kW"


def age(moment: datetime | str | None) -> str:
    """“40 s ago” of an aware time or its ISO text; “never” when there is none."""
    at = parse_datetime(moment) if isinstance(moment, str) else moment
    if at is None:
        return "never"
    seconds = (timezone.now() - at).total_seconds()
    for limit, divisor, unit in ((90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{max(seconds, 0) / divisor:.0f}{THIN}{unit} ago"
    return f"{seconds / 86400:.0f} days ago"


def local_time(at: datetime, zone: tzinfo) -> str:
    """“22 Nov 2026 18:30:05” in a site's own zone."""
    return f"{at.astimezone(zone):%d %b %Y %H:%M:%S}"


def ended(text: str) -> str:
    """`text` with a full stop, unless it ends a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def listed(names: Iterable[object], limit: int = 5) -> str:
    """“‘A’, ‘B’ and 3 more”."""
    names = [f"‘{name}’" for name in names]
    shown, more = names[:limit], len(names) - limit
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
