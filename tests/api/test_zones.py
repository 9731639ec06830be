"""Climate zones: links, readings, targets, wishes, schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from climate.models import ClimateZone, TargetOverride, TemperatureSlot, ZoneReading
from sites import live
from sites.models import Site
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(home) -> ClimateZone:
    return factories.zone(home)


def test_a_zone_is_made_linked_changed_and_removed(api, home):
    one, two = factories.climate_monitor(home), factories.climate_monitor(home)
    body = {"site_id": str(home.pk), "name": "Living room", "climate_monitor_ids": [str(one.pk)]}
    made = api.post("/climate-zones", body)
    assert made.status_code == 201, made.content
    assert (made.json()["slug"], made.json()["default_target_celsius"]) == ("living_room", 20.0)
    address = made["Location"]

    changed = api.patch(address, {"climate_monitor_ids": [str(two.pk), str(one.pk)], "name": "Salon", "area_sqm": 20})
    assert sorted(changed.json()["climate_monitor_ids"]) == sorted([str(one.pk), str(two.pk)])
    assert (changed.json()["slug"], changed.json()["name"]) == ("living_room", "Salon")
    assert api.patch(address, {"area_sqm": None, "climate_monitor_ids": []}).json()["area_sqm"] is None
    assert ClimateZone.objects.get().monitors.count() == 0
    assert api.delete(address).status_code == 204
    assert not ClimateZone.objects.exists()


def test_a_limit_of_age_beyond_an_hour_is_confirmed(api, home):
    sensor = f"/climate-monitors/{factories.climate_monitor(home).pk}"
    refused = api.patch(sensor, {"stale_after_seconds": 9300})
    assert refused.status_code == 422
    assert "more than an hour. Confirm that it may be silent" in refused.content.decode()
    assert api.patch(sensor, {"stale_after_seconds": 9300, "long_silence_confirmed": True}).status_code == 200


def test_a_list_costs_the_same_however_long(api, home, django_assert_max_num_queries):
    for number in range(12):
        factories.zone(home, f"Room {number}", monitor=factories.climate_monitor(home))
    api.get("/climate-zones")  # the use of the token is noted, once a minute at most
    with django_assert_max_num_queries(4):
        assert api.get("/climate-zones").json()["count"] == 12


def test_monitors_of_another_site_or_of_none_are_refused_by_place(api, zone):
    foreign = factories.climate_monitor(factories.site())
    own = factories.climate_monitor(zone.site)
    for pk, words in ((foreign.pk, "another site"), (zone.pk, "no climate monitor")):
        response = api.patch(f"/climate-zones/{zone.pk}", {"climate_monitor_ids": [str(own.pk), str(pk)]})
        assert response.status_code == 422
        assert words in problems(response)["body.climate_monitor_ids.1"]
    assert zone.monitors.count() == 0


def test_bounds_are_those_of_the_table(api, zone):
    bad = {
        "default_target_celsius": 4,
        "hysteresis_celsius": 3.1,
        "frost_limit_celsius": 13,
        "area_sqm": -1,
        "name": " ",
    }
    response = api.patch(f"/climate-zones/{zone.pk}", bad)
    assert set(problems(response)) == {f"body.{name}" for name in bad}


def test_a_high_limit_below_the_target_is_refused(api, zone):
    response = api.patch(f"/climate-zones/{zone.pk}", {"high_limit_celsius": 22})
    assert response.status_code == 422
    assert "too low" in problems(response)["body.high_limit_celsius"]
    assert response.json()["detail"][0]["input"] == 22


def test_two_changes_of_different_fields_both_survive(api, zone):
    stale = ClimateZone.objects.get(pk=zone.pk)
    api.patch(f"/climate-zones/{zone.pk}", {"name": "Salon"})
    from climate.api import ZonePatch
    from sites.rest import rows

    rows.write(stale, ZonePatch(position=3))
    zone.refresh_from_db()
    assert (zone.name, zone.position) == ("Salon", 3)


def test_a_zone_that_is_heated_stays(api, furnished):
    response = api.delete(f"/climate-zones/{furnished.zone.pk}")
    assert response.status_code == 409
    assert "Avalon" in response.json()["detail"]
    assert ClimateZone.objects.filter(pk=furnished.zone.pk).exists()


def test_a_real_heater_gets_no_invented_sensor(api, home):
    plug = factories.controller(
        home, adapter_type="home_assistant_switch", home_assistant=factories.home_assistant(home)
    )
    zone, sensor = factories.zone(home), factories.climate_monitor(home)
    factories.miner(home, zones=[zone], controller=plug)
    response = api.patch(f"/climate-zones/{zone.pk}", {"climate_monitor_ids": [str(sensor.pk)]})
    assert response.status_code == 422
    assert "measures nothing real" in problems(response)["body.climate_monitor_ids"]
    assert zone.monitors.count() == 0


def test_the_reading_is_what_the_last_pass_saw(api, zone):
    before = api.get(f"/climate-zones/{zone.pk}/reading").json()
    assert before["temperature_celsius"] is None
    assert "No control pass" in before["problem"]
    seen = {"temperature_celsius": 20.4, "target_celsius": 21.0, "sensor": "ok", "problem": "", "heating": True}
    live.publish(zone.site_id, {"zones": {str(zone.pk): seen}})
    assert api.get(f"/climate-zones/{zone.pk}/reading").json().items() >= seen.items()
    one = {"temperature_celsius": 20.4, "health": "suspect", "problem": "it jumps", "observed_at": None}
    one |= {"says_celsius": 23.9, "doubted_celsius": None}
    seen |= {"monitors": {str(zone.pk): one}, "lowered": "window", "is_occupied": False, "window_by_slope": True}
    live.publish(zone.site_id, {"zones": {str(zone.pk): seen}})
    assert api.get(f"/climate-zones/{zone.pk}/reading").json().items() >= seen.items()


def test_recorded_minutes_are_cut_by_time(api, zone):
    start = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)
    for minute in range(4):
        ZoneReading.objects.create(zone=zone, at=start + timedelta(minutes=minute), temperature_celsius=20 + minute)
    ask = f"/climate-zones/{zone.pk}/readings?since=2026-01-10T06:01:00Z&until=2026-01-10T07:03:00%2B01:00"
    assert [one["temperature_celsius"] for one in api.get(ask).json()["items"]] == [21.0, 22.0]
    assert api.get(f"/climate-zones/{zone.pk}/readings?since=yesterday").status_code == 422


def test_a_target_by_hand_holds_until_it_is_taken_back(api, zone):
    address = f"/climate-zones/{zone.pk}"
    assert api.get(f"{address}/target").json()["reason"] == "default target"
    assert api.get(f"{address}/override").status_code == 404

    until = timezone.now() + timedelta(hours=2)
    made = api.put(f"{address}/override", {"target_celsius": 23.5, "until": until.isoformat()})
    assert made.status_code == 200
    assert made.json()["by"] == "anna"
    target = api.get(f"{address}/target").json()
    assert (target["effective_celsius"], target["reason"]) == (23.5, "set by hand")
    assert (target["lower_bound"], target["upper_bound"]) == (23.0, 24.0)
    assert api.get(f"{address}/override").json()["target_celsius"] == 23.5
    assert Site.objects.get().next_pass_at is not None

    assert api.delete(f"{address}/override").status_code == 204
    assert api.delete(f"{address}/override").status_code == 204
    assert api.get(f"{address}/target").json()["reason"] == "default target"
    assert TargetOverride.objects.get().cancelled_at is not None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.target_celsius"),
        ({"target_celsius": 36}, "body.target_celsius"),
        ({"target_celsius": 21, "until": "2020-01-01T00:00:00Z"}, "body.until"),
        ({"target_celsius": 21, "until": "2030-01-01T00:00:00"}, "body.until"),
        ({"target_celsius": 21, "until": "9999-12-31T23:59:59-12:00"}, "body.until"),
        ({"target_celsius": "warm"}, "body.target_celsius"),
    ],
    ids=["nothing", "too hot", "past", "no offset", "far", "word"],
)
def test_an_impossible_wish_is_refused_by_place(api, zone, body, place):
    response = api.put(f"/climate-zones/{zone.pk}/override", body)
    assert response.status_code == 422
    assert list(problems(response)) == [place]
    assert not TargetOverride.objects.exists()


MORNING = {"weekdays": ["mon", "tue"], "start_time": "06:00", "end_time": "09:00", "target_celsius": 21.5}
NIGHT = {"start_time": "22:00", "end_time": "06:00", "target_celsius": 17}


def test_a_schedule_is_put_as_a_whole(api, zone):
    address = f"/climate-zones/{zone.pk}/schedule"
    assert api.get(address).json() == {"slots": []}
    put = api.put(address, {"slots": [NIGHT, MORNING]})
    assert put.status_code == 200, put.content
    assert put.json() == api.get(address).json()
    assert put.json()["slots"][0] == MORNING
    assert put.json()["slots"][1]["weekdays"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert api.put(address, {"slots": []}).json() == {"slots": []}
    assert not TemperatureSlot.objects.exists()


def test_overlapping_slots_are_refused_and_the_old_ones_stay(api, zone):
    address = f"/climate-zones/{zone.pk}/schedule"
    api.put(address, {"slots": [MORNING]})
    late = {**MORNING, "start_time": "08:30", "end_time": "10:00"}
    response = api.put(address, {"slots": [MORNING, late]})
    assert response.status_code == 422
    assert "overlaps" in problems(response)["body.slots"]
    assert api.get(address).json() == {"slots": [MORNING]}


@pytest.mark.parametrize(
    "change",
    [
        {"start_time": "6:00"},
        {"start_time": "24:00"},
        {"start_time": "06:00:30"},
        {"end_time": None},
        {"weekdays": []},
        {"weekdays": ["monday"]},
        {"target_celsius": 4.9},
        {"target": 20},
    ],
    ids=str,
)
def test_a_slot_that_is_none_is_refused_by_place(api, zone, change):
    response = api.put(f"/climate-zones/{zone.pk}/schedule", {"slots": [NIGHT, {**MORNING, **change}]})
    assert response.status_code == 422
    assert all(place.startswith(f"body.slots.1.{next(iter(change))}") for place in problems(response))


def test_a_slot_above_the_high_limit_is_refused(api, zone):
    api.patch(f"/climate-zones/{zone.pk}", {"high_limit_celsius": 24})
    response = api.put(f"/climate-zones/{zone.pk}/schedule", {"slots": [{**MORNING, "target_celsius": 25}]})
    assert response.status_code == 422
    assert "high limit of 24 °C. Choose at most 22.5 °C" in problems(response)["body.slots"]
    assert not TemperatureSlot.objects.exists()


def test_presets_of_a_zone_are_columns_with_a_limit(api, zone):
    address = f"/climate-zones/{zone.pk}"
    assert api.patch(address, {"comfort_celsius": 22, "eco_celsius": 17.5}).status_code == 200
    shown = api.get(address).json()
    assert (shown["comfort_celsius"], shown["eco_celsius"], shown["away_celsius"]) == (22, 17.5, 15)
    refused = problems(api.patch(address, {"comfort_celsius": 27}))
    assert "27 °C is too close to the zone's high limit of 28 °C" in refused["body.comfort_celsius"]
    assert problems(api.patch(address, {"away_celsius": 3})).keys() == {"body.away_celsius"}


def test_a_preset_by_hand_says_what_it_means(api, zone):
    address = f"/climate-zones/{zone.pk}"
    made = api.put(f"{address}/override", {"preset": "comfort"}).json()
    assert (made["preset"], made["target_celsius"], made["until"]) == ("comfort", 21.0, None)
    target = api.get(f"{address}/target").json()
    assert (target["source"], target["preset"], target["effective_celsius"]) == ("hand", "comfort", 21.0)
    # A preset follows the zone, also while it is held by hand.
    api.patch(address, {"comfort_celsius": 22})
    assert api.get(f"{address}/override").json()["target_celsius"] == 22
    assert api.get(f"{address}/target").json()["effective_celsius"] == 22


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"target_celsius": 21, "preset": "eco"}, "body.target_celsius"),
        ({"preset": "party"}, "body.preset"),
        ({"preset": "eco", "for_minutes": 0}, "body.for_minutes"),
        ({"preset": "eco", "for_minutes": 10081}, "body.for_minutes"),
        ({"preset": "eco", "for_minutes": 5, "until_next_change": True}, "body.until_next_change"),
        ({"preset": "eco", "for_minutes": 5, "until": "2099-01-01T00:00:00Z"}, "body.for_minutes"),
    ],
    ids=["both", "unknown", "no time", "over a week", "two ends", "two other ends"],
)
def test_an_ambiguous_wish_is_refused_by_place(api, zone, body, place):
    response = api.put(f"/climate-zones/{zone.pk}/override", body)
    assert response.status_code == 422
    assert list(problems(response)) == [place]
    assert not TargetOverride.objects.exists()


def test_the_ends_a_wish_may_have(api, zone):
    address = f"/climate-zones/{zone.pk}"
    before = timezone.now()
    ended = api.put(f"{address}/override", {"target_celsius": 22, "for_minutes": 90}).json()["until"]
    assert timedelta(minutes=90) <= datetime.fromisoformat(ended) - before < timedelta(minutes=91)
    api.put(f"{address}/schedule", {"slots": [NIGHT]})
    change = api.get(f"{address}/target").json()
    api.delete(f"{address}/override")
    scheduled = api.get(f"{address}/target").json()
    held = api.put(f"{address}/override", {"target_celsius": 22, "until_next_change": True}).json()
    assert held["until"] == scheduled["until"]
    assert change["until"] == ended
    assert api.get(f"{address}/target").json()["next_celsius"] == scheduled["next_celsius"]


def test_what_lowered_the_target_in_the_last_pass_is_said(api, zone):
    address = f"/climate-zones/{zone.pk}/target"
    live.publish(zone.site_id, {"zones": {str(zone.pk): {"lowered": "window"}}})
    shown = api.get(address).json()
    assert (shown["lowered"], shown["effective_celsius"], shown["requested_celsius"]) == ("window", 7.0, 21.0)
    live.publish(zone.site_id, {"zones": {str(zone.pk): {"lowered": "absence"}}})
    shown = api.get(address).json()
    assert (shown["lowered"], shown["effective_celsius"]) == ("absence", 18.0)
    live.publish(zone.site_id, {"zones": {str(zone.pk): {"lowered": None}}})
    assert api.get(address).json()["lowered"] is None
    ClimateZone.objects.filter(pk=zone.pk).update(high_limit_celsius=22)
    shown = api.get(address).json()
    assert (shown["lowered"], shown["effective_celsius"]) == ("high_limit", 20.5)


def test_slots_of_presets_go_in_and_come_out(api, zone):
    address = f"/climate-zones/{zone.pk}/schedule"
    eco = {"weekdays": ["sat", "sun"], "start_time": "09:00", "end_time": "12:00", "preset": "eco"}
    put = api.put(address, {"slots": [MORNING, eco]})
    assert put.json() == {"slots": [MORNING, eco]}
    assert api.put(address, put.json()).json() == put.json()
    assert TemperatureSlot.objects.get(preset="eco").target_celsius is None
    for wrong in ({**eco, "target_celsius": 18}, {**eco, "preset": None}):
        assert "body.slots.0" in problems(api.put(address, {"slots": [wrong]}))


def test_a_day_is_copied_to_others(api, zone):
    address = f"/climate-zones/{zone.pk}/schedule"
    api.put(address, {"slots": [MORNING]})
    copied = api.post(f"{address}/copy-day", {"day": "tue", "to_days": ["wed", "sun"]})
    assert copied.status_code == 200, copied.content
    assert copied.json() == {"slots": [{**MORNING, "weekdays": ["mon", "tue", "wed", "sun"]}]}
    emptied = api.post(f"{address}/copy-day", {"day": "sat", "to_days": ["mon", "tue", "wed"]})
    assert emptied.json() == {"slots": [{**MORNING, "weekdays": ["sun"]}]}


def test_a_copy_that_meets_the_night_before_is_refused_and_named(api, zone):
    address = f"/climate-zones/{zone.pk}/schedule"
    night = {**NIGHT, "weekdays": ["fri"]}
    early = {**MORNING, "weekdays": ["mon"], "start_time": "05:00"}
    api.put(address, {"slots": [night, early]})
    refused = api.post(f"{address}/copy-day", {"day": "mon", "to_days": ["sat"]})
    assert refused.status_code == 422
    assert "Fri 22:00–06:00" in problems(refused)["body.to_days"]
    assert api.get(address).json() == {"slots": [early, night]}


def test_limits_of_what_a_sensor_is_believed(api, home):
    made = api.post("/climate-monitors", {"site_id": str(home.pk), "name": "Roof", "adapter_type": "dummy"}).json()
    assert (made["plausible_low_celsius"], made["max_jump_k"], made["is_outdoor"]) == (None, 5.0, False)
    address = f"/climate-monitors/{made['id']}"
    changed = api.patch(address, {"plausible_low_celsius": -20, "max_jump_k": 8, "is_outdoor": True}).json()
    assert (changed["plausible_low_celsius"], changed["max_jump_k"], changed["is_outdoor"]) == (-20, 8, True)
    refused = problems(api.patch(address, {"plausible_high_celsius": -20}))
    assert refused == {
        "body.plausible_high_celsius": "-20 °C is not above the coldest believed, -20 °C. Choose a higher one."
    }
    assert "body.max_jump_k" in problems(api.patch(address, {"max_jump_k": 0.4}))


def test_a_home_has_one_sensor_outdoors_and_no_room_has_it(api, zone):
    outdoors = factories.climate_monitor(zone.site, name="North wall", is_outdoor=True)
    inside = factories.climate_monitor(zone.site, name="Hall")
    taken = problems(api.patch(f"/climate-monitors/{inside.pk}", {"is_outdoor": True}))
    assert "‘North wall’ measures outdoors already" in taken["body.is_outdoor"]

    response = api.patch(f"/climate-zones/{zone.pk}", {"climate_monitor_ids": [str(inside.pk), str(outdoors.pk)]})
    assert "‘North wall’ measures outdoors" in problems(response)["body.climate_monitor_ids"]
    body = {"site_id": str(zone.site_id), "name": "Hall", "climate_monitor_ids": [str(outdoors.pk)]}
    assert "body.climate_monitor_ids" in problems(api.post("/climate-zones", body))
    assert ClimateZone.objects.count() == 1
    zone.monitors.add(inside)
    outdoors.delete()
    reads = problems(api.patch(f"/climate-monitors/{inside.pk}", {"is_outdoor": True}))
    assert "It reads ‘Living room’" in reads["body.is_outdoor"]


def test_a_value_in_doubt_is_confirmed(api, furnished):
    path = f"/climate-monitors/{furnished.sensor.pk}/confirm"
    assert "nothing to confirm" in str(api.post(path, {"celsius": 12}).json())
    seen = {"temperature_celsius": None, "health": "suspect", "problem": "jumped", "observed_at": None}
    told = {str(furnished.sensor.pk): seen | {"says_celsius": 12.1, "doubted_celsius": 12.1}}
    live.publish(furnished.site.pk, {"zones": {str(furnished.zone.pk): {"monitors": told}}})
    reading = api.get(f"/climate-zones/{furnished.zone.pk}/reading").json()
    assert reading["monitors"][str(furnished.sensor.pk)]["doubted_celsius"] == 12.1
    assert api.post(path, {"celsius": 25}).status_code == 422
    assert api.post(path, {"celsius": 12.1}).status_code == 204
    furnished.sensor.refresh_from_db()
    assert furnished.sensor.confirmed_celsius == 12.1
