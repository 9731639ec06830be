"""How long a target set by hand holds: a choice becomes a time. Pure: no clock, no rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from .targets import Plan, resolve_target

#: “Until the next change” where none is foreseen.
WITHOUT_CHANGE = timedelta(hours=2)
MAX_MINUTES = 7 * 24 * 60


class Hold(StrEnum):
    """The ways a target by hand may end."""

    FOR_MINUTES = "for_minutes"
    UNTIL = "until"
    NEXT_CHANGE = "until_next_change"
    RESUMED = "until_resumed"


def ends_at(
    hold: Hold, plan: Plan, now: datetime, tz: ZoneInfo, *, minutes: int | None = None, until: datetime | None = None
) -> datetime | None:
    """When a target set by hand at `now` ends (aware UTC; None: until resumed).

    FOR_MINUTES takes `minutes`, UNTIL an aware `until`. NEXT_CHANGE is when that changes which would hold
    without a hand: the next slot, the end of a holiday; in 2 h where nothing is to change. Raises
    ValidationError naming `for_minutes` or `until`.
    """
    match hold:
        case Hold.FOR_MINUTES:
            return now + _length(minutes)
        case Hold.UNTIL:
            if until is None:
                raise ValidationError({"until": "Until when? Choose a time."})
            if until <= now:
                raise ValidationError({"until": "This time has passed. Choose a later one."})
            return until.astimezone(UTC)
        case Hold.NEXT_CHANGE:
            return resolve_target(replace(plan, override=None), now, tz).until or now + WITHOUT_CHANGE
    return None


def _length(minutes: int | None) -> timedelta:
    if minutes is None or not 1 <= minutes <= MAX_MINUTES:
        seen = "nothing" if minutes is None else f"{minutes} min"
        raise ValidationError({"for_minutes": f"{seen}: choose from 1 min to {MAX_MINUTES} min (7 days)."})
    return timedelta(minutes=minutes)


def next_time(clock: time, now: datetime, tz: ZoneInfo) -> datetime:
    """The next moment after `now` at which the clocks of `tz` show `clock` (aware UTC).

    A time that the night of the change skips is when it would have been; of one shown twice the first
    that is still to come.
    """
    today = now.astimezone(tz).date()
    moments = []
    for day in range(-1, 3):
        wall = datetime.combine(today + timedelta(days=day), clock)
        first, second = (wall.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1))
        moments.append(first)
        if second > first:  # of a skipped time the second reading is the earlier one, and no such time
            moments.append(second)
    return min(moment for moment in moments if moment > now)
