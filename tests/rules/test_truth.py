"""The algebra of truth.py, exhaustively and by property."""

from itertools import product

from hypothesis import given

from optimization.rules import ABSENT, Context, compile_rule
from optimization.rules.truth import (
    FALSE,
    NEITHER,
    TRUE,
    UNKNOWN,
    all_pair,
    any_pair,
    held_pair,
    leaf_pair,
    not_pair,
)
from tests.chance import examples

from .worlds import ALL, BOOLEANS, FIELDS, NOW, NUMBERS, SMALL, WORDS, known_or_not, trees

PAIRS = [TRUE, FALSE, UNKNOWN, NEITHER, (False, None), (None, False)]


def test_the_six_pairs_are_closed_under_every_operation():
    for a, b in product(PAIRS, PAIRS):
        assert all_pair([a, b]) in PAIRS
        assert any_pair([a, b]) in PAIRS
        assert not_pair(a) in PAIRS
    assert all(held_pair(a, e) in PAIRS for a in PAIRS for e in (True, False))


def test_de_morgan_and_double_negation_hold_exactly():
    for a, b in product(PAIRS, PAIRS):
        assert not_pair(all_pair([a, b])) == any_pair([not_pair(a), not_pair(b)])
        assert not_pair(any_pair([a, b])) == all_pair([not_pair(a), not_pair(b)])
        assert not_pair(not_pair(a)) == a


def test_leaves():
    assert leaf_pair(ABSENT) == NEITHER == not_pair(NEITHER)
    assert not_pair(leaf_pair(None)) == UNKNOWN
    assert all_pair([TRUE, NEITHER])[0] is False
    assert any_pair([TRUE, NEITHER]) == TRUE


def test_no_pair_is_true_both_ways():
    assert (True, True) not in PAIRS


def _compile(tree):
    return compile_rule(tree, FIELDS, kind="start", name="r", rule_id="r")


def _known_value(path, pick):
    choices = SMALL if path in NUMBERS else WORDS if path in set(ALL) - set(NUMBERS) - set(BOOLEANS) else [True, False]
    return choices[pick % len(choices)]


def _filled(ctx: Context, hollow, pick: int) -> Context:
    """`ctx` with every `hollow` value (None or ABSENT) replaced by a real one."""

    def fill(part):
        return {p: _known_value(p, pick + i) if v is hollow else v for i, (p, v) in enumerate(part.items())}

    return Context(fill(ctx.shared), fill(ctx.own))


@examples(150)
@given(trees(with_for=False), known_or_not)
def test_refining_an_unknown_never_flips_a_definite_result(tree, ctx):
    rule = _compile(tree)
    before = rule.test(ctx, ({}, NOW))
    if before is not None:
        for pick in range(3):
            assert rule.test(_filled(ctx, None, pick), ({}, NOW)) is before


@examples(150)
@given(trees(), known_or_not)
def test_absence_never_makes_a_rule_true(tree, ctx):
    """What is true without a battery is true with any battery."""
    rule = _compile(tree)
    holds = {key: NOW - 3600 for key, _ in rule.timers}
    if rule.evaluate(ctx, holds, NOW) is True:
        for pick in range(3):
            assert rule.evaluate(_filled(ctx, ABSENT, pick), holds, NOW) is True


def test_no_battery_under_not_starts_nothing():
    leaf = {"field": "energy_state.battery.state_of_charge", "operator": "lt", "value": 50}
    for tree in (leaf, {"not_": leaf}, {"not_": {"not_": leaf}}, {"not_": {"all_of": [leaf]}, "for": "1m"}):
        assert _compile(tree).evaluate(Context({}, {}), {}, NOW) is ABSENT
    both = {"not_": {"all_of": [leaf, {"field": "sun.is_up", "operator": "eq", "value": True}]}}
    assert _compile(both).evaluate(Context({"sun.is_up": True}, {}), {}, NOW) is False
    assert _compile(both).evaluate(Context({"sun.is_up": False}, {}), {}, NOW) is True
