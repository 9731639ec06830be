"""Compiled rules against the literal interpreter and against an oracle that shares no code with either."""

from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import ABSENT, CompiledPolicy, Context, compile_rule, explain, sentence
from optimization.rules.explain import interpret
from optimization.rules.nodes import walk
from tests.chance import examples

from .worlds import FIELDS, NOW, contexts, leaf_oracle, oracle, raw_leaves, trees


def _rule(tree, **more):
    return compile_rule(tree, FIELDS, kind="start", name="r", rule_id="r", **more)


@examples(200)
@given(trees(), contexts, st.lists(st.integers(-100, 100), min_size=20, max_size=20))
def test_compiled_is_interpreted_is_the_oracle(tree, ctx, ages):
    rule = _rule(tree)
    held = [n for n in walk(rule.node) if n.hold_seconds]
    holds = {key: NOW - age for (key, _), age in zip(rule.timers, ages, strict=False)}
    places = {n.place: max(0, age) for n, age in zip(held, ages, strict=False)}
    expected = oracle(tree, ctx, lambda place: places.get(place, 0))
    assert rule.test(ctx, (holds, NOW)) is expected
    assert interpret(rule.node, ctx, holds, NOW, rule.timer_id)[0] is expected
    absent = all(leaf_oracle(leaf, ctx) == "A" for leaf in raw_leaves(tree))
    assert rule.evaluate(ctx, holds, NOW) is (ABSENT if absent else expected)


@examples(200)
@given(trees(), contexts)
def test_an_explanation_says_what_evaluation_says(tree, ctx):
    rule = _rule(tree)
    told = explain(rule, ctx, {}, NOW)
    truth = rule.evaluate(ctx, {}, NOW)
    words = {True: "true", False: "false", None: "unknown", ABSENT: "absent"}
    assert told["truth"] == told["contexts"][0]["conditions"]["truth"] == words[truth]
    text = sentence(told)
    assert text
    assert not any(path in text for path in rule.paths)


@examples(200)
@given(trees(with_for=False), contexts)
def test_unknown_rules_name_what_is_unknown(tree, ctx):
    rule = _rule(tree)
    if rule.evaluate(ctx, {}, NOW) is None:
        paths = rule.unknown_paths(ctx)
        assert paths
        assert set(paths) <= set(rule.paths)
    elif all(leaf_oracle(leaf, ctx) != "U" for leaf in raw_leaves(tree)):
        assert rule.unknown_paths(ctx) == []


def test_text_of_a_rule_never_becomes_source():
    evil = "'); __import__('os')._exit(3) #\n\"\"\""
    rule = _rule({"field": "miner.name", "operator": "eq", "value": evil})
    assert rule.evaluate(Context({}, {"miner.name": evil}), {}, NOW) is True
    assert rule.evaluate(Context({}, {"miner.name": "x"}), {}, NOW) is False
    named = type(FIELDS).for_zones([("a", evil)])
    rule = compile_rule(
        {"field": f"climate.zones.{evil}.humidity", "operator": "gt", "value": 1}, named, kind="start", name="r"
    )
    assert rule.evaluate(Context({"climate.zones.a.humidity": 2.0}, {}), {}, NOW) is True


def test_an_enum_that_is_text_compares_as_text():
    class Status(StrEnum):
        HEATING = "heating"

    rule = _rule({"field": "miner_state.status", "operator": "eq", "value": "heating"})
    assert rule.evaluate(Context({}, {"miner_state.status": Status.HEATING}), {}, NOW) is True


def test_nan_is_unknown_whichever_way_it_is_asked():
    leaf = {"field": "climate.zone.temperature_celsius", "operator": "lt", "value": 20}
    for value in (float("nan"), float("inf"), "19", True, b""):
        ctx = Context({}, {"climate.zone.temperature_celsius": value})
        assert _rule(leaf).evaluate(ctx, {}, NOW) is None
        assert _rule({"not_": leaf}).evaluate(ctx, {}, NOW) is None


def test_a_deleted_zone_is_unknown_and_says_so():
    path = "climate.zones.attic room.humidity"
    tree = {
        "any_of": [
            {"field": path, "operator": "gt", "value": 50},
            {"field": "sun.is_up", "operator": "eq", "value": True},
        ]
    }
    rule = _rule(tree, stored=True)
    assert rule.missing_fields == (path,)
    up, down = Context({"sun.is_up": True}, {}), Context({"sun.is_up": False}, {})
    assert rule.evaluate(up, {}, NOW) is True
    assert rule.evaluate(down, {}, NOW) is None
    policy = CompiledPolicy([rule], [])
    assert policy.missing_fields == (path,)
    verdict = policy.decide([down], running=False, holds={}, now=NOW)
    assert (verdict.action, verdict.unknown_rules, verdict.missing_fields) == ("hold", ("r",), (path,))
    assert policy.warnings(FIELDS)[-1].code == "zone_gone"
    assert "no longer exists" in sentence(explain(rule, down, {}, NOW))
    alone = _rule(tree["any_of"][0], stored=True)
    assert alone.evaluate(down, {}, NOW) is None


def test_nested_timers_do_not_explode_the_code():
    node = {"all_of": [{"field": "sun.is_up", "operator": "eq", "value": True}] * 100}
    for _ in range(8):
        node = {"not_": node, "for": "1m"}
    rule = _rule(node)
    assert rule.test(Context({"sun.is_up": None}, {}), ({}, NOW)) is None
