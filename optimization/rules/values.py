"""The constant of a leaf: checked against its field, and made ready for its operator."""

from __future__ import annotations

import difflib
import sys

from .errors import shown
from .fields import Field
from .operators import BOOLEAN, NUMBER, Operator
from .regex import BoundedRegex, RegexError

MAX_TEXT, MAX_LIST = 256, 100
_WHOLE_WORDS = ("eq", "ne", "in", "not_in")


class ValueProblem(ValueError):
    """A constant that does not fit; `nearest` is the closest valid one, or None."""

    def __init__(self, message: str, nearest: str | None = None):
        super().__init__(message)
        self.nearest = nearest


def ready(raw: object, field: Field, operator: Operator) -> object:
    """The constant as `operator` wants it. Raises ValueProblem saying what was seen and what to write."""
    if not operator.takes_list:
        return _one(raw, field, operator)
    if not isinstance(raw, (list, tuple)) or not raw:
        raise ValueProblem(f"expected a list of one value or more, got {shown(raw)}")
    if len(raw) > MAX_LIST:
        raise ValueProblem(f"a list of {len(raw)} values; at most {MAX_LIST}")
    return frozenset(_one(item, field, operator) for item in raw)


def _one(raw: object, field: Field, operator: Operator) -> object:
    if field.type == NUMBER:
        return _number(raw, field)
    if field.type == BOOLEAN:
        if not isinstance(raw, bool):
            raise ValueProblem(f"{field.path!r} is true or false, got {shown(raw)}")
        return raw
    return _text(raw, field, operator)


def _number(raw: object, field: Field) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        unit = f" ({field.unit})" if field.unit else ""
        raise ValueProblem(f"{field.path!r} is a number{unit}, got {shown(raw)}; write it without quotes and unit")
    if not abs(raw) <= sys.float_info.max:  # NaN fails too
        raise ValueProblem(f"{shown(raw)} is not a finite number")
    return float(raw)


def _text(raw: object, field: Field, operator: Operator) -> object:
    if not isinstance(raw, str):
        raise ValueProblem(f"{field.path!r} is text, got {shown(raw)}; put it in quotes")
    if operator.name == "regex":
        try:
            return BoundedRegex(raw)
        except RegexError as error:
            raise ValueProblem(f"the pattern {shown(raw)} cannot be used: {error}") from None
    if len(raw) > MAX_TEXT:
        raise ValueProblem(f"longer than {MAX_TEXT} characters")
    if operator.name not in _WHOLE_WORDS:
        if not raw:
            raise ValueProblem("an empty text always matches; say what to look for")
    elif field.values is not None and raw not in field.values:
        near = difflib.get_close_matches(raw.lower(), field.values, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of " + " ".join(field.values)
        raise ValueProblem(f"{field.path!r} is never {shown(raw)}; {hint}", near[0] if near else None)
    return raw
