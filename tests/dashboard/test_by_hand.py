"""What a person may ask of a miner by hand: its own levels, for a while; everything else is refused in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse

from miners.models import ManualRequest
from miners.power import Level, PowerModel, on_or_off
from miners.requests import manual
from miners.services import request_power
from tests.moments import Meanwhile

from .conftest import AVALON

HTMX = {"HTTP_HX_REQUEST": "true"}
NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
RANGE = PowerModel((Level("900 W", 900.0), Level("3000 W", 3000.0)), step_w=50.0)


# --- pure -----------------------------------------------------------------------------------------


def test_every_level_can_be_asked_for_and_fits_itself():
    odd = PowerModel((Level("525", 14.6), Level("575", 16.4), Level("600", 17.2)))
    for model in (AVALON, odd, on_or_off(1000)):
        for level in model.levels:
            assert model.fitting(manual.watts_of_level(model, level.key)) == level.power_w


@pytest.mark.parametrize("key", ["turbo", "", "ECO", "eco ", "<b>", "9" * 500])
def test_a_level_it_does_not_have_is_refused_and_its_own_are_named(key):
    with pytest.raises(ValidationError) as refused:
        manual.watts_of_level(AVALON, key)
    (said,) = refused.value.message_dict["level"]
    assert "eco (800\u202fW), standard (1300\u202fW), super (1600\u202fW)" in said
    assert len(said) < 200


def test_many_levels_are_not_all_listed():
    many = PowerModel(tuple(Level(f"p{watts}", float(watts)) for watts in range(100, 200)))
    with pytest.raises(ValidationError, match="and 88 more"):
        manual.watts_of_level(many, "x")


@pytest.mark.parametrize(
    ("model", "nominal_w", "asked", "taken_w"),
    [
        (RANGE, 3000, "900", 900),
        (RANGE, 3000, "1049", 1000),
        (RANGE, 3000, 3000, 3000),
        (AVALON, 1600, "800", 800),
        (AVALON, 1600, 1599, 1300),
        (AVALON, 1300, 1600, 1600),  # above its usual power, but a level it has
        (on_or_off(2000), 2000, "2000", 2000),
        (on_or_off(1800), 2000, 1800, 2000),  # its level says less than its nominal power: the higher counts
        (on_or_off(2000), 1800, 1800, 2000),
    ],
)
def test_what_is_asked_by_hand_is_taken_as_the_miner_takes_it(model, nominal_w, asked, taken_w):
    assert manual.watts_taken(model, nominal_w, asked) == taken_w


GARBAGE = ["", "0", "-1", "1000000000", "nan", "inf", "-inf", "much", "1,5", 10**400]


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        *((RANGE, asked, "Choose from 900 W to 3000 W, in steps of 50 W.") for asked in ("899", 3001, *GARBAGE)),
        *((AVALON, asked, "its levels: eco (800 W), standard (1300 W)") for asked in ("799", 1601, 100, *GARBAGE)),
        *((on_or_off(2000), asked, "ask for 2000 W, or give no watts") for asked in ("100", 1999, 2001, *GARBAGE)),
    ],
)
def test_watts_it_cannot_take_are_refused_with_those_it_can(model, asked, said):
    """On its page, in the set-up and in the API alike."""
    with pytest.raises(ValidationError) as refused:
        manual.watts_taken(model, round(model.max_w), asked)
    (sentence,) = refused.value.message_dict["power_w"]
    assert said in sentence.replace("\u202f", " ")
    assert f"‘{str(asked)[:40]}’ is not a valid power" in sentence


@pytest.mark.parametrize("minutes", [0, -1, 1441, 10**9, -(10**9)])
def test_no_duration_beyond_a_day_or_of_nothing(minutes):
    with pytest.raises(ValidationError, match=r"1 minute to 1440 \(24 hours\)"):
        manual.end_after(minutes, NOW)


@pytest.mark.parametrize("text", ["", "2h", "1.5", "1e3", "--1", "٣", "9" * 13, "None"])
def test_minutes_that_are_no_number(text):
    with pytest.raises(ValidationError, match="no duration"):
        manual.minutes_of(text)


def test_a_day_is_the_longest():
    assert manual.end_after(1440, NOW) == NOW + timedelta(hours=24)


def test_levels_are_called_as_a_person_reads_them():
    names = [manual.level_words(Level(key, watts)) for key, watts in (("eco", 800.0), ("3", 1500.0), ("900 W", 900.0))]
    assert [name.replace("\u202f", " ") for name in names] == ["eco, 800 W", "level 3, 1500 W", "900 W"]


# --- the service ----------------------------------------------------------------------------------


def test_the_highest_level_may_be_asked_for_also_above_nominal(seen_home, give_levels):
    give_levels()
    seen_home.miner.nominal_power_w = 1300
    assert request_power(seen_home.miner, 1600, by="Ada").power_w == 1600
    with pytest.raises(ValidationError, match="its levels: eco"):
        request_power(seen_home.miner, 1601, by="Ada")


@pytest.mark.parametrize(("nominal_w", "taken_w"), [(2000, 1600), (1500, 1300), (500, 800)])
def test_without_watts_it_is_asked_for_the_level_of_its_usual_power(seen_home, give_levels, nominal_w, taken_w):
    give_levels()
    seen_home.miner.nominal_power_w = nominal_w
    assert request_power(seen_home.miner, None, by="Ada").power_w == taken_w


# --- in the page ----------------------------------------------------------------------------------


@pytest.fixture
def ask(signed_in, seen_home):
    """`ask(level=…, duration=…)`: what the panel of the card sends; the answer."""

    def send(**fields):
        return signed_in.post(reverse("miner-on", args=[seen_home.miner.pk]), fields, **HTMX)

    return send


def wish(seen_home) -> ManualRequest:
    return seen_home.miner.requests.get(cancelled_at=None)


def test_a_level_for_four_hours(ask, seen_home, give_levels):
    give_levels()
    now = Meanwhile()
    said = ask(level="eco", duration="240").content.decode()
    assert wish(seen_home).power_w == 800
    assert wish(seen_home).until - timedelta(hours=4) in now
    assert "is asked to run at eco, 800\u202fW until" in said
    assert reverse("miner-resume", args=[seen_home.miner.pk]) in said  # undo


def test_one_tap_is_full_power_for_two_hours(ask, seen_home, give_levels):
    give_levels()
    now = Meanwhile()
    ask()
    assert wish(seen_home).power_w == 1600
    assert wish(seen_home).until - timedelta(hours=2) in now


def test_a_level_without_a_duration_is_for_two_hours(ask, seen_home, give_levels):
    give_levels()
    now = Meanwhile()
    ask(level="standard")
    assert wish(seen_home).power_w == 1300
    assert wish(seen_home).until - timedelta(hours=2) in now


def test_until_a_time_of_the_clock_of_the_home(client, anna, seen_home):
    with time_machine.travel("2099-01-14T17:00:00Z"):  # 18:00 in Zurich
        client.force_login(anna)
        fields = {"duration": "clock", "clock": "22:00"}
        client.post(reverse("miner-on", args=[seen_home.miner.pk]), fields, **HTMX)
        assert wish(seen_home).until.isoformat() == "2099-01-14T21:00:00+00:00"


def test_watts_between_two_levels_are_the_lower_one_and_it_is_said(ask, seen_home, give_levels):
    give_levels()
    said = ask(power_w="1500").content.decode().replace("\u202f", " ")
    assert "is asked to run at standard, 1300 W until" in said
    assert "1500 W is between two of its levels, so it takes the lower one: standard, 1300 W." in said
    assert wish(seen_home).power_w == 1300


def test_watts_of_a_range(ask, seen_home, give_levels):
    give_levels(RANGE)
    assert "at 1200\u202fW" in ask(power_w="1230", duration="60").content.decode()
    assert wish(seen_home).power_w == 1200


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"level": "turbo"}, "‘turbo’ is none of its levels"),
        ({"level": ""}, "one of: eco"),
        ({"level": "eco", "duration": "0"}, "‘0’ minutes"),
        ({"level": "eco", "duration": "-1"}, "‘-1’ minutes"),
        ({"level": "eco", "duration": "1000000000"}, "‘1000000000’ minutes"),
        ({"level": "eco", "duration": "soon"}, "‘soon’ minutes"),
        ({"duration": ""}, "no duration"),
        ({"duration": "clock", "clock": "25:00"}, "25:00"),
        ({"duration": "clock"}, "no time of day"),
        ({"power_w": "700"}, "its levels: eco"),
        ({"power_w": "1601"}, "its levels: eco"),
    ],
)
def test_garbage_is_refused_in_words_and_nothing_is_stored(ask, give_levels, fields, seen):
    give_levels()
    answer = ask(**fields)
    assert answer.status_code == 422
    assert seen in answer.content.decode()
    assert not ManualRequest.objects.exists()


@pytest.mark.parametrize("power_w", ["", "0", "-5", "1000000000", "much"])
def test_garbage_watts_are_refused_in_words_and_nothing_is_stored(ask, give_levels, power_w):
    give_levels(RANGE)
    answer = ask(power_w=power_w, duration="60")
    assert answer.status_code == 422
    assert "Choose from 900" in answer.content.decode()
    assert not ManualRequest.objects.exists()


def test_what_is_set_aside_or_has_no_switch_is_not_switched_on(ask, seen_home):
    miners = type(seen_home.miner).objects
    miners.update(is_active=False)
    assert "active" in ask().content.decode()
    miners.update(is_active=True, controller=None)
    assert "what switches it" in ask().content.decode()
    assert not ManualRequest.objects.exists()
