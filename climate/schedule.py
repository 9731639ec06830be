"""The weekly schedule: pure functions of the site's time.

A slot that crosses midnight belongs to the day it starts. `start == end` is 24 hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

ALL_DAYS = 0b1111111
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Slot:
    """Weekdays (bit 0 = Monday), local wall-clock start and end, target °C, and the preset it is of, if any."""

    weekdays: int
    start: time
    end: time
    target_celsius: float
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two slots that both claim a minute of the week."""

    first: Slot
    second: Slot
    minute_of_week: int

    @property
    def sentence(self) -> str:
        day, minute = divmod(self.minute_of_week, DAY_MINUTES)
        return (
            f"{_words(self.first)} overlaps {_words(self.second)} on {DAY_NAMES[day]} at "
            f"{minute // 60:02d}:{minute % 60:02d}. Change a time or a weekday."
        )


def _words(slot: Slot) -> str:
    return f"{weekday_names(slot.weekdays)} {slot.start:%H:%M}–{slot.end:%H:%M}"


def weekday_names(mask: int) -> str:
    """“every day”, “Mon–Fri”, “Mon, Wed”."""
    if mask == ALL_DAYS:
        return "every day"
    if mask == 0b0011111:
        return "Mon–Fri"
    if mask == 0b1100000:
        return "Sat–Sun"
    return ", ".join(name for day, name in enumerate(DAY_NAMES) if mask >> day & 1)


def _minute(value: time) -> int:
    return value.hour * 60 + value.minute


@lru_cache(maxsize=4096)  # every pass and every page asks again for the same few slots
def spans(slot: Slot) -> tuple[tuple[int, int], ...]:
    """The slot's half-open spans in minutes of the week, wrapped at its end."""
    start, length = _minute(slot.start), (_minute(slot.end) - _minute(slot.start)) % DAY_MINUTES or DAY_MINUTES
    result = []
    for day in range(7):
        if slot.weekdays >> day & 1:
            begin = day * DAY_MINUTES + start
            end = begin + length
            result.append((begin, min(end, WEEK_MINUTES)))
            if end > WEEK_MINUTES:
                result.append((0, end - WEEK_MINUTES))
    return tuple(result)


def find_overlap(slots: Sequence[Slot]) -> Overlap | None:
    """The first minute two slots (or one slot with itself) both claim, or None."""
    claimed = sorted((begin, end, index) for index, slot in enumerate(slots) for begin, end in spans(slot))
    for (_, end, one), (begin, _, two) in pairwise(claimed):
        if begin < end:
            first, second = sorted((one, two))
            return Overlap(slots[first], slots[second], begin)
    return None


def copy_day(slots: Iterable[Slot], day: int, to_days: Iterable[int]) -> list[Slot]:
    """The week with `to_days` (0 = Monday) like `day`; a slot over midnight goes with the day it starts.

    Stretches that differ only in their weekdays become one slot. Whether the copy overlaps the end of
    a night before is for `find_overlap` to say.
    """
    copied = sum(1 << one for one in set(to_days) - {day})
    masks: dict[Slot, int] = defaultdict(int)
    for slot in slots:
        is_source = slot.weekdays >> day & 1
        masks[replace(slot, weekdays=0)] |= slot.weekdays & ~copied | (copied if is_source else 0)
    week = [replace(slot, weekdays=mask) for slot, mask in masks.items() if mask]
    return sorted(week, key=lambda slot: (slot.start, slot.end, slot.weekdays))


def slot_at(slots: Iterable[Slot], local: datetime) -> Slot | None:
    """The slot that claims this local wall-clock time."""
    minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
    for slot in slots:
        if any(begin <= minute < end for begin, end in spans(slot)):
            return slot
    return None


def next_change(slots: Sequence[Slot], now: datetime, tz: ZoneInfo) -> datetime | None:
    """When another slot (or none) will hold (aware UTC), within 8 days; None: never.

    Walks the wall-clock borders of the week, so it is right on both DST nights: a border in the
    hour that is skipped takes effect when that hour would have begun, one in the hour that is
    repeated at its first passing.
    """
    if not slots:
        return None
    current = slot_at(slots, now.astimezone(tz))
    borders = sorted({minute % WEEK_MINUTES for slot in slots for span in spans(slot) for minute in span})
    local_midnight = now.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    for day in range(-1, 9):
        for moment in _borders_of(local_midnight + timedelta(days=day), borders, tz):
            if moment > now and slot_at(slots, moment.astimezone(tz)) != current:
                return moment
    return None


def _borders_of(date: datetime, borders: Sequence[int], tz: ZoneInfo) -> list[datetime]:
    """The moments (aware UTC, in order) of one local day at which another slot may begin to hold."""
    walls = (
        date + timedelta(minutes=border % DAY_MINUTES) for border in borders if border // DAY_MINUTES == date.weekday()
    )
    moments = {wall.replace(tzinfo=tz, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
    return sorted(moments.union(_transitions(date, tz)))


def _transitions(date: datetime, tz: ZoneInfo) -> list[datetime]:
    """The moment within this local day at which the UTC offset changes (at most one), aware UTC."""
    low = date.replace(tzinfo=tz).astimezone(UTC)
    high = (date + timedelta(days=1)).replace(tzinfo=tz).astimezone(UTC)
    offset = low.astimezone(tz).utcoffset()
    if high.astimezone(tz).utcoffset() == offset:
        return []
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return [high]
