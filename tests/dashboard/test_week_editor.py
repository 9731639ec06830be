"""The editor's page and what it saves through: the same validation as the API, nothing lost, nobody overwritten."""

from __future__ import annotations

import json
from datetime import time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from climate.models import TargetOverride, TemperatureSlot
from climate.state import Target
from dashboard import formats
from dashboard.facts import Moment
from dashboard.week_editor import holds_words
from sites.models import ActivityLog, Site
from tests import factories

pytestmark = pytest.mark.django_db


def block(day=0, start=360, minutes=120, preset="comfort", celsius=None):
    return {"at": day * 1440 + start, "minutes": minutes, "preset": preset, "celsius": celsius}


@pytest.fixture
def zone(seen_home):
    return seen_home.zone


@pytest.fixture
def editor(signed_in, zone):
    """What the page gives its script."""
    return page_data(signed_in, zone)


def page_data(client, zone):
    return client.get(reverse("week", args=[zone.pk])).context["editor"]


def save(client, zone, blocks, digest, **extra):
    body = json.dumps({"blocks": blocks, "digest": digest})
    return client.post(reverse("week-save", args=[zone.pk]), body, content_type="application/json", **extra)


def stored(zone):
    return [(s.weekdays, f"{s.start_time:%H:%M}", f"{s.end_time:%H:%M}", s.preset, s.target_celsius)
            for s in TemperatureSlot.objects.filter(zone=zone).order_by("weekdays", "start_time")]  # fmt: skip


def test_the_page_gives_the_week_as_blocks(signed_in, zone):
    TemperatureSlot.objects.create(zone=zone, weekdays=3, start_time="22:00", end_time="06:00", preset="eco")
    response = signed_in.get(reverse("week", args=[zone.pk]))
    content = response.content.decode()
    assert "Week of Living room" in content
    assert response.context["editor"]["blocks"] == [block(0, 1320, 480, "eco"), block(1, 1320, 480, "eco")]
    assert '"digest"' in content
    assert reverse("admin:climate_climatezone_change", args=[zone.pk]) in content  # the way without JavaScript
    assert "22:00–24:00 eco 18.0°" in content


def test_the_room_leads_to_its_week(signed_in, seen_home):
    seen_home.publish()
    content = signed_in.get(reverse("zone", args=[seen_home.zone.pk])).content.decode()
    assert f'href="{reverse("week", args=[seen_home.zone.pk])}"' in content
    assert 'id="week"' in content


def test_a_saved_week_has_one_row_for_several_days_and_wakes_the_site(signed_in, zone, editor):
    before = timezone.now()
    Site.objects.filter(pk=zone.site_id).update(next_pass_at=before + timedelta(hours=1))
    week = [block(day) for day in range(5)] + [block(6, 1380, 420, "", 18.5)]
    response = save(signed_in, zone, week, editor["digest"])
    assert response.status_code == 200, response.content
    assert stored(zone) == [(31, "06:00", "08:00", "comfort", None), (64, "23:00", "06:00", "", 18.5)]
    assert zone.slots.get(weekdays=31).start_time == time(6)
    site = Site.objects.get(pk=zone.site_id)
    assert site.next_pass_at <= timezone.now()
    answer = response.json()
    assert answer["blocks"] == sorted(week, key=lambda one: one["at"])
    assert answer["previous"] == []
    assert answer["holds"].startswith("Now ")
    assert ActivityLog.objects.filter(site=site, actor="anna", text__contains="schedule").exists()


def test_saving_twice_in_a_row_and_taking_it_back(signed_in, zone, editor):
    first = save(signed_in, zone, [block()], editor["digest"]).json()
    second = save(signed_in, zone, [block(1)], first["digest"]).json()
    assert second["previous"] == [block()]
    undone = save(signed_in, zone, second["previous"], second["digest"])
    assert undone.json()["digest"] == first["digest"]
    assert stored(zone) == [(1, "06:00", "08:00", "comfort", None)]


def test_a_week_changed_elsewhere_is_not_overwritten_unasked(signed_in, zone, editor):
    TemperatureSlot.objects.create(zone=zone, weekdays=1, start_time="09:00", end_time="10:00", target_celsius=19)
    response = save(signed_in, zone, [block()], editor["digest"])
    assert response.status_code == 409
    assert "changed elsewhere" in response.json()["error"]
    assert response.json()["blocks"] == [block(0, 540, 60, "", 19.0)]
    assert stored(zone) == [(1, "09:00", "10:00", "", 19.0)]
    assert save(signed_in, zone, [block()], response.json()["digest"]).status_code == 200
    assert stored(zone) == [(1, "06:00", "08:00", "comfort", None)]


def test_the_same_week_in_other_rows_is_no_conflict(signed_in, zone):
    for day in (1, 2):
        TemperatureSlot.objects.create(zone=zone, weekdays=day, start_time="06:00", end_time="08:00", preset="eco")
    digest = page_data(signed_in, zone)["digest"]
    zone.slots.all().delete()
    TemperatureSlot.objects.create(zone=zone, weekdays=3, start_time="06:00", end_time="08:00", preset="eco")
    assert save(signed_in, zone, [], digest).status_code == 200
    assert stored(zone) == []


