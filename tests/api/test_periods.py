"""Periods of a home: away, holidays, all eco; for now, planned, changed and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from climate.models import TargetPeriod
from sites.models import Site
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(home):
    return factories.zone(home)


def body_of(site, **changes) -> dict:
    return {"site_id": str(site.pk), "preset": "away", **changes}


def in_days(days: float) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


def holiday(site, start: float, end: float, **changes) -> dict:
    return body_of(site, name="holiday", starts_at=in_days(start), ends_at=in_days(end), **changes)


def target_of(api, zone) -> dict:
    return api.get(f"/climate-zones/{zone.pk}/target").json()


def test_away_for_the_whole_home_and_back(api, zone):
    made = api.post("/target-periods", body_of(zone.site))
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["name"], shown["preset"], shown["target_celsius"]) == ("away", "away", None)
    assert (shown["climate_zone_ids"], shown["ends_at"], shown["by"]) == ([], None, "anna")
    assert Site.objects.get().next_pass_at is not None
    target = target_of(api, zone)
    assert (target["effective_celsius"], target["requested_celsius"], target["source"]) == (15.0, 21.0, "period")
    assert (target["reason"], target["preset"]) == ("away", "away")

    assert api.delete(made["Location"]).status_code == 204
    assert api.delete(made["Location"]).status_code == 204
    assert target_of(api, zone)["effective_celsius"] == 21.0
    assert api.get(made["Location"]).json()["ended_at"] is not None


def test_a_room_turned_up_afterwards_is_warm_and_away_again_means_all(api, zone):
    api.post("/target-periods", body_of(zone.site))
    api.put(f"/climate-zones/{zone.pk}/override", {"preset": "comfort"})
    assert target_of(api, zone)["effective_celsius"] == 21.0
    api.post("/target-periods", body_of(zone.site, preset="eco"))
    assert target_of(api, zone)["effective_celsius"] == 18.0
    assert [one["preset"] for one in api.get("/target-periods").json()["items"]] == ["eco"]


def test_the_list_is_of_what_holds_or_is_to_come(api, zone):
    other = factories.target_period(factories.site())
    planned = api.post("/target-periods", holiday(zone.site, 3, 5)).json()
    ended = api.post("/target-periods", body_of(zone.site)).json()
    api.delete(f"/target-periods/{ended['id']}")
    factories.target_period(
        zone.site, starts_at=timezone.now() - timedelta(days=9), ends_at=timezone.now() - timedelta(days=8)
    )
    ids = [one["id"] for one in api.get("/target-periods").json()["items"]]
    assert ids == [planned["id"], str(other.pk)]
    of_site = f"/target-periods?site_id={zone.site_id}"
    assert [one["id"] for one in api.get(of_site).json()["items"]] == [planned["id"]]
    assert api.get(f"{of_site}&include_over=true").json()["count"] == 3


def test_planned_ones_of_the_same_rooms_may_not_overlap(api, zone):
    api.post("/target-periods", holiday(zone.site, 3, 5))
    refused = api.post("/target-periods", holiday(zone.site, 4, 6, climate_zone_ids=[str(zone.pk)]))
    assert refused.status_code == 422
    assert "it overlaps ‘holiday’" in problems(refused)["body.starts_at"]
    assert api.post("/target-periods", holiday(zone.site, 5, 6)).status_code == 201
    assert api.post("/target-periods", holiday(factories.site(), 4, 6)).status_code == 201
    assert TargetPeriod.objects.count() == 3


def test_a_period_is_changed(api, zone):
    address = api.post("/target-periods", holiday(zone.site, 3, 5))["Location"]
    changed = api.patch(address, {"target_celsius": 12, "climate_zone_ids": [str(zone.pk)], "name": "skiing"})
    assert changed.status_code == 200, changed.content
    shown = changed.json()
    assert (shown["preset"], shown["target_celsius"], shown["name"]) == (None, 12, "skiing")
    assert shown["climate_zone_ids"] == [str(zone.pk)]
    assert api.patch(address, {"preset": "frost"}).json()["target_celsius"] is None
    assert api.patch(address, {"ends_at": None}).json()["ends_at"] is None
    assert target_of(api, zone)["effective_celsius"] == 21.0
    assert api.patch(address, {"starts_at": None}).status_code == 200  # now
    assert target_of(api, zone)["effective_celsius"] == 7.0
    api.delete(address)
    assert "It was ended" in problems(api.patch(address, {"name": "later"}))["body"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"preset": None}, "body.target_celsius"),
        ({"target_celsius": 20}, "body.target_celsius"),
        ({"preset": None, "target_celsius": 27}, "body.target_celsius"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "body.ends_at"),
        ({"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, "body.ends_at"),
        ({"starts_at": "2030-01-02T00:00:00"}, "body.starts_at"),
        ({"name": "x" * 81}, "body.name"),
    ],
    ids=["nothing", "both", "too warm", "past", "backwards", "no offset", "long"],
)
def test_an_impossible_period_is_refused_by_place(api, zone, change, place):
    response = api.post("/target-periods", body_of(zone.site, **change))
    assert response.status_code == 422
    assert list(problems(response)) == [place]
    assert not TargetPeriod.objects.exists()


def test_rooms_of_another_home_are_refused(api, zone):
    foreign = factories.zone(factories.site())
    response = api.post("/target-periods", body_of(zone.site, climate_zone_ids=[str(zone.pk), str(foreign.pk)]))
    assert "another site" in problems(response)["body.climate_zone_ids.1"]
    assert not TargetPeriod.objects.exists()


def test_a_room_a_preset_is_too_warm_for_is_named(api, zone):
    factories.zone(zone.site, "Cellar", default_target_celsius=5, high_limit_celsius=16)
    refused = problems(api.post("/target-periods", body_of(zone.site, preset="comfort")))
    assert "Cellar: comfort, 21 °C, is too close to the zone's high limit of 16 °C" in refused["body.preset"]
    assert not TargetPeriod.objects.exists()
