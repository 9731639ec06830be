"""A zone's week as a strip: seven days of coloured stretches in shares of the day, now, and what interrupts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from climate.schedule import DAY_MINUTES, DAY_NAMES, Slot
from climate.targets import Period
from climate.week import Piece, days

from . import formats
from .facts import Moment

#: The strip's “now” moves in steps, so that a page that asks every 5 s is mostly told “nothing new”.
NOW_STEP_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a day at one target; `start` and `width` in % of the day. Covered: a period holds in some of it."""

    start: float
    width: float
    target: str
    preset: str
    times: str
    tone: str
    is_default: bool
    is_covered: bool = False

    @property
    def words(self) -> str:
        """“06:00–08:00 comfort 21.0°”."""
        name = "default" if self.is_default else self.preset
        return f"{self.times} {name} {self.target}" if name else f"{self.times} {self.target}"


@dataclass(frozen=True, slots=True)
class Hatch:
    """Part of a day in which a period (away, holiday) holds instead of the week; in % of the day."""

    start: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Day:
    """One weekday, what holds when, and for today how far it has gone (% of the day)."""

    name: str
    stretches: tuple[Stretch, ...]
    hatches: tuple[Hatch, ...] = ()
    now: float | None = None


def week(
    slots: Sequence[Slot], default_celsius: float, at: Moment | None = None, periods: Iterable[Period] = ()
) -> tuple[Day, ...]:
    """Monday to Sunday, every minute covered; with a moment also today, now, and this week's periods."""
    laid_out = days(slots, default_celsius)
    local = at.now.astimezone(at.tz) if at else None
    found = []
    for number, (name, pieces) in enumerate(zip(DAY_NAMES, laid_out, strict=True)):
        if local is None:
            found.append(Day(name, tuple(_stretch(piece) for piece in pieces)))
            continue
        day = local.date() + timedelta(days=number - local.weekday())
        hatches = tuple(hatch for period in periods if (hatch := _hatch(period, day, at)))
        stretches = tuple(_stretch(piece, hatches) for piece in pieces)
        found.append(Day(name, stretches, hatches, _now(local) if day == local.date() else None))
    return tuple(found)


def _share(minutes: int) -> float:
    return round(100 * minutes / DAY_MINUTES, 2)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _now(local: datetime) -> float:
    return _share(_minute(local) // NOW_STEP_MINUTES * NOW_STEP_MINUTES)


def _stretch(piece: Piece, hatches: Sequence[Hatch] = ()) -> Stretch:
    start, width = _share(piece.begin), _share(piece.end - piece.begin)
    return Stretch(
        start=start,
        width=width,
        target=formats.degrees(piece.target_celsius),
        preset=piece.preset,
        times=piece.times,
        tone=piece.tone,
        is_default=piece.slot is None,
        is_covered=any(start < hatch.start + hatch.width and hatch.start < start + width for hatch in hatches),
    )


def _hatch(period: Period, day: date, at: Moment) -> Hatch | None:
    """Where a period lies on this day, on the wall clock of the home; None: not at all."""
    midnight = datetime.combine(day, time(), at.tz)
    next_midnight = datetime.combine(day + timedelta(days=1), time(), at.tz)
    first = max(period.starts_at, midnight.astimezone(UTC))
    last = min(period.ends_at or next_midnight.astimezone(UTC), next_midnight.astimezone(UTC))
    if first >= last:
        return None
    begin = _minute(first.astimezone(at.tz))
    end = DAY_MINUTES if last == next_midnight.astimezone(UTC) else _minute(last.astimezone(at.tz))
    until = f" until {formats.moment(period.ends_at, at.now, at.tz)}" if period.ends_at else ""
    words = f"{period.name}{until}: {formats.degrees(period.target_celsius)}"
    return Hatch(_share(begin), _share(max(end - begin, 0)), words)
