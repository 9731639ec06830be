"""Two comparisons that are asked for at once and are never true together, like an hour from 22 on and before 6."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from .nodes import Leaf, Node, Not
from .operators import NUMBER, OPERATORS

_OPPOSITE = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt", "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in"}


class Asked(NamedTuple):
    """A comparison with a constant as it is wanted, `not_` included."""

    leaf: Leaf
    operator: str

    @property
    def values(self) -> tuple:
        """All it can be where that is a list; empty: it is a range, or anything but these."""
        if self.operator not in ("eq", "in"):
            return ()
        return tuple(self.leaf.expected) if OPERATORS[self.operator].takes_list else (self.leaf.expected,)

    def allows(self, value: object) -> bool:
        return bool(OPERATORS[self.operator].test(value, self.leaf.expected))


def contradictions(node: Node) -> list[tuple[Asked, Asked]]:
    """Pairs of comparisons in `node` that are both needed, by all of it or by one of its alternatives, and never true
    together.
    """
    pairs = (pair for needed in _all_at_once(node, True) for pair in combinations(needed, 2))
    found = {(one.leaf.place, other.leaf.place): (one, other) for one, other in pairs if _excludes(one, other)}
    return list(found.values())


def _all_at_once(node: Node, wanted: bool) -> Iterator[list[Asked]]:
    """What each group below `node` (`wanted` False: its opposite) needs at once."""
    if isinstance(node, Leaf) or (node.hold_seconds and not wanted):
        return  # of a `for` not yet long enough is opposite enough
    if isinstance(node, Not):
        yield from _all_at_once(node.child, not wanted)
        return
    yield list(_needed(node, wanted))
    for child in node.children:
        yield from _all_at_once(child, wanted)


def _needed(node: Node, wanted: bool) -> Iterator[Asked]:
    """The comparisons that must all be so for `node` (`wanted` False: its opposite) to be true."""
    if node.hold_seconds and not wanted:
        return
    if isinstance(node, Leaf):
        operator = node.operator.name if wanted else _OPPOSITE.get(node.operator.name, "")
        if operator in _OPPOSITE and node.ref is None and not node.missing:
            yield Asked(node, operator)
    elif isinstance(node, Not):
        yield from _needed(node.child, not wanted)
    elif (node.word == "all_of") is wanted or len(node.children) == 1:
        for child in node.children:
            yield from _needed(child, wanted)


def _excludes(one: Asked, other: Asked) -> bool:
    if one.leaf.field.path != other.leaf.field.path:
        return False
    if one.values or other.values:
        listed, rest = (one, other) if one.values else (other, one)
        return not any(rest.allows(value) for value in listed.values)
    ways = {one.operator[0], other.operator[0]}
    if one.leaf.field.type != NUMBER or ways != {"g", "l"}:
        return False
    low, high = (one, other) if one.operator[0] == "g" else (other, one)
    least, most = low.leaf.expected, high.leaf.expected
    return least > most or (least == most and not (low.allows(least) and high.allows(most)))
