"""The worst faults, done to the running program on a real Home Assistant: what counts is the plug there.

The room's sensor that falls silent takes two minutes, so it has a program of its own, started first
and looked at when the others are done with what leaves Home Assistant alone. How soon each off comes is
`test_matrix.py` (on a clock of its own) and `benchmarks/faults.py`; here it comes at all, and while the fault lasts.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.process.program import Program
from tests.servers import homeassistant
from tests.servers.homeassistant import HomeAssistantServer
from tests.servers.homeassistant_config import MINER_PLUG_W
from tests.servers.process import PATIENT_SECONDS, wait_until

from .wall_clock import WallClock

pytestmark = [pytest.mark.homeassistant, pytest.mark.process]

PERIOD_S = 2
#: A narrow band: a step from cold to warm is none that waits for a second report.
HYSTERESIS_K = 0.3
COLD, BETWEEN, WARM, HOT = 20.6, 21.0, 21.4, 28.5

LIVING_ROOM = ("living_room_temperature", "switch.miner_plug", "sensor.miner_power")
BEDROOM = ("bedroom_temperature", "input_boolean.heater_relay", "")

SECRET = "of the fault tests, thirty-two characters and more"

SET_UP = f"""
import os
from miners.models import Miner
from optimization.adding import NewRoom
from optimization.setup import create_home
from tests.plans import home_plan, plug
site = create_home(home_plan(
    os.environ["TEST_HA_URL"], os.environ["TEST_HA_TOKEN"],
    [NewRoom("Room", "sensor." + os.environ["TEST_SENSOR"], 21.0)],
    [plug("Avalon", os.environ["TEST_PLUG"], os.environ["TEST_POWER"], {MINER_PLUG_W}, ["Room"])],
))
site.control_period_seconds = {PERIOD_S}
site.save()
site.zones.update(hysteresis_celsius={HYSTERESIS_K})
Miner.objects.update(min_on_seconds=0, min_off_seconds=0, max_starts_per_hour=99, max_starts_per_day=99)
"""
#: What stands in the alarm of a lost sensor once it is good again.
BACK = "has been good again for"
NEW_TOKEN = """
import os
from integrations.models import HomeAssistant
row = HomeAssistant.objects.get()
row.token = os.environ["TEST_HA_TOKEN"]
row.save()
"""


@dataclass
class Real:
    """One program, its room and its plug in Home Assistant."""

    ha: HomeAssistantServer
    program: Program
    folder: Path
    sensor: str
    plug: str

    def room(self, celsius: float) -> None:
        self.ha.set(self.sensor, celsius)

    def is_on(self) -> bool:
        return self.ha.state(self.plug)["state"] == "on"

    def goes(self, state: str, what: str, takes_seconds: float = 0) -> None:
        wait_until(lambda: self.ha.state(self.plug)["state"] == state, what, takes_seconds=takes_seconds)

    def heat(self) -> None:
        """Make the room cold and see it heated and recorded."""
        self.room(COLD)
        if self.program.process is None or self.program.process.poll() is not None:
            self.program.start()
        self.goes("on", "the cold room is heated")
        wait_until(lambda: self.one("SELECT seen_on FROM miners_desiredstate") == 1, "recorded")

    def one(self, query: str):
        """The first value of a query past the program."""
        return next(iter(self._all(query)), None)

    def alarm_text(self, kind: str) -> str:
        return self.one(f"SELECT text FROM sites_alarm WHERE ended_at IS NULL AND kind = '{kind}'") or ""

    def alarms(self) -> set[str]:
        return self._all("SELECT kind FROM sites_alarm WHERE ended_at IS NULL")

    def wishes(self) -> set[str]:
        return self._all("SELECT origin FROM miners_manualrequest WHERE cancelled_at IS NULL")

    def _all(self, query: str) -> set[str]:
        with closing(sqlite3.connect(f"file:{self.folder}/edgemining.sqlite3?mode=ro", uri=True)) as database:
            return {value for (value,) in database.execute(query)}

    @contextmanager
    def locked_database(self) -> Iterator[None]:
        """Somebody else holds the database's write lock."""
        database = sqlite3.connect(f"{self.folder}/edgemining.sqlite3", timeout=PATIENT_SECONDS, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            database.close()

    def kill_child(self) -> None:
        os.kill(self.program.child_pid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def home_assistant(_home_assistant) -> HomeAssistantServer:
    """Reset once: the silent sensor's program goes on while the other tests run."""
    _home_assistant.reset()
    return _home_assistant


@pytest.fixture(scope="module")
def make(home_assistant, migrated_database, tmp_path_factory) -> Iterator[Callable[..., Real]]:
    """`make(entities, **environment)`: a program that was never started, on a copy of a prepared data folder."""
    prepared: dict[tuple, Path] = {}
    made: list[Program] = []

    def real(entities: tuple[str, str, str], token: str = "", **environment: str) -> Real:
        sensor, plug, power = entities
        names = {
            "TEST_HA_URL": home_assistant.url,
            "TEST_HA_TOKEN": token or home_assistant.token,
            "TEST_SENSOR": sensor,
            "TEST_PLUG": plug,
            "TEST_POWER": power,
        }
        if (entities, token) not in prepared:
            folder = tmp_path_factory.mktemp("prepared")
            shutil.copy(migrated_database, folder / "edgemining.sqlite3")
            done = Program(folder, SECRET_KEY=SECRET, **names).manage("shell", "--no-imports", "-c", SET_UP)
            assert done.returncode == 0, done.stderr
            prepared[entities, token] = folder
        folder = tmp_path_factory.mktemp("program")
        shutil.copytree(prepared[entities, token], folder, dirs_exist_ok=True)
        program = Program(folder, SECRET_KEY=SECRET, TICK_SECONDS="1", **names, **environment)
        made.append(program)
        return Real(home_assistant, program, folder, sensor, plug)

    yield real
    for program in made:
        program.kill()


@pytest.fixture
def home(make) -> Iterator[Real]:
    real = make(LIVING_ROOM)
    real.ha.switch("switch.miner_plug", False)
    yield real
    real.program.kill()


@pytest.fixture(scope="module")
def silent_room(make) -> Iterator[Real]:
    """A heating program whose sensor has just become unavailable."""
    real = make(BEDROOM)
    real.heat()
    real.ha.mode(real.sensor, "unavailable")
    yield real
    real.program.kill()


def test_a_locked_database_does_not_keep_the_heat_on(silent_room, home):
    home.heat()
    with home.locked_database():
        home.room(WARM)
        home.goes("off", "off without a note, once the lock was waited for", 62)
        assert home.one("SELECT power_w FROM miners_desiredstate") == MINER_PLUG_W  # nobody could note it
    wait_until(lambda: home.one("SELECT power_w FROM miners_desiredstate") == 0, "noted when it can be")
    home.room(COLD)
    home.goes("on", "control resumes by itself")


def test_the_killed_program_is_back_and_switches_off(silent_room, home):
    home.heat()
    home.room(WARM)
    home.kill_child()
    home.goes("off", "off by the first pass of the next program")


def test_everything_killed_and_the_plug_switched_by_hand(silent_room, home):
    home.heat()
    home.program.kill()
    home.room(WARM)
    assert home.is_on()
    home.program.start()
    home.goes("off", "off by the first pass")
    home.room(BETWEEN)
    wait_until(lambda: home.one("SELECT confirmed_at FROM miners_desiredstate"), "the off is recorded")

    home.ha.switch(home.plug, True)
    home.goes("off", "what somebody switched on is off again")
    home.heat()
    home.ha.switch(home.plug, False)
    wait_until(lambda: "outside" in home.wishes(), "their off is taken for a wish")
    assert not home.is_on()


def test_a_silent_sensor_ends_the_heat_after_two_minutes(silent_room):
    real = silent_room
    real.goes("off", "off when the sensor is lost", 120)
    assert real.one("SELECT count(*) FROM optimization_decision WHERE reason_code = 'hold_unknown'")  # it waited first
    wait_until(lambda: "sensor_lost" in real.alarms(), "the alarm")
    real.ha.mode(real.sensor, "ok")
    wait_until(lambda: BACK in real.alarm_text("sensor_lost"), "told that it reports again")
    assert not real.is_on()  # not before five good minutes
    assert real.program.stop() == 0
    assert not real.is_on()


def test_a_revoked_token_is_told_at_once_and_off_comes_first_with_a_new_one(make, home_assistant):
    token = _token(home_assistant, "create")
    home = make(LIVING_ROOM, token)
    home.heat()
    _token(home_assistant, "revoke")
    wait_until(lambda: "connection_lost" in home.alarms(), "the alarm")
    home.room(WARM)
    assert home.is_on()  # nobody may switch it any more
    with_token = Program(home.folder, SECRET_KEY=SECRET, TEST_HA_TOKEN=home_assistant.token)
    done = with_token.manage("shell", "--no-imports", "-c", NEW_TOKEN)
    assert done.returncode == 0, done.stderr
    home.goes("off", "off with the new token")
    wait_until(lambda: home.alarms() == set(), "no alarm any more")
    home.program.kill()


@pytest.mark.parametrize("hours", [2, -2], ids=["ahead", "back"])
def test_a_clock_that_jumps_neither_keeps_the_heat_on_nor_ages_what_is_read(make, home_assistant, tmp_path, hours):
    """Ages are taken in Home Assistant's own clock, so ours may be wrong."""
    clock = WallClock(tmp_path)
    home = make(LIVING_ROOM, **clock.environment)
    home_assistant.switch("switch.miner_plug", False)
    home.heat()
    clock.step(hours * 3600)
    stepped = "SELECT COUNT(*) FROM sites_activitylog WHERE text LIKE 'The clock was set by%'"
    wait_until(lambda: home.one(stepped) == 1, "the step is noticed")
    assert "sensor_lost" not in home.alarms()
    home.room(HOT)
    home.goes("off", "off at its high limit whatever the time")
    home.room(COLD)
    clock.step(0)
    home.goes("on", "heated again with the right time")
    home.program.kill()


def test_a_stopped_home_assistant_is_switched_off_when_it_goes_on(home):
    home.heat()
    home.ha.freeze()
    try:
        last = "SELECT reason_code FROM optimization_decision ORDER BY at DESC LIMIT 1"
        wait_until(lambda: home.one(last) == "hold_unknown", "a pass ended all the same, and says what it lacks")
        assert home.program.health()["ok"]
    finally:
        home.ha.thaw()
    home.room(WARM)
    home.goes("off", "off when it answers again")


def test_a_killed_home_assistant_and_a_power_cut(home):
    home.heat()
    home.ha.kill()
    home.ha.boot()
    home.room(WARM)
    home.ha.switch(home.plug, True)  # as a plug that remembers comes back
    home.goes("off", "off first when it is back")
    wait_until(lambda: home.one("SELECT confirmed_at FROM miners_desiredstate"), "the off is recorded")

    home.program.kill()  # the power is cut for all, in the state “off”
    home.room(BETWEEN)
    home.ha.switch(home.plug, True)
    home.program.start()
    home.goes("off", "off by the first pass: nobody wants it on")


def _token(ha: HomeAssistantServer, action: str) -> str:
    """Make or revoke a long-lived token that only these tests use."""
    python = homeassistant._environment() / "bin" / "python"
    script = Path(__file__).with_name("tokens.py")
    command = [str(python), str(script), ha.url, ha.token, action, "fault tests"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENT_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
