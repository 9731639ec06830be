"""A rule is put into words again when, and only when, something it shows has changed."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import Context, FieldTree, compile_rule, explain, sentence, told
from tests.chance import examples

FIELDS = FieldTree.for_zones([("hall", "Hall")])
WARM = {"field": "climate.zone.temperature_celsius", "operator": "lt", "value_ref": "climate.zone.lower_bound"}
BELOW = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
SUN = {"field": "energy_state.surplus_power", "operator": "gte", "value": 1200}
RULES = [WARM, BELOW, SUN, {"all_of": [WARM, {"any_of": [SUN, {"not_": BELOW}]}]}]

celsius = st.one_of(st.none(), st.floats(19.9, 20.6), st.sampled_from([20.0, 20.04999, 20.05, 20.5]))
watts = st.one_of(st.none(), st.floats(1195, 1205), st.sampled_from([99.96, 100.04, 1199.7, 1200.0]))


def context(temperature, bound, surplus) -> Context:
    below = None if temperature is None or bound is None else temperature < bound
    own = {
        "climate.zone.temperature_celsius": temperature,
        "climate.zone.lower_bound": bound,
        "climate.zone.below_target": below,
    }
    return Context({"energy_state.surplus_power": surplus}, own)


def rule_of(conditions):
    return compile_rule(conditions, FIELDS, kind="start", name="r", rule_id="r")


@pytest.mark.random
@pytest.mark.parametrize("conditions", RULES)
@examples(60)
@given(st.lists(st.tuples(celsius, celsius, watts), min_size=2, max_size=6))
def test_it_says_what_a_fresh_explanation_says(conditions, seen):
    rule = rule_of(conditions)
    for values in seen:
        contexts = [context(*values)]
        fresh = explain(rule, contexts, {}, 0.0)
        said = told(rule, contexts, {}, 0.0)
        assert (said.truth, said.sentence) == (fresh["truth"], sentence(fresh))
        assert said.explanation() == fresh


def test_what_shows_the_same_is_not_explained_again(monkeypatch):
    explained, module = [], sys.modules[told.__module__]
    monkeypatch.setattr(module, "explain", lambda *args: explained.append(args) or explain(*args))
    rule = rule_of(BELOW)
    for temperature in (18.01, 18.02, 17.98, 18.04):
        told(rule, [context(temperature, 20.5, None)], {}, 0.0)
    assert len(explained) == 1
    told(rule, [context(18.1, 20.5, None)], {}, 0.0)
    assert len(explained) == 2
