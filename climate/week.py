"""A week laid out on its seven days: the one drawing that pages, editor and set-up share. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .schedule import DAY_MINUTES, Slot, spans
from .targets import Preset

#: Shades of warmth: 0 below 16.5 °C, then one more every 2 K, 4 from 22.5 °C on. `week.js` says the same.
COLDEST_SHADE_CELSIUS, SHADE_K, SHADES = 14.5, 2.0, 5


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of one day (minutes since its midnight, half-open) at one target (°C); no slot: the default holds."""

    begin: int
    end: int
    target_celsius: float
    slot: Slot | None

    @property
    def times(self) -> str:
        """“06:00–08:00”; midnight at the end of the day is 24:00."""
        return f"{_clock(self.begin)}–{_clock(self.end)}"

    @property
    def preset(self) -> str:
        """The preset's word, empty where the target is plain or the default."""
        return Preset(self.slot.preset).label if self.slot and self.slot.preset else ""

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return tone(self.slot.preset if self.slot else "", self.target_celsius)


def tone(preset: str, celsius: float) -> str:
    """The colour of a target: away and frost protection by their meaning, the rest by warmth."""
    return str(preset) if preset in (Preset.AWAY, Preset.FROST) else f"warmth-{warmth(celsius)}"


def warmth(celsius: float) -> int:
    """The shade 0 … 4 of a temperature: the same in every room and every week."""
    return max(0, min(SHADES - 1, int((celsius - COLDEST_SHADE_CELSIUS) // SHADE_K)))


def days(slots: Sequence[Slot], default_celsius: float) -> tuple[tuple[Piece, ...], ...]:
    """Monday to Sunday, every minute covered: by a slot, else by the default target."""
    claimed = sorted(((*span, slot) for slot in slots for span in spans(slot)), key=lambda claim: claim[:2])
    return tuple(tuple(_pieces(claimed, day * DAY_MINUTES, default_celsius)) for day in range(7))


def _pieces(claimed: Sequence[tuple[int, int, Slot]], midnight: int, default_celsius: float) -> Iterator[Piece]:
    """The pieces of one day without holes; where typed slots still overlap the earlier one is drawn."""
    cursor = 0
    for begin, end, slot in claimed:
        start, stop = max(begin - midnight, cursor), min(end - midnight, DAY_MINUTES)
        if start < stop:
            if cursor < start:
                yield Piece(cursor, start, default_celsius, None)
            yield Piece(start, stop, slot.target_celsius, slot)
            cursor = stop
    if cursor < DAY_MINUTES:
        yield Piece(cursor, DAY_MINUTES, default_celsius, None)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
