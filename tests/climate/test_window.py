"""Open windows: by contact, by slope over simulated rooms (a winter day without a false alarm), and any memory."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulation
from climate import window, zone_state
from climate.window import CONTACT_AFTER, SLOPE_AT_MOST
from simulation import Climate, HouseholdSpec, HouseSpec, MinerSpec, RoomSpec

NOW = datetime(2026, 1, 15, 0, 0, tzinfo=UTC)
HEATER_W = 3000.0


class Contact:
    """A room with a contact, over time; its memory goes through JSON between two looks."""

    def __init__(self):
        self.memory, self.now = {}, NOW

    def says(self, contact, *, seconds=10, points=(), share=0.0):
        self.now += timedelta(seconds=seconds)
        found, memory = window.judge(contact, points, share, self.memory, self.now)
        self.memory = json.loads(json.dumps(memory))
        return found


def test_a_contact_counts_after_half_a_minute_and_closes_at_once():
    contact = Contact()
    assert [contact.says(True).open_since is not None for _ in range(5)] == [False, False, False, True, True]
    opened = contact.says(True)
    assert opened.open_since == NOW + timedelta(seconds=10)
    assert not opened.by_slope
    assert contact.says(False).open_since is None
    assert contact.says(True).open_since is None


def test_a_contact_that_says_nothing_counts_as_closed():
    contact = Contact()
    for _ in range(6):
        contact.says(True)
    assert contact.says(None).open_since is None
    assert contact.says(True).open_since is None


def test_a_contact_may_stay_open_for_days():
    contact = Contact()
    for _ in range(72):
        opened = contact.says(True, seconds=3600)
    assert opened.open_since == NOW + timedelta(hours=1)


def falling(k_per_h, *, minutes=30, sudden_at=20):
    """Points of a room that is steady and then falls, [epoch s, °C]."""
    start = NOW.timestamp()
    return [[start + 60 * n, 20.0 - max(0, n - sudden_at) * k_per_h / 60] for n in range(minutes)]


@pytest.mark.parametrize(
    ("k_per_h", "opens"), [(0.0, False), (1.0, False), (2.5, False), (3.1, True), (8.0, True), (-8.0, False)]
)
def test_a_sudden_fall_of_3_k_an_hour_opens_it_where_there_is_no_contact(k_per_h, opens):
    points = falling(k_per_h)
    contact = Contact()
    contact.says(None, share=1.0)
    assert contact.says(None, points=points, share=1.0).by_slope == opens
    assert contact.says(False, points=points, share=1.0).open_since is None  # a contact knows better


def test_what_has_fallen_as_fast_all_along_is_no_window():
    contact = Contact()
    contact.says(None, share=1.0)
    assert not contact.says(None, points=falling(5.0, sudden_at=0), share=1.0).by_slope


def test_one_step_of_a_coarse_sensor_is_no_window():
    points = [[at, 20.0 if n < 26 else 19.5] for n, (at, _) in enumerate(falling(0.0))]
    contact = Contact()
    contact.says(None, share=1.0)
    assert not contact.says(None, points=points, share=1.0).by_slope


def leaky(ua=120.0, *, floor_m2=28.0, resolution=0.1, noise=0.03):
    """A house of one room that loses heat fast, in a cold and changing winter, with a strong heater."""
    room = RoomSpec("room", "Room", ua, 25e3 * floor_m2, 110e3 * floor_m2, 15.5 * floor_m2, internal_gain_w=60.0,
                    sensor_noise_celsius=noise, sensor_resolution_celsius=resolution)  # fmt: skip
    heater = MinerSpec("heater", "Heater", "room", (HEATER_W,), (100.0,), slew_up_w_per_s=40.0)
    climate = Climate(-3.0, 5.0, 4.0, 0.6, 0.5, sun_day_of_year=36)
    spec = HouseSpec(7, 45.0, 7.7, climate, (room,), (), (heater,), HouseholdSpec(150.0, 300.0, 2000.0))
    return simulation.begin(spec, NOW, air_celsius=20.0, mass_celsius=20.0)


class Watched:
    """A simulated room kept at 21 ± 0.5 °C by its heater, a minute a step; its window as the program sees it."""

    def __init__(self, house):
        self.house, self.now = house, NOW
        self.memory, self.points = {}, []
        self.heats, self.keeps = False, True

    def minute(self):
        self.now += timedelta(minutes=1)
        self.house = simulation.step(self.house, self.now)
        celsius = simulation.room(self.house, "room").temperature_celsius
        if self.keeps:
            self.heats = celsius < 20.5 or (self.heats and celsius < 21.5)
        self.house = simulation.set_power(self.house, "heater", HEATER_W if self.heats else 0.0)
        share = simulation.miner(self.house, "heater").power_w / HEATER_W
        self.points, _ = zone_state.update_trend(self.points, celsius, self.now)
        found, self.memory = window.judge(None, self.points, share, self.memory, self.now)
        return found

    def minutes(self, count):
        return [self.minute() for _ in range(count)]

    def open(self, is_open=True):
        self.house = simulation.set_window(self.house, "room", is_open)


@pytest.mark.parametrize("ua", [45.0, 120.0])
@pytest.mark.parametrize(("resolution", "noise"), [(0.01, 0.02), (0.1, 0.05), (0.5, 0.05)])
def test_a_winter_day_of_a_leaky_room_has_no_false_alarm(ua, resolution, noise):
    room = Watched(leaky(ua, resolution=resolution, noise=noise))
    starts, steepest = 0, 0.0
    for _ in range(24 * 60):
        was_on = room.heats
        assert not room.minute().by_slope
        starts += room.heats and not was_on
        recent = [point for point in room.points if room.points[-1][0] - point[0] <= 360]
        steepest = min(steepest, window.slope_k_per_h(recent) if len(recent) > 3 else 0.0)
    assert starts > 5
    assert steepest < -window.FALL_K_PER_H  # it does fall like through a window, each time the heater goes off


def test_a_heater_switched_off_for_good_is_no_window():
    room = Watched(leaky(200.0))
    room.minutes(180)
    room.keeps, room.heats = False, False
    assert not any(found.by_slope for found in room.minutes(300))


@pytest.mark.parametrize("heats", [True, False])
@pytest.mark.parametrize(("ua", "resolution"), [(45.0, 0.01), (45.0, 0.1), (120.0, 0.1)])
def test_a_window_that_opens_is_found_within_ten_minutes(heats, ua, resolution):
    room = Watched(leaky(ua, resolution=resolution))
    room.minutes(90)
    room.keeps, room.heats = False, heats
    room.minutes(150)
    room.open()
    assert any(found.by_slope for found in room.minutes(10))


def test_it_ends_soon_after_the_window_is_shut():
    room = Watched(leaky(45.0))
    room.keeps = False
    room.minutes(150)
    room.open()
    assert any(found.by_slope for found in room.minutes(10))
    room.open(False)
    assert not any(found.by_slope for found in room.minutes(20)[10:])


def test_it_ends_after_half_an_hour_whatever_the_room_does():
    room = Contact()
    room.says(None, share=1.0)
    points = falling(12.0)
    began = None
    for minute in range(60):
        last_at, last = points[-1]
        points = [*points[1:], [last_at + 60, last - 0.2 - minute * 0.02]]  # ever faster
        found = room.says(None, seconds=60, points=points, share=1.0)
        began = began or (room.now if found.by_slope else None)
        if began is not None and not found.by_slope:
            break
    assert room.now - began == SLOPE_AT_MOST


times = st.sampled_from(["2026-01-15T00:00:00+00:00", "2030-01-01T00:00:00+00:00", "2026-01-15T00:00:00"])
scalars = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=4), times)
memories = st.dictionaries(st.sampled_from(["contact_since", "fall_since", "less_at", "usual", "usual_at"]), scalars)
tracks = st.lists(st.tuples(st.integers(1, 400), st.floats(-10, 45)), max_size=30).map(
    lambda steps: [[sum(step for step, _ in steps[: n + 1]), celsius] for n, (_, celsius) in enumerate(steps)]
)


@given(st.sampled_from([True, False, None]), tracks, st.floats(0, 1), memories)
def test_whatever_is_remembered(contact, points, share, memory):
    found, after = window.judge(contact, points, share, memory, NOW)
    json.dumps(after)
    assert found.open_since is None or found.open_since <= NOW
    if contact is True and found.open_since is not None:
        assert NOW - found.open_since >= CONTACT_AFTER
    if contact is False:
        assert found.open_since is None
    assert not found.by_slope or contact is None
