"""The parsed condition tree. `place` is where a node stands, e.g. `conditions.all_of[1]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .fields import Field
from .operators import Operator


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. `value` is the constant as written, `expected` the same made ready for the operator
    (a set, a compiled pattern); with `ref` the other field is looked at instead.

    `missing`: paths of a zone that no longer exists; such a leaf is always unknown.
    """

    place: str
    hold_seconds: int
    field: Field
    operator: Operator
    value: object = None
    expected: object = None
    ref: Field | None = None
    missing: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.field.path,) if self.ref is None else (self.field.path, self.ref.path)


@dataclass(frozen=True, slots=True)
class Group:
    """`all_of` or `any_of` over one or more nodes."""

    place: str
    hold_seconds: int
    word: str
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    place: str
    hold_seconds: int
    child: Node


Node = Leaf | Group | Not


def children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Group):
        return node.children
    return (node.child,) if isinstance(node, Not) else ()


def walk(node: Node) -> Iterator[Node]:
    """Every node, children before parents: the order in which hold timers must be brought up to date."""
    for child in children(node):
        yield from walk(child)
    yield node


def leaves(node: Node) -> list[Leaf]:
    return [n for n in walk(node) if isinstance(n, Leaf)]


def can_be_true(node: Node, is_absent: Callable[[Leaf], bool], *, wanted: bool = True) -> bool:
    """Whether `node` (`wanted` False: its opposite) can be true at all while these leaves are absent, whatever is seen.

    A leaf over something absent is never true, nor is its opposite.
    """
    if isinstance(node, Leaf):
        return not is_absent(node)
    if node.hold_seconds and not wanted:
        # Not yet long enough is enough.
        bare = replace(node, hold_seconds=0)
        return any(can_be_true(bare, is_absent, wanted=either) for either in (True, False))
    if isinstance(node, Not):
        return can_be_true(node.child, is_absent, wanted=not wanted)
    found = [can_be_true(child, is_absent, wanted=wanted) for child in node.children]
    return all(found) if (node.word == "all_of") is wanted else any(found)


def signature(node: Node) -> list:
    """What `node` asks, without its place and its own `for`: JSON-able, equal for equal conditions."""
    if isinstance(node, Leaf):
        return [node.field.path, node.operator.name, node.ref.path if node.ref else None, node.value]
    word = node.word if isinstance(node, Group) else "not_"
    return [word, *([child.hold_seconds, signature(child)] for child in children(node))]
