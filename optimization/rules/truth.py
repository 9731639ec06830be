"""The logic of rules: strong Kleene with a fourth word, *absent*.

A condition is true, false or unknown (None). A leaf over a field the site does not have by
configuration is *absent*: it is false, and it is still false under `not_`. One truth value cannot
say "false, and so is my opposite", so every node is a **pair**:

    pair = (is it true?, is its opposite true?)     each True | False | None, strong Kleene

    leaf true (T, F)   leaf false (F, T)   leaf unknown (U, U)   leaf absent (F, F)
    not_   swaps the two
    all_of ANDs the firsts and ORs the seconds
    any_of ORs the firsts and ANDs the seconds
    for    (T, F) until held long enough counts as false; unknown stays unknown

From which follow, and are tested: double negation and both de Morgan laws hold exactly; refining an
unknown never flips a definite result; and a rule that is true with an absent field is true for
*whatever* value that field could have had, so absence never makes a start (nor a stop).

A tree made only of absent leaves is itself absent; a rule that is absent is inactive.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Absent(Enum):
    """The type of `ABSENT`; an enum so that copies and pickles stay the same object."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT

Kleene = bool | None
Truth = bool | None | Absent
Pair = tuple[Kleene, Kleene]

TRUE: Pair = (True, False)
FALSE: Pair = (False, True)
UNKNOWN: Pair = (None, None)
NEITHER: Pair = (False, False)
"""The pair of an absent leaf."""


def negation(value: Kleene) -> Kleene:
    return None if value is None else not value


def conjunction(values: Iterable[Kleene]) -> Kleene:
    """Kleene AND: false wins, then unknown; true for none at all."""
    result: Kleene = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def disjunction(values: Iterable[Kleene]) -> Kleene:
    """Kleene OR: true wins, then unknown; false for none at all."""
    result: Kleene = False
    for value in values:
        if value is True:
            return True
        if value is None:
            result = None
    return result


def leaf_pair(value: Truth) -> Pair:
    return NEITHER if value is ABSENT else (value, negation(value))


def not_pair(pair: Pair) -> Pair:
    return pair[1], pair[0]


def all_pair(pairs: list[Pair]) -> Pair:
    return conjunction(p[0] for p in pairs), disjunction(p[1] for p in pairs)


def any_pair(pairs: list[Pair]) -> Pair:
    return disjunction(p[0] for p in pairs), conjunction(p[1] for p in pairs)


def held_pair(pair: Pair, elapsed: bool) -> Pair:
    """The pair of a node with `for`: true only once `elapsed`; unknown inner, unknown node."""
    positive, negative = pair
    if positive is None:
        return UNKNOWN
    if positive is False:
        return False, negative
    return elapsed, not elapsed
