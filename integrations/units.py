"""Numbers and units as devices write them, to the units used inside: °C, W, Wh, %.

Pure functions. `what` names the source in sentences (usually an entity in quotes). All raise
`BadAnswer`; nothing is guessed: an unknown unit is refused, never taken as the usual one, and so is
a number that can be read in two ways (“1,234”), unless only one of them is possible (no room has 21500 °C).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from .errors import BadAnswer
from .text import printable

#: Characters of the longest text that can be a number.
_LONGEST = 64
#: Plain ASCII decimals only: `float()` would also take "1_000", "nan", "infinity" and other digits.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: The same with a decimal comma.
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
#: One group of three after the comma: thousands, or three decimals. With a leading 0 it is never thousands.
_PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
#: A number, and the unit written behind it.
_WITH_UNIT = re.compile(r"([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*([^\d\s.,+\-][^\d,+\-]{0,11})?", re.ASCII)
_ABSOLUTE_ZERO_CELSIUS = -273.15
#: Nothing in a building is beyond this; a meter that says more has lost its mind (W, Wh).
_LARGEST = 1e8
#: State of charge or humidity may overshoot by so much through rounding or calibration (%).
_PERCENT_SLACK = 1.0

#: (value, unit, what) -> value in the unit used inside.
Convert = Callable[[float, str | None, str], float]

_W_PER_UNIT = {"W": 1.0, "kW": 1e3, "MW": 1e6}
_WH_PER_UNIT = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
#: °C of a number by its unit.
CELSIUS_OF = {
    "°C": lambda value: value,
    "°F": lambda value: (value - 32.0) / 1.8,
    "K": lambda value: value + _ABSOLUTE_ZERO_CELSIUS,
}
CELSIUS_OF |= {"C": CELSIUS_OF["°C"], "℃": CELSIUS_OF["°C"], "F": CELSIUS_OF["°F"], "℉": CELSIUS_OF["°F"]}
#: Signs that look like another: the minus of typesetters, the ordinal sign in place of the degree sign.
_LOOKALIKES = str.maketrans({"−": "-", "º": "°"})


def number(value: object, what: str) -> float:
    """A finite number from a device's text or number; a decimal comma will do where it cannot mean thousands."""
    found, unit = _read(value, what)
    if unit:
        raise BadAnswer(f"{what} says {_quoted(value)}; a number is needed.")
    if len(found) > 1:
        raise _ambiguous(value, found, "", what)
    return found[0]


def measured(value: object, unit: str | None, convert: Convert, what: str, *, unit_is_told: bool = False) -> float:
    """A number with the unit written behind it (“21.5 °C”), else in `unit`, as the unit used inside.

    The source's own word wins over a `unit` that was set up; where that is the source's word, too (`unit_is_told`),
    the two must agree. Where a number can be read in two ways, the one that is possible counts: no room has 21500 °C.
    """
    found, own_unit = _read(value, what)
    results, errors = {}, []
    for one in found:
        try:
            results[one] = convert(one, own_unit or unit, what)
            if own_unit and unit and unit_is_told and convert(one, unit, what) != results[one]:
                raise BadAnswer(f"{what} says {_quoted(value)}, but that it is in {_quoted(unit)}. Correct it there.")
        except BadAnswer as error:
            results.pop(one, None)
            errors.append(error)
    if not results:
        raise errors[0]
    if len(results) > 1:
        raise _ambiguous(value, found, own_unit or unit or "", what)
    return next(iter(results.values()))


def _read(value: object, what: str) -> tuple[list[float], str]:
    """What a number can mean (more than one: two ways to read it), and the unit behind it."""
    unit = ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = [_finite(value)]
    elif isinstance(value, str) and len(value) <= _LONGEST:
        # All kinds of spaces: devices put thin and unbreakable ones before a unit.
        match = _WITH_UNIT.fullmatch(" ".join(value.translate(_LOOKALIKES).split()))
        found = _meanings(match[1]) if match else []
        unit = (match[2] or "").replace(" ", "") if match else ""
    else:
        found = []
    if not found:
        raise BadAnswer(f"{what} says {_quoted(value)}; a number is needed.{_hint(value)}")
    if not all(map(math.isfinite, found)):
        raise BadAnswer(f"{what} says {_quoted(value)}; a finite number is needed.")
    return found, unit


def _meanings(text: str) -> list[float]:
    if _NUMBER.fullmatch(text):
        return [float(text)]
    if not _COMMA.fullmatch(text):
        return []
    decimal = float(text.replace(",", "."))
    return [decimal, float(text.replace(",", ""))] if _PERHAPS_THOUSANDS.fullmatch(text) else [decimal]


def _finite(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _ambiguous(value: object, found: list[float], unit: str, what: str) -> BadAnswer:
    either = " or ".join(f"{one:g} {unit}".strip() for one in found)
    return BadAnswer(f"{what} says {_quoted(value)}, which can be {either}. Write decimals with a point at the source.")


def celsius(value: float, unit: str | None, what: str) -> float:
    """°C from °C, °F or K."""
    convert = CELSIUS_OF.get(unit or "")
    if convert is None:
        raise _wrong_unit(unit, what, "a temperature in °C, °F or K")
    result = convert(value)
    if not _ABSOLUTE_ZERO_CELSIUS <= result <= 1000:
        raise BadAnswer(f"{what} says {value:g} {unit}; no room has that temperature.")
    return round(result, 3)


def watts(value: float, unit: str | None, what: str) -> float:
    """W from W, kW or MW; the sign stays."""
    return _scaled(value, unit, what, _W_PER_UNIT, "power in W, kW or MW")


def watt_hours(value: float, unit: str | None, what: str) -> float:
    """Wh from Wh, kWh or MWh."""
    return _scaled(value, unit, what, _WH_PER_UNIT, "energy in Wh, kWh or MWh")


def percent(value: float, unit: str | None, what: str) -> float:
    """0–100 % from %."""
    if unit != "%":
        raise _wrong_unit(unit, what, "a share in %")
    if not -_PERCENT_SLACK <= value <= 100 + _PERCENT_SLACK:
        raise BadAnswer(f"{what} says {value:g} %; 0 to 100 % is possible.")
    return min(100.0, max(0.0, value))


def _scaled(value: float, unit: str | None, what: str, factors: dict[str, float], wanted: str) -> float:
    factor = factors.get(unit or "")
    if factor is None:
        raise _wrong_unit(unit, what, wanted)
    result = value * factor
    if not abs(result) <= _LARGEST:
        raise BadAnswer(f"{what} says {value:g} {unit}; nothing in a building is that large.")
    return result


def _wrong_unit(unit: str | None, what: str, wanted: str) -> BadAnswer:
    seen = f"is in {_quoted(unit)}" if unit else "has no unit"
    return BadAnswer(f"{what} {seen}; {wanted} is needed. Choose another entity or set its unit at the source.")


def _quoted(value: object) -> str:
    text = " ".join(str(value)[:40].split())
    return f"‘{printable(text)}’"


def _hint(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[\d.,]+", value.strip(), re.ASCII) and "," in value:
        return " Write decimals with a point at the source, and leave out separators of thousands."
    return ""
