"""Sites, miners, units and policies: what the forms refuse, and what they say."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from miners.models import DesiredState, Miner
from miners.reality import reality_problem
from optimization import services
from optimization.models import OptimizationUnit, Policy
from sites.models import ActivityLog, Alarm, ApiToken, Site
from sites.services import user_of_api_token
from tests import factories


def url(model: str, page: str, *args) -> str:
    return reverse(f"admin:{model}_{page}", args=args)


def errors_of(response) -> dict[str, str]:
    return {name: " ".join(lines) for name, lines in response.context["adminform"].form.errors.items()}


# -- sites ---------------------------------------------------------------------------------------


def site_form(**changes) -> dict:
    return {
        "name": "Home",
        "time_zone": "Europe/Rome",
        "currency": "EUR",
        "temperature_unit": "C",
        "latitude": "45.07",
        "longitude": "7.69",
        "control_period_seconds": "10",
        "is_active": "on",
        **changes,
    }


def test_a_site_is_made(page):
    assert page.post(url("sites_site", "add"), site_form()).status_code == 302
    assert Site.objects.get().time_zone == "Europe/Rome"


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Rome"), ("currency", "eu"), ("latitude", "91"), ("longitude", ""), ("control_period_seconds", "0")],
)
def test_a_bad_site_is_refused_beside_the_field(page, field, value):
    response = page.post(url("sites_site", "add"), site_form(**{field: value}))
    assert list(errors_of(response)) == [field]


def test_the_only_own_site_is_preselected(page, home):
    factories.site(name="Simulated home", is_demo=True)
    form = page.get(url("climate_climatezone", "add")).context["adminform"].form
    assert form.initial["site"] == str(home.pk)


def test_no_site_is_preselected_among_several(page, home):
    factories.site()
    assert "site" not in page.get(url("climate_climatezone", "add")).context["adminform"].form.initial


def test_choices_on_a_stored_row_are_those_of_its_site(page, home):
    zone = factories.zone(home)
    mine = factories.climate_monitor(home, name="Mine")
    factories.climate_monitor(factories.site(), name="Theirs")
    form = page.get(url("climate_climatezone", "change", zone.pk)).context["adminform"].form
    assert list(form.fields["monitors"].queryset) == [mine]


def test_a_saved_change_asks_for_a_pass(page, home):
    circuit_url = url("miners_circuit", "add")
    assert page.post(circuit_url, {"site": str(home.pk), "name": "Line", "limit_w": "2000"}).status_code == 302
    home.refresh_from_db()
    assert home.next_pass_at is not None


# -- miners --------------------------------------------------------------------------------------


def miner_form(home, **changes) -> dict:
    return {
        "site": str(home.pk),
        "name": "Avalon",
        "nominal_power_w": "1000",
        "min_on_seconds": "600",
        "min_off_seconds": "600",
        "ramp_seconds": "120",
        "max_starts_per_hour": "2",
        "max_starts_per_day": "8",
        "start_cost": "0.05",
        "quiet_max_w": "0",
        "is_active": "on",
        **changes,
    }


@pytest.fixture
def dummy_zone(home):
    return factories.zone(home, monitor=factories.climate_monitor(home, name="Invented"))


@pytest.fixture
def real_controller(home):
    assistant = factories.home_assistant(home)
    return factories.controller(home, name="Real plug", adapter_type="home_assistant_switch", home_assistant=assistant)


def test_a_real_controller_on_an_invented_sensor_is_refused(page, home, dummy_zone, real_controller):
    data = miner_form(home, zones=[str(dummy_zone.pk)], controller=str(real_controller.pk))
    assert "‘Invented’" in errors_of(page.post(url("miners_miner", "add"), data))["controller"]
    assert not Miner.objects.exists()


def test_a_test_bench_may(page, home, dummy_zone, real_controller, settings):
    settings.TEST_BENCH_SITES = [home.name]
    data = miner_form(home, zones=[str(dummy_zone.pk)], controller=str(real_controller.pk))
    assert page.post(url("miners_miner", "add"), data).status_code == 302
    assert reality_problem(real_controller, [dummy_zone], home) is None


def test_an_invented_sensor_cannot_be_slipped_under_a_real_miner(page, home, real_controller):
    real = factories.climate_monitor(home, name="True", adapter_type="home_assistant")
    zone = factories.zone(home, monitor=real)
    factories.miner(home, zones=[zone], controller=real_controller)
    invented = factories.climate_monitor(home, name="Invented")
    from .test_schedule import change_url, form_of

    data = form_of(zone, []) | {"monitors": [str(real.pk), str(invented.pk)]}
    assert "‘Invented’" in errors_of(page.post(change_url(zone), data))["monitors"]
    assert list(zone.monitors.all()) == [real]


def test_a_miner_says_what_it_heats(page, home, dummy_zone):
    add = url("miners_miner", "add")
    assert "Which rooms" in errors_of(page.post(add, miner_form(home)))["zones"]
    both = miner_form(home, zones=[str(dummy_zone.pk)], heats_no_room="on")
    assert "Untick" in errors_of(page.post(add, both))["heats_no_room"]
    assert page.post(add, miner_form(home, heats_no_room="on")).status_code == 302


def test_a_zone_of_another_site_is_refused_by_name(page, home):
    theirs = factories.zone(factories.site(name="Cabin"), "Attic")
    response = page.post(url("miners_miner", "add"), miner_form(home, zones=[str(theirs.pk)]))
    assert "‘Attic’ belongs to ‘Cabin’" in errors_of(response)["zones"]


# -- units ---------------------------------------------------------------------------------------


def unit_form(home, **changes) -> dict:
    return {"site": str(home.pk), "name": "Ground floor", "strategy": "policy_need", "is_enabled": "on", **changes}


@pytest.fixture
def ready_miner(home, dummy_zone):
    return factories.miner(home, zones=[dummy_zone], controller=factories.controller(home))


def test_a_unit_is_switched_on_by_the_service(page, home, ready_miner):
    data = unit_form(home, miners=[str(ready_miner.pk)], policy=str(factories.policy(home).pk))
    assert page.post(url("optimization_optimizationunit", "add"), data).status_code == 302
    assert OptimizationUnit.objects.get().is_enabled
    assert ActivityLog.objects.filter(text="Unit Ground floor is on.", actor="anna").exists()


def test_whatever_stands_against_it_is_said_beside_the_field(page, home, ready_miner):
    add = url("optimization_optimizationunit", "add")
    assert "policy" in errors_of(page.post(add, unit_form(home, miners=[str(ready_miner.pk)])))
    policy = factories.policy(home)
    assert "needs a miner" in errors_of(page.post(add, unit_form(home, policy=str(policy.pk))))["miners"]
    factories.unit(home, miners=[ready_miner], policy=policy, name="Upstairs")
    taken = unit_form(home, policy=str(policy.pk), miners=[str(ready_miner.pk)])
    assert "‘Upstairs’" in errors_of(page.post(add, taken))["miners"]
    broken = factories.policy(home, [("start", {"field": "nonsense", "operator": "eq", "value": 1})])
    data = unit_form(home, policy=str(broken.pk), miners=[str(ready_miner.pk)])
    assert "nonsense" in errors_of(page.post(add, data))["policy"]
    assert OptimizationUnit.objects.count() == 1


def test_a_unit_is_given_a_temperature_its_rooms_are_never_below(page, home):
    add = url("optimization_optimizationunit", "add")
    data = unit_form(home, is_enabled="", never_below_celsius="16.5")
    assert "In a dark week it hardly heats" in page.get(add).content.decode()
    assert page.post(add, data).status_code == 302
    assert OptimizationUnit.objects.get().never_below_celsius == 16.5
    cold = page.post(add, {**data, "name": "Cold", "never_below_celsius": "3"})
    assert "never_below_celsius" in errors_of(cold)


def test_a_unit_that_is_off_may_be_unfinished(page, home):
    assert page.post(url("optimization_optimizationunit", "add"), unit_form(home, is_enabled="")).status_code == 302


def test_switching_a_unit_off_goes_through_the_service_after_the_commit(
    page, home, ready_miner, monkeypatch, django_capture_on_commit_callbacks
):
    unit = factories.unit(home, miners=[ready_miner], policy=factories.policy(home), name="Ground floor")
    called = []
    monkeypatch.setattr(services, "disable_unit", lambda unit, by: called.append((unit, by)) or ["Avalon is still on."])
    data = unit_form(home, miners=[str(ready_miner.pk)], policy=str(unit.policy_id), is_enabled="")
    with django_capture_on_commit_callbacks(execute=True):
        page.post(url("optimization_optimizationunit", "change", unit.pk), data)
        assert not called, "only after the commit"
    assert called == [(unit, "anna")]


def test_disabling_for_real_switches_the_miner_off(page, home, ready_miner, django_capture_on_commit_callbacks):
    unit = factories.unit(home, miners=[ready_miner], policy=factories.policy(home), name="Ground floor")
    DesiredState.objects.create(miner=ready_miner, power_w=1000, seen_on=True)
    data = unit_form(home, miners=[str(ready_miner.pk)], policy=str(unit.policy_id), is_enabled="")
    with django_capture_on_commit_callbacks(execute=True):
        page.post(url("optimization_optimizationunit", "change", unit.pk), data)
    unit.refresh_from_db()
    assert not unit.is_enabled
    assert DesiredState.objects.get().power_w == 0


def test_an_emptied_correction_of_levels_is_none(page, home, ready_miner):
    zones = [str(zone.pk) for zone in ready_miner.zones.all()]
    data = miner_form(home, zones=zones, level_watts="", quiet_from="22:00", quiet_until="07:00")
    assert page.post(url("miners_miner", "change", ready_miner.pk), data).status_code == 302
    stored = type(ready_miner).objects.get()
    assert (stored.level_watts, stored.quiet_from.hour, stored.quiet_max_w) == ({}, 22, 0)


def test_a_real_miner_behind_an_invented_plug_is_refused(page, home, ready_miner):
    plug = factories.controller(home, name="Invented", adapter_type="dummy")
    real = factories.controller(
        home, name="Real", adapter_type="home_assistant_switch", config={"entity_switch": "switch.a"},
        home_assistant=factories.home_assistant(home),
    )  # fmt: skip
    data = miner_form(home, heats_no_room="on", controller=str(real.pk), cutoff=str(plug.pk))
    response = page.post(url("miners_miner", "add"), data)
    assert "Choose a real plug" in errors_of(response)["controller"]


def test_an_inactive_miner_is_seen_off_after_the_commit(
    page, home, ready_miner, monkeypatch, django_capture_on_commit_callbacks
):
    called = []
    monkeypatch.setattr(services, "see_off", lambda row, by: called.append((row, by)) or [f"{row} is still on."])
    data = miner_form(home, zones=[str(zone.pk) for zone in ready_miner.zones.all()], is_active="")
    with django_capture_on_commit_callbacks(execute=True):
        page.post(url("miners_miner", "change", ready_miner.pk), data)
        assert not called, "only after the commit"
    assert called == [(ready_miner, "anna")]
    with django_capture_on_commit_callbacks(execute=True):
        page.post(url("miners_miner", "change", ready_miner.pk), data)
    assert len(called) == 1, "it was inactive already"


# -- policies ------------------------------------------------------------------------------------

START = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
STOP = {"field": "climate.zone.above_target", "operator": "eq", "value": True}


def policy_form(home, *rules: tuple[str, str]) -> dict:
    """A posted policy; `rules`: (kind, conditions as typed)."""
    data = {"site": str(home.pk), "name": "Mine", "rules-TOTAL_FORMS": str(len(rules)), "rules-INITIAL_FORMS": "0"}
    for number, (kind, conditions) in enumerate(rules):
        prefix = f"rules-{number}-"
        data |= {prefix + "kind": kind, prefix + "name": f"rule {number}", prefix + "priority": "0"}
        data |= {prefix + "enabled": "on", prefix + "conditions": conditions}
    return data


def rule_errors(response) -> list[dict]:
    return [dict(errors) for errors in response.context["inline_admin_formsets"][0].formset.errors]


def test_a_policy_is_written(page, home):
    data = policy_form(home, ("start", json.dumps(START)), ("stop", json.dumps(STOP)))
    assert page.post(url("optimization_policy", "add"), data).status_code == 302
    policy = Policy.objects.get()
    assert [rule.conditions for rule in policy.rules.order_by("kind")] == [START, STOP]
    content = page.get(url("optimization_policy", "change", policy.pk)).content.decode()
    assert "temperature is below the lower bound" in content
    assert "energy_state.battery.state_of_charge" in content, "the names a rule may use"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('{"field": ', "line 1"),
        ("", "required"),
        ('{"field": "climate.zone.below_targt", "operator": "eq", "value": true}', "climate.zone.below_target"),
        ('{"field": "climate.zone.below_target", "operator": "gt", "value": true}', "conditions.operator"),
        ('{"field": "climate.zone.temperature_celsius", "operator": "lt", "value": NaN}', "NaN"),
        ("[" * 5000, "not JSON"),
        ("7", "expected a condition"),
        (
            '{"any_of": [{"field": "sun.is_up", "operator": "eq", "value": true, "value": false}]}',
            "conditions.any_of[0].value: this key is given twice",
        ),
        ('{"field": "timestamp.hour", "operator": "gte", "value": 25}', "is never 25"),
    ],
)
def test_a_bad_rule_is_said_beside_it_and_kept_as_typed(page, home, typed, words):
    response = page.post(url("optimization_policy", "add"), policy_form(home, ("start", typed)))
    assert response.status_code == 200
    assert words in " ".join(rule_errors(response)[0]["conditions"])
    assert not Policy.objects.exists()
    if typed and "[" not in typed:
        shown = response.context["inline_admin_formsets"][0].formset.forms[0]["conditions"].value()
        assert shown == typed or json.loads(shown) == json.loads(typed)


def test_a_saved_rule_gives_the_policy_a_new_version_and_wakes_its_homes(page, home, ready_miner):
    policy = factories.policy(home, [("start", START), ("stop", STOP)])
    factories.unit(home, miners=[ready_miner], policy=policy)
    rules = list(policy.rules.order_by("kind"))
    data = policy_form(home, *((rule.kind, json.dumps(rule.conditions)) for rule in rules))
    data |= {"rules-INITIAL_FORMS": "2"}
    for number, rule in enumerate(rules):
        data |= {f"rules-{number}-id": str(rule.pk), f"rules-{number}-policy": str(policy.pk)}
    data["rules-0-priority"] = "5"
    assert page.post(url("optimization_policy", "change", policy.pk), data).status_code == 302
    policy.refresh_from_db()
    home.refresh_from_db()
    assert policy.version == 2
    assert home.next_pass_at is not None


def test_a_stored_rule_keeps_what_is_refused_by_now_and_the_zone_it_means(page, home):
    bath = factories.zone(home, "Bath")
    late = {"any_of": [START, {"field": "timestamp.hour", "operator": "gte", "value": 25}]}
    named = {"field": "climate.zones.Bath.temperature_celsius", "operator": "gte", "value": 24}
    policy = factories.policy(home, [("start", late), ("stop", named)])
    bath.name = "Old bath"
    bath.save()
    factories.zone(home, "Bath")

    def save(**changes):
        rules = list(policy.rules.order_by("kind"))
        data = policy_form(home, *((rule.kind, json.dumps(rule.conditions)) for rule in rules))
        for number, rule in enumerate(rules):
            data |= {f"rules-{number}-id": str(rule.pk), f"rules-{number}-policy": str(policy.pk)}
        data |= {"rules-INITIAL_FORMS": "2", **changes}
        return page.post(url("optimization_policy", "change", policy.pk), data, follow=True)

    change = url("optimization_policy", "change", policy.pk)
    content = save(**{"rules-0-priority": "5", "rules-1-priority": "5"}).content.decode()
    assert "could not be saved like this any more" in content
    assert "Old bath temperature is at least 24" in page.get(change).content.decode()
    save(**{"rules-1-conditions": json.dumps({**named, "value": 25})})
    assert policy.rules.get(kind="stop").zone_ids == {"Bath": str(bath.pk)}
    assert policy.rules.get(kind="stop").conditions["value"] == 25
    bath.delete()
    refused = save(**{"rules-1-priority": "6"})
    assert "no longer in this home" in " ".join(rule_errors(refused)[1]["conditions"])


def test_what_is_never_true_here_is_said_when_a_policy_is_saved_and_on_its_units(page, home, ready_miner):
    damp = {"field": "climate.zone.humidity", "operator": "gte", "value": 70}
    data = policy_form(home, ("start", json.dumps(START)), ("stop", json.dumps(STOP)), ("stop", json.dumps(damp)))
    line = "Rule ‘rule 2’ is never true here: nothing in this home tells the humidity."
    assert line in page.post(url("optimization_policy", "add"), data, follow=True).content.decode()
    unit = factories.unit(home, miners=[ready_miner], policy=Policy.objects.get(), enabled=False)
    assert line in page.get(url("optimization_optimizationunit", "change", unit.pk)).content.decode()


def test_a_policy_without_a_stop_rule_is_saved_with_a_warning(page, home):
    data = policy_form(home, ("start", json.dumps(START)))
    content = page.post(url("optimization_policy", "add"), data, follow=True).content.decode()
    assert "no enabled rule to stop heating" in content


def test_a_shipped_policy_is_copied_not_changed(page, home):
    shipped = factories.policy(None, [("start", START), ("stop", STOP)], name="Keep warm", shipped_key="keep")
    change = url("optimization_policy", "change", shipped.pk)
    assert "Make a copy" in page.get(change).content.decode()
    assert page.post(change, policy_form(home)).status_code == 403
    assert page.post(url("optimization_policy", "delete", shipped.pk), {"post": "yes"}).status_code == 403
    response = page.post(url("optimization_policy", "copy", shipped.pk))
    copy = Policy.objects.get(shipped_key="")
    assert response.url == url("optimization_policy", "change", copy.pk)
    assert (copy.name, copy.site) == ("Keep warm (copy)", home)
    assert {rule.kind: rule.conditions for rule in copy.rules.all()} == {"start": START, "stop": STOP}
    data = {"action": "duplicate", "_selected_action": [str(shipped.pk)]}
    page.post(url("optimization_policy", "changelist"), data)
    assert Policy.objects.filter(name="Keep warm (copy 2)").exists()


# -- access and records --------------------------------------------------------------------------


def test_an_api_token_is_shown_once(page, staff):
    data = {"name": "phone", "user": str(staff.pk)}
    response = page.post(url("sites_apitoken", "add"), data)
    token = response.context["token"]
    assert token in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert user_of_api_token(token) == staff
    row = ApiToken.objects.get()
    for page_url in (url("sites_apitoken", "changelist"), url("sites_apitoken", "change", row.pk)):
        content = page.get(page_url).content.decode()
        assert token not in content
        assert row.digest not in content
    again = page.post(url("sites_apitoken", "add"), data)
    assert "name" in errors_of(again)


def test_an_alarm_is_acknowledged_by_name(page, home):
    alarm = Alarm.objects.create(site=home, kind="lost", subject="zone:1", text="The sensor is silent.")
    data = {"action": "acknowledge", "_selected_action": [str(alarm.pk)]}
    page.post(url("sites_alarm", "changelist"), data)
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == "anna"


def test_a_user_is_made_and_given_a_password(page):
    password = "a long password 2"
    data = {"username": "ben", "usable_password": "true", "password1": password, "password2": password}
    assert page.post(url("auth_user", "add"), data).status_code == 302
