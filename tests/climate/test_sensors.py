"""How far a sensor is believed: a table of what it may do, and properties over arbitrary readings and memory."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.sensors import (
    PLAUSIBLE_OUTDOORS_CELSIUS,
    RETURN_AFTER,
    UNAVAILABLE_LOST_AFTER,
    Limits,
    judge,
)
from climate.state import ClimateReading, SensorHealth

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
USUAL = Limits(timedelta(minutes=60))
OK, SUSPECT, LOST = SensorHealth.OK, SensorHealth.SUSPECT, SensorHealth.LOST


def reading(celsius=20.0, *, age=0.0, humidity=None):
    return ClimateReading(celsius, humidity, NOW - timedelta(seconds=age))


def judged(value, memory=None, *, now=NOW, error="cannot be read: it is off", limits=USUAL):
    return judge("hall", value, error if value is None else "", memory or {}, limits=limits, now=now)


def good_memory(celsius=20.0, seconds_ago=10.0):
    at = (NOW - timedelta(seconds=seconds_ago)).isoformat()
    return {"last": celsius, "last_at": at, "last_observed": at}


BAD_SINCE_119 = {"bad_since": (NOW - timedelta(seconds=119)).isoformat()}
BAD_SINCE_120 = {"bad_since": (NOW - timedelta(seconds=120)).isoformat()}


@pytest.mark.parametrize(
    ("name", "value", "memory", "health", "words"),
    [
        ("good", reading(), {}, OK, ""),
        ("no time of its own", ClimateReading(20.0), {}, OK, ""),
        ("coldest plausible", reading(-10.0), {}, OK, ""),
        ("hottest plausible", reading(45.0), {}, OK, ""),
        ("below", reading(-10.1), {}, SUSPECT, "which no room has"),
        ("above", reading(45.1), {}, SUSPECT, "which no room has"),
        ("not a number", reading(math.nan), {}, SUSPECT, "which no room has"),
        ("infinite", reading(math.inf), {}, SUSPECT, "which no room has"),
        ("DS18B20 unplugged", reading(-127.0), {}, SUSPECT, "−127.0 °C"),
        ("DS18B20 after power-up", reading(85.0), {}, SUSPECT, "85.0 °C"),
        ("implausible for 119 s", reading(85.0), BAD_SINCE_119, SUSPECT, "85.0 °C"),
        ("implausible for 120 s", reading(85.0), BAD_SINCE_120, LOST, "85.0 °C"),
        ("unavailable just now", None, {}, SUSPECT, "it is off"),
        ("unavailable for 119 s", None, BAD_SINCE_119, SUSPECT, "it is off"),
        ("unavailable for 2 min", None, BAD_SINCE_120, LOST, "it is off"),
        ("exactly as old as allowed", reading(age=3600), {}, OK, ""),
        ("older than allowed: lost at once", reading(age=3601), {}, LOST, "silent for 60 min"),
        ("silent for hours", reading(age=3 * 3600), {}, LOST, "silent for 3 h"),
        ("a little ahead", reading(age=-60), {}, OK, ""),
        ("from the future", reading(age=-61), {}, SUSPECT, "from the future"),
        ("from the future for long", reading(age=-61), BAD_SINCE_120, LOST, "from the future"),
        (
            "jump up",
            reading(25.2),
            good_memory(),
            SUSPECT,
            "jumped from 20.0 to 25.2 °C, faster than a room can change",
        ),
        ("jump down", reading(14.9), good_memory(), SUSPECT, "jumped from 20.0 to 14.9 °C"),
        ("just no jump", reading(25.0), good_memory(), OK, ""),
        ("so much is a change after 10 min", reading(29.9), good_memory(seconds_ago=600), OK, ""),
        ("but no more than that", reading(30.1), good_memory(seconds_ago=599), SUSPECT, "jumped"),
        ("a clock that was set back proves nothing", reading(30.0), good_memory(seconds_ago=-100), SUSPECT, "jumped"),
    ],
)
def test_what_a_sensor_may_do(name, value, memory, health, words):
    state, _ = judged(value, memory)
    assert state.health is health
    assert (state.temperature_celsius is not None) == (health is OK)
    assert words in state.problem
    assert bool(state.problem) == (health is not OK)


def test_what_is_believed_is_passed_on():
    state, memory = judged(reading(21.5, humidity=40.0, age=30))
    assert (state.temperature_celsius, state.humidity_percent, state.plausible_celsius) == (21.5, 40.0, 21.5)
    assert state.observed_at == NOW - timedelta(seconds=30)
    assert memory == {
        "last": 21.5,
        "last_at": NOW.isoformat(),
        "last_observed": (NOW - timedelta(seconds=30)).isoformat(),
        "reported_at": NOW.isoformat(),
        "air": 21.5,
        "room": 21.5,
        "steady": 21.5,
    }


@pytest.mark.parametrize(
    ("value", "memory", "plausible"),
    [
        (reading(30.0), good_memory(20.0), 30.0),  # a jump up: the room may really be that hot
        (reading(10.0), good_memory(20.0), 20.0),  # a jump down: it may still be as it was
        (reading(85.0), good_memory(27.5), 27.5),
        (None, good_memory(27.5), 27.5),
        (None, {}, None),
        (reading(26.0, age=4000), {}, 26.0),
    ],
)
def test_the_highest_the_room_may_be(value, memory, plausible):
    assert judged(value, memory)[0].plausible_celsius == plausible


class Sensor:
    """One sensor over time; its memory goes through JSON between two looks."""

    def __init__(self, memory=None, limits=USUAL):
        self.memory, self.limits, self.now = memory or {}, limits, NOW

    def says(self, celsius, *, seconds=10):
        """`seconds` later it says this (None: nothing)."""
        self.now += timedelta(seconds=seconds)
        value = None if celsius is None else ClimateReading(celsius)
        state, memory = judge("hall", value, "is off", self.memory, limits=self.limits, now=self.now)
        self.memory = json.loads(json.dumps(memory))
        return state

    def until(self, health, celsius, *, at_most=timedelta(hours=1)):
        """How long it says this until it is judged so."""
        began = self.now
        while self.says(celsius).health is not health:
            assert self.now - began < at_most
        return self.now - began


def test_it_is_lost_after_two_minutes_and_believed_after_five_good_ones():
    sensor = Sensor()
    sensor.says(20.0)
    healths = [sensor.says(None).health for _ in range(18)]
    assert healths == [SUSPECT] * 12 + [LOST] * 6
    problems = []
    while (state := sensor.says(19.0)).health is LOST:
        assert state.temperature_celsius is None
        problems.append(state.problem)
    assert len(problems) * timedelta(seconds=10) == RETURN_AFTER
    assert problems[0] == "was lost and has been good again for 0 of 5 min"
    assert problems[-1] == "was lost and has been good again for 4 of 5 min"
    assert state.health is OK
    assert not {"bad_since", "lost", "good_since", "good"} & set(sensor.memory)


@pytest.mark.parametrize("seconds", [10, 60, 110])
def test_a_blink_needs_no_five_minutes(seconds):
    sensor = Sensor(good_memory())
    for _ in range(seconds // 10):
        assert sensor.says(None).health is SUSPECT
    assert sensor.says(20.0).health is OK


def test_at_the_first_sight_a_good_value_counts_at_once():
    assert Sensor().says(20.0).health is OK


def test_lost_before_a_restart_is_lost_after_it():
    """A program or a Home Assistant that starts anew makes no sensor better than it was."""
    sensor = Sensor()
    sensor.until(LOST, None)
    again = Sensor(sensor.memory)
    again.now = sensor.now
    assert again.says(20.0, seconds=3600).health is LOST
    assert again.until(OK, 20.0) == RETURN_AFTER


@pytest.mark.parametrize("between", [None, 85.0, math.nan])
def test_what_is_bad_in_between_begins_the_five_minutes_anew(between):
    sensor = Sensor()
    sensor.until(LOST, None)
    for _ in range(25):
        assert sensor.says(20.0).health is LOST
    sensor.says(between)
    assert sensor.until(OK, 20.0) == RETURN_AFTER + timedelta(seconds=10)


def test_a_value_that_leaps_about_is_not_good_data():
    sensor = Sensor()
    sensor.until(LOST, None)
    assert [sensor.says(celsius).health for celsius in (20.0, 30.0) * 60] == [LOST] * 120


def test_a_jump_back_within_two_minutes_is_believed_at_once():
    sensor = Sensor()
    sensor.says(20.0)
    assert sensor.says(30.0).health is SUSPECT
    assert sensor.says(20.1).health is OK


@pytest.mark.parametrize(
    ("limits", "celsius", "words"),
    [
        (Limits(plausible_celsius=(5.0, 30.0)), 30.1, "says 30.1 °C, but only 5.0 to 30.0 °C are believed of it"),
        (Limits(plausible_celsius=(5.0, 30.0)), 4.9, "says 4.9 °C, but only 5.0 to 30.0 °C are believed of it"),
        (Limits(plausible_celsius=(5.0, 30.0)), 30.0, ""),
        (Limits(plausible_celsius=(-20.0, 95.0)), 85.0, ""),  # a sauna
        (Limits(plausible_celsius=PLAUSIBLE_OUTDOORS_CELSIUS), -35.0, ""),
        (Limits(plausible_celsius=PLAUSIBLE_OUTDOORS_CELSIUS), -41.0, "says −41.0 °C, which no weather has"),
        (Limits(max_jump_k=1.0), 21.1, "jumped from 20.0 to 21.1 °C, faster than a room can change"),
        (Limits(max_jump_k=12.0), 31.9, ""),
        (Limits(plausible_celsius=PLAUSIBLE_OUTDOORS_CELSIUS, is_outdoor=True), -15.0, "jumped from 20.0 to −15.0 °C"),
        (Limits(stale_after=timedelta(seconds=59)), 20.0, "has been silent for 1 min"),
    ],
)
def test_each_sensor_has_limits_of_its_own(limits, celsius, words):
    memory = good_memory() if limits.plausible_celsius == (-10.0, 45.0) or "jumped" in words else {}
    state, _ = judged(reading(celsius, age=60 if limits.stale_after < timedelta(hours=1) else 0), memory, limits=limits)
    assert state.problem == words


def test_since_when_it_is_bad_is_never_in_the_future():
    memory = {"bad_since": (NOW + timedelta(hours=1)).isoformat()}
    state, after = judged(None, memory)
    assert state.since == NOW
    assert after["bad_since"] == NOW.isoformat()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2026-01-15T05:59:00+00:00", "2026-01-15T05:59:00", "2030-01-01T00:00:00+00:00", "yesterday"]),
)
memories = st.dictionaries(
    st.sampled_from(
        [
            "bad_since",
            "good_since",
            "good",
            "lost",
            "last",
            "last_at",
            "last_observed",
            "reported_at",
            "air",
            "room",
            "unit",
            "steady",
            "jump_since",
            "jump_reports",
            "jump_rises",
            "jumps",
            "jumped_at",
            "doubt",
            "doubt_since",
            "doubt_why",
            "confirmed",
            "other",
        ]
    ),
    st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.text(max_size=2), scalars, max_size=2)),
)
ages = st.floats(-1e6, 1e7)
readings = st.one_of(
    st.none(),
    st.builds(
        lambda celsius, age: ClimateReading(celsius, None, None if age is None else NOW - timedelta(seconds=age)),
        st.floats(),
        st.one_of(st.none(), ages),
    ),
)


@given(readings, memories)
def test_whatever_it_says_and_whatever_is_remembered(value, memory):
    before = json.dumps(memory)
    state, after = judged(value, memory)
    assert json.dumps(memory) == before
    json.dumps(after)
    assert (state.health is OK) == (state.temperature_celsius is not None) == (not state.problem)
    if state.health is OK:
        assert -10 <= state.temperature_celsius <= 45
        assert value.observed_at is None or -60 <= (NOW - value.observed_at).total_seconds() <= 3600
        assert state.plausible_celsius == state.says_celsius == value.temperature_celsius
    else:
        assert state.since is not None
        assert state.since <= NOW
        assert state.plausible_celsius is None or -10 <= state.plausible_celsius <= 45


@given(st.lists(st.tuples(readings, st.integers(1, 300)), min_size=1, max_size=30))
def test_it_is_never_believed_while_bad_and_always_lost_after_two_minutes(steps):
    memory, at, bad_since, was_lost, well_since = {}, NOW, None, False, None
    for value, seconds in steps:
        at += timedelta(seconds=seconds)
        state, memory = judge("hall", value, "is off", memory, limits=USUAL, now=at)
        memory = json.loads(json.dumps(memory))
        fault = judge("hall", value, "is off", {}, limits=USUAL, now=at)[0].problem
        well_since = None if fault else well_since or at
        if state.health is OK:
            assert not was_lost or at - well_since >= RETURN_AFTER
            bad_since, was_lost = None, False
            continue
        bad_since = bad_since or at
        assert state.since == bad_since
        was_in_doubt = "doubt_since" in memory
        if at - bad_since >= UNAVAILABLE_LOST_AFTER:
            assert state.health is LOST or was_in_doubt
        assert state.health is LOST or was_in_doubt or not was_lost
        was_lost = (was_lost and not was_in_doubt) or state.health is LOST


def test_the_last_heat_of_a_dead_sensor_fades():
    """Beside a good sensor it would otherwise keep a tripped high limit from ever releasing."""
    memory = {"last": 29.0, "last_at": NOW.isoformat(), "last_observed": NOW.isoformat()}
    soon, _ = judged(None, memory, now=NOW + timedelta(minutes=59))
    late, _ = judged(None, memory, now=NOW + timedelta(minutes=61))
    next_day, _ = judged(None, memory, now=NOW + timedelta(hours=25))
    assert (soon.plausible_celsius, soon.faded_celsius) == (29.0, 29.0)
    assert late.plausible_celsius is None
    assert 28.9 < late.faded_celsius < 29.0
    assert next_day.faded_celsius == pytest.approx(28.0)  # as slowly as the slowest room
