"""In which unit pages show temperatures: the one place of it. What is stored, decided and told by the API is °C.

A page is rendered within `shown_in(site.temperature_unit)`. Figures of the page come from `formats`, which asks here;
sentences that a pass or a service wrote in °C are translated as the page is sent (`translated`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpResponse

from sites.figures import number
from sites.models import TemperatureUnit

CELSIUS, FAHRENHEIT = TemperatureUnit.CELSIUS, TemperatureUnit.FAHRENHEIT
_shown: ContextVar[str] = ContextVar("temperature_unit", default=CELSIUS)
_RATIO, _ZERO = 1.8, 32.0


@contextmanager
def shown_in(unit: str) -> Iterator[None]:
    """Temperatures are shown and typed in this unit meanwhile."""
    before = _shown.set(unit)
    try:
        yield
    finally:
        _shown.reset(before)


def _is_fahrenheit() -> bool:
    return _shown.get() == FAHRENHEIT


def symbol() -> str:
    """“°C” or “°F”."""
    return f"°{_shown.get()}"


def shown(celsius: float | None) -> float | None:
    """A temperature (°C) as a number of the unit shown."""
    return celsius * _RATIO + _ZERO if celsius is not None and _is_fahrenheit() else celsius


def difference(kelvin: float) -> float:
    """A difference, a rate or a sum of differences in the unit shown."""
    return kelvin * _RATIO if _is_fahrenheit() else kelvin


def celsius(value: float) -> float:
    """A number of the unit shown as °C; what was shown with one decimal comes back as it was."""
    return round((value - _ZERO) / _RATIO, 3) if _is_fahrenheit() else value


def step() -> float:
    """What one tap changes a target by, in the unit shown."""
    return 1.0 if _is_fahrenheit() else 0.5


_TYPED = re.compile(r"\s*([-−+]?\d{1,3}(?:[.,]\d{1,3})?)\s*(?:°\s*[CFcf]?)?\s*")


def typed(text: str) -> float | None:
    """The °C a person typed in the unit shown (“21.5”, “21,5 °”); None: that is no temperature. A typed °C or °F
    counts as what it says."""
    match = _TYPED.fullmatch(text)
    if match is None:
        return None
    value = float(match[1].replace("−", "-").replace(",", "."))
    said = text.strip()[-1:].upper()
    with shown_in(said if said in TemperatureUnit.values else _shown.get()):
        found = celsius(value)
    return found if math.isfinite(found) else None


_NUMBER = r"([-−]?\d+(?:\.\d+)?)"
_SPACE = "[ \u00a0\u202f]"
_SENTENCES = re.compile(
    rf"(?<![\d:.])(?:{_NUMBER}(?P<between>{_SPACE}(?:to|and){_SPACE}|{_SPACE}?[–…/]{_SPACE}?))?{_NUMBER}(?P<space>{_SPACE}?)°C(?P<rate>/h|(?={_SPACE}(?:below|above|apart)\b))?"
    rf"|{_NUMBER}°(?={_SPACE}(?:below|above)\b)"
)


def translated(text: str) -> str:
    """A text that was written in °C in the unit shown: temperatures, ranges, rates, and differences to a target."""
    return _SENTENCES.sub(_translate, text) if _is_fahrenheit() else text


def _translate(match: re.Match[str]) -> str:
    first, second, apart = match[1], match[3], match[6]
    if apart is not None:
        return f"{_as_shown(apart, difference)}°"
    change = shown if match["rate"] is None else difference
    begin = f"{_as_shown(first, change)}{match['between']}" if first is not None else ""
    return f"{begin}{_as_shown(second, change)}{match['space']}°F{match['rate'] or ''}"


def _as_shown(text: str, change) -> str:
    """With as many decimals as it had."""
    decimals = max(len(text.partition(".")[2]), 1 if change is difference else 0)  # 3 °C is 5.4 °F apart, not 5
    return number(change(float(text.replace("−", "-"))), decimals)


def translate(response: HttpResponse) -> HttpResponse:
    """The page in the unit shown."""
    if _is_fahrenheit() and response.content and response.get("Content-Type", "").startswith("text/html"):
        response.content = translated(response.content.decode())
    return response
