"""Avalon: recorded lines, its traps, and its switch-off ahead as a dead-man."""

from __future__ import annotations

import json
import random
import re
import time
from pathlib import Path

import pytest

from integrations.errors import BadAnswer, Refused
from miners.drivers.avalon import device_models
from miners.drivers.avalon.driver import AvalonMiner
from miners.power import PowerSource
from miners.state import MinerStatus
from tests.chance import seeds
from tests.emulators.avalon import NANO_3S, Avalon
from tests.emulators.clock import Clock
from tests.emulators.rig import Phase

from .devices import Device

Q = Device("avalon-q", AvalonMiner, Avalon)
NANO = Device("avalon-nano-3s", AvalonMiner, lambda clock: Avalon(clock, NANO_3S))
HALF_HOUR = 1800

#: Recorded: a Q in standby, its fans still running; PS[5] is 2245 (a voltage), PS[6] 146 W.
RECORDED_IDLE = (
    "Ver[Q-25052801_14a19a2] LVer[25052801_14a19a2] BVer[25052801_14a19a2] HashMcu0Ver[Q_hb_v1.1] CPU[K230] "
    "FW[Release] STATE[2] SYSTEMSTATU[Work: In Idle, Hash Board: 1] Elapsed[37850] ITemp[26] HBITemp[27] HBOTemp[27] "
    "TMax[0] TAvg[0] TarT[65] Fan1[0] Fan2[0] Fan3[0] Fan4[0] FanR[0%] SoftOffTime[1753425250] "
    "SoftOnTime[1753425190] FanErr[0] PS[0 1222 4 0 0 2245 146] GHSspd[0.00] GHSmm[55032.79] GHSavg[44499.41] "
    "SoftOFF[4] WORKMODE[0] WORKLEVEL[0] MPO[800]"
)
#: Recorded: a Nano 3S at work, 133 W.
RECORDED_NANO = (
    "Ver[Nano3s-25021401_56abae7] LVer[25021401_56abae7] FW[Release] SYSTEMSTATU[Work: In Work, Hash Board: 1] "
    "Elapsed[10027] ITemp[-273] OTemp[65] TMax[95] TAvg[90] TarT[90] Fan1[1520] FanR[33%] PS[0 0 27541 4 0 3756 133] "
    "GHSspd[6598.84] GHSmm[6783.65] GHSavg[6695.18] SoftOFF[0] WORKMODE[2] WORKLEVEL[0] MPO[133]"
)


def told(bench, monkeypatch, line):
    """What the driver makes of this very line."""
    monkeypatch.setattr(bench.emulator, "_stats", lambda: line)
    return bench.read()


@pytest.mark.parametrize("supply", ["0 1216 1 0 0 2243 17", "0 1222 4 0 0 2245 146"])
def test_standby_is_off_and_never_2_kw(bench_of, monkeypatch, supply):
    seen = told(bench_of(Q), monkeypatch, RECORDED_IDLE.replace("0 1222 4 0 0 2245 146", supply))
    assert seen.status is MinerStatus.OFF
    assert seen.power_w == float(supply.rpartition(" ")[2])
    assert seen.power_source is PowerSource.FIRMWARE
    assert seen.chip_temperature_celsius is None
    assert seen.hash_rate_th_s == 0


def test_recorded_lines_of_work(bench_of, monkeypatch):
    bench = bench_of(NANO)
    seen = told(bench, monkeypatch, RECORDED_NANO)
    assert (seen.status, seen.power_w, seen.level) == (MinerStatus.HEATING, 133, "2")
    assert seen.set_power_w == 140
    assert seen.hash_rate_th_s == pytest.approx(6.59884)
    assert seen.inlet_temperature_celsius is None  # -273: it has no such sensor
    line = RECORDED_IDLE.replace("In Idle", "In Work").replace("WORKMODE[0]", "WORKMODE[2]")
    seen = told(bench, monkeypatch, line.replace("0 1222 4 0 0 2245 146", "0 1223 2494 64 1599 2495 1659"))
    assert (seen.status, seen.power_w) == (MinerStatus.HEATING, 1659)


