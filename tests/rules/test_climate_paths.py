"""Windows, people and the outdoors in rules: their paths, and the words for them."""

import pytest

from optimization.rules import Context, FieldTree, compile_rule, explain, sentence

FIELDS = FieldTree.for_zones([("hall", "Hall")])


def said(conditions, values):
    """The truth of a rule over these values, and its sentence."""
    rule = compile_rule(conditions, FIELDS, kind="start", name="r", rule_id="r")
    told = explain(rule, (Context(values, values),), {}, 0.0)
    return told["truth"], sentence(told)


@pytest.mark.parametrize("leaf", ["window_open", "is_occupied"])
@pytest.mark.parametrize("zone", ["climate.zone.", "climate.zones.hall.", "climate.zones.Hall."])
def test_the_paths_are_there_for_every_zone(zone, leaf):
    assert FIELDS.get(zone + leaf).type == "boolean"


def test_the_words_for_a_window_and_for_people():
    path = "climate.zones.hall."
    window = {"field": path + "window_open", "operator": "eq", "value": True}
    people = {"field": path + "is_occupied", "operator": "eq", "value": True}
    values = {path + "window_open": True, path + "is_occupied": None}
    assert said(window, values) == ("true", "Hall has an open window")
    assert said(people, values)[0] == "unknown"
    assert said(people, {})[0] == "absent"


def test_the_outdoors_in_a_rule():
    cold = {"field": "climate.outdoor_temperature_celsius", "operator": "lt", "value": 5}
    path = "climate.outdoor_temperature_celsius"
    assert said(cold, {path: -3.0})[0] == "true"
    assert "outdoor temperature −3" in said(cold, {path: -3.0})[1].replace("-", "−")
    assert said(cold, {path: None})[0] == "unknown"
    assert said(cold, {})[0] == "absent"
