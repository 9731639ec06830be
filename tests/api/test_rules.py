"""What a rule may not say, what it says in vain, and which zones it means, as the API tells it."""

from __future__ import annotations

import json

import pytest

from energy.models import EnergyMonitor
from optimization.models import Rule
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db

COLD = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
WARM = {"field": "climate.zone.above_target", "operator": "eq", "value": True}
LATE = {"field": "timestamp.hour", "operator": "gte", "value": 25}


@pytest.fixture
def rules(furnished) -> str:
    """The address of the rules of a policy of its own that no unit uses."""
    return f"/policies/{factories.policy(furnished.site).pk}/rules"


def refused(api, rules, conditions) -> list[dict]:
    response = api.post(rules, {"kind": "start", "name": "New", "conditions": conditions})
    assert response.status_code == 422, response.content
    return response.json()["detail"]


def test_each_problem_has_its_place_in_loc(api, rules):
    tree = {"all_of": [COLD, {"any_of": [LATE, {"field": "timestamp.weekday", "operator": "in", "value": [1, 9]}]}]}
    assert refused(api, rules, tree) == [
        {
            "loc": ["body", "conditions", "all_of", 1, "any_of", 0, "value"],
            "msg": "'timestamp.hour' is never 25; it lies between 0 and 23.",
            "input": 25,
        },
        {
            "loc": ["body", "conditions", "all_of", 1, "any_of", 1, "value", 1],
            "msg": "'timestamp.weekday' is never 9; it lies between 0 and 6.",
            "input": 9,
        },
    ]
    assert [one["loc"] for one in refused(api, rules, {"all_of": []})] == [["body", "conditions", "all_of"]]
    validated = api.post("/rule-engine/validate", {"conditions": {"not_": LATE}}).json()
    assert validated["problems"][0]["loc"] == ["conditions", "not_", "value"]


@pytest.mark.parametrize(
    ("conditions", "loc"),
    [
        ('{"field": "sun.is_up", "field": "sun.is_up", "operator": "eq", "value": true}', ["field"]),
        ('{"all_of": [{"not_": {"field": "sun.is_up", "operator": "eq", "value": true, "value": false}}]}',
         ["all_of", 0, "not_", "value"]),
        ('{"any_of": [], "any_of": [{"field": "sun.is_up", "operator": "eq", "value": true}]}', ["any_of"]),
    ],
)  # fmt: skip
def test_a_key_given_twice_is_refused_with_its_place(api, rules, conditions, loc):
    before = Rule.objects.count()
    raw = f'{{"kind": "start", "name": "Twice", "conditions": {conditions}}}'
    response = api.raw("POST", rules, raw.encode())
    assert response.status_code == 422
    (found,) = response.json()["detail"]
    assert found["loc"] == ["body", "conditions", *loc]
    assert "given twice" in found["msg"]
    assert Rule.objects.count() == before


def test_a_key_given_twice_is_refused_in_every_body(api, home):
    response = api.raw("PATCH", f"/sites/{home.pk}", b'{"name": "One", "power_limit_w": 1, "name": "Two"}')
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "name"])
    many = "{" + ",".join('"x": 1' for _ in range(50_000)) + "}"
    assert len(api.raw("POST", "/sites", many.encode()).json()["detail"]) == 1


def stored(policy, conditions, **kwargs) -> Rule:
    """As an earlier version accepted it."""
    return Rule.objects.create(policy=policy, kind="start", name="Late", conditions=conditions, **kwargs)


def test_a_stored_rule_that_would_be_refused_goes_on_and_is_listed(api, furnished):
    rule = stored(furnished.policy, {"any_of": [COLD, LATE]})
    address = f"/policies/{furnished.policy.pk}/rules/{rule.pk}"
    check = api.get(f"/policies/{furnished.policy.pk}/check").json()
    assert check["valid"] is True
    line = next(line for line in check["warnings"] if "never 25" in line)
    assert line.startswith("Rule ‘Late’: conditions.any_of[1].value: 'timestamp.hour' is never 25;")
    assert line.endswith("It keeps working as before, but could not be saved like this any more.")
    assert api.patch(address, {"priority": 7}).status_code == 200
    assert api.patch(address, {"conditions": {"any_of": [COLD, LATE]}}).status_code == 200
    assert api.patch(address, {"conditions": {"any_of": [LATE, COLD]}}).status_code == 422
    assert api.post(f"/policies/{furnished.policy.pk}/copy").status_code == 201


