"""The constant of a leaf: checked against its field, and made ready for its operator.

What can never be, like an hour of 25, is refused in new rules; a stored one that says so keeps its meaning.
"""

from __future__ import annotations

import difflib
import math
import sys

from .errors import shown
from .fields import Field
from .operators import BOOLEAN, NUMBER, Operator
from .regex import BoundedRegex, RegexError
from .words import typed

MAX_TEXT, MAX_LIST = 256, 100
_WHOLE_WORDS, _BEYOND = ("eq", "ne", "in", "not_in"), ("lt", "gt")


class ValueProblem(ValueError):
    """A constant that does not fit; `nearest` is the closest valid one, or None. `index`: where in a list it stands."""

    def __init__(self, message: str, nearest: str | None = None, index: int | None = None):
        super().__init__(message)
        self.nearest, self.index = nearest, index


def ready(raw: object, field: Field, operator: Operator, *, stored: bool = False) -> object:
    """The constant as `operator` wants it. Raises ValueProblem saying what was seen and what to write.

    `stored`: accepted before, so a comparison that is never true is no error.
    """
    if not operator.takes_list:
        return _one(raw, field, operator, stored)
    if not isinstance(raw, (list, tuple)) or not raw:
        raise ValueProblem(f"expected a list of one value or more, got {shown(raw)}")
    if len(raw) > MAX_LIST:
        raise ValueProblem(f"a list of {len(raw)} values; at most {MAX_LIST}")
    values = set()
    for index, item in enumerate(raw):
        try:
            values.add(_one(item, field, operator, stored))
        except ValueProblem as problem:
            raise ValueProblem(str(problem), problem.nearest, index) from None
    return frozenset(values)


def _one(raw: object, field: Field, operator: Operator, stored: bool) -> object:
    if field.type == NUMBER:
        number = _number(raw, field)
        if not stored:
            _check_possible(number, field, operator)
        return number
    if field.type == BOOLEAN:
        if not isinstance(raw, bool):
            raise ValueProblem(f"{field.path!r} is true or false, got {shown(raw)}")
        return raw
    return _text(raw, field, operator, stored)


def _number(raw: object, field: Field) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        unit = f" ({field.unit})" if field.unit else ""
        raise ValueProblem(f"{field.path!r} is a number{unit}, got {shown(raw)}; write it without quotes and unit")
    if not abs(raw) <= sys.float_info.max:  # NaN fails too
        raise ValueProblem(f"{shown(raw)} is not a finite number")
    return float(raw)


def _check_possible(number: float, field: Field, operator: Operator) -> None:
    """Raises ValueProblem where the field is never so, or where `number` is nothing it can ever be."""
    low, high = field.low, field.high
    least, most = -math.inf if low is None else low, math.inf if high is None else high
    span = _span(field)
    if not least <= number <= most and not _is_just_past(number, field, operator):
        raise ValueProblem(f"{field.path!r} is never {typed(number, field.unit)}; {span}")
    if field.is_whole and operator.name in _WHOLE_WORDS and number != math.floor(number):
        raise ValueProblem(f"{field.path!r} is never {typed(number, field.unit)}; it is a whole number")
    if operator.name in _BEYOND and number == {"lt": least, "gt": most}[operator.name]:
        raise ValueProblem(f"{field.path!r} {operator.when_true} {typed(number, field.unit)} is never true; {span}")


def _is_just_past(number: float, field: Field, operator: Operator) -> bool:
    """“Before 24 o'clock” is a way to say “at any hour”."""
    return operator.name == "lt" and field.is_whole and field.high is not None and number == field.high + 1


def _span(field: Field) -> str:
    low, high = (None if bound is None else typed(bound, field.unit) for bound in (field.low, field.high))
    if high is None:
        return f"it is at least {low}"
    return f"it lies between {low} and {high}" if low is not None else f"it is at most {high}"


def _text(raw: object, field: Field, operator: Operator, stored: bool) -> object:
    if not isinstance(raw, str):
        raise ValueProblem(f"{field.path!r} is text, got {shown(raw)}; put it in quotes")
    if operator.name == "regex":
        try:
            pattern = BoundedRegex(raw)
        except RegexError as error:
            raise ValueProblem(f"the pattern {shown(raw)} cannot be used: {error}") from None
        if not stored:
            _check_some(raw, pattern, field, operator)
        return pattern
    if len(raw) > MAX_TEXT:
        raise ValueProblem(f"longer than {MAX_TEXT} characters")
    if operator.name not in _WHOLE_WORDS:
        if not raw:
            raise ValueProblem("an empty text always matches; say what to look for")
        if not stored:
            _check_some(raw, raw, field, operator)
    elif not stored and field.values is not None and raw not in field.values:
        near = difflib.get_close_matches(raw.lower(), field.values, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of " + " ".join(field.values)
        raise ValueProblem(f"{field.path!r} is never {shown(raw)}; {hint}", near[0] if near else None)
    return raw


def _check_some(raw: str, expected: object, field: Field, operator: Operator) -> None:
    """Raises ValueProblem where none of the texts the field can be is like `raw`."""
    if field.values is not None and not any(operator.test(value, expected) for value in field.values):
        raise ValueProblem(
            f"no value of {field.path!r} {operator.when_true} {shown(raw)}; they are {' '.join(field.values)}"
        )
