"""Figures in sentences: rounded so that what a sentence says of them stays true. Pure, of the standard library only.

A narrow no-break space stands before the unit and the minus is a real minus where a page prints a figure by itself
(`sites.words`); sentences of decisions are plain text, and pages set them as they do their own (`dashboard.told`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import timedelta

MINUS = "\u2212"
#: More decimals than this say nothing of a home; what differs by less is told one step apart.
MOST_DECIMALS = 3


def number(value: float, decimals: int) -> str:
    """“20.4”, “−0.3”; what rounds to nothing has no sign."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def apart(
    seen: float, bound: float, test: Callable[[float, float], bool] = operator.lt, decimals: int = 1
) -> tuple[str, str]:
    """Both figures of a comparison, with as many decimals as it takes to show what `test` says of them.

    “17.48” and “17.5”: rounded alike, “17.5 is below 17.5” would be no reason for anything.
    """
    holds = bool(test(seen, bound))
    for digits in range(decimals, max(MOST_DECIMALS, decimals) + 1):
        for of_bound in (decimals, digits):
            if bool(test(round(seen, digits), round(bound, of_bound))) == holds:
                return number(seen, digits), number(bound, of_bound)
    digits = max(MOST_DECIMALS, decimals)
    shown, step = round(bound, digits), 10.0**-digits
    return number(shown + (step if seen > bound else -step), digits), number(shown, digits)


def watts_apart(seen_w: float, bound_w: float, test: Callable[[float, float], bool] = operator.lt) -> tuple[str, str]:
    """“999.6 W” and “1000 W”; whole watts where they say it."""
    first, second = apart(seen_w, bound_w, test, decimals=0)
    return f"{first} W", f"{second} W"


def negative_watts(watts: float) -> str:
    """“−8 W”, “−0.3 W”: never “−0 W”."""
    return watts_apart(watts, 0.0)[0]


def celsius_apart(seen: float, bound: float, test: Callable[[float, float], bool] = operator.lt) -> tuple[str, str]:
    """“17.48 °C” and “17.5 °C”."""
    first, second = apart(seen, bound, test)
    return f"{first} °C", f"{second} °C"


def at_least(span: timedelta) -> str:
    """“40 s”, “12 min”, “3 h 5 min” of a time that a person waits for: rounded up, so that it is over by then."""
    seconds = max(0, math.ceil(span.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
