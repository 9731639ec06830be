"""A checked tree becomes closures: one call per node, `not_` pushed down to the leaves beforehand.

Every closure is `test(ctx, clock) -> True | False | None` and answers one half of a node's pair (see
`truth`): whether it is true, or whether its opposite is. `clock` is (holds, now).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .context import NUMBERS, Context, clean, side
from .holds import elapsed, key_in, timer_key
from .nodes import Group, Leaf, Node, Not, signature
from .operators import BOOLEAN, NUMBER
from .truth import ABSENT, Kleene

Clock = tuple[Mapping[str, float], float]
Test = Callable[[Context, Clock], Kleene]


def compile_node(node: Node, rule: tuple[str, str], negated: bool = False) -> Test:
    """The closure for `node`, or for its opposite. `rule` = (kind, id) names its timers."""
    if not node.hold_seconds:
        return _plain(node, rule, negated)
    inner = _plain(node, rule, False)
    key = timer_key(*rule, node.place, signature(node))
    if negated:
        return _not_held(inner, _plain(node, rule, True), key, node.hold_seconds)
    return _held(inner, key, node.hold_seconds)


def inner_test(node: Node, rule: tuple[str, str]) -> Test:
    """The closure for `node` without its own `for`: what its timer watches."""
    return _plain(node, rule, False)


def _plain(node: Node, rule: tuple[str, str], negated: bool) -> Test:
    if isinstance(node, Leaf):
        return _leaf(node, negated)
    if isinstance(node, Not):
        return compile_node(node.child, rule, not negated)
    tests = tuple(compile_node(child, rule, negated) for child in node.children)
    if len(tests) == 1:
        return tests[0]
    is_all = (node.word == "all_of") is not negated  # de Morgan
    return _all(tests) if is_all else _any(tests)


def _all(tests: tuple[Test, ...]) -> Test:
    def test(ctx, clock):
        result = True
        for child in tests:
            truth = child(ctx, clock)
            if truth is not True:
                if truth is False:
                    return False
                result = None
        return result

    return test


def _any(tests: tuple[Test, ...]) -> Test:
    def test(ctx, clock):
        result = False
        for child in tests:
            truth = child(ctx, clock)
            if truth is not False:
                if truth is True:
                    return True
                result = None
        return result

    return test


def _held(inner: Test, key: str, seconds: int) -> Test:
    def test(ctx, clock):
        truth = inner(ctx, clock)
        return truth if truth is not True else elapsed(clock[0], key_in(key, ctx[2]), clock[1]) >= seconds

    return test


def _not_held(inner: Test, opposite: Test, key: str, seconds: int) -> Test:
    def test(ctx, clock):
        truth = inner(ctx, clock)
        if truth is True:
            return elapsed(clock[0], key_in(key, ctx[2]), clock[1]) < seconds
        return None if truth is None else opposite(ctx, clock)

    return test


def _leaf(leaf: Leaf, negated: bool) -> Test:
    if leaf.missing:
        return lambda ctx, clock: None
    if leaf.ref is not None:
        return _reference(leaf, negated)
    if leaf.field.type == BOOLEAN:
        return _boolean(leaf, negated)
    return _number(leaf, negated) if leaf.field.type == NUMBER else _text(leaf, negated)


def _boolean(leaf: Leaf, negated: bool) -> Test:
    half, path = side(leaf.field.path), leaf.field.path
    wanted = leaf.expected is ((leaf.operator.name == "eq") is not negated)

    def test(ctx, clock):
        seen = ctx[half].get(path, ABSENT)
        if seen is wanted:
            return True
        return None if seen is None or seen.__class__ is not bool and seen is not ABSENT else False

    return test


def _number(leaf: Leaf, negated: bool) -> Test:
    half, path, expected = side(leaf.field.path), leaf.field.path, leaf.expected
    compare = leaf.operator.opposite if negated else leaf.operator.test

    def test(ctx, clock):
        seen = ctx[half].get(path, ABSENT)
        if seen.__class__ in NUMBERS and seen - seen == 0:  # finite
            return compare(seen, expected)
        seen = clean(seen, NUMBER)
        return None if seen is None else False if seen is ABSENT else compare(seen, expected)

    return test


def _text(leaf: Leaf, negated: bool) -> Test:
    half, path, expected = side(leaf.field.path), leaf.field.path, leaf.expected
    compare = leaf.operator.opposite if negated else leaf.operator.test

    def test(ctx, clock):
        seen = ctx[half].get(path, ABSENT)
        if isinstance(seen, str):
            return compare(seen, expected)
        return False if seen is ABSENT else None

    return test


def _reference(leaf: Leaf, negated: bool) -> Test:
    half, path, type_name = side(leaf.field.path), leaf.field.path, leaf.field.type
    other_half, other = side(leaf.ref.path), leaf.ref.path
    compare = leaf.operator.opposite if negated else leaf.operator.test

    def test(ctx, clock):
        left = clean(ctx[half].get(path, ABSENT), type_name)
        right = clean(ctx[other_half].get(other, ABSENT), type_name)
        if left is ABSENT or right is ABSENT:
            return False
        return None if left is None or right is None else compare(left, right)

    return test