@pytest.mark.parametrize("line", ["", "SYSTEMSTATU[", "STATS[0] GHSspd[12]"])
def test_what_is_no_avalon(bench_of, monkeypatch, line):
    with pytest.raises(BadAnswer, match="no Avalon"):
        told(bench_of(Q), monkeypatch, line)


def test_idle_that_draws_is_not_off(bench_of, monkeypatch):
    seen = told(bench_of(Q), monkeypatch, RECORDED_IDLE.replace("2245 146", "2245 1660"))
    assert seen.status is MinerStatus.HEATING
    assert seen.problem == "The Avalon says it is off but draws 1660 W."
    lost = told(bench_of(Q), monkeypatch, RECORDED_IDLE.replace("PS[0 1222 4 0 0 2245 146]", "PS[0 1222 4]"))
    assert lost.status is MinerStatus.UNKNOWN


def test_off_again_and_again_does_not_push_it_ahead(bench_of):
    bench = bench_of(Q)
    for _ in range(4):
        bench.write(0)
        bench.clock.advance(2)
    assert len(bench.emulator.commands) == 1
    assert bench.after(10).status is MinerStatus.OFF


@pytest.mark.parametrize("offset_seconds", [-86_400, 86_400])
def test_its_own_clock_counts(offset_seconds):
    from .devices import Bench

    bench = Bench(Device("q", AvalonMiner, lambda _: Avalon(Clock(offset_seconds=offset_seconds))))
    try:
        bench.write(0)
        bench.emulator.clock.advance(30)
        assert bench.read().status is MinerStatus.OFF
    finally:
        bench.close()


def test_a_clock_that_was_never_set_is_no_time_and_still_switches(bench_of):
    bench = bench_of(Q)
    bench.emulator.clock_is_set = False
    bench.write(0)
    seen = bench.after(30)
    assert seen.status is MinerStatus.OFF
    assert seen.observed_at is None


def test_calibrating_refuses(bench_of):
    bench = bench_of(Q)
    bench.emulator.calibrates = True
    with pytest.raises(Refused, match="Don't permit switch mode"):
        bench.write(0)


def test_a_softon_without_a_word_is_looked_at(bench_of):
    bench = bench_of(Q)
    bench.write(0)
    bench.clock.advance(60)
    bench.emulator.mute_softon = True
    bench.write(1660)
    assert bench.after(300).status is MinerStatus.HEATING


def test_a_nano_that_shall_be_off_goes_to_its_lowest_and_says_so(bench_of):
    bench = bench_of(NANO)
    for _ in range(2):
        with pytest.raises(Refused, match=r"70 W\. Join a plug"):
            bench.write(0)
        assert bench.after(60).status is MinerStatus.HEATING
    assert len(bench.emulator.commands) == 1
    assert bench.rig.power_w == 70
    assert AvalonMiner.rearm_seconds(bench.config) is None
    assert AvalonMiner.dead_man_of(bench.config) is None