def test_warnings_are_sentences(api, furnished):
    target = {
        "field": "climate.zone.temperature_celsius",
        "operator": "lt",
        "value_ref": "climate.zone.target_temperature",
    }
    rule = stored(furnished.policy, target, enabled=True)
    furnished.policy.rules.filter(kind="stop").update(conditions={**COLD, "field": "sun.is_up", "value": False})
    warnings = api.get(f"/policies/{furnished.policy.pk}/check").json()["warnings"]
    assert "No stop rule looks at the room's temperature; add one on above_target." in warnings
    assert any(line.startswith("Rule ‘Late’: Compares the temperature with the bare target") for line in warnings)
    for line in warnings:
        assert line.endswith(".")
        assert "(" not in line
        assert "=" not in line
    said = api.get(f"/policies/{furnished.policy.pk}/rules/{rule.pk}").json()["warnings"]
    assert len(said) == 1
    assert said[0] in warnings


NEVER = [
    ("energy_state.battery.state_of_charge", "gte", 50, "the battery charge"),
    ("energy_state.production", "gte", 50, "the production"),
    ("climate.zone.humidity", "gte", 50, "the humidity"),
    ("climate.zone.is_occupied", "eq", True, "whether the room is occupied"),
    ("mining_performance.pool_stats.unpaid_balance", "gte", 5, "the unpaid balance"),
    ("forecast.next_hour_power", "gte", 5, "the forecast power of the next hour"),
    ("home_load.total_history.avg_power", "gte", 5, "the past household average power"),
    ("climate.outdoor_temperature_celsius", "lte", 5, "the outdoor temperature"),
    ("miner_state.hash_rate.value", "gte", 5, "the miner hash rate"),
    ("sun.is_up", "eq", True, "whether the sun is up"),
]


@pytest.mark.parametrize(("path", "operator", "value", "what"), NEVER)
def test_a_rule_on_what_nothing_here_tells_is_marked_when_saved_and_in_the_checks(
    api, home, path, operator, value, what
):
    type(home).objects.filter(pk=home.pk).update(latitude=None, longitude=None)
    zone = factories.zone(home, monitor=factories.climate_monitor(home))
    miner = factories.miner(home, zones=[zone], controller=factories.controller(home))
    policy = factories.policy(home)
    unit = factories.unit(home, miners=[miner], policy=policy, enabled=False)
    tree = {"all_of": [COLD, {"field": path, "operator": operator, "value": value}]}
    made = api.post(f"/policies/{policy.pk}/rules", {"kind": "start", "name": "Vain", "conditions": tree})
    assert made.status_code == 201
    line = f"Rule ‘Vain’ is never true here: nothing in this home tells {what}."
    assert made.json()["warnings"] == [line]
    for address in (f"/policies/{policy.pk}/check", f"/optimization-units/{unit.pk}/check"):
        check = api.get(address).json()
        assert (check["valid"], check["never_true"]) == (True, {made.json()["id"]: line})
        assert line in check["warnings"]
    either = {"any_of": [COLD, tree["all_of"][1]]}
    assert api.patch(made["Location"], {"conditions": either}).json()["warnings"] == []


def test_what_something_tells_is_not_marked(api, home):
    room = {"humidity_percent": 50, "presence": "somebody"}
    zone = factories.zone(home, monitor=factories.climate_monitor(home, config=room))
    factories.climate_monitor(home, is_outdoor=True)
    factories.pool(home)
    simulated = factories.controller(home, adapter_type="simulated", simulated_house=factories.simulated_house(home))
    miner = factories.miner(home, zones=[zone], controller=simulated)
    source = factories.energy_source(home, monitor=factories.energy_monitor(home))
    policy = factories.policy(home)
    factories.unit(home, miners=[miner], policy=policy, energy_source=source)
    told = [row for row in NEVER if not row[0].startswith(("forecast.", "home_load."))]
    for path, operator, value, _ in told:
        stored(policy, {"field": path, "operator": operator, "value": value})
    assert api.get(f"/policies/{policy.pk}/check").json()["never_true"] == {}


