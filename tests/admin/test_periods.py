"""Away & holidays in the set-up: times as the clocks of the home show them, problems beside their field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from climate.models import TargetPeriod
from sites.models import Site
from tests import factories
from tests.moments import Meanwhile

ADD = "admin:climate_targetperiod_add"


@pytest.fixture
def auckland(db):
    return factories.site(name="Bach", time_zone="Pacific/Auckland")


def form_of(home, start=("", ""), end=("", ""), **changes) -> dict:
    return {
        "site": str(home.pk),
        "name": "holiday",
        "preset": "away",
        "target_celsius": "",
        "starts_at_0": start[0],
        "starts_at_1": start[1],
        "ends_at_0": end[0],
        "ends_at_1": end[1],
        **changes,
    }


def errors_of(response) -> dict:
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def test_times_are_those_of_the_site_chosen_and_shown_so(page, auckland, home):
    data = form_of(auckland, ("2040-01-10", "18:00"), ("2040-01-20", "10:30"))
    assert page.post(reverse(ADD), data).status_code == 302
    row = TargetPeriod.objects.get()
    assert row.starts_at == datetime(2040, 1, 10, 5, 0, tzinfo=UTC)  # +13 in their summer
    assert (row.ends_at - row.starts_at) == timedelta(days=9, hours=16, minutes=30)
    assert (row.by, Site.objects.get(pk=auckland.pk).next_pass_at is not None) == ("anna", True)

    content = page.get(reverse("admin:climate_targetperiod_change", args=[row.pk])).content.decode()
    assert 'value="2040-01-10"' in content
    assert 'value="18:00:00"' in content
    assert 'value="10:30:00"' in content
    listed = page.get(reverse("admin:climate_targetperiod_changelist")).content.decode()
    assert "10 Jan 2040 18:00" in listed
    assert "planned" in listed
    assert "the whole home" in listed
    assert timezone.get_current_timezone_name() == "UTC"


def test_unchanged_times_stay_to_the_minute(page, auckland, home):
    row = factories.target_period(auckland, starts_at=datetime(2040, 7, 1, 6, 0, tzinfo=UTC))
    data = form_of(auckland, ("2040-07-01", "18:00:00"), name="skiing")
    assert page.post(reverse("admin:climate_targetperiod_change", args=[row.pk]), data).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.starts_at) == ("skiing", datetime(2040, 7, 1, 6, 0, tzinfo=UTC))


def test_without_a_start_it_is_for_now(page, home):
    now = Meanwhile()
    assert page.post(reverse(ADD), form_of(home)).status_code == 302
    row = TargetPeriod.objects.get()
    assert row.starts_at in now
    assert not row.is_planned
    page.post(reverse(ADD), form_of(home, preset="eco"))
    assert [one.preset for one in TargetPeriod.objects.filter(cancelled_at=None)] == ["eco"]


def test_a_time_the_clocks_skip_is_refused(page, home):
    errors = errors_of(page.post(reverse(ADD), form_of(home, ("2040-03-25", "02:30"))))
    assert "may not exist" in errors["starts_at"][0]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"preset": ""}, "target_celsius", "Choose a preset or a target"),
        ({"preset": "", "target_celsius": "27"}, "target_celsius", "too close to the zone's high limit"),
        ({"ends_at_0": "2040-01-09", "ends_at_1": "18:00"}, "ends_at", "after it starts"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_a_problem_stands_beside_its_field(page, home, changes, field, words):
    factories.zone(home)
    errors = errors_of(page.post(reverse(ADD), form_of(home, ("2040-01-10", "18:00"), **changes)))
    assert list(errors) == [field]
    assert words in errors[field][0]
    assert not TargetPeriod.objects.exists()


def test_two_planned_ones_of_the_same_room_are_refused_by_name(page, home):
    room, other = factories.zone(home), factories.zone(home, "Bedroom")
    factories.target_period(home, zones=[room], name="guests", starts_at=datetime(2040, 1, 12, tzinfo=UTC))
    window = form_of(home, ("2040-01-10", "18:00"), ("2040-01-20", "10:00"))
    errors = errors_of(page.post(reverse(ADD), window))
    assert "overlaps ‘guests’ (12 Jan 01:00 – until you end it)" in errors["starts_at"][0]
    assert page.post(reverse(ADD), window | {"zones": [str(other.pk)]}).status_code == 302


def test_end_now_from_the_list_and_then_it_is_a_record(page, home):
    row = factories.target_period(home, starts_at=timezone.now() - timedelta(hours=1))
    url = reverse("admin:climate_targetperiod_changelist")
    answer = page.post(url, {"action": "end_now", "_selected_action": [str(row.pk)]}, follow=True)
    assert "holiday: is over." in answer.content.decode()
    row.refresh_from_db()
    assert row.cancelled_at is not None
    change = reverse("admin:climate_targetperiod_change", args=[row.pk])
    assert page.get(change).status_code == 200
    assert page.post(change, form_of(home)).status_code == 403


def test_no_site_chosen_is_told_and_rooms_of_another_are_refused(page, home, auckland):
    assert "site" in errors_of(page.post(reverse(ADD), form_of(home, site="")))
    assert "site" in errors_of(page.post(reverse(ADD), form_of(home, site="nowhere")))
    foreign = factories.zone(auckland)
    assert "belongs to" in errors_of(page.post(reverse(ADD), form_of(home, zones=[str(foreign.pk)])))["zones"][0]
