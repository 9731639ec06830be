"""Away and all eco: one tap for the whole home, said on every page, ended and undone by one tap each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from climate.services import start_period
from dashboard.away import away_bars, planned_lines
from dashboard.facts import Moment, PeriodFacts

HTMX = {"HTTP_HX_REQUEST": "true"}
NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
AT = Moment(NOW, ZoneInfo("Europe/Zurich"))


def period(**changes) -> PeriodFacts:
    values = {"id": "p1", "name": "away", "preset": "away", "target_celsius": None, "ends_at": None}
    begin = changes.get("starts_at", NOW - timedelta(hours=1))
    return PeriodFacts(**{**values, "starts_at": begin, "came_at": begin, **changes})


@pytest.mark.parametrize(
    ("changes", "title", "meaning", "back"),
    [
        ({}, "Away since 17:00, until you end it.", "Every room is kept at its away temperature.", "I’m back"),
        (
            {"name": "eco", "preset": "eco", "ends_at": NOW + timedelta(days=2)},
            "All eco since 17:00, until Fri 18:00.",
            "Every room is kept at its eco temperature.",
            "Back to the schedule",
        ),
        (
            {"name": "holiday", "preset": "", "target_celsius": 16.0, "rooms": ("Bath",)},
            "Holiday since 17:00, until you end it.",
            "Bath is kept at 16.0\u202f°C.",
            "I’m back",
        ),
        (
            {"preset": "frost", "rooms": ("Attic", "Bath", "Cellar", "Den", "Hall")},
            "Away since 17:00, until you end it.",
            "Attic, Bath, Cellar and 2 more are kept at their frost protection temperature.",
            "I’m back",
        ),
    ],
)
def test_a_bar_says_what_holds_since_when_and_what_it_means(changes, title, meaning, back):
    (bar,) = away_bars([period(**changes)], AT)
    assert (bar.title, bar.meaning, bar.back) == (title, meaning, back)
    assert planned_lines([period(**changes)], AT) == ()


def test_of_two_for_the_whole_home_the_one_that_came_last_is_told():
    holiday = period(id="holiday", name="holiday", starts_at=NOW - timedelta(days=2))
    eco = period(id="eco", name="eco", preset="eco", starts_at=NOW - timedelta(hours=1))
    bath = period(id="bath", rooms=("Bath",), starts_at=NOW - timedelta(days=3))
    assert [bar.id for bar in away_bars([bath, holiday, eco], AT)] == ["eco", "bath"]


def test_one_to_come_is_planned_and_no_bar():
    coming = period(name="holiday", starts_at=NOW + timedelta(days=1), ends_at=NOW + timedelta(days=3))
    assert away_bars([coming], AT) == ()
    (line,) = planned_lines([coming], AT)
    assert line.title == "Holiday from tomorrow 18:00, until Sat 18:00"


def start(client, home, **data):
    return client.post(reverse("away-start", args=[home.site.pk]), data, **HTMX)


def undo(client, answer):
    toast = answer.context["toast"]
    return client.post(toast["undo_url"], toast["undo_fields"], **HTMX)


def open_presets(home) -> list[str]:
    return list(home.site.target_periods.filter(cancelled_at=None).values_list("preset", flat=True))


@pytest.mark.parametrize(("preset", "words"), [("away", "Away since"), ("eco", "All eco since")])
def test_one_tap_keeps_every_room_so_and_one_ends_it(signed_in, seen_home, preset, words):
    start(signed_in, seen_home, preset=preset)
    html = signed_in.get("/miners/").content.decode()  # on every page
    assert words in html
    period = seen_home.site.target_periods.get()
    assert (period.ends_at, period.by) == (None, "anna")
    answer = signed_in.post(reverse("away-end", args=[period.pk]), **HTMX)
    assert words not in signed_in.get("/").content.decode()
    undo(signed_in, answer)
    assert open_presets(seen_home) == [preset]


def test_the_start_is_undone_and_what_it_ended_comes_back(signed_in, seen_home):
    start(signed_in, seen_home, preset="eco")
    answer = start(signed_in, seen_home, preset="away")
    assert open_presets(seen_home) == ["away"]
    undo(signed_in, answer)
    assert open_presets(seen_home) == ["eco"]


def test_until_a_time_of_the_homes_own_clocks(client, anna, seen_home):
    with time_machine.travel(NOW):
        client.force_login(anna)
        answer = start(client, seen_home, preset="away", until="2026-01-18T18:00")
        assert seen_home.site.target_periods.get().ends_at == datetime(2026, 1, 18, 17, 0, tzinfo=UTC)
        assert "until Sun 18:00" in answer.content.decode()


def test_from_a_time_to_come_it_is_planned_and_cancelled_by_anybody(client, anna, seen_home):
    with time_machine.travel(NOW):
        client.force_login(anna)
        times = {"from": "2026-01-16T08:00", "until": "2026-01-18T18:00"}
        assert "from Fri 08:00, until Sun 18:00" in start(client, seen_home, preset="away", **times).content.decode()
        period = seen_home.site.target_periods.get()
        assert (period.starts_at, period.ends_at) == (
            datetime(2026, 1, 16, 7, 0, tzinfo=UTC),
            datetime(2026, 1, 18, 17, 0, tzinfo=UTC),
        )
        html = client.get("/").content.decode()
        assert "Away from Fri 08:00, until Sun 18:00" in html
        assert f'id="drop-{period.pk}"' in html
        client.post(reverse("away-end", args=[period.pk]), **HTMX)
        assert "Away from" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ({"preset": "away", "from": "2001-01-01T00:00"}, "is over"),
        ({"preset": "away", "from": "later"}, "From: ‘later’ is no time"),
        ({"preset": "away", "from": "2190-01-02T00:00", "until": "2190-01-01T00:00"}, "end after it starts"),
        ({"preset": "comfort"}, "comfort"),
        ({}, "choose away or eco"),
        ({"preset": "away", "until": "soon"}, "soon"),
        ({"preset": "away", "until": "0001-01-01T00:00"}, "0001"),
        ({"preset": "away", "until": "2001-01-01T00:00"}, "end after it starts"),
    ],
)
def test_bad_input_is_refused_in_words(signed_in, seen_home, data, seen):
    answer = start(signed_in, seen_home, **data)
    assert answer.status_code == 422
    assert seen in answer.content.decode()
    assert open_presets(seen_home) == []


def test_ending_twice_says_so(signed_in, seen_home):
    period = start_period(seen_home.site, preset="away", by="anna")
    for words in ("follow their schedules", "over already"):
        assert words in signed_in.post(reverse("away-end", args=[period.pk]), **HTMX).content.decode()


def test_a_card_says_away_and_shows_the_rooms_own_temperature(signed_in, seen_home):
    start(signed_in, seen_home, preset="away")
    html = signed_in.get("/").content.decode()
    assert "15.0°" in html
    assert "until you end it" in html


def test_a_planned_holiday_is_listed_with_its_form(signed_in, seen_home):
    now = timezone.now()
    period = start_period(
        seen_home.site, preset="away", name="holiday", starts_at=now + timedelta(days=30),
        ends_at=now + timedelta(days=37), by="anna",
    )  # fmt: skip
    html = signed_in.get("/").content.decode()
    assert "Holiday from" in html
    assert reverse("admin:climate_targetperiod_change", args=[period.pk]) in html
