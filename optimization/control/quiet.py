"""A miner's quiet hours: so many watts at most, between two times of the home's clock. Comfort, no safety. Pure.

On the night the clock goes back, an hour happens twice: they begin with the first and end with the second.
On the night it goes forward, a time that does not exist is the moment of the jump. From and until alike: always.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours that hold now: at most `max_w`, until when (UTC, and as the home's clock says)."""

    max_w: int
    until: datetime
    until_words: str


def quiet_now(
    quiet_from: time | None, quiet_until: time | None, max_w: int, now: datetime, tz: ZoneInfo
) -> Quiet | None:
    """The quiet hours that hold at `now`; None outside them, or without both times."""
    if quiet_from is None or quiet_until is None:
        return None
    today = now.astimezone(tz).date()
    for day in (today - timedelta(days=1), today):
        ends_on = day if quiet_until > quiet_from else day + timedelta(days=1)
        begins, ends = _moment(day, quiet_from, tz, last=False), _moment(ends_on, quiet_until, tz, last=True)
        if begins <= now < ends:
            return Quiet(max_w, ends, f"{quiet_until:%H:%M}")
    return None


@lru_cache(maxsize=1024)
def _moment(day: date, wall: time, tz: ZoneInfo, *, last: bool) -> datetime:
    """When the home's clock shows this time on this day; of two such moments the first or the last."""
    early, late = sorted(datetime.combine(day, wall, tz).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return early
    if late.astimezone(tz).time() == wall:
        return late if last else early
    return _jump_between(early, late, tz)


def _jump_between(early: datetime, late: datetime, tz: ZoneInfo) -> datetime:
    """When the clock jumps, to the second."""
    before = early.astimezone(tz).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
