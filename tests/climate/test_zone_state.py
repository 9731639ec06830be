"""From sensors to a zone: median, two that differ, highest and lowest, and the trend."""

import math
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate import zone_state
from climate.flat import Flat
from climate.sensors import MonitorState
from climate.state import SensorHealth, Target

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
OK, SUSPECT, LOST = SensorHealth.OK, SensorHealth.SUSPECT, SensorHealth.LOST


def sensor(celsius, health=None, *, name="s", plausible=None, humidity=None, seconds_ago=0, since=None):
    health = health or (OK if celsius is not None else LOST)
    return MonitorState(
        name,
        celsius,
        humidity,
        NOW - timedelta(seconds=seconds_ago),
        health,
        "" if health is OK else "has been silent for 61 min",
        celsius if plausible is None else plausible,
        since,
    )


def zone(*sensors, target=21.0, hysteresis=0.5, **kwargs):
    return zone_state.build(
        zone_id="z",
        slug="hall",
        name="Hall",
        sensors=sensors,
        target=Target(target, target, "default target"),
        hysteresis_celsius=hysteresis,
        high_limit_celsius=28.0,
        frost_limit_celsius=7.0,
        trend_celsius_per_hour=None,
        sensor_is_real=True,
        **kwargs,
    )


@pytest.mark.parametrize(
    ("sensors", "celsius", "health"),
    [
        ((), None, LOST),
        ((sensor(20.0),), 20.0, OK),
        ((sensor(20.0), sensor(21.5)), 20.75, OK),  # 1.5 K apart is still agreement
        ((sensor(20.0), sensor(21.6)), 21.6, SUSPECT),  # the warmer is believed
        ((sensor(21.6), sensor(20.0)), 21.6, SUSPECT),
        ((sensor(20.0), sensor(26.0), sensor(20.4)), 20.4, OK),  # one of three lies: the median
        ((sensor(20.0), sensor(21.5), sensor(23.0)), 21.5, OK),  # 1.5 K from the median is still agreement
        ((sensor(20.0), sensor(21.6), sensor(23.2)), 23.2, SUSPECT),  # no two agree
        ((sensor(20.0), sensor(20.2), sensor(26.0), sensor(26.2)), 26.2, SUSPECT),  # nor is there a majority
        ((sensor(20.0), sensor(20.2), sensor(20.4), sensor(26.2)), pytest.approx(20.3), OK),
        ((sensor(20.0), sensor(None)), 20.0, OK),
        ((sensor(None), sensor(None)), None, LOST),
        ((sensor(None, SUSPECT), sensor(None)), None, SUSPECT),
        ((sensor(None, SUSPECT),), None, SUSPECT),
    ],
)
def test_several_sensors_become_one_temperature(sensors, celsius, health):
    built = zone(*sensors)
    assert built.temperature_celsius == celsius
    assert built.sensor is health


@pytest.mark.parametrize(
    ("sensors", "sentence"),
    [
        ((), "Hall has no temperature sensor, so it is not heated."),
        ((sensor(None, name="door"),), "The sensor ‘door’ has been silent for 61 min."),
        (
            (sensor(20.0, name="door"), sensor(22.0, name="sofa")),
            "The sensors of Hall differ by 2.0 K: ‘door’ 20.0 °C and ‘sofa’ 22.0 °C. The warmest counts.",
        ),
        (
            (sensor(20.0), sensor(20.2), sensor(22.0, name="sofa")),
            "‘sofa’ says 22.0 °C, unlike the others (20.2 °C).",
        ),
        (
            (sensor(20.0), sensor(20.2), sensor(None, name="door"), sensor(22.0, name="sofa")),
            "Another sensor is used: ‘door’ has been silent for 61 min. "
            "‘sofa’ says 22.0 °C, unlike the others (20.2 °C).",
        ),
        (
            (sensor(20.0), sensor(None, name="door")),
            "Another sensor is used: ‘door’ has been silent for 61 min.",
        ),
        ((sensor(20.0),), ""),
    ],
)
def test_what_is_wrong_is_said(sensors, sentence):
    assert zone(*sensors).problem == sentence


def test_the_highest_looks_at_every_plausible_reading_and_the_lowest_at_believed_ones():
    built = zone(sensor(20.0), sensor(None, SUSPECT, plausible=29.0), sensor(19.0))
    assert (built.highest_celsius, built.lowest_celsius, built.temperature_celsius) == (29.0, 19.0, 19.5)


STANDS_STILL = Flat(SUSPECT, NOW - timedelta(minutes=3))


def test_sensors_that_stand_still_in_a_heated_room_are_not_believed():
    built = zone(sensor(20.0, name="door"), sensor(20.4, name="sofa"), flat=STANDS_STILL)
    assert (built.temperature_celsius, built.sensor, built.lost_since) == (None, SUSPECT, STANDS_STILL.since)
    assert built.highest_celsius == 20.4  # the high limit goes on looking
    assert "heated hard for 2 h and nothing moved: ‘door’ 20.0 °C and ‘sofa’ 20.4 °C all the time" in built.problem


