"""Figures of pools and price services, read with care: what cannot be is `BadAnswer`, what is missing is None."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from integrations.errors import BadAnswer
from miners.protocols.json_answer import Part

from .economics import MOST_SAT_PER_TH_S_DAY, SAT_PER_BTC

T = TypeVar("T")

_MOST_BTC = 21_000_000
_H_PER_TH = 1e12
#: More than the whole network will do for years: somebody has mixed up units (TH/s).
_MOST_TH_S = 1e10
_TH_PER_UNIT = {"h/s": 1e-12, "kh/s": 1e-9, "mh/s": 1e-6, "gh/s": 1e-3, "th/s": 1.0, "ph/s": 1e3, "eh/s": 1e6}


def amount(part: Part, *path: str | int, most: float) -> float | None:
    """A number from 0 to `most`."""
    value = part.number(*path)
    if value is not None and not 0 <= value <= most:
        raise BadAnswer(f"‘{path[-1]}’ of {part.what} is {value:g}, which cannot be.")
    return value


def sat_of_btc(part: Part, *path: str | int) -> int | None:
    """Satoshi of an amount given in BTC (as a number or a text)."""
    btc = amount(part, *path, most=_MOST_BTC)
    return None if btc is None else round(btc * SAT_PER_BTC)


def th_s_of_h_s(part: Part, *path: str | int) -> float | None:
    """TH/s of a rate in H/s."""
    rate = amount(part, *path, most=_MOST_TH_S * _H_PER_TH)
    return None if rate is None else rate / _H_PER_TH


def th_s(part: Part, *path: str | int, unit: str) -> float | None:
    """TH/s of a rate in `unit`, which the answer itself names ("Gh/s")."""
    rate = part.number(*path)
    if rate is None:
        return None
    factor = _TH_PER_UNIT.get(unit.lower())
    if factor is None:
        raise BadAnswer(f"{part.what} gives its hash rate in ‘{unit}’; H/s to EH/s are known.")
    if not 0 <= rate * factor <= _MOST_TH_S:
        raise BadAnswer(f"‘{path[-1]}’ of {part.what} is {rate:g} {unit}, which cannot be.")
    return round(rate * factor, 9)


def hash_value(sat_per_th_s_day: float, name: str) -> float:
    """Satoshi that 1 TH/s earns in a day, as follows from what `name` told."""
    if not 0 <= sat_per_th_s_day <= MOST_SAT_PER_TH_S_DAY:
        raise BadAnswer(f"By what {name} says, 1 TH/s earns {sat_per_th_s_day:g} sat a day, which cannot be.")
    return sat_per_th_s_day


def count(part: Part, *path: str | int) -> int | None:
    """How many of something."""
    value = amount(part, *path, most=1e6)
    return None if value is None else int(value)


def time_of(part: Part, *path: str | int) -> datetime | None:
    """Aware UTC of Unix seconds; 0 is never, hence None."""
    seconds = amount(part, *path, most=4e9)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def required(value: T | None, what: str, name: str) -> T:
    """`value`, or `BadAnswer` naming what is missing."""
    if value is None:
        raise BadAnswer(f"{name} does not say {what}.")
    return value
