"""What control sees of a sensor that leaps about: no ramp is late, and one odd reading starts and stops nothing."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate import steady
from climate.steady import AT_LATEST_AFTER

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)


class Sensor:
    """A believed sensor over time; its memory goes through JSON between two looks."""

    def __init__(self, celsius=20.0):
        self.memory, self.now, self.reported = {}, NOW, NOW
        self.says(celsius)

    def says(self, celsius, *, seconds=10, is_new=True):
        self.now += timedelta(seconds=seconds)
        gap = self.now - self.reported
        if is_new:
            self.reported = self.now
        shown, memory = steady.judge(celsius, gap, is_new, self.memory, self.now)
        self.memory = json.loads(json.dumps(memory))
        return shown

    def until_shown(self, celsius, *, seconds=10, is_new=True):
        """How long it says this until control sees it; the first report is one."""
        began = self.now + timedelta(seconds=seconds)
        shown = self.says(celsius, seconds=seconds)
        while shown != celsius:
            shown = self.says(celsius, seconds=seconds, is_new=is_new)
        return self.now - began


@pytest.mark.parametrize("kelvin_per_hour", [-30.0, -3.0, 0.5, 20.0, 60.0])
def test_no_ramp_is_late(kelvin_per_hour):
    sensor = Sensor()
    for look in range(200):
        celsius = 20.0 + kelvin_per_hour * look * 10 / 3600
        assert sensor.says(celsius) == celsius


@pytest.mark.parametrize("celsius", [21.0, 19.0, 20.5])
def test_a_step_of_a_kelvin_counts_at_once(celsius):
    assert Sensor().says(celsius) == celsius


def test_a_slow_sensor_may_step_by_what_a_room_does_between_two_reports():
    assert Sensor().says(22.4, seconds=1800) == 22.4


@pytest.mark.parametrize(
    ("seconds", "is_new", "after"),
    [
        (10, True, 20),  # three reports
        (60, True, 60),  # two reports, and not before a minute
        (10, False, 90),  # one report, seen again and again
    ],
)
def test_a_jump_counts_when_it_is_borne_out(seconds, is_new, after):
    assert Sensor().until_shown(23.0, seconds=seconds, is_new=is_new) == timedelta(seconds=after)


def test_one_odd_reading_is_not_seen():
    sensor = Sensor()
    assert {sensor.says(celsius) for celsius in (20.0, 23.0, 20.0, 16.0, 20.1, 24.9, 20.1)} <= {20.0, 20.1}


def test_one_odd_report_that_stands_for_a_minute_is_not_seen():
    sensor = Sensor()
    sensor.says(23.0)
    assert {sensor.says(23.0, seconds=10, is_new=False) for _ in range(8)} == {20.0}
    assert sensor.says(20.0) == 20.0


@pytest.mark.parametrize("dwell_s", [20, 60, 180, 600, 1200])
def test_a_sensor_that_leaps_all_day_is_followed_a_few_times_only(dwell_s):
    sensor, shown, changes = Sensor(), 20.0, 0
    for look in range(24 * 360):
        seen = sensor.says((20.0, 23.0)[(look * 10 // dwell_s) % 2])
        changes, shown = changes + (seen != shown), seen
    assert changes <= 8  # of 4320 to 72 leaps


def test_a_jump_that_stays_makes_the_next_no_slower():
    sensor = Sensor()
    for celsius in (23.0, 26.0, 29.0):
        assert sensor.until_shown(celsius) == timedelta(seconds=20)
    assert sensor.until_shown(26.0) == timedelta(seconds=20)  # back: both were odd
    assert sensor.until_shown(29.0) == timedelta(seconds=40)


def test_a_calm_week_makes_it_as_quick_as_ever():
    sensor = Sensor()
    for celsius in (23.0, 20.0) * 10:
        sensor.says(celsius)
    assert sensor.until_shown(23.0) > timedelta(seconds=20)
    for _ in range(8 * 24):
        sensor.says(23.0, seconds=3601)
    assert sensor.until_shown(20.0) == timedelta(seconds=20)


@given(st.lists(st.tuples(st.floats(-10, 45), st.integers(1, 7200), st.booleans()), min_size=1, max_size=40))
def test_what_is_seen_was_said_and_never_longer_ago_than_the_longest_wait(steps):
    sensor = Sensor()
    said = {20.0}
    for celsius, seconds, is_new in steps:
        said.add(celsius)
        shown = sensor.says(celsius, seconds=seconds, is_new=is_new)
        assert math.isfinite(shown)
        assert shown in said
    assert sensor.until_shown(celsius, seconds=60, is_new=False) <= AT_LATEST_AFTER + timedelta(seconds=60)
