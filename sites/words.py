"""How values read, on every page and in the set-up's lists: always with the unit, never a bare None.

A narrow no-break space stands before the unit, unknown is a dash, the minus a real minus.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, tzinfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from .figures import number as number

THIN = "\u202f"
NOTHING = "–"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def is_unknown(value: float | None) -> bool:
    """None, and what is no number: nobody can read “inf W”."""
    return value is None or not math.isfinite(value)


def celsius(value: float | None) -> str:
    """“20.4 °C”, or a dash when it is unknown."""
    return NOTHING if is_unknown(value) else f"{number(value, 1)}{THIN}°C"


def watts(value: float | None) -> str:
    """“800 W”, from 1000 W on “1.2 kW”, or a dash when it is unknown."""
    if is_unknown(value):
        return NOTHING
    if abs(round(value)) < 1000:
        return f"{number(value, 0)}{THIN}W"
    return f"{number(value / 1000, 1)}{THIN}kW"


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


def exactly(seconds: float) -> str:
    """“90 s”, “20 min”, “1 h 30 min” of a setting: nothing of it is left out, as another sentence may name it, too."""
    whole = max(0, round(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole}{THIN}s"
    hours, rest = divmod(whole, _HOUR)
    parts = ((hours, "h"), (rest // _MINUTE, "min"), (rest % _MINUTE, "s"))
    return " ".join(f"{count}{THIN}{unit}" for count, unit in parts if count)


def age(moment: datetime | str | None, now: datetime | None = None) -> str:
    """“40 s ago” of an aware time or its ISO text; “never” when there is none."""
    at = parse_datetime(moment) if isinstance(moment, str) else moment
    return "never" if at is None else f"{duration(((now or timezone.now()) - at).total_seconds())} ago"


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
