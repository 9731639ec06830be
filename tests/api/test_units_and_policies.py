"""Units, policies, rules, decisions, and what rules may look at."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from optimization.models import Decision, OptimizationUnit, Policy, Rule
from sites.models import Site
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db

COLD = {"field": "climate.zone.below_target", "operator": "eq", "value": True}


def test_a_unit_is_made_linked_and_not_enabled(api, furnished):
    OptimizationUnit.objects.all().delete()
    body = {
        "site_id": str(furnished.site.pk),
        "name": "Ground floor",
        "policy_id": str(furnished.policy.pk),
        "energy_source_id": str(furnished.source.pk),
        "miner_ids": [str(furnished.miner.pk)],
        "climate_zone_ids": [str(furnished.zone.pk)],
    }
    made = api.post("/optimization-units", body)
    assert made.status_code == 201, made.content
    assert made.json().items() >= {**body, "is_enabled": False}.items()
    assert api.patch(made["Location"], {"is_enabled": True}).status_code == 422
    enabled = api.post(f"{made['Location']}/enable")
    assert (enabled.status_code, enabled.json()["is_enabled"]) == (200, True)
    assert api.get("/optimization-units?is_enabled=true").json()["count"] == 1
    disabled = api.post(f"{made['Location']}/disable")
    assert disabled.status_code == 200
    assert (disabled.json()["is_enabled"], disabled.json()["not_seen_off"]) == (False, [])
    assert api.delete(made["Location"]).status_code == 204


def test_a_unit_that_cannot_work_is_not_enabled_and_says_all_reasons(api, home):
    unit = factories.unit(home, enabled=False)
    response = api.post(f"/optimization-units/{unit.pk}/enable")
    assert response.status_code == 422
    assert {"body.policy", "body.miners"} <= set(problems(response))
    unit.refresh_from_db()
    assert unit.is_enabled is False


def test_a_miner_is_in_one_enabled_unit(api, furnished):
    second = factories.unit(furnished.site, miners=[furnished.miner], policy=furnished.policy, enabled=False)
    response = api.post(f"/optimization-units/{second.pk}/enable")
    assert response.status_code == 409
    assert f"‘{furnished.unit}’" in response.json()["detail"]
    assert response.json()["in_use_by"][0]["id"] == str(furnished.unit.pk)
    assert OptimizationUnit.objects.filter(is_enabled=True).count() == 1

    spare = factories.miner(furnished.site, zones=[furnished.zone], controller=factories.controller(furnished.site))
    third = factories.unit(furnished.site, miners=[spare], policy=furnished.policy)
    both = {"miner_ids": [str(spare.pk), str(furnished.miner.pk)]}
    assert api.patch(f"/optimization-units/{third.pk}", both).status_code == 409
    assert list(third.miners.all()) == [spare]


def test_an_enabled_unit_stays_able_to_work(api, furnished):
    address = f"/optimization-units/{furnished.unit.pk}"
    response = api.patch(address, {"miner_ids": [], "name": "Empty"})
    assert response.status_code == 422
    assert "Add at least one miner" in problems(response)["body.miner_ids"]
    assert api.patch(address, {"policy_id": None}).status_code == 422
    now = api.get(address).json()
    assert (now["is_enabled"], now["name"]) == (True, furnished.unit.name)
    assert now["miner_ids"] == [str(furnished.miner.pk)]
    assert api.patch(address, {"name": "Ground floor", "energy_source_id": None}).status_code == 200


def test_links_to_another_site_are_refused(api, furnished):
    foreign = factories.site()
    for link, row in (
        ("policy_id", factories.policy(foreign)),
        ("energy_source_id", factories.energy_source(foreign)),
        ("miner_ids", factories.miner(foreign)),
        ("climate_zone_ids", factories.zone(foreign)),
    ):
        sent = [str(row.pk)] if link.endswith("s") else str(row.pk)
        response = api.patch(f"/optimization-units/{furnished.unit.pk}", {link: sent})
        assert response.status_code == 422
        assert "belongs to another site" in next(iter(problems(response).values()))
    template = factories.policy(None)
    assert api.patch(f"/optimization-units/{furnished.unit.pk}", {"policy_id": str(template.pk)}).status_code == 200


def test_what_a_unit_is_never_below_is_set_and_cleared(api, furnished):
    address = f"/optimization-units/{furnished.unit.pk}"
    assert api.patch(address, {"never_below_celsius": 16.5}).json()["never_below_celsius"] == 16.5
    assert api.get(address).json()["never_below_celsius"] == 16.5
    for wrong in (4, 36, "warm"):
        assert "body.never_below_celsius" in problems(api.patch(address, {"never_below_celsius": wrong}))
    assert api.patch(address, {"never_below_celsius": None}).json()["never_below_celsius"] is None
    lines = api.get(f"{address}/check").json()["warnings"]
    api.patch(address, {"never_below_celsius": 16.5})
    (line,) = set(api.get(f"{address}/check").json()["warnings"]) - set(lines)
    assert line.startswith("‘Never below’ 16.5\u202f°C changes nothing: ")


def decision(home, **kwargs) -> Decision:
    about = {"site": home.site, "unit": home.unit, "miner": home.miner, "action": "start", "origin": "policy"}
    return Decision.objects.create(**{**about, "reason": "Cold.", "saw": {"climate": {"x": 1}}, **kwargs})


def test_decisions_are_listed_and_one_says_what_it_saw(api, furnished):
    old = decision(furnished, at=timezone.now() - timedelta(days=2))
    new = decision(furnished, reason="Warm.", action="stop")
    listed = api.get(f"/decisions?miner_id={furnished.miner.pk}").json()
    assert [one["id"] for one in listed["items"]] == [str(new.pk), str(old.pk)]
    assert "saw" not in listed["items"][0]
    assert api.get(f"/decisions?site_id={uuid4()}").json()["count"] == 0
    assert (
        api.get(f"/decisions?unit_id={furnished.unit.pk}&since={timezone.now():%Y-%m-%d}T00:00:00Z").status_code == 200
    )
    assert api.get(f"/decisions/{old.pk}").json()["saw"] == {"climate": {"x": 1}}
    last = api.get(f"/optimization-units/{furnished.unit.pk}/decisional-context").json()
    assert [(one["id"], one["saw"]) for one in last] == [(str(new.pk), {"climate": {"x": 1}})]


def test_evaluate_asks_for_a_pass_of_active_sites(api, home):
    idle = factories.site(is_active=False)
    assert api.post("/evaluate").json()["sites"] == 1
    assert Site.objects.get(pk=home.pk).next_pass_at is not None
    assert Site.objects.get(pk=idle.pk).next_pass_at is None
    assert api.post("/evaluate", {"site_ids": [str(idle.pk)]}).status_code == 202
    assert Site.objects.get(pk=idle.pk).next_pass_at is not None


def test_a_policy_with_its_rules(api, home):
    made = api.post("/policies", {"site_id": str(home.pk), "name": "Warm"})
    assert made.status_code == 201
    address = made["Location"]
    assert made.json()["start_rules"] == made.json()["stop_rules"] == []
    check = api.get(f"{address}/check").json()
    assert (check["valid"], check["start_rules_count"]) == (False, 0)
    assert len(check["errors"]) == 2

    rule = api.post(f"{address}/rules", {"kind": "start", "name": "Cold", "conditions": COLD})
    assert rule.status_code == 201, rule.content
    hot = {**COLD, "field": "climate.zone.above_target"}
    api.post(f"{address}/rules", {"kind": "stop", "name": "Warm", "conditions": hot})
    policy = api.get(address).json()
    assert [one["name"] for one in policy["start_rules"]] == ["Cold"]
    assert [one["conditions"] for one in policy["stop_rules"]] == [hot]
    assert api.get(f"{address}/check").json()["valid"] is True
    assert [one["name"] for one in api.get(f"{address}/rules?kind=stop").json()["items"]] == ["Warm"]

    changed = api.patch(rule["Location"], {"priority": 5, "enabled": False})
    assert (changed.json()["priority"], changed.json()["enabled"]) == (5, False)
    assert api.get(rule["Location"]).json() == changed.json()
    assert api.get(address).json()["version"] > policy["version"]
    assert api.delete(rule["Location"]).status_code == 204
    assert api.get(rule["Location"]).status_code == 404
    assert api.delete(address).status_code == 204
    assert not Rule.objects.exists()


def test_a_rule_of_another_policy_is_not_found(api, furnished):
    other = factories.policy(furnished.site)
    rule = furnished.policy.rules.first()
    assert api.get(f"/policies/{other.pk}/rules/{rule.pk}").status_code == 404
    assert api.delete(f"/policies/{other.pk}/rules/{rule.pk}").status_code == 404
    assert Rule.objects.filter(pk=rule.pk).exists()


def test_a_wrong_field_is_refused_with_its_place_and_the_nearest(api, home):
    policy = factories.policy(home)
    conditions = {"all_of": [COLD, {**COLD, "field": "climate.zone.belw_target"}]}
    body = {"kind": "start", "name": "Typo", "conditions": conditions}
    response = api.post(f"/policies/{policy.pk}/rules", body)
    assert response.status_code == 422
    sentence = problems(response)["body.conditions.all_of.1.field"]
    assert "did you mean 'climate.zone.below_target'?" in sentence
    assert not policy.rules.filter(name="Typo").exists()


def test_a_rule_an_enabled_unit_needs_stays(api, furnished):
    rule = furnished.policy.rules.get(kind="start")
    address = f"/policies/{furnished.policy.pk}/rules/{rule.pk}"
    for response in (api.delete(address), api.patch(address, {"enabled": False}), api.patch(address, {"kind": "stop"})):
        assert response.status_code == 409
        assert f"‘{furnished.unit}’" in response.json()["detail"]
    rule.refresh_from_db()
    assert (rule.enabled, rule.kind) == (True, "start")


def test_a_policy_in_use_stays(api, furnished):
    response = api.delete(f"/policies/{furnished.policy.pk}")
    assert response.status_code == 409
    assert response.json()["in_use_by"][0]["type"] == "optimization-units"


def test_a_shipped_policy_is_copied_not_changed(api, home):
    shipped = factories.policy(None, shipped_key="keep_the_room_warm", name="Keep warm")
    address = f"/policies/{shipped.pk}"
    rule = shipped.rules.first()
    for response in (
        api.patch(address, {"name": "Mine"}),
        api.delete(address),
        api.post(f"{address}/rules", {"kind": "start", "name": "Cold", "conditions": COLD}),
        api.delete(f"{address}/rules/{rule.pk}"),
    ):
        assert response.status_code == 409
        assert "Copy it" in response.json()["detail"]
    copied = api.post(f"{address}/copy", {"name": "Mine", "site_id": str(home.pk)})
    assert copied.status_code == 201
    assert copied.json()["shipped_key"] == ""
    assert (copied.json()["name"], copied.json()["site_id"]) == ("Mine", str(home.pk))
    assert len(copied.json()["start_rules"]) == 1
    assert copied.json()["start_rules"][0]["id"] not in {str(pk) for pk in shipped.rules.values_list("pk", flat=True)}
    assert api.get(copied["Location"]).json() == copied.json()
    assert api.post(f"{address}/copy").status_code == 201
    assert Policy.objects.count() == 3


def test_policies_of_a_site_include_those_for_all(api, home):
    own, template = factories.policy(home), factories.policy(None)
    factories.policy(factories.site())
    listed = api.get(f"/policies?site_id={home.pk}").json()
    assert {one["id"] for one in listed["items"]} == {str(own.pk), str(template.pk)}


def test_the_engine_describes_itself(api, furnished):
    info = api.get("/rule-engine/info").json()
    assert {one["name"] for one in info["operators"]} >= {"eq", "in", "regex"}
    assert info["max_nesting"] > 1
    roots = {one["name"] for one in api.get("/decisional-context/structure").json()}
    assert {"energy_state", "climate", "miner", "timestamp"} <= roots
    with_zones = api.get(f"/decisional-context/structure?site_id={furnished.site.pk}").content.decode()
    assert "climate.zones.living_room.temperature_celsius" in with_zones
    assert api.get(f"/decisional-context/structure?site_id={uuid4()}").status_code == 422


def test_conditions_are_validated_without_being_stored(api, furnished):
    good = api.post("/rule-engine/validate", {"conditions": {"all_of": [COLD], "for": "3m"}})
    assert good.json() == {"valid": True, "problems": []}
    zone = {"field": "climate.zones.living_room.temperature_celsius", "operator": "lt", "value": 20}
    assert api.post("/rule-engine/validate", {"conditions": zone}).json()["valid"] is False
    named = {"conditions": zone, "site_id": str(furnished.site.pk)}
    assert api.post("/rule-engine/validate", named).json()["valid"] is True
    bad = api.post("/rule-engine/validate", {"conditions": {**COLD, "operator": "equals"}}).json()
    assert bad["valid"] is False
    assert bad["problems"][0]["place"].endswith("operator")
    for garbage in (None, 7, [], {}, "x", {"all_of": []}, {"not_": {"not_": 1}}):
        assert api.post("/rule-engine/validate", {"conditions": garbage}).json()["valid"] is False
