"""LuxOS: sessions, profiles, thermal management, and watts that are only an estimate."""

from __future__ import annotations

import pytest

from integrations.errors import BadAnswer, DeadlineExceeded, Refused
from miners.drivers.luxos.driver import LuxOSMiner
from miners.power import PowerSource
from miners.state import MinerStatus
from tests.emulators.luxos import LuxOS
from tests.emulators.rig import Phase

from .devices import Device

LUXOS = Device("luxos", LuxOSMiner, LuxOS)


@pytest.fixture
def bench(bench_of):
    return bench_of(LUXOS)


def test_identity_and_its_profiles_up_to_the_default(bench):
    identity = bench.identify()
    assert identity.model == "Antminer S19k Pro"
    assert identity.version == "2025.4.8.220305"
    assert identity.serial == "JYZZB0UBDJABF06RB"
    assert len(identity.power.levels) == 17
    assert (identity.power.min_w, identity.power.max_w) == (784, 2760)
    assert identity.power.levels[-1].key == "default"
    assert identity.power.off_survives_power_cut is True


def test_a_command_is_one_session_given_back(bench):
    bench.write(1500)
    assert [command for command in bench.emulator.commands if "profileset" in command] == bench.emulator.commands
    assert bench.emulator.session == ""
    seen = bench.after(300)
    level = next(one for one in bench.identify().power.levels if one.key == seen.level)
    assert 1400 < level.power_w <= 1500
    assert seen.set_power_w == level.power_w


def test_off_goes_out_in_anothers_session_and_leaves_it_open(bench):
    bench.emulator.hold_session("another1")
    bench.write(0)
    assert bench.emulator.commands == ["('curtail', 'another1,sleep')"]
    assert bench.emulator.session == "another1"
    assert bench.after(30).status is MinerStatus.OFF


def test_levels_wait_for_anothers_session(bench):
    bench.emulator.hold_session("another1")
    with pytest.raises(Refused, match="by another program"):
        bench.write(800)
    bench.clock.advance(61)
    bench.write(800)
    assert bench.after(300).power_w == pytest.approx(784, rel=0.1)


def test_atm_chooses_the_power_itself(bench):
    bench.emulator.atm = True
    assert any("ATM" in sentence for sentence in bench.identify().limits)
    with pytest.raises(Refused, match="ATM"):
        bench.write(800)
    bench.write(0)
    assert bench.after(30).status is MinerStatus.OFF
    bench.write(800)
    seen = bench.after(300)
    assert (seen.status, seen.level, seen.set_power_w) == (MinerStatus.HEATING, "", None)  # nobody set it
    assert "ATM" in seen.problem


@pytest.mark.parametrize(("power_w", "starts"), [(2760, True), (784, False)])
def test_a_profile_refused_asleep_ends_no_start_that_does_not_heat_more_than_is_allowed(bench, power_w, starts):
    bench.write(1500)
    bench.write(0)
    assert bench.after(30).status is MinerStatus.OFF
    bench.emulator.refuses_profile_asleep = True
    if starts:
        bench.write(power_w)
    else:
        with pytest.raises(Refused, match="not allowed while asleep"):
            bench.write(power_w)
    bench.clock.advance(300)
    assert bench.rig.is_drawing == starts
    assert bench.emulator.session == ""


@pytest.mark.parametrize(
    ("told", "watts", "says"),
    [("2760 W", 2760, ""), ("2.76 kW", 2760, ""), (None, None, "does not say"), ("many", None, "a number is needed")],
)
def test_watts_with_a_unit_are_read_and_others_named(bench, monkeypatch, told, watts, says):
    monkeypatch.setattr(type(bench.emulator), "_said_w", lambda self: told)
    seen = bench.read()
    assert seen.power_w == watts
    assert says in seen.problem


@pytest.mark.parametrize(
    ("psu_reports", "source", "share"), [(False, PowerSource.TABLE, 0.96), (True, PowerSource.FIRMWARE, 1.0)]
)
def test_an_estimate_is_called_one(bench, psu_reports, source, share):
    bench.emulator.psu_reports = psu_reports
    seen = bench.read()
    assert (seen.power_source, seen.power_is_measured) == (source, psu_reports)
    assert seen.power_w == pytest.approx(2760 * share, abs=1)


def test_asleep_with_its_supply_on_is_not_off_yet(bench, monkeypatch):
    bench.write(0)
    config = bench.emulator._config
    monkeypatch.setattr(bench.emulator, "_config", lambda: config() | {"IsPowerSupplyOn": True})
    seen = bench.after(30)
    assert seen.status is MinerStatus.STOPPING
    assert seen.problem == "The Antminer says it sleeps but its supply is on."
    bench.write(0)  # and so it is told again
    assert len(bench.emulator.commands) == 2


def test_asleep_but_hashing_is_not_off(bench, monkeypatch):
    bench.write(0)
    bench.clock.advance(30)
    monkeypatch.setattr(type(bench.emulator), "_said_w", lambda self: 14)
    bench.rig.shown_hash_rate_th_s = 100.0
    assert bench.read().status is MinerStatus.STOPPING


def test_a_supply_off_that_nobody_asked_for_is_a_doubt(bench):
    bench.emulator.rig.protect()
    seen = bench.after(30)
    assert seen.status is MinerStatus.UNKNOWN
    assert "protects itself" in seen.problem
    bench.write(2760)
    assert bench.emulator.commands == []


@pytest.mark.parametrize("name", ["1", "+2", "a,b", "", None, 7])
def test_a_profile_whose_name_means_something_else_is_never_chosen(bench, monkeypatch, name):
    row = bench.emulator._row
    monkeypatch.setattr(bench.emulator, "_row", lambda step: row(step) | ({"Profile Name": name} if step < 0 else {}))
    bench.write(784)
    assert [level.key for level in bench.identify().power.levels] == ["default"]
    assert bench.emulator.commands == []


def test_one_deadline_for_all_exchanges_of_a_reading(bench):
    exchanges = []

    def late(reply: bytes) -> bytes:
        exchanges.append(reply)
        bench.emulator.stopping.wait(0.06)
        return reply

    bench.emulator.tamper = late
    bench.read()
    assert len(exchanges) > 2
    with pytest.raises(DeadlineExceeded):
        bench.read(0.06 * (len(exchanges) - 1))  # each in time, all together not


def test_a_booting_one_is_starting(bench):
    bench.emulator.cut_mains()
    bench.emulator.restore_mains()
    seen = bench.after(20)
    assert bench.rig.phase is Phase.BOOT
    assert seen.status is MinerStatus.STARTING


def test_no_luxos_and_no_profiles(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_row", lambda step: {"Profile Name": "x", "Watts": None})
    with pytest.raises(BadAnswer, match="lists no profiles"):
        bench.read()
    monkeypatch.setattr(bench.emulator, "_config", lambda: {"OS": "other"})
    with pytest.raises(BadAnswer, match="not LuxOS"):
        bench.read()


def test_while_it_tunes_it_ramps_and_is_off_when_told(bench):
    bench.emulator.tunes = True
    assert bench.read().status is MinerStatus.RAMPING
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF
