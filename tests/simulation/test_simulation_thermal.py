"""Rooms against what theory says: steady state, time constants, energy, an independent integrator."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import (
    Adjacency,
    Climate,
    HouseholdSpec,
    HouseSpec,
    MinerSpec,
    RoomSpec,
    begin,
    room,
    set_power,
    step,
)
from simulation.thermal import advance_rooms, humidity_percent, transition_matrix
from tests.chance import examples

AT = datetime(2025, 1, 10, 18, 0, tzinfo=UTC)
STILL = Climate(0.0, diurnal_celsius=0, synoptic_celsius=0, gust_celsius=0)


def a_room(key="room", **changes):
    values = {"ua_w_per_k": 40.0, "air_j_per_k": 5e5, "mass_j_per_k": 3e6, "air_mass_w_per_k": 400.0}
    return RoomSpec(key=key, name=key, **{**values, **changes})


def a_miner(room_key="room", watts=1000.0):
    return MinerSpec(
        "m", "M", room_key, (watts,), (50.0,), boot_seconds=0, slew_up_w_per_s=1e6, slew_down_w_per_s=1e6,
        boot_from_w=0, boot_to_w=0, cooldown_w=0, cooldown_seconds=0,
    )  # fmt: skip


def a_house(rooms, adjacency=(), miners=(), climate=STILL, **start):
    spec = HouseSpec(1, 45.0, 8.0, climate, tuple(rooms), tuple(adjacency), tuple(miners), HouseholdSpec())
    return begin(spec, AT, **start)


def hours(state, count):
    return step(state, state.at + timedelta(hours=count))


def test_steady_state_is_outdoor_plus_power_over_ua():
    state = set_power(a_house([a_room(mass_j_per_k=5e5)], miners=[a_miner()]), "m", 1000)
    state = hours(state, 120)
    assert room(state, "room").air_temperature_celsius == pytest.approx(1000 / 40, abs=1e-3)
    assert state.rooms[0].mass_celsius == pytest.approx(25, abs=1e-3)
    assert state.rooms[0].sensor_celsius == pytest.approx(25, abs=1e-3)


def test_an_unheated_room_cools_with_its_time_constant():
    spec = a_room()
    state = hours(a_house([spec], air_celsius=20, mass_celsius=20), 10)  # the fast mode is over
    before = state.rooms[0].air_celsius
    after = hours(state, 10).rooms[0].air_celsius
    a, h = spec.ua_w_per_k, spec.air_mass_w_per_k
    trace = -(a + h) / spec.air_j_per_k - h / spec.mass_j_per_k
    determinant = a * h / spec.air_j_per_k / spec.mass_j_per_k
    slow = (trace + math.sqrt(trace * trace - 4 * determinant)) / 2
    assert after / before == pytest.approx(math.exp(slow * 36000), rel=1e-9)
    assert -1 / slow == pytest.approx((5e5 + 3e6) / 40 + 3e6 / 400, rel=0.02)


def test_a_neighbour_is_warmed_through_the_wall():
    rooms = [a_room("a", mass_j_per_k=5e5), a_room("b", mass_j_per_k=5e5)]
    state = a_house(rooms, [Adjacency("a", "b", 20.0)], [a_miner("a")])
    state = hours(set_power(state, "m", 1000), 120)
    a, b = (now.air_celsius for now in state.rooms)
    assert b == pytest.approx(a * 20 / (40 + 20), abs=1e-3)  # 20 (a - b) = 40 b
    assert 40 * (a + b) == pytest.approx(1000, abs=0.1)


def test_the_sensor_lags_and_settles():
    state = a_house([a_room(sensor_lag_seconds=240, sensor_noise_celsius=0)], miners=[a_miner()])
    state = set_power(state, "m", 1000)
    early = room(step(state, AT + timedelta(minutes=3)), "room")
    assert early.temperature_celsius < early.air_temperature_celsius - 0.05
    resolution = state.spec.rooms[0].sensor_resolution_celsius
    assert round(early.temperature_celsius / resolution) == pytest.approx(early.temperature_celsius / resolution)


def test_sensor_noise_is_small_and_repeats():
    state = a_house([a_room(sensor_noise_celsius=0.05, sensor_resolution_celsius=0.01)], climate=Climate(16.0, 0, 0, 0))
    shown = []
    for _ in range(200):
        state = step(state, state.at + timedelta(minutes=1))
        assert room(state, "room") == room(state, "room")
        shown.append(room(state, "room").temperature_celsius)
    assert max(abs(value - 16) for value in shown) <= 0.055 + 1e-9
    assert len(set(shown)) > 5


def _euler(rooms, adjacency, temperatures, air_w, mass_w, outdoor, seconds, parts):
    """The same network by very small explicit steps, written independently."""
    n = len(rooms)
    now = list(temperatures)
    lost = 0.0
    dt = seconds / parts
    for _ in range(parts):
        new = now[:]
        for i, spec in enumerate(rooms):
            air, mass, sensor = now[i], now[n + i], now[2 * n + i]
            gain = air_w[i] - spec.ua_w_per_k * (air - outdoor) - spec.air_mass_w_per_k * (air - mass)
            for link in adjacency:
                pair = (link.room, link.neighbour)
                if spec.key in pair:
                    other = pair[1 - pair.index(spec.key)]
                    j = [r.key for r in rooms].index(other)
                    gain -= link.ua_w_per_k * (air - now[j])
            new[i] = air + gain / spec.air_j_per_k * dt
            new[n + i] = mass + (mass_w[i] + spec.air_mass_w_per_k * (air - mass)) / spec.mass_j_per_k * dt
            new[2 * n + i] = sensor + (air - sensor) / spec.sensor_lag_seconds * dt
            lost += spec.ua_w_per_k * (air - outdoor) * dt
        now = new
    return now, lost


def test_the_exact_step_agrees_with_small_explicit_steps():
    rooms = (a_room("a"), a_room("b", ua_w_per_k=25.0, air_j_per_k=3e5), a_room("c", mass_j_per_k=9e6))
    adjacency = (Adjacency("a", "b", 12.0), Adjacency("c", "b", 30.0))
    start = [16.0, 19.0, 22.0, 17.0, 18.0, 19.0, 15.0, 20.0, 21.0]
    air_w, mass_w = [800.0, 0.0, 100.0], [0.0, 300.0, 50.0]
    exact, lost = advance_rooms(transition_matrix(rooms, adjacency, 600.0), start, air_w, mass_w, -3.0)
    small, small_lost = _euler(rooms, adjacency, start, air_w, mass_w, -3.0, 600.0, 20_000)
    assert exact == pytest.approx(small, abs=1e-4)
    assert lost == pytest.approx(small_lost, rel=1e-5)


positive = st.floats(0.5, 500)
capacity = st.floats(2e3, 1e8)


@st.composite
def networks(draw):
    count = draw(st.integers(1, 4))
    rooms = tuple(
        a_room(str(i), ua_w_per_k=draw(positive), air_j_per_k=draw(capacity), mass_j_per_k=draw(capacity),
               air_mass_w_per_k=draw(positive), sensor_lag_seconds=draw(st.floats(1, 1000)))
        for i in range(count)
    )  # fmt: skip
    links = tuple(Adjacency(str(i), str(i + 1), draw(st.floats(0, 200))) for i in range(count - 1))
    return rooms, links


@examples(60)
@given(networks(), st.data())
def test_heat_stored_plus_heat_lost_is_heat_in(network, data):
    rooms, links = network
    n = len(rooms)
    numbers = st.lists(st.floats(0, 3000), min_size=n, max_size=n)
    start = data.draw(st.lists(st.floats(-20, 40), min_size=3 * n, max_size=3 * n))
    air_w, mass_w = data.draw(numbers), data.draw(numbers)
    seconds = data.draw(st.sampled_from([10.0, 60.0, 3600.0, 86400.0]))
    after, lost = advance_rooms(transition_matrix(rooms, links, seconds), start, air_w, mass_w, -5.0)
    stored = sum(
        spec.air_j_per_k * (after[i] - start[i]) + spec.mass_j_per_k * (after[n + i] - start[n + i])
        for i, spec in enumerate(rooms)
    )
    heat_in = (sum(air_w) + sum(mass_w)) * seconds
    scale = heat_in + abs(stored) + abs(lost) + sum(60 * (r.air_j_per_k + r.mass_j_per_k) for r in rooms)
    assert stored + lost == pytest.approx(heat_in, abs=1e-10 * scale)


@examples(60)
@given(networks(), st.data())
def test_one_long_step_is_many_short_ones_and_stays_bounded(network, data):
    rooms, links = network
    n = len(rooms)
    start = data.draw(st.lists(st.floats(-20, 40), min_size=3 * n, max_size=3 * n))
    zero = [0.0] * n
    long, _ = advance_rooms(transition_matrix(rooms, links, 120.0), start, zero, zero, 0.0)
    short = start
    for _ in range(12):
        short, _ = advance_rooms(transition_matrix(rooms, links, 10.0), short, zero, zero, 0.0)
    assert long == pytest.approx(short, abs=1e-8)
    low, high = min([0.0, *start]), max([0.0, *start])
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in long)


def test_warming_a_room_dries_its_air():
    cold, warm = humidity_percent(16, 0, 300), humidity_percent(21, 0, 300)
    assert 30 < warm < cold < 60
    assert humidity_percent(21, 0, 300) == pytest.approx(100 * (0.85 * 611.2 + 300) / 2487, rel=0.01)


@pytest.mark.parametrize("field", ["ua_w_per_k", "air_j_per_k", "mass_j_per_k", "sensor_lag_seconds"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rooms_are_refused(field, value):
    with pytest.raises(ValueError, match=f"room.{field}"):
        replace(a_room(), **{field: value})
