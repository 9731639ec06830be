"""How far a sensor is believed: a table of what it may do, and properties over arbitrary readings and memory."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.sensors import JUMP_WITHIN, UNAVAILABLE_LOST_AFTER, judge
from climate.state import ClimateReading, SensorHealth

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
STALE = timedelta(minutes=60)
OK, SUSPECT, LOST = SensorHealth.OK, SensorHealth.SUSPECT, SensorHealth.LOST


def reading(celsius=20.0, *, age=0.0, humidity=None):
    return ClimateReading(celsius, humidity, NOW - timedelta(seconds=age))


def judged(value, memory=None, *, now=NOW, error="cannot be read: it is off"):
    return judge("hall", value, error if value is None else "", memory or {}, stale_after=STALE, now=now)


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
        ("DS18B20 unplugged", reading(-127.0), {}, SUSPECT, "-127.0 °C"),
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
        ("jump up", reading(25.1), good_memory(), SUSPECT, "jumped from 20.0 to 25.1 °C"),
        ("jump down", reading(14.9), good_memory(), SUSPECT, "jumped from 20.0 to 14.9 °C"),
        ("just no jump", reading(25.0), good_memory(), OK, ""),
        ("jump over 10 min is a change", reading(30.0), good_memory(seconds_ago=600), OK, ""),
        ("jump within 10 min", reading(30.0), good_memory(seconds_ago=599), SUSPECT, "jumped"),
        ("last good in the future: no jump", reading(30.0), good_memory(seconds_ago=-100), OK, ""),
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


def test_it_is_lost_after_two_minutes_and_well_again_at_the_first_good_reading():
    _, memory = judged(reading())
    healths = []
    for seconds in range(10, 190, 10):
        state, memory = judged(None, memory, now=NOW + timedelta(seconds=seconds))
        healths.append(state.health)
        assert state.since == NOW + timedelta(seconds=10)
    assert healths == [SUSPECT] * 12 + [LOST] * 6
    back, memory = judge(
        "hall", ClimateReading(19.0, None, None), "", memory, stale_after=STALE, now=NOW + timedelta(seconds=190)
    )
    assert back.health is OK
    assert "bad_since" not in memory


def test_a_jump_that_stays_is_believed_after_ten_minutes():
    _, memory = judged(reading(20.0))
    at = NOW
    while True:
        at += timedelta(seconds=30)
        state, memory = judge("hall", ClimateReading(30.0), "", memory, stale_after=STALE, now=at)
        if state.health is OK:
            break
        assert at - NOW < JUMP_WITHIN
    assert at - NOW == JUMP_WITHIN


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
    st.sampled_from(["bad_since", "last", "last_at", "last_observed", "other"]),
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
        assert state.plausible_celsius == state.temperature_celsius
    else:
        assert state.since is not None
        assert state.since <= NOW
        assert state.plausible_celsius is None or -10 <= state.plausible_celsius <= 45


@given(st.lists(st.tuples(readings, st.integers(1, 300)), min_size=1, max_size=30))
def test_it_is_never_believed_while_bad_and_always_lost_after_two_minutes(steps):
    memory, at, bad_since = {}, NOW, None
    for value, seconds in steps:
        at += timedelta(seconds=seconds)
        state, memory = judge("hall", value, "is off", memory, stale_after=STALE, now=at)
        memory = json.loads(json.dumps(memory))
        if state.health is OK:
            bad_since = None
            continue
        bad_since = bad_since or at
        assert state.since == bad_since
        if at - bad_since >= UNAVAILABLE_LOST_AFTER:
            assert state.health is LOST


def test_the_last_heat_of_a_dead_sensor_fades():
    """Beside a good sensor it would otherwise keep a tripped high limit from ever releasing."""
    memory = {"last": 29.0, "last_at": NOW.isoformat(), "last_observed": NOW.isoformat()}
    soon, _ = judge("s", None, "is gone", memory, stale_after=timedelta(hours=1), now=NOW + timedelta(minutes=59))
    late, _ = judge("s", None, "is gone", memory, stale_after=timedelta(hours=1), now=NOW + timedelta(minutes=61))
    assert soon.plausible_celsius == 29.0
    assert late.plausible_celsius is None
