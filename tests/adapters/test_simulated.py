"""The simulated house as a connection: stepped to now, commanded, and never saved by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import simulation
from climate.models import ClimateMonitor
from energy.models import EnergyMonitor
from integrations.ask import AskRequest, ask_connections
from integrations.connections.simulated_house import open_simulated_house
from integrations.errors import BadAnswer, NotFound
from integrations.models import SimulatedHouse
from integrations.probe import probe
from miners.models import MinerController

START = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def opened(row: SimulatedHouse, now: datetime):
    session = open_simulated_house(row)
    session.now = now
    return session


def asked(row: SimulatedHouse, now: datetime, *keys: str):
    """Ask, then save into the (unsaved) row as the pass does."""
    outcome = ask_connections([AskRequest(row, keys)], 1, now=now)[row.pk]
    assert outcome.error is None, outcome.error
    row.state, row.at = outcome.session.state, outcome.session.at
    return outcome


def test_an_empty_row_starts_the_demo_home_now():
    row = SimulatedHouse(seed=7)
    outcome = asked(row, START, "room:living_room", "energy")
    assert outcome.answers["room:living_room"].reading.temperature_celsius == pytest.approx(16, abs=0.2)
    assert outcome.answers["energy"].reading.battery_soc_percent == pytest.approx(95)
    assert row.at == START
    assert outcome.session.dirty


def test_the_same_seed_gives_the_same_house():
    later = START + timedelta(hours=3)
    rows = SimulatedHouse(seed=7), SimulatedHouse(seed=7), SimulatedHouse(seed=8)
    for row in rows:
        asked(row, START)
    answers = [asked(row, later, "room:bedroom", "energy", "weather").answers for row in rows]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_contact_and_presence_say_what_people_do():
    row = SimulatedHouse(seed=1)
    asked(row, START)
    config = {"has_contact": True, "has_presence": True}
    monitor = ClimateMonitor(adapter_type="simulated", config=config)
    plain = ClimateMonitor(adapter_type="simulated", config={})

    def seen(one):
        outcome = asked(row, START, *one.adapter.wants(one.settings))
        reading = one.adapter.read(one.settings, outcome.answers)
        return reading.window_open, reading.is_occupied

    assert (seen(monitor), seen(plain)) == ((False, True), (None, None))
    session = opened(row, START)
    session.set_window("living_room", True)
    session.set_occupied("living_room", False)
    row.state = session.state
    assert (seen(monitor), seen(plain)) == ((True, False), (None, None))


def test_the_outdoors_of_the_house_can_be_read():
    row = SimulatedHouse(seed=1)
    monitor = ClimateMonitor(adapter_type="simulated", config={"room": "outdoors"}, is_outdoor=True)
    outcome = asked(row, START, *monitor.adapter.wants(monitor.settings), "weather")
    reading = monitor.adapter.read(monitor.settings, outcome.answers)
    assert reading.temperature_celsius == outcome.answers["weather"].reading.outdoor_celsius
    assert (reading.humidity_percent, reading.window_open) == (None, None)


def test_the_time_of_a_reading_is_that_of_the_house():
    row = SimulatedHouse(seed=1)
    asked(row, START)
    outcome = asked(row, START + timedelta(seconds=25), "room:living_room")
    assert outcome.answers["room:living_room"].at == START + timedelta(seconds=20)


def test_watts_warm_the_room():
    """Two hours with and without: only the command differs."""
    heated, cold = SimulatedHouse(seed=1), SimulatedHouse(seed=1)
    for row in (heated, cold):
        asked(row, START)
    session = opened(heated, START)
    session.set_power("miner:avalon", 1600)
    heated.state = session.state
    later = START + timedelta(hours=2)
    warm, still = (asked(row, later, "room:living_room", "miner:avalon").answers for row in (heated, cold))
    assert warm["miner:avalon"].reading.status == "heating"
    assert warm["miner:avalon"].reading.power_w == pytest.approx(1600)
    rise = warm["room:living_room"].reading.temperature_celsius - still["room:living_room"].reading.temperature_celsius
    assert rise > 1


def test_nothing_happens_within_a_tick_and_nothing_is_dirty():
    row = SimulatedHouse(seed=1)
    asked(row, START)
    session = opened(row, START + timedelta(seconds=5))
    session.ask(["energy"], time.monotonic() + 1)
    assert not session.dirty
    session.set_power("miner:heater", 0)
    assert not session.dirty
    session.set_power("miner:heater", 850)
    assert session.dirty


@pytest.mark.parametrize("key", ["room:cellar", "miner:s19", "room", "", "power", "miner:"])
def test_unknown_keys_are_absent(key):
    assert key not in asked(SimulatedHouse(seed=1), START, key, "energy").answers


@pytest.mark.parametrize("key", ["miner:s19", "room:living_room", "avalon"])
def test_only_its_miners_can_be_commanded(key):
    with pytest.raises(NotFound, match="avalon, heater"):
        opened(SimulatedHouse(seed=1), START).set_power(key, 100)


@pytest.mark.parametrize("state", [{"version": 1}, {"version": 99}, ["x"], "text"])
def test_a_damaged_state_is_a_clear_error(state):
    row = SimulatedHouse(seed=1, state=state)
    outcome = ask_connections([AskRequest(row, ["energy"])], 1, now=START)[row.pk]
    assert type(outcome.error) is BadAnswer
    assert "cannot be read" in str(outcome.error)


def test_adapters_on_one_house_agree():
    """What the miner draws is what the energy monitor of the same house sees."""
    row = SimulatedHouse(seed=1)
    asked(row, START)
    session = opened(row, START)
    controller = MinerController(adapter_type="simulated", config={"miner": "heater"}, simulated_house=row)
    controller.adapter.write(controller.settings, session, 850, time.monotonic() + 1)
    session.now = START + timedelta(minutes=30)
    meter = EnergyMonitor(adapter_type="simulated", simulated_house=row)
    answers = session.ask([*controller.adapter.wants(controller.settings), "energy"], time.monotonic() + 1)
    miner = controller.adapter.read(controller.settings, answers)
    energy = meter.adapter.read(meter.settings, answers)
    assert (miner.status, miner.power_w, miner.power_is_measured) == ("heating", 850.0, True)
    assert not energy.household_includes_miners
    standby_w = simulation.miner(session.house, "avalon").power_w
    supplied_w = energy.production_w + energy.grid_w - energy.battery_w
    assert supplied_w == pytest.approx(energy.household_w + miner.power_w + standby_w)


def test_a_look_saves_nothing():
    row = SimulatedHouse(seed=1)
    monitor = ClimateMonitor(adapter_type="simulated", config={"room": "bedroom"}, simulated_house=row)
    assert probe(monitor).ok
    assert "bedroom" in probe(row).sentence
    assert row.state == {}


def test_a_room_that_is_not_there():
    monitor = ClimateMonitor(
        adapter_type="simulated", config={"room": "cellar"}, simulated_house=SimulatedHouse(seed=1)
    )
    assert probe(monitor).sentence == "The simulated house has no room ‘cellar’."
