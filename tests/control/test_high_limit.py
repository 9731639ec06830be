"""The high limit: trips, releases, latches on the third trip in 24 h, and only a person releases the latch."""

import json
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.control.decide import decide
from optimization.control.high_limit import LATCHING_TRIPS, RELEASE_K, update_trips
from optimization.control.memory import Memory, ZoneTrip

from .worlds import NOW, miner, running, site, unit, zone


def after(celsius, trip=None, *, acknowledged=(), now=NOW, **kwargs):
    room = zone(celsius, highest_celsius=kwargs.pop("highest", celsius), **kwargs)
    trips = {"zone-hall": trip} if trip else {}
    return update_trips([room], acknowledged, Memory(trips=trips), now)["zone-hall"]


TRIPPED = ZoneTrip(tripped=True, trips=[NOW.isoformat()])


@pytest.mark.parametrize(
    ("celsius", "trip", "tripped"),
    [
        (27.9, None, False),
        (28.0, None, True),
        (40.0, None, True),
        (None, None, False),
        (28.0, TRIPPED, True),
        (26.1, TRIPPED, True),  # not yet 2 K below
        (26.0, TRIPPED, False),
        (None, TRIPPED, True),  # nothing seen releases nothing
    ],
)
def test_it_trips_at_the_limit_and_releases_two_kelvin_below(celsius, trip, tripped):
    assert after(celsius, trip).tripped is tripped


def test_a_reading_nobody_believes_trips_too():
    assert after(None, highest=29.0).tripped


@pytest.mark.parametrize(("faded", "tripped"), [(26.1, True), (26.0, False), (None, False)])
def test_what_the_room_may_still_be_keeps_it_tripped(faded, tripped):
    """A sensor that nobody believes says that it is cool; the last good one did not."""
    assert after(None, TRIPPED, highest=12.0, faded_high_celsius=faded).tripped is tripped
    assert not after(None, highest=12.0, faded_high_celsius=29.0).tripped  # nothing new was seen


def test_staying_hot_is_one_trip():
    trip = None
    for minutes in range(60):
        trip = after(30.0, trip, now=NOW + timedelta(minutes=minutes))
    assert len(trip.trips) == 1
    assert not trip.latched


def trip_times(gaps_hours):
    """Heat up and cool down again with these gaps; the trip state after the last heating."""
    at, trip = NOW, after(20.0)
    for gap in gaps_hours:
        at += timedelta(hours=gap)
        trip = after(28.5, trip, now=at)
        cooled = after(20.0, trip, now=at + timedelta(minutes=30))
        last, trip = trip, cooled
    return last


@pytest.mark.parametrize(
    ("gaps", "latched"), [([1], False), ([1, 1], False), ([1, 1, 1], True), ([1, 11, 11], True), ([1, 12, 12.1], False)]
)
def test_the_third_trip_in_24_hours_latches(gaps, latched):
    assert trip_times(gaps).latched is latched


def test_a_latch_holds_for_ever_until_a_person_acknowledges():
    trip = trip_times([1, 1, 1])
    for days in range(1, 400, 40):
        trip = after(15.0, trip, now=NOW + timedelta(days=days))
        assert trip.latched
        assert not trip.tripped
    released = after(15.0, trip, acknowledged={"zone-hall"}, now=NOW + timedelta(days=401))
    assert not released.latched
    assert released.trips == []


def test_acknowledging_another_zone_releases_nothing():
    assert after(15.0, ZoneTrip(latched=True), acknowledged={"zone-attic"}).latched


def test_acknowledging_while_it_is_still_hot_lets_nothing_run():
    trip = after(29.0, replace(trip_times([1, 1, 1]), tripped=True), acknowledged={"zone-hall"})
    assert not trip.latched
    assert trip.tripped
    commands, _ = decide(site(unit(miner(zone(29.0)))), Memory(trips={"zone-hall": trip}))
    assert (commands[0].power_w, commands[0].guard) == (0, "high_limit")


def test_after_the_release_three_more_trips_are_needed():
    trip = after(15.0, trip_times([1, 1, 1]), acknowledged={"zone-hall"})
    latches = []
    for hours in range(1, 4):
        at = NOW + timedelta(hours=10 + hours)
        trip = after(28.0, trip, now=at)
        latches.append(trip.latched)
        trip = after(20.0, trip, now=at + timedelta(minutes=20))
    assert latches == [False, False, True]


def test_a_trip_from_the_future_does_not_count():
    future = ZoneTrip(trips=[(NOW + timedelta(hours=n)).isoformat() for n in (1, 2)])
    assert not after(28.0, future).latched


def test_it_switches_off_at_once_and_stays_off_for_the_minimum_off():
    hot = running(zone(28.0, target=27.0), for_seconds=5)
    commands, memory = decide(site(unit(hot)), Memory())
    assert (commands[0].power_w, commands[0].guard, commands[0].broke_min_on) == (0, "high_limit", True)
    cooler = miner(zone(26.0, target=27.0), switched_off_at=NOW)
    later = NOW + timedelta(seconds=300)
    commands, memory = decide(site(unit(cooler, at=later), now=later), memory)
    assert (commands[0].power_w, commands[0].guard) == (0, "min_off")
    later = NOW + timedelta(seconds=600)
    commands, _ = decide(site(unit(cooler, at=later), now=later), memory)
    assert commands[0].power_w == 1000


temperatures = st.lists(st.one_of(st.none(), st.floats(15, 40), st.sampled_from([26.0, 28.0])), max_size=60)


@given(temperatures, st.integers(1, 120))
def test_any_course_of_temperatures(course, minutes):
    """Off whenever at the limit; on again only after 2 K less was seen; latched after the third time."""
    trip, count, was, at = ZoneTrip(), 0, False, NOW
    for celsius in course:
        at += timedelta(minutes=minutes)
        trip = after(celsius, ZoneTrip(**json.loads(json.dumps(asdict(trip)))), now=at)
        if celsius is not None and celsius >= 28.0:
            assert trip.tripped
        if was and not trip.tripped:
            assert celsius is not None
            assert celsius <= 28.0 - RELEASE_K
        count += trip.tripped and not was
        if at - NOW < timedelta(hours=24):
            assert trip.latched == (count >= LATCHING_TRIPS)
        was = trip.tripped
