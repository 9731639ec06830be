"""A zone's week as a strip: seven days of coloured stretches, in shares of the day."""

from __future__ import annotations

from collections.abc import Sequence
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
        midnight, cursor, stretches = number * DAY_MINUTES, 0, []

        def add(begin: int, end: int, target: float, is_default: bool, stretches=stretches) -> None:
            if end > begin:
                stretches.append(
                    Stretch(
                        round(100 * begin / DAY_MINUTES, 2), round(100 * (end - begin) / DAY_MINUTES, 2),
                        formats.degrees(target), f"{_clock(begin)}–{_clock(end)}", _warmth(target, low, high), is_default,
                    )
                )  # fmt: skip

        for begin, end, target in claimed:
            start, stop = max(begin - midnight, 0), min(end - midnight, DAY_MINUTES)
            if start < stop:
                add(cursor, start, default_celsius, True)
                add(start, stop, target, False)
                cursor = stop
        add(cursor, DAY_MINUTES, default_celsius, True)
        days.append(Day(name, tuple(stretches)))
    return tuple(days)
