"""The week as blocks on a grid, one per weekday and stretch, as the editor holds them; and back into slots. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import time
from typing import Any

from climate.models import TARGET_MAX_CELSIUS, TARGET_MIN_CELSIUS
from climate.schedule import DAY_MINUTES, WEEK_MINUTES, Slot, find_overlap
from climate.targets import Preset

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: More than anybody paints: a block every 15 minutes of the week.
MAX_BLOCKS = 7 * 24 * 4


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch that starts at the minute `at` of the week (0: Monday 00:00) and lasts `minutes`: a preset, or °C."""

    at: int
    minutes: int
    preset: str
    celsius: float | None

    @property
    def day(self) -> int:
        """0 = Monday."""
        return self.at // DAY_MINUTES

    @property
    def words(self) -> str:
        """“Monday 06:00–08:00”."""
        return f"{DAYS[self.day]} {_time(self.at):%H:%M}–{_time(self.at + self.minutes):%H:%M}"


class Refused(Exception):
    """Why a grid cannot be taken, and which block (its place in the list; None: the grid as a whole)."""

    def __init__(self, sentence: str, index: int | None = None):
        super().__init__(sentence)
        self.sentence, self.index = sentence, index


def _time(minute: int) -> time:
    return time(*divmod(minute % DAY_MINUTES, 60))


def from_slots(slots: Iterable[Slot]) -> list[Block]:
    """One block per slot and weekday, in the order of the week."""
    blocks = []
    for slot in slots:
        start = slot.start.hour * 60 + slot.start.minute
        minutes = (slot.end.hour * 60 + slot.end.minute - start) % DAY_MINUTES or DAY_MINUTES
        celsius = None if slot.preset else slot.target_celsius
        days = (day for day in range(7) if slot.weekdays >> day & 1)
        blocks.extend(Block(day * DAY_MINUTES + start, minutes, slot.preset, celsius) for day in days)
    return sorted(blocks, key=lambda block: block.at)


def to_slots(blocks: Sequence[Block], celsius_of: Callable[[str, float | None], float]) -> list[Slot]:
    """One slot per stretch and target, on all its weekdays. `celsius_of(preset, °C)`: what it means in the zone, °C.

    Raises Refused where two blocks claim the same minute.
    """
    single = [_slot(1 << block.day, block, celsius_of) for block in blocks]
    clash = find_overlap(single)
    if clash is not None:
        index = max(index for index, slot in enumerate(single) if slot in (clash.first, clash.second))
        raise Refused(clash.sentence, index)
    masks: dict[tuple, int] = defaultdict(int)
    like: dict[tuple, Block] = {}
    for block in blocks:
        key = (block.at % DAY_MINUTES, block.minutes, block.preset, block.celsius)
        masks[key] |= 1 << block.day
        like[key] = block
    return [_slot(masks[key], like[key], celsius_of) for key in masks]


def _slot(weekdays: int, block: Block, celsius_of: Callable[[str, float | None], float]) -> Slot:
    start, end = _time(block.at), _time(block.at + block.minutes)
    return Slot(weekdays, start, end, celsius_of(block.preset, block.celsius), block.preset)


def to_json(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    return [asdict(block) for block in blocks]


def from_json(raw: Any) -> list[Block]:
    """The grid as sent by a browser. Raises Refused, naming the block, the value seen and the remedy."""
    if not isinstance(raw, list):
        raise Refused("This is no week: a list of slots is needed. Load the page again.")
    if len(raw) > MAX_BLOCKS:
        raise Refused(f"{len(raw)} slots are too many: a week takes at most {MAX_BLOCKS}.")
    return [_block(item, index) for index, item in enumerate(raw)]


def _block(raw: Any, index: int) -> Block:
    if not isinstance(raw, dict):
        raise Refused(f"Slot {index + 1} is no slot. Load the page again.", index)
    at = _whole(raw, "at", 0, WEEK_MINUTES - 1, index)
    minutes = _whole(raw, "minutes", 1, DAY_MINUTES, index)
    block = Block(at, minutes, _preset(raw, index), _celsius(raw, index))
    if bool(block.preset) == (block.celsius is not None):
        raise Refused(f"{block.words}: choose a preset or a temperature, one of them.", index)
    return block


def _whole(raw: dict, name: str, low: int, high: int, index: int) -> int:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(f"Slot {index + 1}, {name}: {_seen(value)} is not a whole number from {low} to {high}.", index)
    return value


def _preset(raw: dict, index: int) -> str:
    value = raw.get("preset", "")
    if value == "" or (isinstance(value, str) and value in list(Preset)):
        return value
    raise Refused(f"Slot {index + 1}, preset: {_seen(value)} is none of {', '.join(Preset)}.", index)


def _celsius(raw: dict, index: int) -> float | None:
    value = raw.get("celsius")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"Slot {index + 1}, temperature: {_seen(value)} is no number of °C.", index)
    if not TARGET_MIN_CELSIUS <= value <= TARGET_MAX_CELSIUS:
        limits = f"{TARGET_MIN_CELSIUS:g} to {TARGET_MAX_CELSIUS:g} °C"
        raise Refused(f"Slot {index + 1}: {value:g} °C, choose a target from {limits}.", index)
    return float(value)


def _seen(value: Any) -> str:
    return "nothing" if value is None else f"‘{str(value)[:40]}’"
