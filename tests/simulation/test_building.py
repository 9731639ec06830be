"""The building to judge control by: it keeps energy, is the same for every controller, reports as sensors do."""

from dataclasses import replace

import pytest

from simulation.building import Building, BuildingSpec, Weather
from simulation.sky import Climate

SPEC = BuildingSpec(
    key="flat",
    name="Flat",
    air_j_per_k=7.8e5,
    furniture_j_per_k=3.3e6,
    mass_j_per_k=9.8e6,
    envelope_j_per_k=9.8e6,
    air_furniture_w_per_k=338,
    air_mass_w_per_k=780,
    air_envelope_w_per_k=183,
    envelope_outdoor_w_per_k=56,
    air_outdoor_w_per_k=40,
    people_w=0.0,
    cooking_w=0.0,
)
#: Freezing outdoors all the time.
STILL = Weather(Climate(0.0, 0.0, 0.0, 0.0, 1.0, 15), seed=1)


def after(spec: BuildingSpec, heat_w: float, days: int) -> Building:
    building = Building(spec, STILL)
    for _ in range(days * 1440):
        building.advance(heat_w)
    return building


def test_at_rest_it_loses_what_heats_it():
    spec = replace(SPEC.closed(), air_neighbour_w_per_k=0.001)
    assert after(spec, 1000.0, days=40).air_celsius == pytest.approx(1000.0 / spec.ua_w_per_k, rel=0.002)


def test_two_controllers_meet_the_same_weather_and_people():
    weather = Weather(Climate(4.0), seed=7)
    one, other = (Building(replace(SPEC, windows=((180.0, 2.0),)), weather) for _ in range(2))
    for minute in range(1440):
        one.advance(800.0)
        other.advance(800.0 if minute < 720 else 0.0)
    assert (one.outdoor_celsius, one.window_is_open) == (other.outdoor_celsius, other.window_is_open)
    assert one.air_celsius > other.air_celsius + 1


def test_the_sensor_lags_and_reports_in_steps():
    building = after(SPEC, 0.0, days=5)
    before = building.reported_celsius
    reports = []
    for _ in range(10):
        building.advance(3500.0)
        reports.append(building.reported_celsius)
    assert building.air_celsius - before > 2 * (reports[-1] - before) > 0
    assert all(report == pytest.approx(round(report, 1)) for report in reports)


def test_a_capacity_that_is_none_is_refused_by_name():
    with pytest.raises(ValueError, match=r"flat\.air_j_per_k"):
        replace(SPEC, air_j_per_k=0.0)


def test_an_open_door_lets_the_neighbour_in():
    weather = Weather(Climate(0.0, 0.0, 0.0, 0.0, 1.0, 15), seed=1)
    shut, opened = (Building(replace(SPEC, open_door_w_per_k=w_per_k), weather) for w_per_k in (0.0, 60.0))
    apart, was_open = 0.0, False
    for _ in range(2 * 1440):
        shut.advance(0.0)
        opened.advance(0.0)
        was_open |= opened.door_is_open
        apart = max(apart, opened.air_celsius - shut.air_celsius)
    assert was_open
    assert apart > 0.2  # the neighbour is warmer than a room that nothing heats


def test_a_steady_sensor_is_heard_of_all_the_same():
    building = Building.at_rest(replace(SPEC.closed(), air_neighbour_w_per_k=0.0), STILL, 20.0)
    reports = set()
    for _ in range(180):
        building.advance(SPEC.ua_w_per_k * 20.0)
        reports.add((building.reported_minute, building.reported_celsius))
    assert building.celsius == pytest.approx([20.0, 20.0, 20.0, building.celsius[3], 20.0], abs=0.01)
    assert reports == {(minute, 20.0) for minute in range(0, 181, 30)}