def heat(bench, seconds, every=600):
    """It is told to heat, as the pass would, every ten minutes."""
    for _ in range(seconds // every):
        bench.write(1660)
        bench.after(every)


def test_silence_switches_it_off_by_itself(bench_of):
    bench = bench_of(Q)
    assert "nothing stops it" in bench.read().problem
    bench.write(1660)
    assert bench.after(60).problem == ""
    assert bench.after(HALF_HOUR - 120).status is MinerStatus.HEATING
    assert bench.after(120).status is MinerStatus.OFF
    assert not bench.rig.is_drawing


def test_it_says_what_is_left_until_it_switches_itself_off(bench_of):
    """By its own clock: a level that is told in between leaves the time as it was."""
    bench = bench_of(Q)
    assert bench.read().switches_off_in_seconds == 0
    bench.write(1660)
    assert bench.after(840).switches_off_in_seconds == pytest.approx(HALF_HOUR - 840, abs=2)
    bench.write(830)
    assert bench.after(600).switches_off_in_seconds == pytest.approx(HALF_HOUR - 1440, abs=2)
    bench.write(830)
    assert bench.read().switches_off_in_seconds == pytest.approx(HALF_HOUR, abs=2)
    without = Device("avalon-q", AvalonMiner, Avalon, {"dead_man_minutes": None})
    assert bench_of(without).read().switches_off_in_seconds is None


def test_the_dead_man_counts_once_it_was_seen(bench_of):
    bench = bench_of(Q)
    assert AvalonMiner.rearm_seconds(bench.config) == HALF_HOUR
    heat(bench, 1800)
    assert AvalonMiner.dead_man_of(bench.config) is None
    heat(bench, 1800)
    assert bench.read().status is MinerStatus.HEATING
    assert AvalonMiner.dead_man_of(bench.config) == "it switches itself off within 30 min, by its own clock"
    # Set anew when less than half was left, not at every pass.
    assert 3 <= len(bench.emulator.commands) <= 4
    assert all(command.startswith("('ascset', '0,softoff,1:") for command in bench.emulator.commands)


def test_another_device_at_the_same_address_has_nothing_proven(bench_of, monkeypatch):
    bench = bench_of(Q)
    heat(bench, 3600)
    assert AvalonMiner.dead_man_of(bench.config)
    stats = bench.emulator._stats
    monkeypatch.setattr(bench.emulator, "_stats", lambda: stats().replace("DNA[0201", "DNA[9901"))
    bench.read()
    assert AvalonMiner.dead_man_of(bench.config) is None


@pytest.mark.parametrize("is_back", [False, True], ids=["off", "off and on again"])
def test_a_hand_at_the_device_proves_nothing_of_its_dead_man(bench_of, is_back):
    """The switch-off that was replaced has passed; but it was off by then, by somebody's hand."""
    bench = bench_of(Q)
    heat(bench, 1200)
    bench.write(1660)  # the first switch-off, in 10 min, is replaced
    bench.after(60)
    bench.rig.sleep()
    for look in range(40):
        if is_back and look == 18:  # nobody looks meanwhile
            bench.clock.advance(900)
            bench.rig.wake()
            bench.clock.advance(300)
        bench.after(30)
    assert AvalonMiner.dead_man_of(bench.config) is None
    assert AvalonMiner.rearm_seconds(bench.config) == HALF_HOUR


def test_a_device_that_keeps_earlier_times_has_no_dead_man(bench_of):
    bench = bench_of(Q)
    bench.emulator.keeps_all_schedules = True
    for _ in range(2):  # once may be somebody's hand at that very moment
        assert AvalonMiner.rearm_seconds(bench.config) == HALF_HOUR
        heat(bench, 1200)
        bench.write(1660)  # the second time; the first one still stands
        for _ in range(12):
            bench.after(60)
        assert bench.read().status is MinerStatus.OFF
        bench.emulator.schedules.clear()
        bench.emulator.soft_off_time = 0
        bench.rig.wake()
        bench.clock.advance(60)
    bench.rig.sleep()
    assert AvalonMiner.dead_man_of(bench.config) is None
    assert AvalonMiner.rearm_seconds(bench.config) is None
    before = len(bench.emulator.commands)
    bench.write(1660)
    assert len(bench.emulator.commands) == before + 1  # softon alone


@pytest.mark.parametrize(
    ("told_of", "fault"),
    [("FanErr[1]", "It reports a fault of its fans."), ("PS[2 1223", "It reports a fault of its power supply.")],
)
def test_a_fault_it_works_on_with_is_told(bench_of, monkeypatch, told_of, fault):
    bench = bench_of(Q)
    assert bench.read().fault == ""
    line = bench.emulator._stats()
    seen = told(bench, monkeypatch, line.replace("FanErr[0]" if "Fan" in told_of else "PS[0 1223", told_of))
    assert (seen.status, seen.fault) == (MinerStatus.HEATING, fault)


def test_a_nano_tells_its_outlet_by_another_name(bench_of, monkeypatch):
    seen = told(bench_of(NANO), monkeypatch, RECORDED_NANO)
    assert seen.outlet_temperature_celsius == 65
    assert (seen.chip_temperature_celsius, seen.average_chip_temperature_celsius) == (95, 90)


# --- starts that are on their way --------------------------------------------------------------------------------


def asleep(bench_of):
    bench = bench_of(Device("avalon-q", AvalonMiner, Avalon, {"dead_man_minutes": None}))
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF
    return bench


@pytest.mark.parametrize("later", [0, 1, 2, 4, 5])
def test_an_off_right_after_a_start_cancels_it(bench_of, later):
    """The start is sent for five seconds ahead; the off finds a device that is still in standby."""
    bench = asleep(bench_of)
    bench.write(1660)
    bench.clock.advance(later)
    seen = bench.read()
    assert (seen.status, seen.pending_start) == (MinerStatus.STARTING, later < 5)
    assert seen.starts_in_seconds == (None if later == 5 else pytest.approx(5 - later, abs=1))
    bench.write(0)
    for _ in range(20):
        seen = bench.after(1)
        assert seen.status is not MinerStatus.OFF or not bench.emulator.schedules
        if seen.status is MinerStatus.OFF:
            break
    assert seen.status is MinerStatus.OFF
    assert not bench.after(3600).pending_start
    assert bench.rig.phase is Phase.SLEEP


@pytest.mark.parametrize("resting", [True, False], ids=["in standby", "heating"])
def test_a_start_an_app_has_scheduled_is_cancelled_with_the_off(bench_of, resting):
    bench = asleep(bench_of) if resting else bench_of(Device("q", AvalonMiner, Avalon, {"dead_man_minutes": None}))
    in_8_hours = 8 * 3600 + 900
    bench.emulator._schedule("softon", int(bench.clock.now()) + in_8_hours)
    seen = bench.read()
    assert seen.pending_start == resting
    if resting:
        assert "start by itself in 8\u202fh" in seen.problem
        assert seen.status is MinerStatus.STARTING
    bench.write(0)
    for _ in range(4):
        bench.after(5)
        bench.write(0)  # as passes do, until it is seen off
    assert bench.read().status is MinerStatus.OFF
    assert not bench.emulator.schedules
    assert bench.after(2 * in_8_hours).status is MinerStatus.OFF


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(4))
@pytest.mark.parametrize("has_one_slot", [False, True], ids=["two slots", "one slot"])
def test_whatever_is_set_and_sent_an_off_that_is_seen_is_one(bench_of, has_one_slot, seed):
    """Starts, offs and an app's schedules in any order: while it shows off, no start is ahead."""
    bench, dice = bench_of(Q), random.Random(seed)
    bench.emulator.has_one_slot = has_one_slot
    for _ in range(120):
        if dice.random() < 0.15:
            ahead = dice.choice([6, 30, 7200])
            bench.emulator._schedule(dice.choice(["softon", "softoff"]), int(bench.clock.now()) + ahead)
        if dice.random() < 0.5:
            bench.write(dice.choice([0, 0, 830, 1660]))
        seen = bench.after(dice.choice([0, 1, 3, 10, 200]))
        starts = [at for at, what in bench.emulator.schedules if what == "softon"]
        assert seen.status is not MinerStatus.OFF or (not starts and not bench.rig.is_drawing)
    for _ in range(8):
        bench.write(0)
        bench.clock.advance(5)
    assert bench.read().status is MinerStatus.OFF
    assert bench.after(24 * 3600).status is MinerStatus.OFF


