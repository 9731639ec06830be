"""Plausible is not true: what no room can have reached is in doubt, and waiting does not make it true."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.room_physics import Surroundings
from climate.sensors import RETURN_AFTER, Confirmation, Limits, judge
from climate.state import ClimateReading, SensorHealth

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
OK, SUSPECT, LOST = SensorHealth.OK, SensorHealth.SUSPECT, SensorHealth.LOST
HOUR = 3600.0


def fahrenheit(number):
    return ClimateReading(round((number - 32) / 1.8, 3), number=number, unit="°F")


def celsius(number):
    return ClimateReading(number, number=number, unit="°C")


class Sensor:
    """One sensor over time, looked at every `period` s; its memory goes through JSON between two looks."""

    def __init__(self, last=21.0, *, period=60.0, heat_w=0.0):
        self.memory, self.now, self.period = {}, NOW, period
        self.around, self.confirmation = Surroundings(heat_w), Confirmation()
        self.says(celsius(last))

    def says(self, reading, *, seconds=None):
        """A period later it says this: °C, a reading, or None (nothing)."""
        self.now += timedelta(seconds=self.period if seconds is None else seconds)
        reading = celsius(reading) if isinstance(reading, int | float) else reading
        state, memory = judge(
            "hall", reading, "is off", self.memory, limits=Limits(), now=self.now, around=self.around,
            confirmation=self.confirmation,
        )  # fmt: skip
        self.memory = json.loads(json.dumps(memory))
        return state

    def silent(self, seconds):
        """Nothing can be read for so long."""
        for _ in range(max(1, int(seconds // self.period))):
            self.says(None)

    def settles(self, reading, *, hours=1.0):
        """What it is judged to be after saying this for some time."""
        state = None
        for _ in range(int(hours * HOUR / self.period)):
            state = self.says(reading)
        return state.health


FOR_HOURS = 100


@pytest.mark.parametrize(
    "reading",
    [
        fahrenheit(21.0),  # its unit turned, its number stayed
        celsius(0.0),  # a constant
        celsius(-9.9),
        celsius(12.0),  # beyond any draught
        celsius(38.0),
    ],
)
def test_waiting_does_not_make_it_true(reading):
    sensor = Sensor()
    sensor.says(reading)
    for _ in range(FOR_HOURS):
        state = sensor.says(reading, seconds=HOUR)
        assert (state.health, state.temperature_celsius) == (SUSPECT, None)
    assert state.doubted_celsius == reading.temperature_celsius


def test_nor_does_it_when_it_goes_on_moving():
    """Unit turned, and the room cools and is heated."""
    sensor = Sensor()
    for minute in range(3000):
        assert sensor.says(fahrenheit(21 + 3 * math.sin(minute / 200))).health is SUSPECT


def test_nor_when_it_leaps_about():
    sensor = Sensor()
    for step in range(3000):
        assert sensor.says((0.0, 5.0, -6.1)[step % 3]).health is SUSPECT


def test_nor_when_small_steps_take_it_there():
    """As the mean of a minute shows a unit that turned: no step is a jump, but no room falls like that."""
    sensor = Sensor(period=10)
    value = 21.0
    while value > -6.1:
        value -= 0.5
        state = sensor.says(value)
    assert state.health is SUSPECT
    assert sensor.settles(value, hours=12) is SUSPECT


def test_nor_when_it_is_silent_in_between():
    sensor = Sensor()
    sensor.settles(fahrenheit(21.0))
    sensor.silent(12 * HOUR)
    assert sensor.settles(fahrenheit(20.0)) is SUSPECT


def test_nor_when_its_unit_turns_while_nobody_looks():
    sensor = Sensor()
    sensor.silent(8 * HOUR)
    assert sensor.settles(fahrenheit(18.0)) is SUSPECT
    assert (
        "it reports in °F now (in °C before), but its number is still that of °C: 18.0"
        in sensor.says(fahrenheit(18.0)).problem
    )


def test_a_unit_that_turns_with_its_number_is_no_fault():
    sensor = Sensor()
    assert sensor.says(fahrenheit(69.8)).health is OK
    assert sensor.says(celsius(21.0)).health is OK


@pytest.mark.parametrize("after", [5.0, 9.0, 21.0, 24.0])
def test_a_house_read_again_after_eight_silent_hours_comes_back_by_itself(after):
    sensor = Sensor()
    sensor.silent(8 * HOUR)
    assert sensor.settles(after) is OK


@pytest.mark.parametrize(
    ("kelvin_per_hour", "hours"),
    [
        (-3.0, 6.0),  # a leaky room in winter
        (-12.0, 1.0),  # an old house at −10 °C
        (20.0, 0.5),  # 1 kW in a small bathroom
    ],
)
def test_what_a_room_does_is_believed(kelvin_per_hour, hours):
    sensor = Sensor(heat_w=1000.0)
    for minute in range(int(hours * 60)):
        assert sensor.says(21.0 + kelvin_per_hour * minute / 60).health is OK


def test_an_open_window_explains_a_fall():
    def after(is_open):
        sensor = Sensor()
        sensor.around = Surroundings(window_open=is_open)
        return [sensor.says(21.0 - minute * 0.6).health for minute in range(35)][-1]

    assert (after(True), after(False)) == (OK, SUSPECT)


def test_a_value_that_comes_back_is_believed_after_five_good_minutes():
    sensor = Sensor()
    sensor.settles(fahrenheit(21.0))
    began = sensor.now + timedelta(seconds=60)
    while (state := sensor.says(19.5)).health is SUSPECT:
        assert "was in doubt and has been good again for" in state.problem
        assert state.doubted_celsius is None
    assert (state.health, state.temperature_celsius) == (OK, 19.5)
    assert sensor.now - began == RETURN_AFTER


def test_a_sensor_that_lay_in_a_warm_hand_comes_back():
    """New batteries: 32 °C at first, and it cools down to what the room is."""
    sensor = Sensor()
    sensor.silent(300)
    healths = [sensor.says(21.0 + 11.0 * math.exp(-minute / 8)).health for minute in range(40)]
    assert (healths[0], healths[-1]) == (SUSPECT, OK)


@pytest.mark.parametrize("hours", [1, 3, 8])
def test_a_sensor_that_is_right_again_comes_back_though_the_room_has_cooled(hours):
    """Nothing heated meanwhile: what it says is far from what it said last, and it is where the room may be."""
    sensor = Sensor()
    sensor.settles(0.0, hours=hours)
    cooled = 5 + 16 * math.exp(-hours / 5)
    assert sensor.settles(cooled, hours=0.2) is OK


def test_a_unit_that_is_right_again_is_believed_though_nobody_looked_for_hours():
    sensor = Sensor()
    sensor.settles(fahrenheit(21.0))
    sensor.silent(10 * HOUR)
    assert sensor.settles(celsius(6.0), hours=0.2) is OK


def test_half_the_way_back_is_not_back():
    sensor = Sensor()
    sensor.settles(0.0)
    for step in range(100):  # so slowly that it may be the room, if it is one
        sensor.says(step * 0.099, seconds=600)
    assert sensor.settles(9.9, hours=24) is SUSPECT
    for step in range(10):
        sensor.says(9.9 + step * 0.1, seconds=600)
    assert sensor.settles(10.9) is OK


def test_a_person_says_that_it_is_right():
    sensor = Sensor()
    sensor.settles(12.0)
    sensor.confirmation = Confirmation(by_hand=(sensor.now, 12.2))
    state = sensor.says(12.1)
    assert (state.health, state.temperature_celsius) == (OK, 12.1)
    assert sensor.settles(12.1) is OK
    # It was that value, and that once: another jump is in doubt again.
    assert sensor.settles(2.0) is SUSPECT


def test_what_a_person_said_of_another_value_counts_for_nothing():
    sensor = Sensor()
    sensor.settles(12.0)
    sensor.confirmation = Confirmation(by_hand=(sensor.now, 20.0))
    assert sensor.settles(12.0) is SUSPECT


def test_what_a_person_said_before_it_was_in_doubt_counts_for_nothing():
    sensor = Sensor()
    sensor.confirmation = Confirmation(by_hand=(sensor.now, 12.0))
    sensor.says(21.0)
    assert sensor.settles(12.0) is SUSPECT


def test_another_good_sensor_bears_it_out():
    sensor = Sensor()
    sensor.settles(12.0)
    sensor.confirmation = Confirmation(by_another_sensor=True)
    assert sensor.says(12.0).health is OK


def test_a_doubt_of_a_moment_is_gone_with_its_value():
    sensor = Sensor(period=10)
    assert sensor.says(-6.1).health is SUSPECT
    assert sensor.says(21.0).health is OK


def test_the_last_good_value_stays_what_the_room_may_be():
    sensor = Sensor(last=27.5)
    sensor.settles(fahrenheit(27.5), hours=5)
    state = sensor.says(fahrenheit(27.5))
    assert state.plausible_celsius == pytest.approx(-2.5)  # what it says, whoever believes it
    assert 27.3 < state.faded_celsius < 27.5


def test_the_room_cannot_be_cold_at_once():
    sensor = Sensor()
    assert sensor.says(0.0).lowest_possible_celsius > 15
    for _ in range(120):
        state = sensor.says(0.0)
    assert state.lowest_possible_celsius < 7


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (celsius(69.8), "says 69.8 °C, which no room has; it looks like °F taken for °C: 21.0 °C"),
        (celsius(294.2), "it looks like K taken for °C: 21.1 °C"),
        (celsius(210.0), "it looks like tenths of a degree: 21.0 °C"),
        (fahrenheit(21.0), "it reports in °F now (in °C before), but its number is still that of °C: 21.0"),
        (celsius(-6.1), "it looks like °C taken for °F: 21.0 °C"),
    ],
)
def test_a_unit_is_named(reading, words):
    assert words in Sensor().says(reading).problem.replace("\u202f", " ")


@given(
    st.lists(st.tuples(st.floats(-10, 45), st.sampled_from([10, 60, 600, 7200]), st.booleans()), max_size=25),
    st.floats(10, 30),
)
def test_no_order_of_readings_lets_a_room_do_what_it_cannot(steps, last):
    """Whatever is believed lies within a room's reach of what was believed before it, or came back there."""
    sensor = Sensor(last=last)
    believed, believed_at = last, sensor.now
    for value, seconds, is_read in steps:
        state = sensor.says(value if is_read else None, seconds=seconds)
        if state.health is not OK:
            continue
        hours = (sensor.now - believed_at).total_seconds() / HOUR
        assert abs(value - believed) <= 5 + 30 * hours + 1e-6
        believed, believed_at = value, sensor.now
