"""How often a sensor reports, and the limit of age that suits it. Pure.

Kept of each day: its longest and second longest gap between two reports, and how many there were. A gap counts only
where the program looked all the time: after a pause nobody knows what came in between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered

#: What suits most sensors; a longer limit is confirmed by a person.
USUAL_LIMIT = timedelta(hours=1)
#: Never longer: what has been silent for a day is gone.
LONGEST_LIMIT = timedelta(days=1)
#: A limit is so much longer than the longest gap, and a whole number of minutes.
SLACK_SHARE, SLACK, STEP_MINUTES, SHORTEST_MINUTES = 1.25, timedelta(minutes=5), 5, 10
KEEP_DAYS = 7
#: A limit is lowered only after so many days, and only where it is so many times too long.
DAYS_TO_LOWER, TIMES_TOO_LONG = 3, 3
#: Passes further apart than this do not look all the time.
LOOKS_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A limit of age that suits a sensor better than its own, and the longest gap it comes from."""

    limit: timedelta
    longest_gap: timedelta
    is_raise: bool = True

    @property
    def sentence(self) -> str:
        gap, limit = words(self.longest_gap), words(self.limit)
        return f"It was silent for up to {gap} between two reports; a limit of {limit} suits it."


def suiting(longest_gap: timedelta) -> timedelta:
    """The limit of age for a sensor whose longest gap is this."""
    minutes = (longest_gap * SLACK_SHARE + SLACK).total_seconds() / 60
    rounded = timedelta(minutes=max(SHORTEST_MINUTES, math.ceil(minutes / STEP_MINUTES) * STEP_MINUTES))
    return min(rounded, LONGEST_LIMIT)


def note(memory: Mapping[str, Any], reported: datetime | None, now: datetime) -> dict[str, Any]:
    """The memory of one sensor after a look at `now` that found its last report at `reported`.

    None: it could not be read, or has no time of its own; then nobody knows what came meanwhile.
    """
    if reported is None or reported > now:
        return dict(memory)
    looked, last = (remembered.past(memory.get(key), now) for key in ("looked", "reported"))
    days = _days(memory.get("days"))
    if looked is not None and last is not None and now - looked <= LOOKS_WITHIN and reported > last:
        _add(days, now.date().isoformat(), int((reported - last).total_seconds()))
    return {"looked": now.isoformat(), "reported": reported.isoformat(), **({"days": days} if days else {})}


def suggestion(memory: Mapping[str, Any], limit: timedelta) -> Suggestion | None:
    """A limit that suits better than `limit`; None: it fits, or too little is known yet.

    Twice silent for longer is enough to raise it; to lower it takes some days.
    """
    days = _days(memory.get("days"))
    longest = [timedelta(seconds=gap) for day in days.values() for gap in day[:2]]
    if not longest:
        return None
    suits = suiting(max(longest))
    if len([gap for gap in longest if gap > limit]) >= 2:
        return Suggestion(suits, max(longest))
    if len(days) > DAYS_TO_LOWER and suits * TIMES_TOO_LONG <= limit:
        return Suggestion(suits, max(longest), is_raise=False)
    return None


def words(span: timedelta) -> str:
    """“45 min”, “2 h 35 min”."""
    minutes = round(span.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if hours == 0 else f"{hours} h" if rest == 0 else f"{hours} h {rest} min"


def _days(found: Any) -> dict[str, list[int]]:
    """Longest and second longest gap (s) by day; what is damaged is left out."""
    if not isinstance(found, dict):
        return {}
    return {
        day: gaps
        for day, gaps in found.items()
        if isinstance(gaps, list) and len(gaps) == 2 and all(remembered.number(gap, 0) is not None for gap in gaps)
    }


def _add(days: dict[str, list[int]], day: str, gap_seconds: int) -> None:
    days[day] = sorted([*days.get(day, [0, 0]), gap_seconds], reverse=True)[:2]
    for old in sorted(days)[:-KEEP_DAYS]:
        del days[old]
