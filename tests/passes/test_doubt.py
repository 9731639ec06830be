"""A room whose only sensor says what no room can do: whole passes over a room that really warms and cools."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from climate.models import ClimateMonitor
from climate.pulses import MEAN_W, PULSE_WH
from climate.services import confirm_value
from climate.state import ClimateReading
from integrations import units
from integrations.errors import Unreachable
from sites import live
from sites.models import Site

from .bench import Home

CASE = json.loads((Path(__file__).parent / "cases" / "temperature_falls_impossibly.json").read_text())
assert CASE["what"] == "one sensor, frost protection on, 2 kW in a room of 60 W/K at 5 °C outside"
WATTS, LOSS_W_PER_K, OUTSIDE, CAPACITY_J_PER_K = 2000, 60.0, 5.0, 400e3
PERIOD_S = 120
#: What a pulse of 250 Wh and a period more lifts such a room by, K.
PULSE_LIFTS_K = (PULSE_WH + WATTS * PERIOD_S / 3600) * 3600 / CAPACITY_J_PER_K


class RealRoom(Home):
    """The room of the case; `says` is what its sensor makes of the truth."""

    def __init__(self, **kwargs):
        super().__init__(nominal_power_w=WATTS, **kwargs)
        Site.objects.update(control_period_seconds=PERIOD_S)
        self.celsius, self.given_wh, self.hottest = 21.0, 0.0, 0.0
        self.sensor = self.celsius_of

    def celsius_of(self, true):
        return ClimateReading(round(true, 1), observed_at=self.now, number=round(true, 1), unit="°C")

    def fahrenheit_of(self, true):
        number = round(true, 1)
        return ClimateReading(units.celsius(number, "°F", "it"), observed_at=self.now, number=number, unit="°F")

    def hours(self, hours):
        for _ in range(round(hours * 3600 / PERIOD_S)):
            watts = WATTS if self.plug.on else 0.0
            flow = watts - LOSS_W_PER_K * (self.celsius - OUTSIDE)
            self.celsius += flow * PERIOD_S / CAPACITY_J_PER_K
            self.given_wh += watts * PERIOD_S / 3600
            self.hottest = max(self.hottest, self.celsius)
            said = self.sensor(self.celsius)
            self.says(said)
            self.go(seconds=PERIOD_S)

    @property
    def card(self):
        return live.read(self.site.pk)["zones"][str(self.zone.pk)]

    @property
    def monitor(self):
        return ClimateMonitor.objects.get()


@pytest.fixture
def room(db, bench):
    home = RealRoom()
    home.hours(1)
    assert home.open_alarms == []
    home.given_wh = 0.0
    return home


def test_a_unit_that_turns_is_named_and_heats_by_pulses_only(room):
    """`unit_turns`: it goes on moving, so it answers; but never does the room get warm by it."""
    room.sensor = room.fahrenheit_of
    room.hours(9)
    assert room.hottest < 23.0
    assert room.given_wh <= WATTS * 300 / 3600 + 9 * MEAN_W + PULSE_WH + WATTS * PERIOD_S / 3600
    assert room.celsius > OUTSIDE
    assert "sensor_doubted" in room.open_alarms
    text = room.alarm_text("sensor_doubted")
    assert "it reports in °F now (in °C before), but its number is still that of °C" in text
    room.sensor = room.celsius_of
    room.hours(0.5)
    assert room.open_alarms == []
    assert room.plug.on  # cold by now, and its sensor is believed again


def test_zero_for_ever_gets_three_pulses_and_is_told(room):
    """`constant_zero`"""
    room.sensor = lambda true: 0.0
    room.hours(9)
    assert room.hottest < 23.0
    assert room.given_wh <= WATTS * 300 / 3600 + 3 * (PULSE_WH + WATTS * PERIOD_S / 3600)
    assert {"sensor_doubted", "frost_not_protected"} <= set(room.open_alarms)
    assert "3 pulses of heat did not move it as heat does" in room.alarm_text("frost_not_protected")
    before = room.given_wh
    room.hours(3)
    assert room.given_wh == before


def test_a_person_says_that_a_moved_sensor_is_right(room):
    room.sensor = lambda true: room.celsius_of(true - 9)
    room.hours(1)
    assert room.card["sensor"] == "suspect"
    assert not room.plug.on
    (seen,) = room.card["monitors"].values()
    assert seen["doubted_celsius"] == seen["says_celsius"]
    assert seen["temperature_celsius"] is None
    confirm_value(room.monitor, seen["doubted_celsius"], by="Ada")
    room.hours(0.1)
    assert room.card["sensor"] == "ok"
    assert room.plug.on
    assert [text for text in room.activity if "is right" in text]
    room.restart()
    room.hours(0.1)
    assert room.card["sensor"] == "ok"


def test_a_house_read_again_after_eight_silent_hours_heats_by_itself(room):
    room.sensor = lambda true: Unreachable("It is off.")
    room.hours(8)
    assert room.celsius < 6.0
    room.sensor = room.celsius_of
    room.hours(0.25)
    assert room.open_alarms == []
    assert room.plug.on


def test_nothing_heats_by_hand_in_a_room_in_doubt(room):
    room.sensor = lambda true: room.celsius_of(true - 9)
    room.hours(0.2)
    from miners.services import request_power

    request_power(room.miner, WATTS, until=timezone.now() + timedelta(hours=3), by="Ada")
    given = room.given_wh
    room.hours(0.5)
    assert room.given_wh == given


def test_a_good_sensor_bears_out_another(bench, room):
    key = f"{room.site.pk}-second"
    bench.rooms[key] = 12.0
    row = ClimateMonitor.objects.create(site=room.site, name="Second", adapter_type="bench", config={"key": key})
    room.zone.monitors.add(row)
    room.sensor = lambda true: 12.4
    room.hours(0.2)
    told = {one["problem"] for one in room.card["monitors"].values()}
    assert told == {""}


def test_a_doubt_outlives_a_restart(room):
    room.sensor = lambda true: 0.0
    room.hours(0.5)
    room.restart()
    room.hours(0.5)
    assert room.card["sensor"] == "suspect"
    assert not room.plug.on or room.card["problem"].endswith("Wh.")


def test_one_odd_report_switches_nothing(db, bench):
    """20.6 °C where 21 ± 0.5 °C are wanted, and every few minutes a report some kelvin off."""
    home = Home()
    for step in range(240):
        odd = {7: 3.5, 8: 3.5, 21: -3.5, 40: 4.5}.get(step % 50, 0.0)
        home.says(20.6 + odd)
        home.go()
    assert home.plug.writes == []
    (seen,) = live.read(home.site.pk)["zones"][str(home.zone.pk)]["monitors"].values()
    assert seen["says_celsius"] == seen["temperature_celsius"] == 20.6


def test_the_high_limit_waits_for_no_second_report(db, bench):
    home = Home()
    home.zone.high_limit_celsius = 24.0
    home.zone.save()
    home.go(2)
    assert home.plug.on
    home.says(24.5)
    home.go()
    assert not home.plug.on
    assert home.open_alarms == ["high_limit"]
