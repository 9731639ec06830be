"""Heat on a sensor in doubt: bounded pulses against frost, and an end where heat does not move it as heat does."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate import pulses
from climate.pulses import MEAN_W, PULSE_WH, UNANSWERED_AT_MOST

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
COLD = pulses.Room(-6.1, 7.0, 28.0, -10.0, 20.0, 0.0)
HEATER_W = 2000.0


class Room:
    """A room in doubt whose heater does what pulses allow; its memory goes through JSON between two looks."""

    def __init__(self, room=COLD, *, rises_k_per_wh=0.0, period=30):
        self.room, self.memory, self.now, self.period = room, {}, NOW, period
        self.k_per_wh, self.heat_w, self.given_wh, self.pulses = rises_k_per_wh, 0.0, 0.0, 0

    def look(self):
        self.now += timedelta(seconds=self.period)
        wh = self.heat_w * self.period / 3600
        self.given_wh += wh
        says = self.room.says_celsius + self.k_per_wh * wh
        self.room = replace(self.room, says_celsius=says, heat_w=self.heat_w)
        pulse, memory = pulses.judge(self.room, self.memory, self.now)
        self.memory = json.loads(json.dumps(memory))
        self.pulses += pulse.is_on and not self.heat_w
        self.heat_w = HEATER_W if pulse.is_on else 0.0
        return pulse

    def hours(self, hours):
        for _ in range(int(hours * 3600 / self.period)):
            pulse = self.look()
        return pulse


def test_a_pulse_is_bounded_and_the_next_one_waits_two_hours():
    room = Room(rises_k_per_wh=0.002)
    room.hours(1.9)
    assert room.pulses == 1
    assert room.given_wh == pytest.approx(PULSE_WH, rel=0.1)
    room.hours(0.4)
    assert room.pulses == 2


def test_heat_that_is_answered_goes_on_bounded():
    room = Room(replace(COLD, says_celsius=-9.0), rises_k_per_wh=0.002)
    pulse = room.hours(24)
    assert not pulse.is_given_up
    assert room.given_wh <= 24 * MEAN_W + 1.1 * PULSE_WH
    assert room.pulses == 12


@pytest.mark.parametrize("rises_k_per_wh", [0.0, 0.0001, 0.08, -0.002])
def test_a_sensor_that_heat_does_not_move_as_heat_does_gets_three_pulses(rises_k_per_wh):
    room = Room(replace(COLD, says_celsius=-90.0), rises_k_per_wh=rises_k_per_wh)
    pulse = room.hours(48)
    assert pulse.is_given_up
    assert room.pulses == UNANSWERED_AT_MOST
    assert "3 pulses of heat did not move it as heat does, so there are no more." in pulse.words


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (replace(COLD, says_celsius=7.0), ""),  # no frost
        (replace(COLD, lowest_possible_celsius=7.0), "It cannot be as cold as that yet."),
        (replace(COLD, highest_possible_celsius=27.5), "too close to its high limit"),
    ],
)
def test_no_pulse_where_there_is_no_frost_or_may_be_none_or_it_may_be_hot(room, words):
    room = Room(room)
    pulse = room.hours(12)
    assert room.given_wh == 0
    assert words in pulse.words


def test_close_to_the_high_limit_a_pulse_is_smaller():
    room = Room(replace(COLD, highest_possible_celsius=26.0), rises_k_per_wh=0.004)
    room.hours(1)
    assert room.given_wh == pytest.approx(100, abs=18)


def test_a_pulse_that_guards_hold_back_begins_with_its_heat():
    room = Room(rises_k_per_wh=0.002)
    for _ in range(600):
        pulse, memory = pulses.judge(room.room, room.memory, room.now)
        room.memory, room.now = json.loads(json.dumps(memory)), room.now + timedelta(seconds=30)
        assert pulse.is_on
    room.hours(1.5)
    assert room.memory["pulses_unanswered"] == 0
    assert room.given_wh == pytest.approx(PULSE_WH, rel=0.1)


def test_heat_before_the_doubt_counts_too():
    room = Room()
    room.heat_w = HEATER_W
    room.look()
    _, memory = pulses.judge(replace(COLD, heat_w=HEATER_W), room.memory, room.now + timedelta(seconds=600))
    assert memory["pulse_wh"] > PULSE_WH


def test_a_doubt_that_is_settled_leaves_nothing_behind():
    room = Room()
    room.hours(9)
    assert pulses.judge(None, room.memory, room.now) == (pulses.Pulse(), {})


words = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=4), st.just(NOW.isoformat())
)
memories = st.dictionaries(
    st.sampled_from(
        [
            "pulse_wh",
            "pulse_seen_at",
            "pulse_on",
            "pulse_at",
            "pulse_from",
            "pulse_best",
            "pulse_gave_wh",
            "pulses_unanswered",
        ]
    ),
    words,
)


@given(memories, st.floats(-10, 45), st.floats(0, 5000))
def test_whatever_is_remembered(memory, says, heat_w):
    pulse, after = pulses.judge(replace(COLD, says_celsius=says, heat_w=heat_w), memory, NOW)
    json.dumps(after)
    assert not (pulse.is_on and says >= 7.0)
    assert not (pulse.is_on and pulse.is_given_up)
