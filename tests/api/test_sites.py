"""Sites, alarms, activity."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sites.models import Alarm, Site
from sites.services import log_activity
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db


def test_a_site_is_made_read_changed_and_removed(api):
    made = api.post("/sites", {"name": "Cabin", "time_zone": "Europe/Rome", "currency": "CHF"})
    assert made.status_code == 201
    address = made["Location"]
    assert address == f"/api/v1/sites/{made.json()['id']}"
    assert api.get(address).json() == made.json()
    assert made.json()["control_period_seconds"] == 10

    changed = api.patch(address, {"latitude": 45.5, "power_limit_w": 3000})
    assert changed.status_code == 200
    assert (changed.json()["latitude"], changed.json()["name"]) == (45.5, "Cabin")
    assert api.patch(address, {"latitude": None}).json()["latitude"] is None
    assert Site.objects.get().power_limit_w == 3000

    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_null_is_refused_where_nothing_may_be(api, home):
    response = api.patch(f"/sites/{home.pk}", {"time_zone": None})
    assert response.status_code == 422
    assert list(problems(response)) == ["body.time_zone"]


def test_an_empty_change_changes_nothing(api, home):
    stored = api.get(f"/sites/{home.pk}").json()
    assert api.patch(f"/sites/{home.pk}", {}).json() == {**stored, "not_seen_off": []}


def test_a_name_taken_is_409_with_its_place(api, home):
    for response in (
        api.post("/sites", {"name": home.name}),
        api.patch(f"/sites/{factories.site().pk}", {"name": home.name}),
    ):
        assert response.status_code == 409
        assert list(problems(response)) == ["body.name"]


def test_a_site_with_something_in_it_stays_and_names_it(api, furnished):
    response = api.delete(f"/sites/{furnished.site.pk}")
    assert response.status_code == 409
    assert "Avalon" in response.json()["detail"]
    kinds = {one["type"] for one in response.json()["in_use_by"]}
    assert {"miners", "climate-zones", "optimization-units", "energy-sources"} <= kinds
    assert Site.objects.filter(pk=furnished.site.pk).exists()


def test_a_change_asks_for_a_pass(api, home):
    assert home.next_pass_at is None
    api.patch(f"/sites/{home.pk}", {"is_active": False})
    home.refresh_from_db()
    assert home.is_active is False
    assert home.next_pass_at is not None


def test_a_deactivated_site_is_seen_off(api, furnished):
    answer = api.patch(f"/sites/{furnished.site.pk}", {"is_active": False})
    assert (answer.status_code, answer.json()["not_seen_off"]) == (200, [])
    assert "not_seen_off" in api.patch(f"/sites/{furnished.site.pk}", {"name": "Elsewhere"}).json()


def test_alarms_are_listed_and_acknowledged_once(api, home):
    now = timezone.now()
    past = Alarm.objects.create(site=home, kind="a", subject="site", text="Over.", ended_at=now)
    alarm = Alarm.objects.create(site=home, kind="b", subject="site", text="Cannot switch off.", since=now)
    other = Alarm.objects.create(site=factories.site(), kind="b", subject="site", text="Elsewhere.")

    def listed(query: str) -> list[str]:
        return sorted(one["id"] for one in api.get(f"/alarms?{query}").json()["items"])

    assert listed(f"site_id={home.pk}") == sorted([str(past.pk), str(alarm.pk)])
    assert listed("is_open=true") == sorted([str(alarm.pk), str(other.pk)])
    assert listed("is_open=false") == [str(past.pk)]

    answer = api.post(f"/alarms/{alarm.pk}/acknowledge").json()
    assert answer["acknowledged_by"] == "anna"
    again = api.post(f"/alarms/{alarm.pk}/acknowledge").json()
    assert again["acknowledged_at"] == answer["acknowledged_at"]
    assert api.get(f"/alarms/{alarm.pk}").json()["ended_at"] is None


def test_activity_is_filtered(api, home):
    log_activity(home, "Quiet.")
    log_activity(home, "Loud.", severity="alarm", actor="anna")
    log_activity(factories.site(), "Elsewhere.")

    def texts(query: str) -> list[str]:
        return [one["text"] for one in api.get(f"/activity?{query}").json()["items"]]

    assert texts(f"site_id={home.pk}") == ["Loud.", "Quiet."]
    assert texts("severity=alarm") == ["Loud."]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat().replace("+", "%2B")
    assert texts(f"since={tomorrow}") == []
    assert api.get("/activity?severity=loud").status_code == 422
    assert api.get("/activity?since=2026-01-01T00:00:00").status_code == 422  # whose time zone?
