"""A zone's week as a strip: seven days of coloured stretches, in shares of the day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from climate.schedule import DAY_MINUTES, DAY_NAMES, Slot, spans

from . import formats


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a day at one target; `start` and `width` in % of the day."""

    start: float
    width: float
    target: str
    times: str
    warmth: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One weekday and what holds when."""

    name: str
    stretches: tuple[Stretch, ...]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _warmth(target_celsius: float, low: float, high: float) -> int:
    """0 … 4: how warm this target is among those of the week (the strip's shade)."""
    return 2 if high - low < 0.05 else round(4 * (target_celsius - low) / (high - low))


def week(slots: Sequence[Slot], default_celsius: float) -> tuple[Day, ...]:
    """Monday to Sunday, every minute covered: by a slot, else by the default target."""
    claimed = sorted((begin, end, slot.target_celsius) for slot in slots for begin, end in spans(slot))
    targets = [default_celsius, *(slot.target_celsius for slot in slots)]
    low, high = min(targets), max(targets)
    days = []
    for number, name in enumerate(DAY_NAMES):
        pieces = _pieces(claimed, number * DAY_MINUTES, default_celsius)
        days.append(Day(name, tuple(_stretch(piece, low, high) for piece in pieces)))
    return tuple(days)


def _pieces(
    claimed: Sequence[tuple[int, int, float]], midnight: int, default_celsius: float
) -> Iterator[tuple[int, int, float, bool]]:
    """(begin, end, target °C, is the default) of one day, in minutes since its midnight, without holes."""
    cursor = 0
    for begin, end, target in claimed:
        start, stop = max(begin - midnight, 0), min(end - midnight, DAY_MINUTES)
        if start < stop:
            if cursor < start:
                yield cursor, start, default_celsius, True
            yield start, stop, target, False
            cursor = stop
    if cursor < DAY_MINUTES:
        yield cursor, DAY_MINUTES, default_celsius, True


def _stretch(piece: tuple[int, int, float, bool], low: float, high: float) -> Stretch:
    begin, end, target, is_default = piece
    return Stretch(
        start=round(100 * begin / DAY_MINUTES, 2),
        width=round(100 * (end - begin) / DAY_MINUTES, 2),
        target=formats.degrees(target),
        times=f"{_clock(begin)}–{_clock(end)}",
        warmth=_warmth(target, low, high),
        is_default=is_default,
    )
