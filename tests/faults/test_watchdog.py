"""The watchdog alone: an own monotonic clock, real adapters, and a server in Home Assistant's place."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from integrations import ask
from integrations.connections.home_assistant import HomeAssistantSession
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from optimization.watchdog import AGAIN_SECONDS, Heater, Watchdog
from tests.servers.process import wait_until
from tests.servers.stub import Request, Wire

PERIOD_S = 10
LIMIT_S = 60


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Plugs:
    """Home Assistant's door for services: which plugs were told off, and which of them hang or refuse."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.hang: set[str] = set()
        self.refuse: set[str] = set()

    def __call__(self, request: Request, wire: Wire) -> None:
        entity_id = request.json()["entity_id"]
        if entity_id in self.hang:
            wire.hang()
            return
        assert request.path == "/api/services/switch/turn_off"
        self.told.append(entity_id)
        wire.answer(500 if entity_id in self.refuse else 200, [])


@pytest.fixture
def plugs() -> Plugs:
    return Plugs()


@pytest.fixture
def heater(stub, plugs) -> Callable[[str], Heater]:
    """`heater("a")`: the plug `switch.a` behind the real adapter and a real connection."""
    ask.forget()
    session = HomeAssistantSession(stub(plugs).url, "token")

    def make(name: str) -> Heater:
        config = HomeAssistantSwitch.Config(entity_switch=f"switch.{name}")
        return Heater(name, name, lambda deadline: HomeAssistantSwitch.write(config, session, 0, deadline))

    return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watchdog(clock) -> Watchdog:
    return Watchdog(clock)


def test_it_acts_after_the_limit_and_not_before(watchdog, clock, heater, plugs):
    watchdog.completed("home", PERIOD_S, [heater("a"), heater("b")])
    clock.now += LIMIT_S
    watchdog.look()
    assert plugs.told == []
    clock.now += 1
    watchdog.look()
    assert sorted(plugs.told) == ["switch.a", "switch.b"]
    assert watchdog.fired("home") == {"a", "b"}


@pytest.mark.parametrize(("period_s", "limit_s"), [(1, 60), (20, 60), (30, 90), (300, 900)])
def test_the_limit_is_three_periods_and_at_least_a_minute(watchdog, clock, heater, plugs, period_s, limit_s):
    watchdog.completed("home", period_s, [heater("a")])
    clock.now += limit_s
    watchdog.look()
    assert plugs.told == []
    clock.now += 1
    watchdog.look()
    assert plugs.told == ["switch.a"]


def test_a_completed_pass_begins_the_time_anew_and_tells_what_is_on(watchdog, clock, heater, plugs):
    watchdog.completed("home", PERIOD_S, [heater("a")])
    clock.now += 50
    watchdog.completed("home", PERIOD_S, [heater("b")])
    clock.now += 50
    watchdog.look()
    assert plugs.told == []
    clock.now += 11
    watchdog.look()
    assert plugs.told == ["switch.b"]


def test_only_late_homes_are_switched_off_and_the_program_goes_on(watchdog, clock, heater, plugs, tmp_path):
    ended = []
    watchdog.arm(tmp_path / "marker", end=lambda: ended.append(True))
    watchdog.completed("late", PERIOD_S, [heater("a")])
    clock.now += 30
    watchdog.completed("well", PERIOD_S, [heater("b")])
    clock.now += 31
    assert not watchdog.look()
    assert plugs.told == ["switch.a"]
    assert watchdog.late_sites() == ["late"]
    assert ended == []
    clock.now += 30
    assert watchdog.look()
    assert "switch.b" in plugs.told
    assert ended == [True]


def test_what_is_taken_is_told_once_and_what_is_not_again_every_ten_seconds(watchdog, clock, heater, plugs):
    plugs.refuse = {"switch.a"}
    watchdog.completed("home", PERIOD_S, [heater("a"), heater("b")])
    clock.now += LIMIT_S + 1
    for _ in range(3 * int(AGAIN_SECONDS)):
        watchdog.look()
        clock.now += 1
    assert plugs.told.count("switch.b") == 1
    assert plugs.told.count("switch.a") == 3
    plugs.refuse = set()
    watchdog.look()
    assert plugs.told.count("switch.a") == 4
    for _ in range(2 * int(AGAIN_SECONDS)):
        clock.now += 1
        watchdog.look()
    assert plugs.told.count("switch.a") == 4


def test_a_hanging_plug_holds_up_no_other(watchdog, clock, heater, plugs, monkeypatch):
    monkeypatch.setattr("optimization.watchdog.OFF_SECONDS", 3.0)
    plugs.hang = {"switch.a"}
    watchdog.completed("home", PERIOD_S, [heater("a"), *(heater(f"other_{n}") for n in range(5))])
    clock.now += LIMIT_S + 1
    looking = threading.Thread(target=watchdog.look)
    looking.start()
    wait_until(lambda: len(plugs.told) == 5, "the others are off")
    assert looking.is_alive()  # while one hangs
    looking.join()
    assert "switch.a" not in plugs.told


def test_a_new_program_knows_what_the_last_one_switched_off(watchdog, clock, heater, tmp_path):
    marker = tmp_path / "watchdog.json"
    watchdog.arm(marker, end=lambda: None)
    watchdog.completed("home", PERIOD_S, [heater("a"), heater("b")])
    clock.now += LIMIT_S + 1
    watchdog.look()
    assert json.loads(marker.read_text()) == {"home": ["a", "b"]}
    after = Watchdog(clock)
    after.arm(marker, end=lambda: None)
    assert after.fired("home") == {"a", "b"}
    after.forget_fired("home", {"a", "stranger"})
    assert json.loads(marker.read_text()) == {"home": ["b"]}
    after.forget_fired("home", {"b"})
    assert not marker.exists()
    assert after.fired("home") == set()


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '{"home": 3}', "null"])
def test_a_damaged_marker_is_no_marker(watchdog, tmp_path, damaged):
    marker = tmp_path / "watchdog.json"
    marker.write_text(damaged)
    watchdog.arm(marker, end=lambda: None)
    assert watchdog.fired("home") == set()


def test_a_full_disk_does_not_stop_the_switching_off(watchdog, clock, heater, plugs, tmp_path):
    ended, marker = [], tmp_path / "watchdog.json"
    watchdog.arm(marker, end=lambda: ended.append(True))
    marker.symlink_to("/dev/full")  # answers every write with “no space left on device”
    watchdog.completed("home", PERIOD_S, [heater("a")])
    clock.now += LIMIT_S + 1
    assert watchdog.look()
    assert plugs.told == ["switch.a"]
    assert ended == [True]


def test_a_home_that_is_gone_is_watched_no_longer(watchdog, clock, heater, plugs):
    watchdog.completed("gone", PERIOD_S, [heater("a")])
    watchdog.keep_only({"other"})
    clock.now += LIMIT_S + 1
    assert not watchdog.look()
    assert plugs.told == []
