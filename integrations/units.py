"""Numbers and units as devices write them, to the units used inside: °C, W, Wh, %.

Pure functions. `what` names the source in sentences (usually an entity in quotes). All raise
`BadAnswer`; nothing is guessed: an unknown unit is refused, never taken as the usual one.
"""

from __future__ import annotations

import math
import re

from .errors import BadAnswer

#: Characters of the longest text that can be a number.
_LONGEST = 64
#: Plain ASCII decimals only: `float()` would also take "1_000", "nan", "infinity" and other digits.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ABSOLUTE_ZERO_CELSIUS = -273.15
#: Nothing in a building is beyond this; a meter that says more has lost its mind (W, Wh).
_LARGEST = 1e8
#: State of charge or humidity may overshoot by so much through rounding or calibration (%).
_PERCENT_SLACK = 1.0

_W_PER_UNIT = {"W": 1.0, "kW": 1e3, "MW": 1e6}
_WH_PER_UNIT = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
_CELSIUS = {
    "°C": lambda value: value,
    "°F": lambda value: (value - 32.0) / 1.8,
    "K": lambda value: value + _ABSOLUTE_ZERO_CELSIUS,
}
_CELSIUS |= {"C": _CELSIUS["°C"], "℃": _CELSIUS["°C"], "F": _CELSIUS["°F"], "℉": _CELSIUS["°F"]}


def number(value: object, what: str) -> float:
    """A finite number from a device's text or number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
    elif isinstance(value, str) and len(value) <= _LONGEST and _NUMBER.fullmatch(value.strip(" \t")):
        result = float(value)
    else:
        raise BadAnswer(f"{what} says {_quoted(value)}; a number is needed.{_hint(value)}")
    if not math.isfinite(result):
        raise BadAnswer(f"{what} says {_quoted(value)}; a finite number is needed.")
    return result


def celsius(value: float, unit: str | None, what: str) -> float:
    """°C from °C, °F or K."""
    convert = _CELSIUS.get(unit or "")
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
    text = str(value)[:40]
    return f"‘{''.join(letter if letter.isprintable() else '?' for letter in text)}’"


def _hint(value: object) -> str:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip().replace(",", ".", 1)) and "," in value:
        return " Write decimals with a point at the source, not with a comma."
    return ""