def test_firmware_that_does_not_show_its_start_is_remembered_to_have_one(bench_of, monkeypatch):
    bench = asleep(bench_of)
    stats = bench.emulator._stats
    monkeypatch.setattr(bench.emulator, "_stats", lambda: re.sub(r"SoftOnTime\[\d+\] ", "", stats()))
    bench.write(1660)
    assert bench.after(2).pending_start
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF
    assert bench.rig.phase is Phase.SLEEP


@pytest.mark.parametrize("ahead_seconds", [5, 10, 3600])
def test_an_apps_start_while_it_works_takes_the_dead_man_and_it_is_set_again_at_once(bench_of, ahead_seconds):
    """Firmware with one time for on and off: the app's `softon` replaced our `softoff`."""
    bench = bench_of(Q)
    bench.emulator.has_one_slot = True
    bench.write(1350)
    bench.after(300)
    bench.emulator._schedule("softon", int(bench.emulator.device_now()) + ahead_seconds)
    bench.write(1350)
    assert [what for _, what in bench.emulator.schedules] == ["softoff"]


@pytest.mark.parametrize("mode", ["0", "2"])
def test_a_mode_refused_in_standby_does_not_end_the_start(bench_of, mode):
    bench = asleep(bench_of)
    bench.emulator.rig.choose(mode)
    bench.emulator.keeps_mode_at_rest = True
    bench.write(1350)
    seen = bench.read()
    assert seen.pending_start
    bench.clock.advance(20)
    assert bench.rig.phase is not Phase.SLEEP
    bench.write(1350)  # it is told again once it is awake
    assert bench.after(300).level == "1"
    bench.write(0)
    seen = bench.after(60)
    assert (seen.status, seen.starts_at_power_w) == (MinerStatus.OFF, 1350)
    bench.emulator.keeps_mode_at_rest = False
    bench.write(830)
    bench.write(0)
    assert bench.after(60).starts_at_power_w is None


