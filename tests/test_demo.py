"""The simulated home of a new installation, and the shipped policies."""

import pytest
from django.core.exceptions import ValidationError

from optimization import demo
from optimization.models import OptimizationUnit, Policy, Rule
from sites.models import ActivityLog, Site
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_new_installation_gets_a_whole_home():
    site = demo.ensure_first_home()
    assert site.is_demo
    assert site.next_pass_at is not None
    unit = OptimizationUnit.objects.get(site=site)
    assert unit.is_enabled
    assert unit.policy.shipped_key == demo.POLICY_KEY
    assert unit.energy_source.has_battery
    assert unit.energy_source.battery_capacity_wh == 10_000
    miners = list(unit.miners.order_by("name"))
    assert [(miner.name, miner.nominal_power_w) for miner in miners] == [("Avalon", 1600), ("Heater", 850)]
    assert [miner.zones.get().name for miner in miners] == ["Living room", "Bedroom"]


def test_every_row_of_the_simulated_home_is_valid():
    site = demo.create_demo_home()
    related = (site.zones, site.climatemonitors, site.minercontrollers, site.energymonitors)
    rows = [site, *site.miners.all(), *site.energy_sources.all(), *site.units.all()]
    rows += [row for manager in related for row in manager.all()]
    rows += [slot for zone in site.zones.all() for slot in zone.slots.all()]
    assert len(rows) >= 13
    for row in rows:
        row.full_clean()


def test_the_adapters_of_the_simulated_home_read_its_house():
    site = demo.create_demo_home()
    for row in (*site.climatemonitors.all(), *site.energymonitors.all(), *site.minercontrollers.all()):
        assert row.connection == site.simulated_houses.get()
        assert row.adapter.wants(row.settings)
        assert not row.is_real


def test_it_comes_back_neither_after_removal_nor_beside_a_home():
    demo.remove_demo_home(demo.ensure_first_home())
    assert demo.ensure_first_home() is None
    assert not Site.objects.exists()


def test_a_person_may_ask_for_it_again_and_even_for_a_second():
    demo.remove_demo_home(demo.ensure_first_home())
    assert [demo.create_demo_home().name, demo.create_demo_home().name] == ["Simulated home", "Simulated home 2"]


def test_no_simulated_home_where_a_home_is():
    factories.site()
    assert demo.ensure_first_home() is None
    assert Site.objects.count() == 1


def test_removal_leaves_only_the_shipped_policies():
    site = demo.ensure_first_home()
    own = factories.policy(site)
    factories.unit(site, policy=own)
    demo.remove_demo_home(site, by="Ada")
    assert not Site.objects.exists()
    assert not OptimizationUnit.objects.exists()
    assert set(Policy.objects.values_list("shipped_key", flat=True)) == {
        "keep_the_room_warm",
        "solar_surplus_room_heating",
    }
    assert ActivityLog.objects.get(site=None).actor == "Ada"


def test_a_real_home_is_not_removed_in_one_click():
    site = factories.site()
    with pytest.raises(ValidationError, match="not a simulated home"):
        demo.remove_demo_home(site)
    assert Site.objects.filter(pk=site.pk).exists()


def test_a_simulated_home_with_a_real_device_is_not_removed():
    site = demo.create_demo_home()
    factories.controller(site, name="Plug", adapter_type="home_assistant_switch")
    with pytest.raises(ValidationError, match="‘Plug’ in this home drives a real device"):
        demo.remove_demo_home(site)
    assert site.units.count() == 1


def test_shipped_policies_are_written_once_and_follow_the_program():
    first = demo.ensure_shipped_policies()
    rules = set(Rule.objects.values_list("pk", flat=True))
    second = demo.ensure_shipped_policies()
    assert set(Rule.objects.values_list("pk", flat=True)) == rules
    assert {policy.version for policy in second.values()} == {1}
    changed = Rule.objects.filter(policy=first["keep_the_room_warm"]).first()
    changed.conditions = {"field": "climate.zone.temperature_celsius", "operator": "lt", "value": 99}
    changed.save()
    third = demo.ensure_shipped_policies()["keep_the_room_warm"]
    assert third.version == 2
    assert not any(rule.conditions == changed.conditions for rule in third.rules.all())


def test_peoples_own_policies_are_left_alone():
    own = factories.policy(name="Mine")
    demo.ensure_shipped_policies()
    own.refresh_from_db()
    assert (own.name, own.version, own.rules.count()) == ("Mine", 1, 2)
