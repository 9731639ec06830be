"""Sentences a person can read, and a tree a page can draw."""

import json

from optimization.rules import Context, FieldTree, compile_rule, explain, sentence

from .worlds import NOW

FIELDS = FieldTree.for_zones([("living_room", "Living room")])
Z = "climate.zone."
OWN = {
    Z + "temperature_celsius": 19.2,
    Z + "lower_bound": 20.5,
    Z + "upper_bound": 21.5,
    Z + "below_target": True,
    Z + "above_target": False,
    "miner_state.status": "heating",
    "miner.active": True,
}
SHARED = {
    "climate.zones.living_room.temperature_celsius": 18.0,
    "sun.is_up": False,
    "timestamp.hour": 7,
    "energy_state.battery.state_of_charge": None,
    "energy_source.has_grid": False,
}
CTX = Context(SHARED, OWN)


def say(field, operator, value=None, ctx=CTX, **more):
    leaf = {"field": field, "operator": operator} | ({"value": value} if "value_ref" not in more else {}) | more
    return sentence(explain(compile_rule(leaf, FIELDS, kind="start", name="r"), ctx, {}, NOW))


def test_leaves():
    assert (
        say(Z + "temperature_celsius", "lt", value_ref=Z + "lower_bound")
        == "temperature 19.2 °C is below the lower bound 20.5 °C"
    )
    assert say(Z + "temperature_celsius", "gt", 21) == "temperature 19.2 °C is not above 21.0 °C"
    assert say(Z + "below_target", "eq", True) == "temperature 19.2 °C is below the lower bound 20.5 °C"
    assert say(Z + "below_target", "eq", False) == "temperature 19.2 °C is below the lower bound 20.5 °C"
    assert say(Z + "above_target", "eq", True) == "temperature 19.2 °C is below the upper bound 21.5 °C"
    assert (
        say("climate.zones.Living room.temperature_celsius", "lt", 19)
        == "Living room temperature 18.0 °C is below 19.0 °C"
    )
    assert say("sun.is_up", "eq", True) == "the sun is not up"
    assert say("energy_source.has_grid", "eq", True) == "there is no grid connection"
    assert say("miner_state.status", "in", ["off", "on"]) == "miner status “heating” is none of “off”, “on”"
    assert say("energy_state.battery.state_of_charge", "lt", 20) == "battery charge is unknown"
    assert say("energy_state.production", "lt", 20) == "production does not apply here"
    assert (
        say(Z + "below_target", "eq", True, Context({}, {Z + "below_target": None, Z + "temperature_celsius": None}))
        == "temperature is unknown"
    )


def test_a_group_says_what_decides_it():
    warm, hour = (
        {"field": Z + "above_target", "operator": "eq", "value": True},
        {"field": "timestamp.hour", "operator": "lt", "value": 9},
    )

    def told(tree):
        return sentence(explain(compile_rule(tree, FIELDS, kind="start", name="r"), CTX, {}, NOW))

    assert told({"all_of": [hour, warm]}) == "temperature 19.2 °C is below the upper bound 21.5 °C"
    assert told({"any_of": [warm, hour]}) == "now hour 7 is below 9"
    assert (
        told({"not_": {"any_of": [warm, {"not_": hour}]}})
        == "temperature 19.2 °C is below the upper bound 21.5 °C and now hour 7 is below 9"
    )


def test_the_tree_is_json_with_every_value_seen():
    tree = {
        "for": "1m",
        "all_of": [
            {"field": Z + "temperature_celsius", "operator": "lt", "value_ref": Z + "lower_bound"},
            {"not_": {"field": "energy_state.production", "operator": "gt", "value": 5}},
        ],
    }
    rule = compile_rule(tree, FIELDS, kind="start", name="Cold", rule_id="7", priority=3)
    told = json.loads(json.dumps(explain(rule, [CTX], {}, NOW), allow_nan=False))
    assert (told["rule"], told["rule_id"], told["priority"], told["truth"]) == ("Cold", "7", 3, "false")
    top = told["contexts"][0]["conditions"]
    assert top["hold"]["seconds"] == 60
    first, second = top["children"]
    assert (first["value"], first["expected"], first["unit"], first["truth"]) == (19.2, 20.5, "°C", "true")
    assert second["truth"] == second["children"][0]["truth"] == "absent"


def test_every_field_has_a_sentence():
    for field in FIELDS:
        value = {"number": 1, "boolean": True}.get(field.type, field.values[0] if field.values else "x")
        for ctx in (
            CTX,
            Context({field.path: value}, {field.path: value}),
            Context({field.path: None}, {field.path: None}),
        ):
            text = say(field.path, "eq", value, ctx)
            assert text
            assert field.path not in text
            assert "_" not in text.replace(str(value), "")
