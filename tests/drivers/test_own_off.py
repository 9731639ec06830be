"""A device's own switch-off as its dead-man: what it promises, it holds, whatever else sets it."""

from __future__ import annotations

import pytest

from miners.drivers.avalon.driver import AvalonMiner
from miners.drivers.shelly.driver import ShellyPlug
from miners.models import CommandLog, MinerController
from tests.emulators.avalon import Avalon
from tests.emulators.plug import PlugEmulator
from tests.emulators.rig import Phase

from .devices import Device
from .test_in_passes import COLD, WARM, Heated, heated  # noqa: F401

pytestmark = pytest.mark.django_db

HALF_HOUR, EIGHT_HOURS = 1800, 8 * 3600
PERIOD_S = 10
AVALON = Device("avalon", AvalonMiner, Avalon, {"dead_man_minutes": 30})
ONE_SLOT = Device("avalon-one-slot", AvalonMiner, Avalon, {"dead_man_minutes": 30})
SHELLY = Device("shelly", ShellyPlug, PlugEmulator, {"auto_off_minutes": 30})


def left_seconds(one: Heated) -> float:
    """In how long the device switches itself off, as it truly is; 0: never."""
    assert one.rig is not None  # it has come to now
    now = one.home.now.timestamp()
    if isinstance(one.bench.emulator, PlugEmulator):
        return sum(one.bench.emulator.timer) - now if one.bench.emulator.timer else 0.0
    return min((at - now for at, what in one.bench.emulator.schedules if what == "softoff"), default=0.0)


def another_app_sets(one: Heated, seconds: float | None) -> None:
    """None: it takes the switch-off away."""
    emulator, now = one.bench.emulator, one.home.now.timestamp()
    if isinstance(emulator, PlugEmulator):
        emulator.timer = None if seconds is None else (now, seconds)
        return
    emulator.schedules, emulator.soft_off_time = [], 0
    if seconds is not None:
        emulator._schedule("softoff", int(now + seconds))


@pytest.mark.parametrize("device", [AVALON, SHELLY], ids=str)
@pytest.mark.parametrize("to", [EIGHT_HOURS, None], ids=["too late", "taken away"])
def test_moved_by_something_else_it_is_set_back_in_the_next_pass_and_told(heated, device, to):  # noqa: F811
    one = heated(device)
    one.home.says(COLD)
    one.go(600, 60)
    assert 0 < left_seconds(one) <= HALF_HOUR
    for times in (1, 2):
        another_app_sets(one, to)
        one.home.go(2, PERIOD_S)
        assert HALF_HOUR - 30 <= left_seconds(one) <= HALF_HOUR + 10
        assert one.home.open_alarms == (["own_off_moved"] if times == 2 else [])
        one.home.restart()
        one.home.go(7, PERIOD_S)
    words = "removed" if to is None else "moved the own switch-off to 8\u202fh ahead"
    assert [words in text for text in one.home.activity if "Something else has" in text] == [True, True]
    assert "2 times within 24 hours" in one.home.alarm_text("own_off_moved")
    assert one.rig.is_drawing
    one.home.go(seconds=24 * 3600)
    assert one.home.open_alarms == []


def test_where_on_and_off_share_a_slot_the_start_is_not_lost(heated):  # noqa: F811
    """Start and switch-off together would lose the start each time; the switch-off follows at the first sight of on."""
    one = heated(ONE_SLOT)
    one.bench.emulator.has_one_slot = True
    one.home.says(WARM)
    one.home.go(5, PERIOD_S)
    assert one.rig.phase is Phase.SLEEP
    one.home.becomes(21.0, seconds=PERIOD_S)
    one.home.becomes(COLD, seconds=PERIOD_S)
    assert left_seconds(one) == 0
    one.home.restart()  # killed between the start and its switch-off: that comes first of all
    one.home.go(1, PERIOD_S)
    assert one.rig.phase is not Phase.SLEEP
    assert HALF_HOUR - 30 <= left_seconds(one) <= HALF_HOUR
    assert CommandLog.objects.filter(power_w__gt=0, origin="policy").count() == 1


def test_one_that_never_reaches_its_watts_keeps_its_switch_off(heated):  # noqa: F811
    """It draws, so it has a dead-man: confirmed or not."""
    one = heated(AVALON)
    one.home.says(COLD)
    one.home.go(3, PERIOD_S)
    MinerController.objects.update(identity={})
    type(one.home.miner).objects.update(nominal_power_w=1000)
    one.rig.nature.settings["2"] = one.rig.nature.settings["0"]
    one.home.go(30, 120)
    assert one.rig.is_drawing
    assert 0 < left_seconds(one) <= HALF_HOUR
