"""Sensors that stand still while their room is heated hard: when they are found out, and when never."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate import flat
from climate.flat import LOST_AFTER_SUSPECT, SUSPECT_AFTER
from climate.state import SensorHealth

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SUSPECT, LOST = SensorHealth.SUSPECT, SensorHealth.LOST


class Room:
    """A heated room over time; its memory goes through JSON between two looks."""

    def __init__(self):
        self.memory, self.now = {}, NOW
        self.look(1.0, seconds=0, s=20.0)

    def look(self, share, *, seconds=60, **values):
        self.now += timedelta(seconds=seconds)
        found, memory = flat.judge(values, share, self.memory, self.now)
        self.memory = json.loads(json.dumps(memory))
        return found

    def minutes_until(self, health, share, *, at_most=1000, **values):
        """How many minutes of this it takes; None: it is never judged so."""
        for minute in range(1, at_most + 1):
            found = self.look(share, **values)
            if (None if found is None else found.health) is health:
                return minute
        return None


@pytest.mark.parametrize("share", [0.61, 0.8, 1.0])
def test_two_hours_of_hard_heating_make_it_suspect_and_ten_minutes_more_lost(share):
    room = Room()
    assert room.minutes_until(SUSPECT, share, s=20.0) * MINUTE == SUSPECT_AFTER
    assert room.minutes_until(LOST, 0.0, s=20.0) * MINUTE == LOST_AFTER_SUSPECT
    assert room.minutes_until(None, 0.0, s=20.0) is None  # off for a day: as long as it stands still


def test_any_change_ends_it_at_once():
    room = Room()
    room.minutes_until(LOST, 1.0, s=20.0)
    assert room.look(0.0, s=19.99) is None
    assert room.minutes_until(SUSPECT, 1.0, s=19.99) * MINUTE == SUSPECT_AFTER


def test_the_least_change_in_two_hours_is_life():
    room = Room()
    for hour in range(12):
        assert room.minutes_until(SUSPECT, 1.0, at_most=119, s=20.0 + hour % 2 * 0.01) is None


@pytest.mark.parametrize(("on", "off"), [(5, 5), (11, 8), (59, 40), (119, 80)])
def test_a_duty_below_60_percent_never_trips(on, off):
    room = Room()
    for _ in range(40):
        for share, minutes in ((1.0, on), (0.0, off)):
            assert room.minutes_until(SUSPECT, share, at_most=minutes, s=20.0) is None


def test_a_duty_above_60_percent_trips_later_than_full_power():
    room = Room()
    for minute in range(1000):
        found = room.look(float(minute % 10 < 8), s=20.0)
        if found is not None:
            break
    assert 3.5 * 60 < minute < 4.5 * 60


def test_idle_hours_before_do_not_count():
    room = Room()
    assert room.minutes_until(SUSPECT, 0.0, at_most=600, s=20.0) is None
    assert room.minutes_until(SUSPECT, 1.0, s=20.0) * MINUTE == SUSPECT_AFTER


def test_one_sensor_of_the_room_that_moves_speaks_for_all():
    room = Room()
    for minute in range(600):
        assert room.look(1.0, s=20.0, other=20.0 + minute // 60 % 2 * 0.1) is None


def test_two_that_both_stand_still_are_found_out():
    room = Room()
    assert room.minutes_until(SUSPECT, 1.0, s=20.0, other=19.5) * MINUTE == SUSPECT_AFTER


def test_one_that_blinks_or_joins_ends_nothing():
    room = Room()
    for _ in range(60):
        assert room.look(1.0, s=20.0) is None
        assert room.look(1.0) is None  # nothing to be believed in this minute
    assert room.minutes_until(SUSPECT, 1.0, s=20.0, joins=18.0) is not None


def test_a_time_nobody_looked_counts_for_little():
    room = Room()
    room.look(1.0, seconds=60, s=20.0)
    room.look(1.0, seconds=8 * 3600, s=20.0)
    assert room.minutes_until(SUSPECT, 1.0, s=20.0) > 100


def test_what_a_person_reads_names_sensor_and_value():
    told = flat.sentence("Hall", flat.Flat(SUSPECT, NOW), {"door": 20.04})
    assert told == (
        "Hall was heated hard for 2 h and nothing moved: ‘door’ 20.0 °C all the time. "
        "It is not believed until it changes; check it."
    )


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5),
              st.sampled_from(["2026-01-15T05:00:00+00:00", "2030-01-01T00:00:00+00:00", "2026-01-15T05:00:00"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=2), inner, max_size=2)),
    max_leaves=4,
)  # fmt: skip
memories = st.dictionaries(st.sampled_from(["flat_values", "flat_hard_s", "flat_at", "flat_since"]), junk)


@given(memories, st.dictionaries(st.sampled_from("ab"), st.floats(-10, 45)), st.floats(0, 1))
def test_whatever_is_remembered(memory, values, share):
    found, after = flat.judge(values, share, memory, NOW)
    json.dumps(after)
    assert found is None or found.since <= NOW
    again, _ = flat.judge({key: celsius + 0.1 for key, celsius in values.items()}, share, after, NOW)
    assert again is None or not values


@pytest.mark.parametrize(("limit_hours", "hours"), [(1, 2), (2.5, 7.5), (24, 72)])
def test_sensors_that_may_be_silent_for_hours_have_longer(limit_hours, hours):
    assert flat.patience(timedelta(hours=limit_hours)) == timedelta(hours=hours)
    memory, now, found = {}, NOW, None
    for _ in range(int(hours * 4) + 1):
        assert found is None
        now += timedelta(minutes=15)
        found, memory = flat.judge({"s": 20.0}, 1.0, memory, now, flat.patience(timedelta(hours=limit_hours)))
    assert f"for {int(hours)} h and nothing moved" in flat.sentence("Hall", found, {"s": 20.0})
