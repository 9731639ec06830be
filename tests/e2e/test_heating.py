"""The main job against a real Home Assistant: a cold room is heated, a warm one is not, and it says why."""

from __future__ import annotations

import pytest

from miners.models import CommandLog
from optimization.models import Decision
from tests.servers.homeassistant_config import MINER_PLUG_W

from .home import KEEP_WARM, LOWER, SOLAR, SUNNY, UPPER, become, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.django_db]

BOTH = pytest.mark.parametrize("policy", [KEEP_WARM, SOLAR])
#: The shipped solar policy starts at once from a well charged battery, and on surplus after one minute of it.
FULL_BATTERY = {**SUNNY, "battery_soc": 92}


@BOTH
def test_a_cold_room_with_surplus_is_heated_within_two_periods(make_home, ha, page, policy):
    house = make_home(policy)
    show(ha, living_room_temperature=19.4, **FULL_BATTERY)
    house.periods(2)
    assert house.is_on()
    house.periods(1)
    assert house.zone_live["heating"]
    assert house.zone_live["heating_w"] == MINER_PLUG_W
    assert house.miner_live["confirmed"]
    assert house.commands() == [MINER_PLUG_W]
    decision = Decision.objects.filter(miner=house.miner, action="start").get()
    assert decision.rule_name in decision.explanation.get("rule", "")
    assert decision.reason.startswith("Living room")
    assert "19.4 °C is below" in decision.reason
    assert decision.reason.endswith("so Avalon starts.")
    text = page()
    assert "19.4" in text
    assert "heating" in text


@BOTH
def test_a_room_at_its_upper_bound_is_switched_off(make_home, ha, policy):
    house = make_home(policy)
    show(ha, living_room_temperature=19.4, **FULL_BATTERY)
    house.periods(2)
    assert house.is_on()
    house.becomes(UPPER)
    become(ha, "switch.miner_plug", "off")
    house.periods(1)
    assert house.miner_live["confirmed"]
    assert not house.zone_live["heating"]
    assert house.commands() == [MINER_PLUG_W, 0]


@BOTH
@pytest.mark.parametrize("temperature", [LOWER, 21.0, UPPER - 0.01])
def test_between_the_bounds_nothing_changes(make_home, ha, policy, temperature):
    house = make_home(policy)
    show(ha, living_room_temperature=temperature, **FULL_BATTERY)
    house.periods(3)
    assert not house.is_on()
    assert house.miner_live["action"] == "keep_off"
    house.becomes(LOWER - 0.1)
    house.periods(1)
    assert house.is_on()
    house.becomes(temperature)
    house.periods(2)
    assert house.is_on()
    assert house.miner_live["action"] == "hold"
    assert house.commands() == [MINER_PLUG_W]


def test_surplus_must_have_lasted_a_minute_before_it_heats(make_home, ha):
    house = make_home(SOLAR)
    show(ha, living_room_temperature=19.0, **{**SUNNY, "battery_soc": 45})
    house.periods(6)
    assert not house.is_on()
    house.periods(2)
    assert house.is_on()


def test_a_start_does_not_end_its_own_surplus(make_home, ha):
    house = make_home(SOLAR)
    show(ha, living_room_temperature=19.0, **FULL_BATTERY)
    house.periods(2)
    assert house.is_on()
    # The meter of the whole home now counts the miner, and what was exported goes into it.
    show(ha, house_load=600 + MINER_PLUG_W, grid_power=-3500 + MINER_PLUG_W)
    for _ in range(30):  # five minutes: longer than any stop rule waits
        house.periods(1)
    assert house.is_on()
    assert house.commands() == [MINER_PLUG_W]
    assert house.energy_live["surplus_w"] == 5000 - 600
    assert house.energy_live["household_w"] == 600


def test_without_surplus_the_solar_policy_stops_after_three_minutes(make_home, ha):
    house = make_home(SOLAR)
    show(ha, living_room_temperature=19.0, **FULL_BATTERY)
    house.periods(2)
    assert house.is_on()
    show(ha, pv_power=900, house_load=600 + MINER_PLUG_W, battery_power=-2500, grid_power=450, battery_soc=60)
    house.periods(18)
    assert house.is_on()
    house.periods(2)
    become(ha, "switch.miner_plug", "off")
    stop = Decision.objects.get(miner=house.miner, action="stop")
    assert stop.rule_name == "Importing from the grid"


def test_a_cold_room_without_energy_is_not_heated_by_the_solar_policy(make_home, ha, page):
    house = make_home(SOLAR)
    show(ha, living_room_temperature=19.0, pv_power=0, house_load=600, battery_power=0, grid_power=600, battery_soc=15)
    house.periods(8)
    assert not house.is_on()
    assert house.commands() == []
    assert house.miner_live["reason"] in page().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("config", "values", "read"),
    [
        pytest.param(
            {"climate": {"entity_temperature": "sensor.attic_temperature_raw_f"}},
            {"attic_temperature_raw_f": 66.2},
            19.0,
            id="a sensor in °F",
        ),
        pytest.param(
            {"climate": {"entity_temperature": "sensor.garage_temperature_f"}},
            {},
            10.0,
            id="°F that Home Assistant shows in °C",
        ),
    ],
)
def test_a_room_in_fahrenheit_is_heated_by_the_right_temperature(make_home, ha, config, values, read):
    house = make_home(**config)
    show(ha, **values)
    house.periods(2)
    assert house.zone_live["temperature_celsius"] == pytest.approx(read, abs=0.01)
    assert house.is_on()


def test_production_in_kilowatts_counts_as_watts(make_home, ha):
    house = make_home(SOLAR, energy={"entity_production": "sensor.pv_power_kw"})
    show(ha, living_room_temperature=19.0, pv_power_kw=5.0, house_load=600, grid_power=-3500, battery_power=900)
    house.periods(1)
    assert house.energy_live["production_w"] == 5000
    assert house.energy_live["surplus_w"] == 4400
    house.periods(7)
    assert house.is_on()


def test_a_plug_without_a_meter_is_believed_by_its_word(make_home, ha):
    house = make_home(plug={"entity_power": ""})
    show(ha, living_room_temperature=19.0)
    house.periods(2)
    assert house.is_on()
    house.periods(1)
    assert house.miner_live["confirmed"]
    assert not house.miner_live["power_is_measured"]
    assert CommandLog.objects.filter(miner=house.miner).count() == 1
