"""Whole passes through the real drivers: the room decides, the bytes go out, what the device shows comes back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from integrations import ask
from miners import power
from miners.drivers import dead_man
from miners.models import MinerController
from miners.state import MinerStatus
from optimization.models import Decision
from optimization.services import _not_seen_off
from tests.emulators.clock import Clock
from tests.emulators.faults import Fault, Scope
from tests.emulators.rig import Phase
from tests.passes import bench as room_bench

from .devices import DEVICES, Bench, Device

pytestmark = pytest.mark.django_db

COLD, WARM = 20.0, 22.5
BY_NAME = {device.name: device for device in DEVICES}
FAMILIES = [BY_NAME[name] for name in ("axeos", "avalon-q", "luxos")]


class HomeClock(Clock):
    """The device lives in the home's time."""

    def __init__(self, home: room_bench.Home) -> None:
        super().__init__()
        self._home = home

    def now(self) -> float:
        return self._home.now.timestamp()


class Heated:
    """A home whose one miner is an emulated device behind its real driver."""

    def __init__(self, device: Device, **settings) -> None:
        self.home = home = room_bench.Home(max_starts_per_day=99, ramp_seconds=300)
        settings = settings or dict(device.settings)
        self.bench = Bench(
            Device(device.name, device.adapter, lambda _: device.make(HomeClock(home)), settings), clock=home.clock
        )
        identity = self.bench.identify()
        MinerController.objects.filter(pk=home.miner.controller_id).update(
            adapter_type=device.adapter.key,
            config={"address": self.bench.emulator.address, **settings},
            identity={"model": identity.model, "power": power.to_json(identity.power)},
        )
        type(home.miner).objects.update(nominal_power_w=round(identity.power.max_w))

    @property
    def rig(self):
        return self.bench.rig

    def go(self, seconds: float, period_seconds: float = 40) -> None:
        self.home.go(round(seconds / period_seconds), period_seconds)

    def status(self) -> MinerStatus:
        return self.bench.read().status


@pytest.fixture
def heated():
    made: list[Heated] = []
    room_bench.install()

    def make(device: Device, **settings) -> Heated:
        made.append(Heated(device, **settings))
        return made[-1]

    yield make
    for one in made:
        one.bench.close()
    room_bench.remove()
    ask.forget()


@pytest.mark.parametrize("device", FAMILIES, ids=str)
def test_a_cold_room_is_heated_and_a_warm_one_is_not(heated, device):
    one = heated(device)
    one.home.says(WARM)
    one.go(80)  # it was found heating
    assert not one.rig.is_drawing
    one.home.becomes(COLD, seconds=40)
    one.go(400)
    assert one.rig.power_w > 0.8 * one.bench.full_w
    assert one.home.desired.confirmed_at is not None
    one.home.becomes(WARM, seconds=40)
    one.go(120)
    assert one.status() is MinerStatus.OFF
    assert one.home.desired.seen_on is False
    assert one.home.open_alarms == []


@pytest.mark.parametrize("device", FAMILIES, ids=str)
def test_what_came_back_heating_after_a_power_cut_is_switched_off_again(heated, device):
    one = heated(device)
    one.home.says(WARM)
    one.go(80)
    one.bench.emulator.cut_mains()
    one.go(60)
    one.bench.emulator.restore_mains()
    one.go(400)
    assert not one.rig.is_drawing
    assert one.home.desired.seen_on is False


@pytest.mark.parametrize("device", FAMILIES, ids=str)
def test_off_that_is_acknowledged_and_not_done_is_an_alarm_until_it_is_done(heated, device):
    one = heated(device)
    one.bench.emulator.fail(Fault.ACK_NOT_DONE, scope=Scope.WRITE)
    one.home.says(WARM)
    one.go(240)
    assert one.rig.is_drawing
    assert "off_not_confirmed" in one.home.open_alarms
    one.bench.emulator.fail(None)
    one.go(120)
    assert not one.rig.is_drawing
    assert one.home.open_alarms == []


def test_the_avalons_own_switch_off_holds_when_the_program_is_gone(heated):
    one = heated(BY_NAME["avalon-q"], dead_man_minutes=30)
    one.home.says(COLD)
    one.go(3600, 240)
    assert one.rig.is_drawing
    controller = MinerController.objects.get(pk=one.home.miner.controller_id)
    assert dead_man.dead_man_of(controller) == "it switches itself off within 30 min, by its own clock"
    one.home.clock.advance(1800)  # nobody runs a pass
    assert not one.rig.is_drawing
    one.go(600)
    assert one.rig.is_drawing  # it is back, and heats again


def test_a_clean_stop_two_seconds_after_a_start_is_over_only_when_no_start_is_ahead(heated):
    """“All off” is never said while a start is on its way: it would heat for good, with nobody watching."""
    one = heated(BY_NAME["avalon-q"], dead_man_minutes=None)
    miner = frozenset({one.home.miner.pk})
    one.home.says(WARM)
    one.go(80)
    one.home.becomes(21.0)
    one.home.becomes(COLD)
    assert one.bench.emulator.commands[-1].startswith("('ascset', '0,softon")
    for _ in range(9):
        one.home.go(seconds=2, stopping=miner)
        if not _not_seen_off(miner):
            break
        assert one.bench.read().status is not MinerStatus.OFF
    assert _not_seen_off(miner) == []
    assert one.bench.emulator.schedules == []
    one.home.clock.advance(3600)
    assert one.rig.phase is Phase.SLEEP


def test_a_bitaxe_paused_with_its_overheat_flag_set_is_off_without_a_word_more(heated, monkeypatch):
    """Recorded: 361 offs, a false alarm and a cut plug in an hour."""
    one = heated(BY_NAME["axeos"])
    one.home.says(WARM)
    one.go(80)
    recorded = json.loads((Path(__file__).parent / "cases/axeos_paused_overheat_flag.json").read_text())
    monkeypatch.setattr(one.bench.emulator, "_info", lambda: recorded)
    before = len(one.bench.emulator.commands)
    one.go(600, 10)
    assert one.home.desired.seen_on is False
    one.home.becomes(COLD)
    one.go(600, 10)
    assert one.bench.emulator.commands[before:] == []
    assert one.home.open_alarms == []
    assert "too hot" in Decision.objects.order_by("at").last().reason


def test_what_gets_hotter_than_its_firmware_should_let_it_is_switched_off_and_rests(heated):
    """Its own protection does not act: its bytes say so, and it is off within its minimum on time."""
    one = heated(BY_NAME["avalon-q"], dead_man_minutes=None)
    one.home.says(COLD)
    one.go(400)
    assert one.rig.is_drawing
    one.bench.emulator.tamper = lambda reply: re.sub(rb"TMax\[\d+\]", b"TMax[115]", reply)
    one.go(120)
    assert not one.rig.is_drawing
    assert "115 °C" in one.home.desired.reason
    one.bench.emulator.tamper = lambda reply: re.sub(rb"TMax\[\d+\]", b"TMax[101]", reply)
    one.go(400)
    assert not one.rig.is_drawing  # not 10 K below its limit yet
    one.bench.emulator.tamper = None
    one.go(400)
    assert one.rig.is_drawing


def test_a_fan_that_fails_stops_the_heat_before_the_firmware_does(heated):
    one = heated(BY_NAME["vnish"])
    one.home.says(COLD)
    one.go(400)
    assert one.rig.is_drawing
    one.bench.emulator.rig.fan_works = False
    one.home.go(2, 5)
    assert one.rig.phase is Phase.SLEEP, "told off, it did not have to protect itself"
    assert one.home.desired.reason == "One of its fans stands still."
