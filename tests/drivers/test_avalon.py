"""Avalon: recorded lines, its traps, and its switch-off ahead as a dead-man."""

from __future__ import annotations

import pytest

from integrations.errors import BadAnswer, Refused
from miners.controllers.avalon import AvalonMiner
from miners.power import PowerSource
from miners.state import MinerStatus
from tests.emulators.avalon import NANO_3S, Avalon
from tests.emulators.clock import Clock

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


@pytest.mark.parametrize("line", ["", "SYSTEMSTATU[", RECORDED_IDLE.replace("Ver[Q-", "Ver[1346-")])
def test_what_is_no_avalon_it_knows(bench_of, monkeypatch, line):
    with pytest.raises(BadAnswer, match=r"no Avalon|does not know"):
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


def test_a_device_that_keeps_earlier_times_has_no_dead_man(bench_of):
    bench = bench_of(Q)
    bench.emulator.keeps_all_schedules = True
    heat(bench, 1200)
    bench.write(1660)  # the second time; the first one still stands
    assert bench.after(700).status is MinerStatus.OFF
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
