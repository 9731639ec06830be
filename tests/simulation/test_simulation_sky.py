"""Sun, cloud, outdoor temperature, PV and household load: believable and repeatable."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import PvSpec, demo_house, demo_spec, step, weather
from simulation.house import conditions, minute_of
from simulation.household import household_w
from simulation.pv import pv_power_w
from simulation.sky import Sun, cloud, horizontal_w_m2, outdoor_celsius, plane_w_m2, smooth_noise, sun, uniform

DAY = 24 * 60
minutes = st.integers(-(10**7), 10**8)
seeds = st.integers(-(2**62), 2**62)


def minute(*when):
    return minute_of(datetime(*when, tzinfo=UTC))


@pytest.mark.parametrize(
    ("latitude", "day", "noon_degrees"),
    [(45.0, 172, 68.45), (45.0, 355, 21.55), (0.0, 81, 90.0), (-33.9, 355, 79.55), (60.0, 355, 6.55)],
)
def test_noon_elevation(latitude, day, noon_degrees):
    highest = max(sun(m, latitude, 0.0, day).up for m in range(DAY))
    assert math.degrees(math.asin(highest)) == pytest.approx(noon_degrees, abs=0.5)


def test_known_suns():
    """Against the NOAA solar calculator, within the degree this formula is good for."""
    turin_noon = sun(minute(2025, 2, 5, 11, 43), 45.07, 7.69, None)
    assert math.degrees(math.asin(turin_noon.up)) == pytest.approx(29.0, abs=1)
    assert abs(math.degrees(math.atan2(turin_noon.east, turin_noon.north))) == pytest.approx(180, abs=2)
    morning = sun(minute(2025, 6, 21, 6, 0), 45.07, 7.69, None)
    assert morning.east > 0.5  # the sun stands in the east in the morning
    assert sun(minute(2025, 6, 21, 18, 0), 45.07, 7.69, None).east < -0.5


def test_the_sun_stands_north_at_noon_in_the_south():
    assert sun(minute(2025, 8, 6, 2, 0), -33.87, 151.2, None).north > 0.5


@given(minutes, st.floats(-90, 90), st.floats(-180, 180))
def test_the_sun_is_a_direction(m, latitude, longitude):
    position = sun(m, latitude, longitude, None)
    assert position.east**2 + position.north**2 + position.up**2 == pytest.approx(1)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 90), st.floats(0, 360), st.floats(0, math.tau))
def test_irradiance_is_possible(up, cover, tilt, azimuth, bearing):
    level = math.sqrt(1 - up * up)
    position = Sun(level * math.sin(bearing), level * math.cos(bearing), up)
    assert 0 <= horizontal_w_m2(up, cover) <= 1050
    assert 0 <= plane_w_m2(position, cover, tilt, azimuth) <= 1250
    if up <= 0:
        assert plane_w_m2(position, cover, tilt, azimuth) == 0
    assert horizontal_w_m2(up, 1.0) <= horizontal_w_m2(up, cover) <= horizontal_w_m2(up, 0.0)


def test_no_sun_at_night_and_a_day_of_believable_length():
    for seed in range(5):
        spec = demo_spec(seed)
        start = minute(2025, 7, 1, 0, 0)  # midsummer: still winter in the demo
        sunny = [m for m in range(DAY) if conditions(spec, start + m).pv_w > 0]
        assert 9 * 60 < len(sunny) < 11 * 60
        assert 6 * 60 < sunny[0] < 7.5 * 60  # UTC at 7.7 degrees east
        assert all(conditions(spec, start + m).horizontal_w_m2 == 0 for m in (*range(5 * 60), *range(18 * 60, DAY)))


def test_winter_weather_at_any_date():
    coldest, warmest = 99.0, -99.0
    for seed in range(20):
        climate = demo_spec(seed).climate
        for m in range(0, 30 * DAY, 37):
            outdoor = outdoor_celsius(climate, seed, minute(2025, 7, 1) + m, 7.69)
            coldest, warmest = min(coldest, outdoor), max(warmest, outdoor)
    assert -6.9 <= coldest < -4
    assert 6 < warmest <= 8.9


def test_afternoons_are_warmer_than_nights_on_average():
    climate = demo_spec(1).climate
    afternoon, night = (
        sum(outdoor_celsius(climate, 1, minute(2025, 1, 1, hour) + d * DAY, 7.69) for d in range(60)) / 60
        for hour in (14, 3)
    )
    assert afternoon - night > 5


def test_clouds_come_and_go():
    covers = [cloud(demo_spec(seed).climate, seed, m) for seed in range(5) for m in range(0, 20 * DAY, 11)]
    assert min(covers) < 0.1 < 0.9 < max(covers)
    assert 0.4 < sum(covers) / len(covers) < 0.6


@given(seeds, minutes, st.integers(1, 10_000))
def test_noise_is_bounded_smooth_and_repeats(seed, m, period):
    here, next_minute = smooth_noise(seed, 1, m, period), smooth_noise(seed, 1, m + 1, period)
    assert -1 <= here <= 1
    assert abs(next_minute - here) <= 3.001 / period + 1e-9 or period < 3
    assert here == smooth_noise(seed, 1, m, period)


def test_hash_is_uniform_and_its_streams_differ():
    values = [uniform(seed, salt, i) for seed in range(4) for salt in range(4) for i in range(1000)]
    assert len(set(values)) == len(values)
    assert sum(values) / len(values) == pytest.approx(0.5, abs=0.01)
    assert sum(v < 0.1 for v in values) / len(values) == pytest.approx(0.1, abs=0.01)


@given(seeds, minutes)
def test_household_load_is_possible(seed, m):
    spec = demo_spec(1).household
    load = household_w(spec, seed, m, 7.69)
    assert 150 <= load <= 150 + 80 + 300 + 2000
    assert load == household_w(spec, seed, m, 7.69)


def test_household_uses_a_believable_amount_a_day():
    for seed in range(5):
        wh = sum(household_w(demo_spec(1).household, seed, m, 7.69) for m in range(3 * DAY)) / 60 / 3
        assert 5_000 < wh < 10_000


def test_pv_power():
    spec = PvSpec(peak_w=7000, inverter_w=6000)
    assert pv_power_w(spec, 0, 0) == 0
    at_25_cell = pv_power_w(spec, 500, 25 - 0.031 * 500)
    assert at_25_cell == pytest.approx(7000 * 0.5 * 0.88)
    assert pv_power_w(spec, 500, -10) > at_25_cell > pv_power_w(spec, 500, 35)
    assert pv_power_w(spec, 1200, -20) == 6000


def test_different_seeds_have_different_weather_and_equal_seeds_the_same():
    at = datetime(2025, 1, 10, 10, 0, tzinfo=UTC)
    assert weather(demo_house(1, at)) == weather(demo_house(1, at))
    assert weather(demo_house(1, at)) != weather(demo_house(2, at))
    later = at + timedelta(hours=5)
    assert weather(step(demo_house(1, at), later)) == weather(demo_house(1, later))