@pytest.mark.parametrize(
    ("blocks", "index", "words"),
    [
        ([block(), block(1), block(0, 420)], 2, "overlaps"),
        ([block(), block(1, 300, 60, "", 40.0), block(2)], 1, "40 °C, choose"),
        ([block(), block(1, 300, 60, "", 27.2), block(2)], 1, "high limit of 28 °C"),
        ([block(), block(1, 300, 60, "", 4.0)], 1, "4 °C, choose a target from 5 to 35 °C"),
        ([block(day=9)], 0, "at: ‘13320’"),
        ("a week", None, "list of slots"),
    ],
)
def test_what_cannot_be_is_refused_at_its_block_and_nothing_is_changed(signed_in, zone, editor, blocks, index, words):
    response = save(signed_in, zone, blocks, editor["digest"])
    assert response.status_code == 422
    assert response.json()["index"] == index
    assert words in response.json()["error"]
    assert stored(zone) == []


def test_a_preset_too_warm_for_the_limit_is_refused(signed_in, zone, editor):
    type(zone).objects.filter(pk=zone.pk).update(high_limit_celsius=22.0)
    response = save(signed_in, zone, [block(preset="eco"), block(1)], editor["digest"])
    assert response.status_code == 422
    assert response.json()["index"] == 1
    assert stored(zone) == []


@pytest.mark.parametrize("body", ["", "[", "[1]", "null", "[" * 100_000, '{"blocks": [{}]}'])
def test_what_is_no_week_is_answered_in_words(signed_in, zone, body):
    response = signed_in.post(reverse("week-save", args=[zone.pk]), body, content_type="application/json")
    assert response.status_code == 422
    assert response.json()["error"]


def test_only_people_who_signed_in_with_their_own_token_save(client, anna, zone):
    url = reverse("week-save", args=[zone.pk])
    assert client.get(reverse("week", args=[zone.pk])).status_code == 302
    assert save(client, zone, [block()], "").status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna)
    assert save(strict, zone, [block()], "").status_code == 403
    assert strict.get(url).status_code in (403, 405)
    assert stored(zone) == []


def test_a_room_that_is_gone_is_not_found(signed_in, zone):
    url = reverse("week-save", args=[zone.pk])
    zone.miners.clear()
    zone.delete()
    assert signed_in.post(url, '{"digest": "", "blocks": []}', content_type="application/json").status_code == 404


def test_the_page_shows_the_home_of_its_room(signed_in, zone):
    other = factories.site(name="Cabin")
    bedroom = factories.zone(other, "Loft")
    assert "Cabin" in signed_in.get(reverse("week", args=[bedroom.pk])).content.decode()


def test_statements_do_not_grow_with_the_week(signed_in, zone, django_assert_max_num_queries):
    url = reverse("week", args=[zone.pk])
    signed_in.get(url)
    with django_assert_max_num_queries(100) as few:
        signed_in.get(url)
    for hour in range(20):
        hours = {"start_time": time(hour), "end_time": time(hour + 1)}
        TemperatureSlot.objects.create(zone=zone, weekdays=127, preset="eco", **hours)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert len(page_data(signed_in, zone)["blocks"]) == 140


def test_from_when_it_holds_is_said_in_words(zone):
    at = Moment(timezone.now(), zone.site.tz)
    later = at.now + timedelta(minutes=90)
    words = holds_words(Target(21.0, 21.0, "schedule 06:00–08:00", until=later, next_celsius=18.0), at)
    end = formats.moment(later, at.now, at.tz)
    assert words == f"Now 21.0°, schedule 06:00–08:00, until {end}, then 18.0°."
    assert holds_words(Target(20.0, 20.0, "default target"), at) == "Now 20.0°, default target. No change is planned."


def test_a_wish_by_hand_is_said_beside_the_week(signed_in, zone):
    TargetOverride.objects.create(zone=zone, target_celsius=23.0, until=None, by="anna")
    assert "Now 23.0°, set by hand" in signed_in.get(reverse("week", args=[zone.pk])).content.decode()


def test_an_open_window_counts_beside_the_week_too(signed_in, seen_home):
    seen_home.publish(zone={"lowered": "window"})
    content = signed_in.get(reverse("week", args=[seen_home.zone.pk])).content.decode()
    assert "Now 7.0°, default target, paused: the window is open" in content


def test_what_holds_now_is_a_live_part(signed_in, zone):
    url = reverse("week", args=[zone.pk])
    shape = signed_in.get(url).context["shape"]
    TargetOverride.objects.create(zone=zone, target_celsius=23.0, until=None, by="anna")
    live = signed_in.get(url, {"shape": shape}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="week-holds"' in live
    assert "Now 23.0°, set by hand" in live
    assert "week-editor" not in live  # nothing somebody works on is ever swapped
