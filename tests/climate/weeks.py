"""An independent oracle of the weekly schedule: a plain table of 10 080 minutes, and schedules to try it with."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from climate.schedule import Slot

WEEK = 7 * 24 * 60
#: Ordinary, southern, half an hour of DST, a quarter-hour offset, DST at midnight, Ramadan, none.
ZONES = (
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Casablanca",
    "UTC",
)


def minutes_of(slot: Slot) -> list[int]:
    """The minutes of the week a slot claims, each as often as it claims it, counted one by one."""
    start = slot.start.hour * 60 + slot.start.minute
    length = slot.end.hour * 60 + slot.end.minute - start
    if length <= 0:
        length += 1440
    days = [day for day in range(7) if slot.weekdays & (1 << day)]
    return [(day * 1440 + start + minute) % WEEK for day in days for minute in range(length)]


def table(slots: list[Slot]) -> list[list[Slot]]:
    """For every minute of the week the slots that claim it."""
    claims: list[list[Slot]] = [[] for _ in range(WEEK)]
    for slot in slots:
        for minute in minutes_of(slot):
            claims[minute].append(slot)
    return claims


@lru_cache(maxsize=4)
def cached_table(slots: tuple[Slot, ...]) -> list[list[Slot]]:
    return table(list(slots))


def minute_of_week(moment: datetime, tz: ZoneInfo) -> int:
    local = moment.astimezone(tz)
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def offset_changes(name: str, year: int) -> list[datetime]:
    """The moments of `year` (UTC, to the minute) at which the zone's offset changes."""
    tz, at, found = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        if (at + timedelta(hours=1)).astimezone(tz).utcoffset() != at.astimezone(tz).utcoffset():
            minutes = (at + timedelta(minutes=m) for m in range(61))
            before = at.astimezone(tz).utcoffset()
            found.append(next(m for m in minutes if m.astimezone(tz).utcoffset() != before))
        at += timedelta(hours=1)
    return found


def sampled_year(name: str, year: int = 2025, step: int = 13) -> list[datetime]:
    """Every minute within a day of an offset change, every `step`th of the rest of the year (UTC)."""
    near = [(change - timedelta(days=1), change + timedelta(days=1)) for change in offset_changes(name, year)]
    at, found = datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        found.append(at)
        close = any(begin <= at < end for begin, end in near)
        at += timedelta(minutes=1 if close else step)
    return found


times = st.builds(lambda minute: time(*divmod(minute, 60)), st.integers(0, 1439))
slots = st.builds(Slot, st.integers(1, 127), times, times, st.floats(5, 35))


@st.composite
def schedules(draw) -> list[Slot]:
    """Slots that do not overlap, by the oracle's word."""
    kept: list[Slot] = []
    claimed: set[int] = set()
    for slot in draw(st.lists(slots, min_size=1, max_size=6)):
        own = minutes_of(slot)
        if len(own) == len(set(own)) and not claimed & set(own):
            claimed |= set(own)
            kept.append(slot)
    return kept
