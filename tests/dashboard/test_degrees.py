"""Temperatures in °F for those who want it: on pages, in charts, as typed; everything stored stays °C."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dashboard import degrees, formats
from sites.models import ActivityLog, Alarm, Site
from tests.chance import examples

HTMX = {"HTTP_HX_REQUEST": "true"}
THIN = formats.THIN


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("20.48 °C is below the lower bound 20.5 °C.", "68.86 °F is below the lower bound 68.9 °F."),
        (
            "Hall is 0.5° below target, in its band of 20.5 to 21.5 °C.",
            "Hall is 0.9° below target, in its band of 68.9 to 70.7 °F.",
        ),
        ("−10…45 °C", "14…113 °F"),
        ("choose a target from 5 to 35 °C.", "choose a target from 41 to 95 °F."),
        ("says −40.0 °C", "says −40.0 °F"),
        (f"20.0{THIN}°C", f"68.0{THIN}°F"),
        ("at least 1 °C above it, 60 °C or below", "at least 1.8 °F above it, 140 °F or below"),
        ("falls 3 °C/h", "falls 5.4 °F/h"),
        ("heating early for 21.0 °C at 06:00 and 18.0 °C", "heating early for 69.8 °F at 06:00 and 64.4 °F"),
        ("from 06:00–21.0 °C", "from 06:00–69.8 °F"),
        ("800 W eco", "800 W eco"),
    ],
)
def test_sentences_written_in_celsius_are_translated(stored, shown):
    assert degrees.translated(stored) == stored
    with degrees.shown_in(degrees.FAHRENHEIT):
        assert degrees.translated(stored) == shown


@pytest.mark.parametrize(
    ("text", "unit", "celsius"),
    [
        ("20,3", "C", 20.3), (" 20.3° ", "C", 20.3), ("-3", "C", -3.0), ("69.8", "F", 21.0), ("21 °C", "F", 21.0),
        ("70°f", "C", 21.111), ("warm", "C", None), ("", "C", None), ("1e9", "C", None), ("nan", "C", None),
    ],
)  # fmt: skip
def test_what_is_typed_is_read_in_the_unit_shown(text, unit, celsius):
    with degrees.shown_in(unit):
        assert degrees.typed(text) == (None if celsius is None else pytest.approx(celsius, abs=1e-3))


@examples(50)
@given(celsius=st.decimals(-40, 60, places=1).map(float), unit=st.sampled_from(["C", "F"]))
def test_a_temperature_typed_as_it_is_shown_is_the_same_one(celsius, unit):
    with degrees.shown_in(unit):
        assert formats.degrees(degrees.typed(formats.degrees(celsius))) == formats.degrees(celsius)


@pytest.fixture
def fahrenheit(seen_home):
    Site.objects.filter(pk=seen_home.site.pk).update(temperature_unit="F")
    ActivityLog.objects.create(site=seen_home.site, text="Hall reached 28.0 °C.")
    Alarm.objects.create(site=seen_home.site, kind="k", subject="site", text="Hall is at 5.0 °C.", did="", remedy="")
    seen_home.record()
    seen_home.publish(
        zone={"trend_celsius_per_hour": 1.0},
        miner={"chip_temperature_celsius": 60.0, "reason": "Hall is 0.6° below target 21.0 °C."},
    )
    return seen_home


@pytest.mark.parametrize("name", ["home", "energy", "miners", "policies", "activity", "zone", "week", "miner"])
def test_no_page_shows_celsius_where_fahrenheit_is_wanted(signed_in, fahrenheit, name):
    ids = {"zone": [fahrenheit.zone.pk], "week": [fahrenheit.zone.pk], "miner": [fahrenheit.miner.pk]}
    page = signed_in.get(reverse(name, args=ids.get(name))).content.decode()
    assert re.findall(r".{20}\d[ \u202f]?°C", page) == []
    assert "41.0 °F" in page  # the alarm, on every page


def test_a_card_in_fahrenheit(signed_in, fahrenheit):
    page = signed_in.get("/").content.decode()
    for words in ("68.7°", "69.8°", "+1.8°/h", "1.1° below target 69.8 °F"):
        assert words in page


def test_targets_are_stepped_and_typed_in_fahrenheit_and_stored_in_celsius(signed_in, fahrenheit):
    address, zone = reverse("target", args=[fahrenheit.zone.pk]), fahrenheit.zone
    assert "71.0° until" in signed_in.post(address, {"step": "up"}, **HTMX).content.decode()
    assert "68.0° until" in signed_in.post(address, {"target": "68"}, **HTMX).content.decode()
    assert zone.overrides.filter(cancelled_at=None).latest("created_at").target_celsius == 20.0
    refused = signed_in.post(address, {"target": "200"}, **HTMX)
    assert refused.status_code == 422
    assert "choose a target from 41 to 95 °F" in refused.content.decode()


def test_charts_are_in_the_unit_of_the_home(signed_in, fahrenheit):
    address = reverse("zone-chart", args=[fahrenheit.zone.pk])
    data = signed_in.get(address).json()
    assert (data["unit"], max(data["low"])) == ("°F", pytest.approx(68.9))
    Site.objects.update(temperature_unit="C")
    data = signed_in.get(address).json()
    assert (data["unit"], max(data["low"])) == ("°C", 20.5)


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("20,3", "20.3° until"),
        ("2", "choose a target from 5 to 35 °C"),
        ("27.9", "Choose at most"),
        ("hot", "‘hot’ is no temperature"),
    ],
)
def test_a_target_is_typed_and_its_bounds_are_named(signed_in, seen_home, typed, seen):
    answer = signed_in.post(reverse("target", args=[seen_home.zone.pk]), {"target": typed}, **HTMX)
    assert seen in answer.content.decode()
