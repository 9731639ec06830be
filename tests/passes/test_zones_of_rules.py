"""A rule stores the zone it means: nothing that is renamed, deleted or made afterwards points it elsewhere."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from climate.models import ClimateZone
from optimization.models import Decision, Rule
from optimization.policies import save_rule
from optimization.policy_check import check_policy
from optimization.policy_copy import duplicate_policy
from optimization.services import delete_safely
from optimization.site_plan.policies import compile_policy
from sites.models import Alarm, Severity, Site
from tests import factories

WARM = {"field": "climate.zone.above_target", "operator": "eq", "value": True}


def below(zone: str, celsius: float = 18.0) -> dict:
    return {"any_of": [{"field": f"climate.zones.{zone}.temperature_celsius", "operator": "lt", "value": celsius}]}


@pytest.fixture
def bath(bench_home):
    """A second room, 15 °C; the unit heats the hall while the bath is below 18 °C."""
    zone, _ = bench_home.add_room("Bath", 15.0)
    return zone


@pytest.fixture
def policy(bench_home, bath):
    row = factories.policy(bench_home.site, [("start", below("Bath")), ("stop", WARM)])
    type(bench_home.unit).objects.filter(pk=bench_home.unit.pk).update(policy=row)
    return row


def means(policy) -> set[str]:
    """The slugs its rules look at now; none when it cannot be used."""
    compiled, _ = compile_policy(policy, policy.rules.all(), ClimateZone.objects.filter(site=policy.site_id))
    paths = [] if compiled is None else [path for rule in compiled.rules for path in rule.paths]
    return {path.split(".")[2] for path in paths if path.startswith("climate.zones.")}


def rename(zone: ClimateZone, name: str) -> None:
    zone.name = name
    zone.save()


def test_renaming_zones_points_no_rule_elsewhere(bench_home, bath, policy):
    bench_home.go()
    assert bench_home.plug.on
    rename(bath, "Old bath")
    rename(bench_home.zone, "Bath")  # takes the name the rule was written with
    assert means(policy) == {"bath"}
    bench_home.go(2)
    assert bench_home.plug.on
    rule = policy.rules.get(kind="start")
    rule.conditions = below("Bath", 17.0)
    save_rule(rule)
    assert means(policy) == {"bath"}, "an edited rule keeps the zone its name means"
    assert means(duplicate_policy(policy)) == {"bath"}, "and so does a copy"


def test_deleting_another_zone_changes_nothing(bench_home, bath, policy):
    other = factories.zone(bench_home.site, "Attic")
    before = Rule.objects.get(policy=policy, kind="start").zone_ids
    delete_safely(other)
    assert means(policy) == {"bath"}
    assert Rule.objects.get(policy=policy, kind="start").zone_ids == before == {"Bath": str(bath.pk)}


@pytest.mark.parametrize("way", ["service", "rows", "api", "admin"])
def test_deleting_the_zone_it_means_is_an_alarm_at_once_and_the_unit_is_off(bench_home, bath, policy, way, client):
    bench_home.go()
    assert bench_home.plug.on
    if way == "service":
        delete_safely(bath)
    elif way == "rows":
        ClimateZone.objects.filter(pk=bath.pk).delete()
    else:
        client.force_login(factories.user())
        if way == "api":
            assert client.delete(f"/api/v1/climate-zones/{bath.pk}", headers={"X-CSRFToken": "x"}).status_code == 204
        else:
            page = reverse("admin:climate_climatezone_delete", args=[bath.pk])
            told = client.get(page).content.decode()
            assert "can no longer be used, because its rule ‘start 0’ is about this zone" in told
            assert client.post(page, {"post": "yes"}).status_code == 302
    assert not ClimateZone.objects.filter(pk=bath.pk).exists()
    if way != "rows":
        assert Site.objects.get(pk=bench_home.site.pk).next_pass_at is not None
    factories.zone(bench_home.site, "Bath")  # the same slug and name: not the one that was meant
    bench_home.go()
    assert not bench_home.plug.on
    alarm = Alarm.objects.get(kind="policy_problem", ended_at__isnull=True)
    assert alarm.severity == Severity.ALARM
    assert "The rule ‘start 0’ is about the zone ‘Bath’, which was deleted. Change" in alarm.text
    assert Decision.objects.latest("at").reason == alarm.text
    check = check_policy(policy)
    assert not check.valid
    assert "‘Bath’, which was deleted" in check.errors[0]


def test_it_is_used_again_when_its_rule_is_changed(bench_home, bath, policy):
    ClimateZone.objects.filter(pk=bath.pk).delete()
    bench_home.go()
    assert bench_home.open_alarms == ["policy_problem"]
    rule = policy.rules.get(kind="start")
    rule.priority = 5
    with pytest.raises(ValidationError, match="no longer in this home"):
        save_rule(rule, is_new=False)
    rule.conditions = below("hall", 21.0)
    save_rule(rule)
    bench_home.go()
    assert bench_home.open_alarms == []
    assert bench_home.plug.on


def test_a_copy_for_another_home_means_the_zone_called_so_there(bench_home, bath, policy):
    other = factories.site()
    theirs = factories.zone(other, "Bath")
    copied = duplicate_policy(policy, site=other)
    assert copied.rules.get(kind="start").zone_ids == {"Bath": str(theirs.pk)}
    assert copied.rules.get(kind="start").conditions == policy.rules.get(kind="start").conditions


def test_in_a_policy_for_all_homes_a_name_is_a_slug_of_each_home(bench_home, bath):
    template = factories.policy(None, [("start", below("bath")), ("stop", WARM)])
    type(bench_home.unit).objects.filter(pk=bench_home.unit.pk).update(policy=template)
    rename(bench_home.zone, "bath")
    bench_home.go()
    assert bench_home.plug.on
    rule = template.rules.get(kind="start")
    rule.conditions = below("Bath")
    rule.save()  # an exact name is nothing that every home has
    bench_home.go()
    assert bench_home.open_alarms == ["policy_problem"]


def test_two_zones_of_the_same_name_are_told_apart_when_a_rule_is_saved(bench_home, bath):
    factories.zone(bench_home.site, "Bath")
    policy = factories.policy(bench_home.site, [])
    rule = Rule(policy=policy, kind="start", name="Cold", conditions=below("Bath"))
    with pytest.raises(ValidationError, match="write one of bath bath_2"):
        save_rule(rule)
    rule.conditions = below("bath_2")
    assert save_rule(rule).zone_ids.keys() == {"bath_2"}


def test_the_migration_binds_stored_rules_to_the_zones_they_meant(home):
    module = import_module("optimization.migrations.0003_rules_bound_to_zones")
    bath, attic = factories.zone(home, "Bath"), factories.zone(home, "Attic")
    ClimateZone.objects.filter(pk=attic.pk).update(name="bath")  # a name that is the other one's slug
    tree = {"all_of": [below("bath"), {"not_": below("Bath")}, below("gone"), {"field": "sun.is_up"}]}
    rule = factories.policy(home, [("start", tree)]).rules.get()
    template = factories.policy(None, [("start", below("bath"))]).rules.get()
    Rule.objects.update(zone_ids={})
    module.bind(apps, None)
    assert Rule.objects.get(pk=rule.pk).zone_ids == {"bath": str(bath.pk), "Bath": str(bath.pk), "gone": None}
    assert Rule.objects.get(pk=template.pk).zone_ids == {}
    assert Rule.objects.get(pk=rule.pk).conditions == tree
