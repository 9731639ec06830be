"""What is accepted, what is refused, and how well the refusal is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import FieldTree, RuleErrors, compile_rule
from optimization.rules.holds import seconds_of
from tests.chance import examples

from .worlds import FIELDS

GOOD = {"field": "sun.is_up", "operator": "eq", "value": True}
T = "climate.zone.temperature_celsius"


def problems(tree, fields=FIELDS, **more):
    with pytest.raises(RuleErrors) as caught:
        compile_rule(tree, fields, kind="start", name="r", **more)
    assert str(caught.value)
    return list(caught.value.problems)


def ok(tree, fields=FIELDS):
    return compile_rule(tree, fields, kind="stop", name="r")


words = st.sampled_from(
    [
        "all_of",
        "any_of",
        "not_",
        "for",
        "field",
        "operator",
        "value",
        "value_ref",
        "eq",
        "lt",
        "regex",
        "in",
        T,
        "sun.is_up",
        "miner.name",
        "3m",
        "climate.zones.x.humidity",
    ]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), words)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(words, st.text(max_size=8)), inner, max_size=4)
    ),
)


@examples(200)
@given(junk)
def test_arbitrary_json_is_compiled_or_refused_never_a_crash(tree):
    try:
        rule = compile_rule(tree, FIELDS, kind="start", name="r")
    except RuleErrors as error:
        found = error.problems
        assert found
        assert all(p.place.startswith("conditions") and p.message for p in found)
    else:
        assert all(FIELDS.get(path) for path in rule.paths)
        assert rule.paths


@examples(200)
@given(st.text(max_size=60), st.booleans())
def test_no_unknown_field_is_ever_accepted(path, stored):
    if FIELDS.get(path) is None:
        for leaf in ({**GOOD, "field": path}, {"field": "sun.is_up", "operator": "eq", "value_ref": path}):
            assert problems(leaf, stored=stored)


def test_every_problem_is_found_with_its_place_and_the_nearest_name():
    found = problems(
        {
            "all_of": [
                {"field": "climate.zone.temprature_celsius", "operator": "lt", "value": 20},
                {"field": T, "operator": "less", "value": 20},
                {"field": T, "operator": "lt", "value": "20"},
                {"any_of": []},
                {"field": "miner_state.status", "operator": "gt", "value": "on"},
                {"field": "miner_state.status", "operator": "eq", "value": "ERROR"},
            ]
        }
    )
    assert [(p.place, p.nearest) for p in found] == [
        ("conditions.all_of[0].field", T),
        ("conditions.all_of[1].operator", None),
        ("conditions.all_of[2].value", None),
        ("conditions.all_of[3].any_of", None),
        ("conditions.all_of[4].operator", "eq"),
        ("conditions.all_of[5].value", "error"),
    ]
    assert "'20'" in found[2].message
    assert "°C" in found[2].message
    assert "did you mean" in found[0].message


@pytest.mark.parametrize(
    "leaf",
    [
        {"field": T, "operator": "lt", "value": float("nan")},
        {"field": T, "operator": "lt", "value": float("inf")},
        {"field": T, "operator": "lt", "value": 10**400},
        {"field": T, "operator": "lt", "value": True},
        {"field": T, "operator": "lt", "value": None},
        {"field": T, "operator": "lt"},
        {"field": T, "operator": "lt", "value": 1, "value_ref": T},
        {"field": T, "operator": "in", "value": []},
        {"field": T, "operator": "in", "value": 5},
        {"field": T, "operator": "in", "value": [1, "x"]},
        {"field": T, "operator": "contains", "value": "1"},
        {"field": "sun.is_up", "operator": "gt", "value": True},
        {"field": "sun.is_up", "operator": "eq", "value": 1},
        {"field": "miner.name", "operator": "contains", "value": ""},
        {"field": "miner.name", "operator": "regex", "value": "("},
        {"field": "miner.name", "operator": "regex", "value": "a" * 201},
        {"field": "miner.name", "operator": "regex", "value_ref": "miner.model"},
        {"field": "miner.name", "operator": "in", "value_ref": "miner.model"},
        {"field": "miner.name", "operator": "eq", "value": "x" * 257},
        {"field": T, "operator": "lt", "value_ref": "miner.name"},
        {"field": T, "operator": "lt", "value_ref": "energy_state.surplus_power"},
        {"field": "miner_state.status", "operator": "in", "value": ["off", "onn"]},
        {"field": T, "operator": ["lt"], "value": 1},
        {"field": {}, "operator": "lt", "value": 1},
        {"field": "climate.zone", "operator": "lt", "value": 1},
        {"field": "climate.zones.gone.temperature_celsius", "operator": "lt", "value": 1},
        {**GOOD, "for": 0},
        {**GOOD, "for": "25h"},
        {**GOOD, "for": "3"},
        {**GOOD, "for": True},
        {**GOOD, "for": 1.5},
        {**GOOD, "for": "3 weeks"},
        {**GOOD, "for": -5},
        {**GOOD, "for": None},
        {**GOOD, "extra": 1},
        {**GOOD, 5: 1},
        {"all_of": [GOOD], "any_of": [GOOD]},
        {"all_of": [GOOD], "field": T},
        {"not_": [GOOD]},
        {"all_of": GOOD},
        {},
        [],
        None,
        "x",
        {"al_of": [GOOD]},
        {"for": "3m"},
    ],
)
def test_refused(leaf):
    assert problems(leaf)


def test_limits_of_size_are_exact():
    deep = GOOD
    for _ in range(9):
        deep = {"not_": deep}
    assert ok(deep)
    assert "deeper" in problems({"not_": deep})[0].message
    assert ok({"all_of": [GOOD] * 200})
    assert "200" in problems({"all_of": [GOOD] * 201})[0].message
    problems({"all_of": [{**GOOD, "field": f"climate.zoness.x{i}.temp"} for i in range(100_000)]})
    bottomless = GOOD
    for _ in range(100_000):
        bottomless = {"not_": bottomless}
    problems(bottomless)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3m", 180),
        ("90s", 90),
        ("1h", 3600),
        ("24h", 86400),
        (1, 1),
        (86400, 86400),
        (" 3 m ", 180),
        (0, None),
        (86401, None),
        ("25h", None),
        ("0s", None),
        ("3", None),
        ("m", None),
        ("٣m", None),
        ("9" * 5000 + "s", None),
    ],
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


def test_zone_names_with_spaces_and_dots():
    fields = FieldTree.for_zones([("living_room", "Living room"), ("bad_1", "Bad"), ("bad_2", "Bad.1.5")])
    for name, slug in (
        ("Living room", "living_room"),
        ("living_room", "living_room"),
        ("Bad", "bad_1"),
        ("Bad.1.5", "bad_2"),
    ):
        rule = ok({"field": f"climate.zones.{name}.temperature_celsius", "operator": "lt", "value": 1}, fields)
        assert rule.paths == (f"climate.zones.{slug}.temperature_celsius",)


def test_a_slug_wins_over_another_zones_name():
    fields = FieldTree.for_zones([("bath_old", "bath"), ("bath", "Bathroom")])
    assert fields.get("climate.zones.bath.humidity").path == "climate.zones.bath.humidity"
    renamed = FieldTree.for_zones([("bath", "Bathroom"), ("bath_old", "bath")])
    assert renamed.get("climate.zones.bath.humidity").path == "climate.zones.bath.humidity"


def test_structure_holds_every_field_once():
    def flat(nodes):
        for node in nodes:
            yield from flat(node["children"]) if node["children"] else [node]

    found = list(flat(FIELDS.structure()))
    assert [n["path"] for n in sorted(found, key=lambda n: n["path"])] == sorted(f.path for f in FIELDS)
    assert {n["type"] for n in found} == {"number", "text", "boolean"}
    assert all(n["description"] for n in found)


def test_the_established_names_are_all_there():
    for path in [
        "energy_source.type",
        "energy_source.storage.nominal_capacity",
        "energy_state.battery.state_of_charge",
        "energy_state.grid.exporting_power",
        "energy_state.surplus_power",
        "forecast.next_hour_power",
        "sun.sunrise.hour",
        "sun.minutes_to_sunset",
        "miner.power_consumption_max",
        "miner_state.hash_rate.value",
        "home_load.total_forecast.next_4h.avg_power",
        "miner_state.max_chip_temperature.value",
        "timestamp.weekday",
        "timestamp.minute_of_day",
        "climate.avg_temperature",
        "climate.zones.bath.trend_celsius_per_hour",
        "climate.zone.sensor",
        "mining_performance.pool_stats.unpaid_balance",
    ]:
        assert FIELDS.get(path), path


IMPOSSIBLE = [
    # a place in a list or not, what is written, and a word of the answer
    ("value", {"field": "timestamp.hour", "operator": "gte", "value": 25}, "between 0 and 23"),
    ("value", {"field": "timestamp.hour", "operator": "gt", "value": 23}, "never true"),
    ("value", {"field": "timestamp.hour", "operator": "lt", "value": 0}, "never true"),
    ("value", {"field": "timestamp.hour", "operator": "lte", "value": 24}, "between 0 and 23"),
    ("value", {"field": "timestamp.hour", "operator": "eq", "value": 7.5}, "whole number"),
    ("value", {"field": "timestamp.weekday", "operator": "eq", "value": 9}, "between 0 and 6"),
    ("value", {"field": "timestamp.weekday", "operator": "ne", "value": 7}, "between 0 and 6"),
    ("value[1]", {"field": "timestamp.isoweekday", "operator": "in", "value": [7, 0]}, "between 1 and 7"),
    ("value", {"field": "timestamp.minute_of_day", "operator": "gte", "value": 1440}, "between 0 min and 1439 min"),
    ("value", {"field": "sun.sunset.minute", "operator": "eq", "value": 60}, "between 0 and 59"),
    ("value", {"field": "energy_state.battery.state_of_charge", "operator": "gte", "value": 101}, "0 % and 100 %"),
    ("value", {"field": "energy_state.battery.state_of_charge", "operator": "gt", "value": 100}, "never true"),
    ("value", {"field": "climate.zone.humidity", "operator": "lt", "value": -1}, "0 % and 100 %"),
    ("value", {"field": "energy_state.production", "operator": "lt", "value": 0}, "never true"),
    ("value", {"field": "energy_state.grid.exporting_power", "operator": "lte", "value": -200}, "at least 0 W"),
    ("value", {"field": "energy_state.grid.importing_power", "operator": "gt", "value": -200}, "at least 0 W"),
    ("value", {"field": "miner.power_consumption_max", "operator": "eq", "value": -1}, "at least 0 W"),
    ("value", {"field": T, "operator": "gte", "value": 180}, "60.0 °C"),
    ("value", {"field": "climate.zones.bath.temperature_celsius", "operator": "lt", "value": -100}, "−60"),
    ("value", {"field": "miner_state.status", "operator": "eq", "value": "heatin"}, "did you mean 'heating'"),
    ("value[1]", {"field": "miner_state.status", "operator": "not_in", "value": ["off", "away"]}, "is never 'away'"),
    ("value", {"field": "miner_state.status", "operator": "contains", "value": "heated"}, "no value of"),
    ("value", {"field": "miner_state.status", "operator": "regex", "value": "^HEAT"}, "no value of"),
    ("value", {"field": "miner_state.hash_rate.unit", "operator": "eq", "value": "GH/s"}, "TH/s"),
    ("value_ref", {"field": "timestamp.hour", "operator": "gte", "value_ref": T}, "an hour of the day"),
    ("value_ref", {"field": T, "operator": "lt", "value_ref": "timestamp.hour"}, "an hour of the day"),
    ("value_ref", {"field": "timestamp.hour", "operator": "eq", "value_ref": "sun.sunset.minute"}, "a minute"),
    ("value_ref", {"field": "timestamp.minute_of_day", "operator": "lt", "value_ref": "sun.minutes_to_sunset"}, "min"),
    ("value_ref", {"field": T, "operator": "lt", "value_ref": "climate.zone.hysteresis_celsius"}, "difference"),
    ("value_ref", {"field": "miner_state.blocks_found", "operator": "lt", "value_ref": "timestamp.day"}, "a count"),
    ("value_ref", {"field": "energy_source.type", "operator": "eq", "value_ref": "miner_state.status"}, "in common"),
    ("value_ref", {"field": T, "operator": "lt", "value_ref": T}, "itself"),
]


@pytest.mark.parametrize(("place", "leaf", "words"), IMPOSSIBLE)
def test_what_can_never_be_is_refused_with_its_place_but_a_stored_rule_goes_on(place, leaf, words):
    tree = {"any_of": [GOOD, leaf]}
    (found,) = problems(tree)
    assert found.place == f"conditions.any_of[1].{place}"
    head, index = (place[:-3], (1,)) if place.endswith("]") else (place, ())
    assert found.loc == ("conditions", "any_of", 1, head, *index)
    assert words in found.message.replace("-60", "−60")
    assert compile_rule(tree, FIELDS, kind="start", name="r", stored=True).paths


@pytest.mark.parametrize(
    "leaf",
    [
        {"field": "timestamp.hour", "operator": "lt", "value": 24},
        {"field": "timestamp.hour", "operator": "gte", "value": 0},
        {"field": "timestamp.hour", "operator": "gte", "value": 22.5},
        {"field": "timestamp.minute_of_day", "operator": "lt", "value": 1440},
        {"field": "timestamp.hour", "operator": "gte", "value_ref": "sun.sunset.hour"},
        {"field": "energy_state.battery.state_of_charge", "operator": "gte", "value": 100},
        {"field": "energy_state.battery.state_of_charge", "operator": "lte", "value": 100},
        {"field": "energy_state.surplus_power", "operator": "gt", "value": -500},
        {"field": "energy_state.grid.current_power", "operator": "lt", "value": -500},
        {"field": "energy_state.production", "operator": "gte", "value": 0},
        {"field": "energy_state.production", "operator": "lte", "value": 0},
        {"field": T, "operator": "lt", "value_ref": "climate.outdoor_temperature_celsius"},
        {"field": "miner_state.status", "operator": "contains", "value": "heat"},
        {"field": "miner_state.hash_rate.value", "operator": "lt", "value_ref": "miner.hash_rate_max.value"},
        {"field": "sun.elevation", "operator": "lt", "value": -6},
    ],
)
def test_what_can_be_is_accepted(leaf):
    assert ok(leaf)
