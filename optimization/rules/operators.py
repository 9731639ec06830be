"""The twelve operators: what types they take, what they do, and how a person reads them."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from dataclasses import dataclass

NUMBER, TEXT, BOOLEAN = "number", "text", "boolean"


@dataclass(frozen=True, slots=True)
class Operator:
    """`test(seen, expected)` and its exact opposite; both only ever see values of the right type.

    A test may say None (unknown): only `regex` does, beyond its limits.
    """

    name: str
    types: tuple[str, ...]
    test: Callable
    opposite: Callable
    when_true: str
    when_false: str
    symbol: str
    takes_list: bool = False
    takes_ref: bool = True


def _contains(seen, part):
    return part in seen


def _is_in(seen, values):
    return seen in values


def _starts(seen, start):
    return seen.startswith(start)


def _ends(seen, end):
    return seen.endswith(end)


def _matches(seen, pattern):
    return pattern.matches(seen)


def _opposite(test: Callable) -> Callable:
    def opposite(seen, expected):
        result = test(seen, expected)
        return None if result is None else not result

    return opposite


_ALL, _ORDER, _WORDS = (NUMBER, TEXT, BOOLEAN), (NUMBER,), (TEXT,)

OPERATORS: dict[str, Operator] = {
    o.name: o
    for o in (
        Operator("eq", _ALL, op.eq, op.ne, "is", "is not", "="),
        Operator("ne", _ALL, op.ne, op.eq, "is not", "is", "≠"),
        Operator("gt", _ORDER, op.gt, op.le, "is above", "is not above", ">"),
        Operator("gte", _ORDER, op.ge, op.lt, "is at least", "is below", "≥"),
        Operator("lt", _ORDER, op.lt, op.ge, "is below", "is not below", "<"),
        Operator("lte", _ORDER, op.le, op.gt, "is at most", "is above", "≤"),
        Operator("in", (NUMBER, TEXT), _is_in, _opposite(_is_in), "is one of", "is none of", "∈", True, False),
        Operator("not_in", (NUMBER, TEXT), _opposite(_is_in), _is_in, "is none of", "is one of", "∉", True, False),
        Operator("contains", _WORDS, _contains, _opposite(_contains), "contains", "does not contain", "⊃"),
        Operator("starts_with", _WORDS, _starts, _opposite(_starts), "starts with", "does not start with", "^"),
        Operator("ends_with", _WORDS, _ends, _opposite(_ends), "ends with", "does not end with", "$"),
        Operator("regex", _WORDS, _matches, _opposite(_matches), "matches", "does not match", "~", False, False),
    )
}