def test_a_device_without_the_time_is_switched_off_all_the_same(bench_of):
    bench = bench_of(Device("q", AvalonMiner, Avalon, {"dead_man_minutes": None}))
    bench.emulator.tamper = lambda raw: re.sub(rb'"When": \d+', b'"When": null', raw)
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF


# --- models ------------------------------------------------------------------------------------------------------

CASES = Path(__file__).parent / "cases"


def answering(bench, name):
    """The device gives this very answer to `estats`."""
    document = json.loads((CASES / name).read_text())
    reply = bench.emulator.reply
    whole = {"STATUS": [{"STATUS": "S", "When": 1780323023}], **document.get("estats", document)}
    bench.emulator.reply = lambda command, *rest: whole if command == "estats" else reply(command, *rest)
    return bench


@pytest.mark.parametrize(
    ("name", "model", "says"),
    [
        (
            "avalon_nano3_first_generation.json",
            "Avalon Nano 3 (first generation)",
            "takes about 90\u202fW, gives 2.63\u202fTH/s and has chips of up to 87\u202f°C",
        ),
        (
            "avalon_a1246.json",
            "Avalon A1246",
            "takes 3504\u202fW, gives 81.07\u202fTH/s and has chips of up to 77\u202f°C",
        ),
    ],
)
def test_a_model_it_cannot_switch_is_refused_by_its_name_and_what_to_do_instead(bench_of, name, model, says):
    bench = answering(bench_of(Q), name)
    assert AvalonMiner.recognise(bench.config, time.monotonic() + 4) == model
    for action in (bench.identify, bench.read, lambda: bench.write(0)):
        with pytest.raises(BadAnswer) as caught:
            action()
        told = str(caught.value)
        assert told.startswith(f"{model} at 127.0.0.1")
        assert says in told
        assert "Put it behind a plug" in told
    assert bench.emulator.commands == []


def test_the_text_of_a_first_nano_names_it_too():
    values = dict(re.findall(r"(\w+)\[([^\[\]]*)\]", (CASES / "avalon_nano3_first_generation_estats.txt").read_text()))
    assert device_models.refusal(values, "The Avalon at 192.168.1.9").startswith("Avalon Nano 3 (first generation) at")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("Q-25052801_14a19a2", "Avalon Q"),
        ("MINI3-25021401", "Avalon Mini 3"),
        ("852-19010101", "Avalon A852"),
        ("1166Pro-78-21072802", "Avalon A1166Pro"),
        ("A15Pro-1", "Avalon A15Pro"),
        ("", "Avalon of a model it does not name"),
        ("\x00?-1", "Avalon ??"),
    ],
)
def test_names(version, name):
    assert device_models.name_of(version) == name


@pytest.mark.parametrize("supply", ["0 1223 2494", "0 1223 2494 64 1599 2495 many", "0 1 2 3 4 5 -3"])
def test_watts_that_cannot_be_read_are_named(bench_of, monkeypatch, supply):
    bench = bench_of(Q)
    line = bench.emulator._stats()
    seen = told(bench, monkeypatch, re.sub(r"PS\[[^\]]*\]", f"PS[{supply}]", line))
    assert (seen.power_w, seen.status) == (None, MinerStatus.STARTING)
    assert seen.problem == f"Its watts cannot be read: PS is ‘{supply}’."
