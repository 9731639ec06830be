"""What is asked for at once and never true together is told; what may be is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import CompiledPolicy, Context, compile_rule
from optimization.rules.contradictions import contradictions
from tests.chance import examples

from .worlds import FIELDS, NOW

HOUR, STATUS, UP = "timestamp.hour", "miner_state.status", "sun.is_up"


def leaf(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


LATE, EARLY = leaf(HOUR, "gte", 22), leaf(HOUR, "lt", 6)


def found(tree) -> int:
    rule = compile_rule(tree, FIELDS, kind="start", name="Night")
    return len(contradictions(rule.node))


@pytest.mark.parametrize(
    ("tree", "count"),
    [
        ({"all_of": [LATE, EARLY]}, 1),
        ({"any_of": [LATE, EARLY]}, 0),
        ({"not_": {"any_of": [leaf(HOUR, "lt", 22), leaf(HOUR, "gte", 6)]}}, 1),
        ({"not_": {"all_of": [LATE, EARLY]}}, 0),
        ({"all_of": [LATE, {"not_": leaf(HOUR, "gte", 6)}]}, 1),
        ({"all_of": [LATE, {"all_of": [{**EARLY, "for": "3m"}]}]}, 1),
        ({"all_of": [LATE, {"any_of": [EARLY, leaf(UP, "eq", True)]}]}, 0),
        ({"any_of": [leaf(UP, "eq", True), {"all_of": [LATE, EARLY]}]}, 1),
        ({"all_of": [leaf(HOUR, "gt", 6), leaf(HOUR, "lte", 6)]}, 1),
        ({"all_of": [leaf(HOUR, "gte", 6), leaf(HOUR, "lte", 6)]}, 0),
        ({"all_of": [leaf(HOUR, "eq", 6), leaf(HOUR, "gte", 7)]}, 1),
        ({"all_of": [leaf(HOUR, "in", [5, 6]), leaf(HOUR, "gte", 6)]}, 0),
        ({"all_of": [leaf(HOUR, "in", [5, 6]), leaf(HOUR, "not_in", [5, 6, 7])]}, 1),
        ({"all_of": [leaf(STATUS, "eq", "off"), leaf(STATUS, "eq", "heating")]}, 1),
        ({"all_of": [leaf(UP, "eq", True), leaf(UP, "ne", True)]}, 1),
        ({"all_of": [leaf(UP, "eq", True), leaf(UP, "ne", False)]}, 0),
        ({"all_of": [LATE, {"not_": {**leaf(HOUR, "gte", 6), "for": "3m"}}]}, 0),
    ],
)
def test_pairs(tree, count):
    assert found(tree) == count


def test_it_is_told_as_a_sentence():
    rule = compile_rule({"all_of": [LATE, EARLY]}, FIELDS, kind="start", name="Night")
    told = [str(one) for one in CompiledPolicy([rule], []).warnings(FIELDS) if one.rule]
    assert told == [
        "Rule ‘Night’: ‘now hour is at least 22’ and ‘now hour is below 6’ are never true at once. "
        "Use any_of where one of them is enough."
    ]


comparisons = st.builds(
    lambda operator, value: leaf(HOUR, operator, [value, 3] if operator in ("in", "not_in") else value),
    st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in"]),
    st.integers(1, 22),
)


@examples(150)
@given(st.lists(comparisons, min_size=2, max_size=4))
def test_what_is_true_at_some_hour_contradicts_itself_nowhere(found_at_once):
    tree = {"all_of": found_at_once}
    rule = compile_rule(tree, FIELDS, kind="start", name="r")
    if any(rule.evaluate(Context({HOUR: hour}, {}), {}, NOW) for hour in range(24)):
        assert found(tree) == 0