def test_each_sensor_says_how_it_stands_beside_the_others():
    def told(*sensors, **kwargs):
        return [(str(one.health), one.problem) for one in zone(*sensors, **kwargs).sensors]

    a, b, c = sensor(20.0, name="a"), sensor(20.4, name="b"), sensor(17.0, name="c")
    assert told(a, b) == [("ok", ""), ("ok", "")]
    assert told(a, b, c) == [("ok", ""), ("ok", ""), ("suspect", "says 17.0 °C, unlike the others (20.0 °C)")]
    assert told(a, c) == [("suspect", "and the others differ by 3.0 K")] * 2
    assert told(a, flat=STANDS_STILL) == [("suspect", "has not moved while its room was heated hard")]
    gone = sensor(None, name="gone")
    assert told(a, gone) == [("ok", ""), ("lost", "has been silent for 61 min")]


def test_a_sensor_that_says_nothing_is_not_called_still():
    built = zone(sensor(None, name="door", since=NOW), flat=STANDS_STILL)
    assert built.sensor is LOST
    assert built.problem == "The sensor ‘door’ has been silent for 61 min."


def test_what_else_is_amiss_is_said_after_the_temperature():
    built = zone(sensor(20.0), sensor(None, name="door"), problems=["The window of Hall counts as closed. Why."])
    assert built.sensor is OK
    assert built.problem == (
        "Another sensor is used: ‘door’ has been silent for 61 min. The window of Hall counts as closed. Why."
    )


def test_nothing_known_has_no_highest_and_says_since_when():
    built = zone(sensor(None, since=NOW - timedelta(minutes=4)), sensor(None, since=NOW - timedelta(minutes=9)))
    assert (built.highest_celsius, built.lowest_celsius) == (None, None)
    assert built.lost_since == NOW - timedelta(minutes=9)
    assert zone(sensor(20.0), sensor(None, since=NOW)).lost_since is None


def test_humidity_and_time_come_from_believed_sensors():
    built = zone(
        sensor(20.0, humidity=40.0, seconds_ago=50),
        sensor(20.0, humidity=50.0, seconds_ago=90),
        sensor(None, humidity=99.0, seconds_ago=1),
    )
    assert built.humidity_percent == 45.0
    assert built.observed_at == NOW - timedelta(seconds=50)


def test_the_bounds_and_both_sides_of_them():
    assert (zone(sensor(20.5)).lower_bound, zone(sensor(20.5)).upper_bound) == (20.5, 21.5)
    facts = {celsius: (zone(sensor(celsius)).below_target, zone(sensor(celsius)).above_target)
             for celsius in (20.49, 20.5, 21.49, 21.5)}  # fmt: skip
    assert facts == {20.49: (True, False), 20.5: (False, False), 21.49: (False, False), 21.5: (False, True)}
    unknown = zone(sensor(None))
    assert (unknown.below_target, unknown.above_target) == (None, None)


plausible = st.floats(-10, 45)


@given(st.lists(st.one_of(st.none(), plausible), max_size=5))
def test_the_zone_lies_between_its_believed_sensors(values):
    built = zone(*(sensor(value) for value in values))
    seen = [value for value in values if value is not None]
    assert (built.temperature_celsius is None) == (not seen)
    if seen:
        assert min(seen) <= built.temperature_celsius <= max(seen)
        assert built.highest_celsius == max(seen)
        assert built.lowest_celsius == min(seen)
        middle = median(seen)
        near = [value for value in seen if abs(value - middle) <= zone_state.DISAGREE_K]
        agree = max(seen) - min(seen) <= zone_state.DISAGREE_K or (len(seen) > 2 and len(near) > len(seen) / 2)
        assert built.temperature_celsius == (middle if agree else max(seen))
        assert built.sensor is (OK if agree else SUSPECT)
    assert (built.sensor is LOST) == (not seen)


def trend_of(samples):
    """`samples`: (minute, °C) pairs."""
    points, trend = [], None
    for minute, celsius in samples:
        points, trend = zone_state.update_trend(points, celsius, NOW + timedelta(minutes=minute))
    return points, trend


def test_the_trend_is_the_slope_of_a_straight_line():
    _, trend = trend_of([(minute, 20 + minute * 0.6 / 60) for minute in range(30)])
    assert trend == pytest.approx(0.6)


def test_no_trend_before_five_minutes():
    assert trend_of([(minute, 20.0) for minute in range(5)])[1] is None
    assert trend_of([(minute, 20.0) for minute in range(6)])[1] == pytest.approx(0.0)


def test_the_trend_forgets_what_is_older_than_half_an_hour():
    samples = [(minute, 10.0 + minute) for minute in range(30)] + [(minute, 25.0) for minute in range(30, 62)]
    points, trend = trend_of(samples)
    assert trend == pytest.approx(0.0)
    assert len(points) <= 31


def test_one_point_a_minute_is_kept_and_unknown_ones_are_not():
    points, _ = trend_of([(0, 20.0), (0.5, 20.1), (1, None), (1.5, 20.2)])
    assert [celsius for _, celsius in points] == [20.0, 20.2]


@given(st.lists(st.tuples(st.integers(-5000, 5000), st.one_of(st.none(), plausible)), max_size=40))
def test_no_order_of_times_breaks_the_trend(samples):
    points, trend = trend_of([(seconds / 60, celsius) for seconds, celsius in samples])
    assert trend is None or math.isfinite(trend)
    assert points == sorted(points, key=lambda point: point[0])


@pytest.mark.parametrize("memory", [{}, {"m": None}, {"m": "text"}, {"m": [1]}])
def test_malformed_memory_of_a_monitor_is_no_memory(memory):
    assert zone_state.sensors_memory(memory, "m") == {}


def test_memory_of_a_monitor_is_found_by_its_id():
    assert zone_state.sensors_memory({"m": {"last": 20.0}, "n": {}}, "m") == {"last": 20.0}
