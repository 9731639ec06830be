"""Start rules and stop rules together: design.md §5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import CompiledPolicy, Context, compile_rule, deciding_zone, explain, sentence
from tests.chance import examples

from .worlds import FIELDS, NOW, contexts, could_be_true, known_or_not, raw_leaves, raw_timers, trees


def rule(kind, path, name=None, priority=0, value=True):
    leaf = {"field": path, "operator": "eq", "value": value}
    return compile_rule(leaf, FIELDS, kind=kind, name=name or f"{kind} {path}", priority=priority)


BELOW, ABOVE, UP, BATTERY = (
    "climate.zone.below_target",
    "climate.zone.above_target",
    "sun.is_up",
    "energy_source.has_battery",
)
POLICY = CompiledPolicy(
    [rule("start", BELOW, "cold"), rule("start", UP, "sun", 5)],
    [rule("stop", ABOVE, "warm"), rule("stop", BATTERY, "battery")],
)


def ctx(below=False, above=False, up=False, **battery):
    return Context({UP: up, **({BATTERY: battery["battery"]} if battery else {})}, {BELOW: below, ABOVE: above})


def ask(context, running=False, policy=POLICY):
    v = policy.decide([context], running=running, holds={}, now=NOW)
    return v.action, v.rule and v.rule.name, v.unknown_rules, v.missing_fields, v.inactive


NONE = ("battery",)  # the rule that never applies here


@pytest.mark.parametrize(
    ("context", "running", "expected"),
    [
        (ctx(), False, ("hold", None, (), (), NONE)),
        (ctx(below=True), False, ("start", "cold", (), (), NONE)),
        (ctx(below=True, up=True), False, ("start", "sun", (), (), NONE)),
        (ctx(below=True, up=None), False, ("start", "cold", (), (), NONE)),
        (ctx(below=None), False, ("hold", None, ("cold",), (BELOW,), NONE)),
        (ctx(below=None, above=True), False, ("hold", None, (), (), NONE)),
        (ctx(below=True, above=True), False, ("blocked", "warm", (), (), NONE)),
        (ctx(below=True, above=None), False, ("blocked", None, ("warm",), (ABOVE,), NONE)),
        (ctx(below=True, battery=None), False, ("blocked", None, ("battery",), (BATTERY,), ())),
        (ctx(below=True, battery=False), False, ("start", "cold", (), (), ())),
        (ctx(), True, ("hold", None, (), (), NONE)),
        (ctx(above=True), True, ("stop", "warm", (), (), NONE)),
        (ctx(above=None), True, ("hold", None, ("warm",), (ABOVE,), NONE)),
        (ctx(above=None, battery=True), True, ("stop", "battery", (), (), ())),
        (ctx(below=None), True, ("hold", None, (), (), NONE)),
    ],
)
def test_table(context, running, expected):
    assert ask(context, running) == expected


def test_blocked_names_the_start_that_was_wanted():
    verdict = POLICY.decide([ctx(below=True, above=None)], running=False, holds={}, now=NOW)
    assert verdict.wanted.name == "cold"


def test_the_unsure_rule_is_the_one_that_is_unknown_whatever_rules_are_called():
    policy = CompiledPolicy([], [rule("stop", UP, "same", 5), rule("stop", ABOVE, "same")])
    verdict = policy.decide([ctx(above=None, up=False)], running=True, holds={}, now=NOW)
    assert (verdict.unknown_rules, verdict.unsure) == (("same",), policy.stop_rules[1])


def test_highest_priority_first_and_ties_as_given():
    rules = [rule("stop", UP, n, p) for n, p in (("a", 1), ("b", 9), ("c", 9), ("d", 0))]
    policy = CompiledPolicy([], rules)
    assert [r.name for r in policy.stop_rules] == ["b", "c", "a", "d"]
    assert ask(ctx(up=True), True, policy)[:2] == ("stop", "b")


def test_a_start_for_any_zone_a_stop_only_for_all():
    def two(a, b, running):
        v = POLICY.decide([a, b], running=running, holds={}, now=NOW)
        return v.action, v.unknown_rules

    assert two(ctx(below=True), ctx(), False) == ("start", ())
    assert two(ctx(below=True), ctx(above=True), False) == ("start", ())
    assert two(ctx(above=True), ctx(), True) == ("hold", ())
    assert two(ctx(above=True), ctx(above=True), True) == ("stop", ())
    assert two(ctx(above=True), ctx(above=None), True) == ("hold", ("warm",))
    assert two(ctx(above=None), ctx(), True) == ("hold", ())
    assert two(ctx(below=None), ctx(), False) == ("hold", ("cold",))


def test_mistakes_of_the_caller_are_told():
    with pytest.raises(ValueError, match="context"):
        POLICY.decide([], running=True, holds={}, now=NOW)
    with pytest.raises(ValueError, match="kind"):
        CompiledPolicy([rule("stop", UP)], [])


HUMID, OCCUPIED = "climate.zone.humidity", "climate.zone.is_occupied"


EMPTY = {"field": OCCUPIED, "operator": "eq", "value": False}
DAMP = {"field": HUMID, "operator": "gte", "value": 60}
SUNNY = {"field": UP, "operator": "eq", "value": True}
WARM = {"field": ABOVE, "operator": "eq", "value": True}


@pytest.mark.parametrize(
    ("tree", "first", "second", "action"),
    [
        # A zone without such a sensor has no say.
        (EMPTY, {OCCUPIED: False}, {}, "stop"),
        (EMPTY, {}, {OCCUPIED: False}, "stop"),
        (EMPTY, {OCCUPIED: False}, {OCCUPIED: True}, "hold"),
        (EMPTY, {OCCUPIED: False}, {OCCUPIED: None}, "hold"),
        (EMPTY, {OCCUPIED: None}, {}, "hold"),
        (EMPTY, {OCCUPIED: True}, {}, "hold"),
        (EMPTY, {}, {}, "hold"),
        ({"not_": {**EMPTY, "value": True}}, {OCCUPIED: False}, {}, "stop"),
        # Nor has one where the rule could never be true for want of it.
        ({"all_of": [DAMP, SUNNY]}, {HUMID: 70.0}, {}, "stop"),
        ({"all_of": [DAMP, SUNNY]}, {HUMID: 50.0}, {}, "hold"),
        ({"all_of": [DAMP, WARM]}, {HUMID: 70.0, ABOVE: True}, {ABOVE: False}, "stop"),
        # What else may make it true there still counts.
        ({"any_of": [DAMP, WARM]}, {HUMID: 70.0, ABOVE: False}, {ABOVE: False}, "hold"),
        ({"any_of": [DAMP, WARM]}, {HUMID: 70.0, ABOVE: False}, {ABOVE: None}, "hold"),
        ({"any_of": [DAMP, WARM]}, {HUMID: 70.0, ABOVE: False}, {ABOVE: True}, "stop"),
    ],
)
def test_a_stop_rule_leaves_out_zones_it_does_not_apply_to(tree, first, second, action):
    policy = CompiledPolicy([], [compile_rule(tree, FIELDS, kind="stop", name="r")])
    zones = [Context({UP: True}, own, key) for key, own in (("a", first), ("b", second))]
    assert policy.decide(zones, running=True, holds={}, now=NOW).action == action


def test_the_stop_of_several_zones_is_explained_by_one_it_applies_to():
    rule = compile_rule(EMPTY, FIELDS, kind="stop", name="r")
    zones = [Context({}, {}, "a"), Context({}, {OCCUPIED: False}, "b")]
    told = explain(rule, zones, {}, NOW)
    assert (told["truth"], deciding_zone(told)) == ("true", "b")
    assert sentence(told) == "the room is not occupied"


def test_a_start_needs_one_zone_whatever_the_others_lack():
    policy = CompiledPolicy([compile_rule(EMPTY, FIELDS, kind="start", name="r")], [])

    def start(*zones):
        found = [Context({}, own, str(key)) for key, own in enumerate(zones)]
        return policy.decide(found, running=False, holds={}, now=NOW).action

    assert start({}, {OCCUPIED: False}) == "start"
    assert start({OCCUPIED: None}, {OCCUPIED: False}) == "start"
    assert start({}, {OCCUPIED: None}) == start({}, {}) == "hold"


@examples(60)
@given(trees().filter(lambda tree: len(raw_leaves(tree)) + len(raw_timers(tree)) <= 9), known_or_not)
def test_a_rule_applies_where_something_could_make_it_true(tree, seen):
    rule = compile_rule(tree, FIELDS, kind="stop", name="r")
    assert rule.applies(seen) is could_be_true(tree, seen)


def _naive(starts, stops, seen, running):
    """design.md §5.2 in as many words, one context or more."""

    def any_of(rule):
        found = [r.test(c, ({}, NOW)) for c in seen for r in [rule]]
        return True if True in found else None if None in found else False

    def all_of(rule):
        found = [rule.test(c, ({}, NOW)) for c in seen if len(seen) == 1 or rule.applies(c)]
        return False if False in found or not found else None if None in found else True

    if running:
        return next((("stop", r) for r in stops if all_of(r) is True), ("hold", None))
    wanted = next((r for r in starts if any_of(r) is True), None)
    if wanted is None:
        return "hold", None
    block = next((r for r in stops if all_of(r) is True), None)
    if block or any(all_of(r) is None for r in stops):
        return "blocked", block
    return "start", wanted


@examples(150)
@given(
    st.lists(trees(), max_size=3),
    st.lists(trees(), max_size=3),
    st.lists(contexts, min_size=1, max_size=2),
    st.booleans(),
)
def test_decide_equals_the_words_of_the_design(start_trees, stop_trees, seen, running):
    rules = {
        k: [compile_rule(t, FIELDS, kind=k, name=f"{k}{i}", rule_id=f"{k}{i}") for i, t in enumerate(found)]
        for k, found in (("start", start_trees), ("stop", stop_trees))
    }
    policy = CompiledPolicy(rules["start"], rules["stop"])
    verdict = policy.decide(seen, running=running, holds={}, now=NOW)
    assert (verdict.action, verdict.rule) == _naive(rules["start"], rules["stop"], seen, running)
    assert verdict == policy.decide(seen, running=running, holds={}, now=NOW)
    inactive = [r.name for r in policy.rules if all(r.is_inactive(c) for c in seen)]
    assert sorted(verdict.inactive) == sorted(inactive)
    if verdict.unknown_rules:
        assert verdict.missing_fields
        assert verdict.action in ("hold", "blocked")
    if verdict.action == "start":
        assert not verdict.unknown_rules


def test_warnings():
    target = "climate.zone.target_temperature"

    def leaf(op, **side):
        return {"field": "climate.zone.temperature_celsius", "operator": op, **side}

    def codes(starts, stops):
        make = lambda k, found: [compile_rule(t, FIELDS, kind=k, name=k) for t in found]  # noqa: E731
        return [w.code for w in CompiledPolicy(make("start", starts), make("stop", stops)).warnings(FIELDS)]

    warm = {"field": ABOVE, "operator": "eq", "value": True}
    assert codes([], []) == ["no_start_rule", "no_stop_rule"]
    assert codes([leaf("lt", value_ref=target)], [warm]) == ["no_hysteresis"]
    assert codes([{"not_": leaf("gte", value_ref=target)}], [warm]) == ["no_hysteresis"]
    assert codes([leaf("lt", value_ref="climate.zone.lower_bound")], [warm]) == []
    assert codes([leaf("lt", value=20)], [leaf("gte", value=20)]) == ["no_hysteresis"]
    assert codes([leaf("lt", value=19)], [leaf("gte", value=20)]) == []
    assert codes([warm], [{"field": UP, "operator": "eq", "value": False}]) == ["room_not_watched"]
