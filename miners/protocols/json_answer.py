"""A device's JSON answer, read with care: what is missing or null is None, a wrong type is `BadAnswer`.

None is not 0: a device that does not say how much it draws does not draw nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from integrations import units
from integrations.errors import BadAnswer
from integrations.text import printable

#: Nothing a home can plug in takes more (W).
_MOST_W = 50_000.0
_LONGEST_TEXT = 200


class ToldWatts(NamedTuple):
    """What a device says it draws (W; None: not told, or not to be read) and why that cannot be read."""

    power_w: float | None
    problem: str = ""


class Part:
    """An object of the answer. `what` is how sentences call it."""

    def __init__(self, value: Any, what: str) -> None:
        if not isinstance(value, dict):
            raise BadAnswer(f"{what} answered with something else than expected. Is it of this kind?")
        self._value, self.what = value, what

    def at(self, *path: str | int) -> Any:
        """What stands there, None when it (or anything on the way) is missing or null."""
        found: Any = self._value
        for step in path:
            if isinstance(step, int) and isinstance(found, list):
                found = found[step] if step < len(found) else None
            elif isinstance(step, str) and isinstance(found, dict):
                found = found.get(step)
            elif found is not None:
                raise self._wrong(path, found)
        return found

    def number(self, *path: str | int) -> float | None:
        value = self.at(*path)
        return None if value is None else units.number(value, self._named(path))

    def watts(self, *path: str | int) -> float | None:
        """W, also of “17,9 W”; never negative, never more than anything at home takes."""
        value = self.at(*path)
        return None if value is None else units.measured(value, "W", _of_a_miner, self._named(path))

    def told_watts(self, *path: str | int, is_signed: bool = False) -> ToldWatts:
        """As `watts`, for the present draw: what cannot be read is unknown, and named.

        `is_signed`: a meter whose sign only tells which way round it is wired.
        """
        value, what = self.at(*path), self._named(path)
        convert = _of_a_meter if is_signed else _of_a_miner
        try:
            return ToldWatts(None if value is None else abs(units.measured(value, "W", convert, what)))
        except BadAnswer as error:
            return ToldWatts(None, str(error))

    def sensor(self, *path: str | int, least: float, most: float) -> float | None:
        """A figure for the eye; one that cannot be is None, as if the sensor were missing."""
        value = self.number(*path)
        return value if value is not None and least <= value <= most else None

    def count(self, *path: str | int) -> int | None:
        """A whole number of things for the eye; one that cannot be is None."""
        value = self.sensor(*path, least=0, most=1e9)
        return int(value) if value is not None and value == int(value) else None

    def text(self, *path: str | int) -> str:
        """Printable, short; empty when missing."""
        value = self.at(*path)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(path, value)
        return printable(value[:_LONGEST_TEXT]).strip()

    def flag(self, *path: str | int) -> bool | None:
        value = self.at(*path)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(path, value)
        return value

    def parts(self, *path: str | int) -> list[Part]:
        """The objects of a list; none when it is missing."""
        value = self.at(*path)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(path, value)
        return [Part(one, self.what) for one in value]

    def _named(self, path: tuple[str | int, ...]) -> str:
        return f"‘{path[-1]}’ of {self.what[:1].lower()}{self.what[1:]}"

    def _wrong(self, path: tuple[str | int, ...], value: object) -> BadAnswer:
        return BadAnswer(f"{self._named(path)} has another shape than expected ({type(value).__name__}).")


def _of_a_miner(value: float, unit: str | None, what: str) -> float:
    power_w = units.watts(value, unit, what)
    if not 0 <= power_w <= _MOST_W:
        raise BadAnswer(f"{what} is {power_w:g} W; no miner takes that.")
    return power_w


def _of_a_meter(value: float, unit: str | None, what: str) -> float:
    return _of_a_miner(abs(value), unit, what)


def celsius(part: Part, *path: str | int) -> float | None:
    """°C of chips, boards, air."""
    return part.sensor(*path, least=-40.0, most=200.0)
