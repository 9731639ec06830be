"""A figure and its target, or why there is none: the shapes every benchmark answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest


class Row(NamedTuple):
    """`value` None: not measured, for the reason in `verdict`."""

    name: str
    value: float | None
    unit: str
    target: float
    verdict: str

    @property
    def is_short(self) -> bool:
        return self.value is not None and self.verdict != "ok"

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name:<62}{'–':>10}  not measured: {self.verdict}"
        return f"{self.name:<62}{self.value:>10g}  {self.unit:<4}  ≤ {self.target:<8g}{self.verdict}"


def row(name: str, value: float, unit: str, target: float) -> Row:
    """One row; `ok` when the value is at most the target (targets are never loosened to pass)."""
    return Row(name, round(value, 4 if value < 0.1 else 2), unit, target, "ok" if value <= target else "short")


def where_there(name: str, measure: Callable[[], Iterable[Row]]) -> list[Row]:
    """What `measure` finds; where it needs something that is not installed here, one row that names it."""
    try:
        return list(measure())
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # `tests.servers.process.missing`
        return [Row(name, None, "", 0.0, str(missing))]
