"""Names what a temperature that no room can have looks like: another unit, or another scale. Pure.

Only named, never corrected: a guess may not heat a room.
"""

from __future__ import annotations

from collections.abc import Callable

from integrations.units import CELSIUS_OF
from sites.words import celsius as words

#: What a number means when it is told in something other than what its unit says: name, true °C of the °C shown.
_MISTAKES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("°F taken for °C", lambda shown: (shown - 32) / 1.8),
    ("°C taken for °F", lambda shown: shown * 1.8 + 32),
    ("K taken for °C", lambda shown: shown - 273.15),
    ("°C taken for K", lambda shown: shown + 273.15),
    ("hundredths of a degree", lambda shown: shown / 100),
    ("tenths of a degree", lambda shown: shown / 10),
)
#: Where most rooms are, °C: without a value from before, only what lies here is named.
_USUAL_CELSIUS = (5.0, 35.0)
_NEAR_K = 2.0


def is_turned(number: float | None, unit: str, was: str, last: float | None) -> bool:
    """The unit is another one than that of `last` (°C), and the number goes on as if it were still the old one."""
    old, new = CELSIUS_OF.get(was), CELSIUS_OF.get(unit)
    if number is None or last is None or old is None or new is None or old is new:
        return False
    return abs(old(number) - last) < abs(new(number) - last)


def hint(shown: float, last: float | None, number: float | None, unit: str, was: str) -> str:
    """What `shown` (°C) looks like, as the end of a sentence; empty when like nothing known.

    `last`: °C believed last, in a source that said it in the unit `was`; `number` and `unit`: as it says it now.
    """
    if is_turned(number, unit, was, last):
        return f"it reports in {unit} now (in {was} before), but its number is still that of {was}: {number:.1f}"
    for name, true_of in _MISTAKES:
        true = true_of(shown)
        near = abs(true - last) <= _NEAR_K if last is not None else _USUAL_CELSIUS[0] <= true <= _USUAL_CELSIUS[1]
        if near:
            return f"it looks like {name}: {words(true)}"
    return ""
