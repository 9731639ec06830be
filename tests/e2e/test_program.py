"""The whole program as a process of its own, against the real Home Assistant."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.program import Program
from tests.servers.homeassistant import HomeAssistantServer
from tests.servers.homeassistant_config import MINER_PLUG_W
from tests.servers.process import wait_until

from .home import SUNNY, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.process]

PERIOD_S = 2
#: A narrow band around 21 °C: a step from one to the other is none that waits for a second report.
COLD, WARM = 20.6, 21.4

#: What the set-up wizard does, then what a test needs.
SET_UP = f"""
import os
from miners.models import Miner
from optimization.adding import NewRoom
from optimization.setup import create_home
from tests.plans import home_plan, plug
site = create_home(home_plan(
    os.environ["TEST_HA_URL"], os.environ["TEST_HA_TOKEN"],
    [NewRoom("Living room", "sensor.living_room_temperature", 21.0)],
    [plug("Avalon", "switch.miner_plug", "sensor.miner_power", {MINER_PLUG_W}, ["Living room"])],
    policy_key="solar_surplus_room_heating",
    energy=dict(
        entity_production="sensor.pv_power", entity_consumption="sensor.house_load", entity_grid="sensor.grid_power",
        entity_battery_soc="sensor.battery_soc", entity_battery_power="sensor.battery_power",
    ),
))
site.control_period_seconds = {PERIOD_S}
site.save()
site.zones.update(hysteresis_celsius=0.3)
Miner.objects.update(min_on_seconds=0, min_off_seconds=0, max_starts_per_hour=99, max_starts_per_day=99)
"""


@pytest.fixture
def program(ha, migrated_database, tmp_path) -> Iterator[Program]:
    """Not started; its database holds one home on the real Home Assistant."""
    shutil.copy(migrated_database, tmp_path / "edgemining.sqlite3")
    made = Program(tmp_path, TICK_SECONDS="1", TEST_HA_URL=ha.url, TEST_HA_TOKEN=ha.token)
    done = made.manage("shell", "--no-imports", "-c", SET_UP)
    assert done.returncode == 0, done.stderr
    yield made
    made.kill()


SENT = "SELECT power_w FROM miners_commandlog WHERE outcome = 'sent' ORDER BY id"


def commanded_watts(folder: Path) -> list[int]:
    """Every command that was taken, oldest first, from the program's database."""
    with sqlite3.connect(f"file:{folder}/edgemining.sqlite3?mode=ro", uri=True) as database:
        return [watts for (watts,) in database.execute(SENT)]


def plug(ha: HomeAssistantServer, state: str) -> bool:
    return ha.state("switch.miner_plug")["state"] == state


def turned_at(ha: HomeAssistantServer) -> str:
    return ha.state("switch.miner_plug")["last_changed"]


def has_controlled(program: Program) -> bool:
    return program.health()["last_tick_age_seconds"] is not None


def test_a_real_room_is_heated_through_crashes_and_switched_off_by_a_clean_stop(ha, program, tmp_path):
    show(ha, living_room_temperature=WARM, **{**SUNNY, "battery_soc": 92})
    program.start()
    wait_until(lambda: has_controlled(program), "a pass")
    assert plug(ha, "off")
    show(ha, living_room_temperature=COLD)
    wait_until(lambda: plug(ha, "on"), "the cold room heated")
    wait_until(lambda: commanded_watts(tmp_path) == [MINER_PLUG_W], "the command recorded")
    since = turned_at(ha)

    program.kill()  # everything, at once
    assert plug(ha, "on")
    program.start()
    wait_until(lambda: has_controlled(program), "a pass after the crash")
    # Read first: it runs, it is wanted, so nothing was written to it.
    assert turned_at(ha) == since
    assert commanded_watts(tmp_path) == [MINER_PLUG_W]

    program.kill()
    show(ha, living_room_temperature=WARM)  # it became warm while nobody watched
    program.start()
    wait_until(lambda: plug(ha, "off"), "the warm room switched off by the first pass after the crash")
    wait_until(lambda: commanded_watts(tmp_path) == [MINER_PLUG_W, 0], "one off recorded")

    show(ha, living_room_temperature=COLD)
    wait_until(lambda: plug(ha, "on"), "heated again")
    assert program.stop() == 0  # Ctrl-C
    assert plug(ha, "off")
    assert program.output.rstrip().endswith("Stopped.")
    assert commanded_watts(tmp_path) == [MINER_PLUG_W, 0, MINER_PLUG_W, 0]


def test_what_a_stop_could_not_switch_off_is_said_and_is_first_at_the_next_start(ha, program, tmp_path):
    show(ha, living_room_temperature=COLD, **{**SUNNY, "battery_soc": 92})
    program.start()
    wait_until(lambda: plug(ha, "on"), "heated")
    wait_until(lambda: commanded_watts(tmp_path) == [MINER_PLUG_W], "the command recorded")
    ha.kill()
    assert program.stop() == 0
    assert "Avalon was told to be off, but nobody has seen it off." in program.output

    ha.boot()
    ha.switch("switch.miner_plug", True)  # a real plug would still be on
    show(ha, living_room_temperature=COLD, **{**SUNNY, "battery_soc": 92})  # cold, and yet: off must be seen first
    before = turned_at(ha)
    program.start()
    wait_until(lambda: len(commanded_watts(tmp_path)) == 3, "two more commands")
    assert commanded_watts(tmp_path)[1:] == [0, MINER_PLUG_W]  # off, then on by the rules
    wait_until(lambda: plug(ha, "on"), "it is on")
    assert turned_at(ha) > before
