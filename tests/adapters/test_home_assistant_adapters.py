"""What the adapters on Home Assistant make of states: signs, units, and switches that contradict their meters."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from climate.monitors.home_assistant.monitor import HomeAssistantClimateMonitor
from climate.state import ClimateReading
from energy.monitors.home_assistant.monitor import HomeAssistantEnergyMonitor
from integrations.connections.entities import EntityAnswers, EntityState
from integrations.errors import AdapterError, BadAnswer, NotFound
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from miners.state import MinerStatus

CASES = Path(__file__).parent / "cases"
AT = datetime(2026, 11, 22, 15, 53, 28, tzinfo=UTC)
EARLIER = AT - timedelta(minutes=5)


def answers(**states) -> EntityAnswers:
    """`sensor__x=("20", "°C")` or `(state, unit, observed_at)`."""
    result = EntityAnswers()
    for name, (state, unit, *at) in states.items():
        entity_id = name.replace("__", ".")
        result[entity_id] = EntityState(entity_id, state, unit, observed_at=at[0] if at else AT)
    return result


# -- climate ----------------------------------------------------------------------------------


def climate(**config):
    return HomeAssistantClimateMonitor.Config(entity_temperature="sensor.t", **config)


def test_temperature_and_humidity():
    reading = HomeAssistantClimateMonitor.read(
        climate(entity_humidity="sensor.h"), answers(sensor__t=("68", "°F", EARLIER), sensor__h=("45", "%"))
    )
    assert (reading.temperature_celsius, reading.humidity_percent, reading.observed_at) == (20.0, 45.0, EARLIER)


def test_a_lost_humidity_does_not_take_the_temperature_with_it():
    reading = HomeAssistantClimateMonitor.read(
        climate(entity_humidity="sensor.h"), answers(sensor__t=("20", "°C"), sensor__h=("unavailable", "%"))
    )
    assert (reading.temperature_celsius, reading.humidity_percent) == (20.0, None)


@pytest.mark.parametrize(
    ("entity", "state", "is_open"),
    [
        ("binary_sensor.w", "on", True),
        ("binary_sensor.w", "off", False),
        ("input_boolean.w", "on", True),
        ("cover.w", "open", True),
        ("cover.w", "opening", True),
        ("cover.w", "closed", False),
    ],
)
def test_a_window_contact(entity, state, is_open):
    states = answers(sensor__t=("20", "°C"), **{entity.replace(".", "__"): (state, None)})
    reading = HomeAssistantClimateMonitor.read(climate(entity_window=entity), states)
    assert (reading.window_open, reading.window_problem) == (is_open, "")


@pytest.mark.parametrize(
    ("entity", "state", "is_there"),
    [
        ("binary_sensor.p", "on", True),
        ("binary_sensor.p", "off", False),
        ("person.ada", "home", True),
        ("person.ada", "not_home", False),
        ("device_tracker.phone", "Office", False),  # a zone of Home Assistant
        ("group.family", "home", True),
    ],
)
def test_whether_somebody_is_there(entity, state, is_there):
    states = answers(sensor__t=("20", "°C"), **{entity.replace(".", "__"): (state, None)})
    reading = HomeAssistantClimateMonitor.read(climate(entity_presence=entity), states)
    assert (reading.is_occupied, reading.presence_problem) == (is_there, "")


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"binary_sensor__x": ("unavailable", None)}, "‘binary_sensor.x’ is unavailable in Home Assistant."),
        ({"binary_sensor__x": ("unknown", None)}, "has no value in Home Assistant yet."),
        ({}, "‘binary_sensor.x’ is not known to Home Assistant."),
    ],
)
def test_a_contact_that_does_not_say_is_told_and_takes_nothing_with_it(states, words):
    config = climate(entity_window="binary_sensor.x", entity_presence="binary_sensor.x")
    reading = HomeAssistantClimateMonitor.read(config, answers(sensor__t=("20", "°C"), **states))
    assert (reading.temperature_celsius, reading.window_open, reading.is_occupied) == (20.0, None, None)
    assert words in reading.window_problem
    assert reading.window_problem == reading.presence_problem


def test_without_contact_and_presence_nothing_is_said_of_them():
    reading = HomeAssistantClimateMonitor.read(climate(), answers(sensor__t=("20", "°C")))
    assert reading == ClimateReading(20.0, None, AT, number=20.0, unit="°C")


@pytest.mark.parametrize(
    ("field", "entity"), [("entity_window", "sensor.t"), ("entity_presence", "switch.x"), ("entity_window", "Window")]
)
def test_what_is_no_contact_is_refused(field, entity):
    with pytest.raises(ValidationError):
        climate(**{field: entity})


# -- energy -----------------------------------------------------------------------------------


def energy(**config):
    return HomeAssistantEnergyMonitor.Config(**config)


@pytest.mark.parametrize(("positive_export", "grid_w"), [(False, -1500.0), (True, 1500.0)])
def test_sign_of_the_grid(positive_export, grid_w):
    config = energy(entity_grid="sensor.g", grid_positive_export=positive_export)
    assert HomeAssistantEnergyMonitor.read(config, answers(sensor__g=("-1500", "W"))).grid_w == grid_w


@pytest.mark.parametrize(("positive_charge", "battery_w"), [(True, 0.8e3), (False, -0.8e3)])
def test_sign_of_the_battery(positive_charge, battery_w):
    config = energy(entity_battery_power="sensor.b", battery_positive_charge=positive_charge)
    assert HomeAssistantEnergyMonitor.read(config, answers(sensor__b=("0.8", "kW"))).battery_w == battery_w


def test_a_turned_zero_stays_a_plain_zero():
    config = energy(entity_grid="sensor.g", grid_positive_export=True)
    assert str(HomeAssistantEnergyMonitor.read(config, answers(sensor__g=("0", "W"))).grid_w) == "0.0"


def test_an_unreadable_part_is_unknown_and_named_never_zero():
    config = energy(entity_production="sensor.pv", entity_consumption="sensor.l", entity_battery_soc="sensor.soc")
    snapshot = HomeAssistantEnergyMonitor.read(
        config, answers(sensor__pv=("3200", "W"), sensor__l=("unavailable", "W"), sensor__soc=("62", "V"))
    )
    assert (snapshot.production_w, snapshot.household_w, snapshot.battery_soc_percent) == (3200.0, None, None)
    assert ["‘sensor.l’" in problem for problem in snapshot.problems] == [True, False]
    assert "‘V’" in snapshot.problems[1]


def test_each_part_has_its_own_time():
    config = energy(entity_production="sensor.pv", entity_grid="sensor.g")
    for pv_at, grid_at in ((EARLIER, AT), (AT, EARLIER)):
        snapshot = HomeAssistantEnergyMonitor.read(
            config, answers(sensor__pv=("0", "W", pv_at), sensor__g=("100", "W", grid_at))
        )
        assert (snapshot.production_w, snapshot.observed_at) == (0.0, AT)
        assert snapshot.observed == {"production_w": pv_at, "grid_w": grid_at}
        assert snapshot.sensors == {"production_w": "‘sensor.pv’", "grid_w": "‘sensor.g’"}


PAIR = {"entity_grid_import": "sensor.power_delivered", "entity_grid_export": "sensor.power_returned"}
BATTERY_PAIR = {"entity_battery_charge": "sensor.in", "entity_battery_discharge": "sensor.out"}


def test_import_and_export_as_two_positive_sensors():
    case = json.loads((CASES / "two_positive_meters.json").read_text())
    states = {entity_id.replace(".", "__"): text.split() for entity_id, text in case.items() if entity_id != "right"}
    snapshot = HomeAssistantEnergyMonitor.read(energy(**PAIR), answers(**states))
    assert snapshot.grid_w == pytest.approx(-371)
    assert case["right"] == "grid = -371 W"
    assert snapshot.sensors["grid_w"] == "‘sensor.power_delivered’ and ‘sensor.power_returned’"


def test_charging_and_discharging_as_two_positive_sensors():
    for into, out, battery_w in (("700", "0", 700), ("0", "700", -700), ("900", "200", 700)):
        states = answers(sensor__in=(into, "W"), sensor__out=(out, "W"))
        assert HomeAssistantEnergyMonitor.read(energy(**BATTERY_PAIR), states).battery_w == battery_w


@pytest.mark.parametrize(
    ("delivered", "returned", "at"),
    [
        (("0", EARLIER), ("400", AT), AT),  # nothing is bought while something is sold
        (("400", AT), ("0", EARLIER), AT),
        (("0", EARLIER), ("0", AT), EARLIER),
        (("300", EARLIER), ("400", AT), EARLIER),
        (("0", AT), ("400", EARLIER), EARLIER),
    ],
)
def test_a_pair_is_as_old_as_the_half_that_should_move(delivered, returned, at):
    states = answers(
        sensor__power_delivered=(delivered[0], "W", delivered[1]),
        sensor__power_returned=(returned[0], "W", returned[1]),
    )
    assert HomeAssistantEnergyMonitor.read(energy(**PAIR), states).observed["grid_w"] == at


@pytest.mark.parametrize(
    ("delivered", "returned", "grid_w", "words"),
    [
        ("-12", "400", -400, ""),
        ("-300", "300", None, "‘sensor.power_delivered’ says -300 W, but a sensor of one direction"),
        ("200", "unavailable", None, "‘sensor.power_returned’ is unavailable"),
    ],
)
def test_half_a_pair_is_no_grid(delivered, returned, grid_w, words):
    states = answers(
        sensor__power_delivered=(delivered, "W"), sensor__power_returned=(returned, "W"), sensor__pv=("5", "W")
    )
    snapshot = HomeAssistantEnergyMonitor.read(energy(entity_production="sensor.pv", **PAIR), states)
    assert snapshot.grid_w == grid_w
    assert words in " ".join(snapshot.problems)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"entity_grid_import": "sensor.a"},
            "‘sensor.a’ measures one direction of the grid only. Choose the export sensor",
        ),
        ({"entity_grid_export": "sensor.a"}, "Choose the import sensor, too, or leave both empty"),
        ({"entity_battery_charge": "sensor.a"}, "one direction of the battery only. Choose the discharging sensor"),
        (
            {**PAIR, "entity_grid": "sensor.g"},
            "by ‘sensor.g’ alone or by two sensors .import and export., not by three",
        ),
        ({**BATTERY_PAIR, "entity_battery_power": "sensor.b"}, "not by three"),
    ],
)
def test_half_a_pair_and_one_sensor_too_many_are_refused(config, words):
    with pytest.raises(ValidationError, match=words):
        energy(**config)


def test_a_part_that_is_gone_lends_its_time_to_nothing():
    config = energy(entity_production="sensor.pv", entity_grid="sensor.g")
    snapshot = HomeAssistantEnergyMonitor.read(
        config, answers(sensor__pv=("unavailable", "W", AT), sensor__g=("100", "W", EARLIER))
    )
    assert (snapshot.production_w, snapshot.observed_at) == (None, EARLIER)


def test_an_inverter_that_takes_power_at_night_produces_nothing():
    config = energy(entity_production="sensor.pv")
    assert HomeAssistantEnergyMonitor.read(config, answers(sensor__pv=("-4", "W"))).production_w == 0.0


@pytest.mark.parametrize(
    ("field", "state"), [("entity_battery_soc", ("-20", "%")), ("entity_battery_remaining_capacity", ("-1", "kWh"))]
)
def test_what_cannot_be_negative(field, state):
    with pytest.raises(BadAnswer, match=r"sensor\.x"):
        HomeAssistantEnergyMonitor.read(energy(**{field: "sensor.x"}), answers(sensor__x=state))


def test_nothing_readable_is_an_error_not_an_empty_snapshot():
    config = energy(entity_production="sensor.pv", entity_grid="sensor.g")
    with pytest.raises(NotFound, match=r"sensor\.pv"):
        HomeAssistantEnergyMonitor.read(config, EntityAnswers())
    with pytest.raises(AdapterError, match="Choose at least one"):
        HomeAssistantEnergyMonitor.read(energy(), EntityAnswers())


@pytest.mark.parametrize("includes", [True, False])
def test_whether_consumption_counts_the_miners_is_handed_on(includes):
    config = energy(entity_consumption="sensor.l", consumption_includes_miners=includes)
    snapshot = HomeAssistantEnergyMonitor.read(config, answers(sensor__l=("900", "W")))
    assert (snapshot.household_w, snapshot.household_includes_miners) == (900.0, includes)


# -- miners -----------------------------------------------------------------------------------

METERED = HomeAssistantSwitch.Config(entity_switch="switch.p", entity_power="sensor.w")
BARE = HomeAssistantSwitch.Config(entity_switch="switch.p")


@pytest.mark.parametrize(
    ("switch", "watts", "status", "problem"),
    [
        ("on", "3250", MinerStatus.HEATING, ""),
        ("on", "50", MinerStatus.HEATING, ""),
        ("on", "0", MinerStatus.STARTING, "is on, but ‘sensor.w’ shows 0 W"),
        ("off", "0", MinerStatus.OFF, ""),
        ("off", "4.9", MinerStatus.OFF, ""),
        ("off", "20", MinerStatus.STOPPING, "is off, but ‘sensor.w’ shows 20 W"),
        ("off", "3250", MinerStatus.HEATING, "is off, but ‘sensor.w’ shows 3250 W"),
        ("unavailable", "3250", MinerStatus.UNREACHABLE, "cannot be switched. ‘sensor.w’ shows 3250 W"),
        ("unavailable", "unavailable", MinerStatus.UNREACHABLE, "‘switch.p’ is unavailable"),
        ("unknown", "0", MinerStatus.UNKNOWN, "does not know whether"),
        ("open", "0", MinerStatus.UNKNOWN, "‘open’; on or off"),
        ("on", "unavailable", MinerStatus.HEATING, "‘sensor.w’ is unavailable"),
        ("off", "garbage", MinerStatus.OFF, "‘garbage’"),
    ],
)
def test_switch_and_meter_together(switch, watts, status, problem):
    snapshot = HomeAssistantSwitch.read(METERED, answers(switch__p=(switch, None), sensor__w=(watts, "W")))
    assert snapshot.status is status
    assert problem in snapshot.problem
    assert bool(problem) == bool(snapshot.problem)
    assert snapshot.power_is_measured == (snapshot.power_w is not None)


@pytest.mark.parametrize(("switch", "status"), [("on", MinerStatus.HEATING), ("off", MinerStatus.OFF)])
def test_without_a_meter_power_is_not_measured(switch, status):
    snapshot = HomeAssistantSwitch.read(BARE, answers(switch__p=(switch, None, EARLIER)))
    assert (snapshot.status, snapshot.power_w, snapshot.power_is_measured) == (status, None, False)
    assert snapshot.observed_at == EARLIER


def test_a_missing_switch_is_an_error_even_when_the_meter_answers():
    with pytest.raises(NotFound, match=r"switch\.p"):
        HomeAssistantSwitch.read(METERED, answers(sensor__w=("0", "W")))


@pytest.mark.parametrize("domain", ["switch", "input_boolean", "light", "fan"])
@pytest.mark.parametrize(("power_w", "turned"), [(3250, "turn_on"), (0, "turn_off")])
def test_writes_the_service_of_its_domain(domain, power_w, turned):
    calls = []

    class Session:
        def call_service(self, *args):
            calls.append(args)

    HomeAssistantSwitch.write(HomeAssistantSwitch.Config(entity_switch=f"{domain}.p"), Session(), power_w, 12.5)
    assert calls == [(domain, turned, f"{domain}.p", 12.5)]
