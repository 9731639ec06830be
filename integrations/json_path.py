"""A small path into a JSON document, `a.b[0].c`, for answers and messages of devices. Pure.

A step is a name (any characters but dots and brackets: Shelly says `temperature:0`) or a number
in brackets, the place in a list counted from 0. Names that hold a dot cannot be reached. `what`
names the source in sentences.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from . import units
from .errors import BadAnswer, Unreachable
from .text import excerpt, printable, text_of

_LONGEST_PATH = 200
_MOST_STEPS = 12
_STEP = re.compile(r"\[(\d{1,4})\]|(?:^|(?<=.)\.)([^.\[\]]+)", re.ASCII)
#: What stands in the place of a value while its device is gone.
_GONE = frozenset({"unavailable", "offline"})
#: How many of the names that are there a sentence lists, and how long each may be.
_MOST_NAMES, _LONGEST_NAME = 6, 24


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[str | int, ...]:
    """The steps of `path`; none for an empty one. `ValueError` for what is no path."""
    if len(path) > _LONGEST_PATH or not path.isprintable():
        raise ValueError(path)
    found, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or len(found) == _MOST_STEPS:
            raise ValueError(path)
        found.append(int(step[1]) if step[1] else step[2].strip())
        at = step.end()
    return tuple(found)


def _checked(path: str) -> str:
    try:
        steps(path)
    except ValueError:
        example = {"example": "sensor.temperature or values[0].tC"}
        raise PydanticCustomError("json_path", "this is no path; one looks like {example}", example) from None
    return path


#: A config field holding a path; empty is the whole document.
JsonPath = Annotated[str, AfterValidator(_checked)]


def document(payload: bytes, what: str, *, may_be_plain: bool = False) -> Any:
    """The JSON in `payload`; where it `may_be_plain`, a text that is none is taken as it is. Raises `BadAnswer`."""
    try:
        text = text_of(payload).strip()
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            if not may_be_plain or not text or text[0] in "{[":
                raise
            return text
    except (ValueError, RecursionError):
        raise BadAnswer(f"{what} says ‘{excerpt(payload)}’, which is not valid JSON.") from None


def pick(found: Any, path: str, what: str) -> Any:
    """What stands at `path`. Raises `BadAnswer` naming the step that is missing and what there is instead."""
    for step in steps(path):
        if isinstance(step, int):
            if not isinstance(found, list):
                raise BadAnswer(f"{what} has no list where ‘{path[:60]}’ looks for entry {step}.{_there_is(found)}")
            if step >= len(found):
                raise BadAnswer(f"{what} has no entry {step} on the way to ‘{path[:60]}’: the list has {len(found)}.")
        elif not isinstance(found, dict) or step not in found:
            raise BadAnswer(f"{what} has no ‘{step[:40]}’ (path ‘{path[:60]}’).{_there_is(found)}")
        found = found[step]
    return found


def measured(found: Any, path: str, convert: units.Convert, unit: str, what: str) -> float:
    """The number at `path`, in `unit` unless it names its own, as the unit used inside.

    Raises `AdapterError`; null is `Unreachable`.
    """
    value = pick(found, path, what)
    if value is None:
        raise Unreachable(f"{what} has no value at present.")
    if isinstance(value, str) and value.strip().lower() in _GONE:
        raise Unreachable(f"{what} says that it is {value.strip().lower()}.")
    return units.measured(value, unit, convert, what)


def _there_is(found: Any) -> str:
    """The names there are, as a sentence of its own; the remedy is to choose one of them."""
    if not isinstance(found, dict):
        return " There is a list there." if isinstance(found, list) else " There is a single value there."
    names = [printable(str(name)[:_LONGEST_NAME]) for name in list(found)[:_MOST_NAMES]]
    more = ", …" if len(found) > _MOST_NAMES else ""
    return f" There is: {', '.join(names)}{more}." if names else " There is nothing in it."