def test_a_part_that_the_meter_of_a_source_does_not_measure_is_never_known(api, home):
    monitor = EnergyMonitor.objects.create(
        site=home,
        name="Meter",
        adapter_type="home_assistant",
        config={"entity_grid": "sensor.grid"},
        home_assistant=factories.home_assistant(home),
    )
    source = factories.energy_source(home, monitor=monitor)
    policy = factories.policy(home)
    unit = factories.unit(home, policy=policy, energy_source=source)
    soc = {"field": "energy_state.battery.state_of_charge", "operator": "lte", "value": 20}
    export = {"field": "energy_state.grid.exporting_power", "operator": "gte", "value": 20}
    in_vain = stored(policy, soc)
    stored(policy, export)
    assert list(api.get(f"/optimization-units/{unit.pk}/check").json()["never_true"]) == [str(in_vain.pk)]


def test_only_a_room_that_has_both_makes_both_true(api, home):
    damp = factories.zone(home, "Damp", monitor=factories.climate_monitor(home, config={"humidity_percent": 50}))
    busy = factories.zone(home, "Busy", monitor=factories.climate_monitor(home, config={"presence": "somebody"}))
    miner = factories.miner(home, zones=[damp, busy], controller=factories.controller(home))
    policy = factories.policy(home)
    factories.unit(home, miners=[miner], policy=policy, enabled=False)
    parts = [
        {"field": "climate.zone.humidity", "operator": "gte", "value": 50},
        {"field": "climate.zone.is_occupied", "operator": "eq", "value": True},
    ]
    stored(policy, {"any_of": parts})
    both = stored(policy, {"all_of": parts})
    assert list(api.get(f"/policies/{policy.pk}/check").json()["never_true"]) == [str(both.pk)]


def test_a_policy_for_all_homes_is_asked_about_one(api, home):
    template = factories.policy(None)
    rule = stored(template, {"field": "climate.zone.humidity", "operator": "gte", "value": 50})
    factories.zone(home, monitor=factories.climate_monitor(home))
    assert api.get(f"/policies/{template.pk}/check").json()["never_true"] == {}
    assert list(api.get(f"/policies/{template.pk}/check?site_id={home.pk}").json()["never_true"]) == [str(rule.pk)]


def test_a_rule_tells_which_zone_it_means_and_keeps_it(api, furnished, rules):
    tree = {"field": "climate.zones.Living room.temperature_celsius", "operator": "lt", "value": 20}
    made = api.post(rules, {"kind": "start", "name": "Cold", "conditions": tree})
    assert made.status_code == 201, made.content
    bound = {"Living room": str(furnished.zone.pk)}
    assert (made.json()["zone_ids"], made.json()["conditions"]) == (bound, tree)
    api.patch(f"/climate-zones/{furnished.zone.pk}", {"name": "Salon"})
    other = api.post("/climate-zones", {"site_id": str(furnished.site.pk), "name": "Living room"}).json()
    for change in ({"priority": 3}, {"conditions": {**tree, "value": 19}}):
        changed = api.patch(made["Location"], change)
        assert (changed.status_code, changed.json()["zone_ids"]) == (200, bound)
    furnished.zone.delete()
    response = api.patch(made["Location"], {"priority": 4})
    assert "no longer in this home" in problems(response)["body.conditions.field"]
    assert api.get(f"{rules.removesuffix('/rules')}/check").json()["valid"] is False
    # Written again by a person it means what is called so now.
    response = api.patch(made["Location"], {"conditions": {**tree, "value": 19}})
    assert response.json()["zone_ids"] == {"Living room": other["id"]}


def test_one_of_two_broken_rules_can_be_changed_first(api, furnished):
    bath = factories.zone(furnished.site, "Bath")
    tree = {"field": "climate.zones.bath.temperature_celsius", "operator": "lt", "value": 20}
    one, two = (stored(furnished.policy, tree) for _ in range(2))
    bath.delete()
    for rule in (one, two):
        response = api.patch(f"/policies/{furnished.policy.pk}/rules/{rule.pk}", {"conditions": COLD})
        assert response.status_code == 200, response.content
    assert api.get(f"/policies/{furnished.policy.pk}/check").json()["valid"] is True
    assert json.dumps(api.get(f"/policies/{furnished.policy.pk}").json()).count("climate.zones.bath") == 0
