"""The sensors of a room in words: each one's value, health and reason, and what they say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from climate.models import ClimateMonitor, ClimateZone
from climate.state import Target
from dashboard.facts import Moment, ZoneFacts
from dashboard.formats import THIN
from dashboard.sensors import Monitor, sensors
from optimization.demo import create_demo_home
from optimization.passes.run import run_sites

from .conftest import zone_live

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
AT = Moment(NOW, ZoneInfo("Europe/Zurich"))
TWO = (Monitor("m1", "Shelf", 3600), Monitor("m2", "Wall", 900, ("It repeats old values.",)))


def panel(rows=TWO, **changes):
    zone = ZoneFacts("z", "Den", Target(21.0, 21.0, "default target"), 0.5, 900, live=zone_live(NOW, **changes))
    return sensors(zone, rows, AT, high_limit_celsius=28.0, frost_limit_celsius=None)


def seen(health="ok", celsius=20.4, problem=""):
    return {"health": health, "temperature_celsius": celsius, "problem": problem, "observed_at": NOW.isoformat()}


def test_every_sensor_is_told_by_itself():
    found = panel(monitors={"m1": seen(), "m2": seen("lost", None, "has been silent for 2 h")})
    shelf, wall = found.lines
    assert (shelf.name, shelf.value.replace(THIN, " "), shelf.health, shelf.tone) == (
        "Shelf",
        "20.4 °C",
        "believed",
        "calm",
    )
    assert (wall.value, wall.health, wall.tone) == ("–", "lost", "alarm")
    assert wall.problem == "It has been silent for 2 h."
    assert (wall.observed_at, wall.stale_after_seconds) == (NOW, 450)


def test_one_nothing_is_known_of_yet_claims_nothing():
    (line,) = panel(TWO[:1]).lines
    assert (line.value, line.health, line.problem) == ("–", "not known yet", "")


def test_what_suits_a_sensor_and_what_is_to_be_known_of_it():
    suits = {"suits_seconds": 9300, "suits": "It was silent for up to 2 h between two reports."}
    shelf, wall = panel(monitors={"m1": seen() | suits, "m2": seen()}).lines
    assert (shelf.suits_seconds, shelf.suits_words, shelf.cautions) == (9300, "2 h 35 min", ())
    assert (wall.suits, wall.suits_words, wall.cautions) == ("", "", ("It repeats old values.",))


def test_what_is_wrong_is_said_once():
    gone = {"monitors": {"m1": seen("lost", None, "is gone")}, "problem": "The sensor ‘Shelf’ is gone."}
    assert panel(TWO[:1], **gone).problem == ""
    also = {**gone, "problem": "The sensor ‘Shelf’ is gone. The window of Den counts as closed. It is gone."}
    assert panel(TWO[:1], **also).problem == also["problem"]
    apart = {"monitors": {"m1": seen(), "m2": seen(celsius=25.0)}, "problem": "The sensors of Den differ by 4.6 K."}
    assert panel(**apart).problem == "The sensors of Den differ by 4.6 K."


@pytest.mark.parametrize(
    ("changes", "words"),
    [({}, ""), ({"window_by_slope": False}, "open since 17:55"), ({"window_by_slope": True}, "looks open since 17:55")],
)
def test_the_window(changes, words):
    since = {"window_open_since": (NOW - timedelta(minutes=5)).isoformat()} if changes else {}
    assert panel(**changes, **since).window == words


def test_people_and_limits():
    found = panel(is_occupied=False)
    assert (found.presence, found.high_limit.replace(THIN, " "), found.frost_limit) == (
        "nobody is there",
        "28.0 °C",
        "",
    )
    assert panel(is_occupied=None).presence == ""


def test_what_a_pass_saw_of_each_sensor_stands_on_the_page_of_its_room(signed_in):
    site = create_demo_home()
    run_sites([site.pk])
    room = ClimateZone.objects.get(name="Living room")
    (monitor,) = room.monitors.all()
    html = signed_in.get(reverse("zone", args=[room.pk])).content.decode()
    line = html.partition('<ul class="sensors">')[2].partition("</ul>")[0]
    assert monitor.name in line
    assert "believed" in line
    assert "°C" in line


def doubted(home, celsius=12.0) -> ClimateMonitor:
    """The home's sensor, as a pass that does not believe it left it on the page."""
    (row,) = home.zone.monitors.all()
    in_doubt = seen("suspect", None, "jumped") | {"says_celsius": celsius, "doubted_celsius": celsius}
    home.publish(zone={"temperature_celsius": None, "sensor": "suspect", "monitors": {str(row.pk): in_doubt}})
    return row


def test_a_value_in_doubt_is_confirmed_with_one_tap(signed_in, seen_home):
    row = doubted(seen_home)
    html = signed_in.get(reverse("zone", args=[seen_home.zone.pk])).content.decode()
    assert "This value is right" in html
    assert f"says 12.0{THIN}°C" in html
    answer = signed_in.post(reverse("confirm-value", args=[row.pk]), {"celsius": "12"}, HTTP_HX_REQUEST="true")
    assert f"12.0{THIN}°C is believed from the next update on" in answer.content.decode()
    row.refresh_from_db()
    assert row.confirmed_celsius == 12.0
    assert seen_home.site.activity.get().text == f"‘{row}’ says 12.0{THIN}°C, and that is right."


@pytest.mark.parametrize(
    ("celsius", "words"),
    [
        ("21", "by now, not 21.0"),  # another value than the one that is in doubt
        ("nan", "is outside what is believed"),
        ("warm", "‘warm’ is not a temperature in °C."),
    ],
)
def test_what_cannot_be_confirmed_is_refused(signed_in, seen_home, celsius, words):
    row = doubted(seen_home)
    answer = signed_in.post(reverse("confirm-value", args=[row.pk]), {"celsius": celsius}, HTTP_HX_REQUEST="true")
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    row.refresh_from_db()
    assert row.confirmed_at is None


def test_nothing_in_doubt_is_nothing_to_confirm(signed_in, seen_home):
    seen_home.publish()
    (row,) = seen_home.zone.monitors.all()
    answer = signed_in.post(reverse("confirm-value", args=[row.pk]), {"celsius": "20"}, HTTP_HX_REQUEST="true")
    assert "is in doubt, so there is nothing to confirm" in answer.content.decode()
    assert "This value is right" not in signed_in.get(reverse("zone", args=[seen_home.zone.pk])).content.decode()


def test_a_jump_that_waits_is_shown_beside_what_control_sees():
    (line,) = panel(TWO[:1], monitors={"m1": seen() | {"says_celsius": 23.9}}).lines
    assert (line.value, line.says) == (f"20.4{THIN}°C", f"says 23.9{THIN}°C, waits for another report")
    (line,) = panel(TWO[:1], monitors={"m1": seen() | {"says_celsius": 20.4}}).lines
    assert line.says == ""
