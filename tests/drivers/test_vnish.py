"""VNish: throttle and presets, units, states, and that an un-tuned preset is never chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from integrations.errors import BadAnswer, Refused, Unauthorized
from miners.drivers.vnish.driver import Vnish
from miners.state import MinerStatus
from tests.chance import examples
from tests.emulators import vnish
from tests.emulators.vnish import PASSWORD, VnishEmulator

from .devices import Bench, Device

THROTTLE = Device("vnish", Vnish, VnishEmulator, {"password": PASSWORD})
PRESETS = Device("presets", Vnish, lambda clock: VnishEmulator(clock, version="1.2.6"), {"password": PASSWORD})


@pytest.fixture
def bench(bench_of) -> Bench:
    return bench_of(THROTTLE)


def settings_sent(bench):
    return [command.partition(" ")[2] for command in bench.emulator.commands if "/settings" in command]


def test_reading_needs_no_password_and_switching_logs_in_once(bench):
    bench.read()
    assert bench.emulator.logins == 0
    for power_w in (0, 3250, 0):
        bench.write(power_w)
        bench.clock.advance(60)
    assert bench.emulator.logins == 1
    bench.emulator.tokens.clear()
    bench.write(3250)
    assert bench.emulator.logins == 2


def test_a_wrong_password_is_told(bench_of):
    bench = bench_of(Device("wrong", Vnish, VnishEmulator, {"password": "s3cret"}))
    for ask in (bench.identify, lambda: bench.write(0)):
        with pytest.raises(Unauthorized, match="password") as caught:
            ask()
        assert "s3cret" not in str(caught.value)
    assert bench.read().status is MinerStatus.HEATING


def test_throttles_while_it_works(bench):
    levels = bench.identify().power.levels
    assert [level.key for level in levels] == [f"{percent}%" for percent in range(20, 101, 5)]
    assert bench.commands_during(lambda: bench.write(1000)) == ['POST /api/v1/mining/throttle {"percent": 30}']
    seen = bench.after(300)
    assert (seen.status, seen.level, seen.power_w) == (MinerStatus.HEATING, "30%", 975)


def test_never_starts_at_a_power_it_was_not_told(bench):
    """Should it refuse the throttle while it is stopped, it stays stopped."""
    bench.write(0)
    bench.clock.advance(60)
    bench.emulator.throttle_status = 422
    with pytest.raises(Refused, match="cannot throttle now"):
        bench.write(1000)
    assert bench.after(300).status is MinerStatus.OFF
    bench.write(3250)
    assert bench.after(300).status is MinerStatus.HEATING


def test_only_tuned_presets_are_levels(bench_of):
    bench = bench_of(PRESETS)
    assert [level.key for level in bench.identify().power.levels] == ["2000", "2700", "3250"]


@examples(25, HealthCheck.function_scoped_fixture)
@given(power_w=st.floats(0.5, 1e6, allow_nan=False))
def test_no_wish_ever_chooses_an_untuned_preset_or_sends_more_than_its_name(bench_of, power_w):
    bench = bench_of(PRESETS)
    bench.write(power_w)
    for sent in settings_sent(bench):
        overclock = json.loads(sent.partition(" ")[2])["miner"]["overclock"]
        assert overclock.keys() == {"preset"}
        _, _, is_tuned, needs_supply = vnish.PRESETS[overclock["preset"]]
        assert is_tuned
        assert not needs_supply


def test_a_new_preset_restarts_mining_when_it_asks_for_it(bench_of):
    bench = bench_of(PRESETS)
    bench.write(2100)
    assert [command.split()[1] for command in bench.emulator.commands] == [
        "/api/v1/settings",
        "/api/v1/mining/restart",
    ]
    seen = bench.after(900)
    assert (seen.status, seen.level, seen.power_w) == (MinerStatus.HEATING, "2000", 2000)


def test_no_tuned_preset_no_level(bench_of, monkeypatch):
    bench = bench_of(PRESETS)
    monkeypatch.setattr(
        vnish, "PRESETS", {name: (watts, hr, False, psu) for name, (watts, hr, _, psu) in vnish.PRESETS.items()}
    )
    with pytest.raises(BadAnswer, match="no tuned preset"):
        bench.identify()


def test_without_a_preset_the_throttle_has_no_watts(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_perf_summary", lambda: {"preset_switcher": None, "current_preset": None})
    with pytest.raises(BadAnswer, match="preset"):
        bench.identify()
    assert bench.read().status is MinerStatus.HEATING


@pytest.mark.parametrize(
    ("unit", "scale"), [("TH/s", 1.0), ("GH/s", 1e-3), ("MH/s", 1e-6), ("kSol/s", None)], ids=lambda value: str(value)
)
def test_hash_rate_by_the_unit_it_names(bench, unit, scale):
    bench.emulator.hr_measure = unit
    seen = bench.read().hash_rate_th_s
    assert seen == (None if scale is None else pytest.approx(120_000 * scale))


@pytest.mark.parametrize(
    ("state", "heating", "resting"),
    [
        ("mining", MinerStatus.HEATING, MinerStatus.STARTING),
        ("auto-tuning", MinerStatus.RAMPING, MinerStatus.STARTING),
        ("initializing", MinerStatus.HEATING, MinerStatus.STARTING),
        ("restarting", MinerStatus.HEATING, MinerStatus.STARTING),
        ("shutting-down", MinerStatus.HEATING, MinerStatus.STOPPING),
        ("stopped", MinerStatus.HEATING, MinerStatus.OFF),
        ("paused", MinerStatus.HEATING, MinerStatus.OFF),
        ("failure", MinerStatus.HEATING, MinerStatus.PROTECT),
        ("new-vnish-state", MinerStatus.HEATING, MinerStatus.UNKNOWN),
    ],
)
def test_states_at_full_power_and_at_rest(bench, state, heating, resting):
    bench.emulator.state = state
    assert bench.read().status is heating
    bench.write(0)
    bench.emulator.rig.sleep()
    assert bench.after(60).status is resting


def test_another_firmware_at_the_address_is_said(bench, monkeypatch):
    info = bench.emulator._info()
    monkeypatch.setattr(bench.emulator, "_info", lambda: info | {"fw_name": "Other"})
    with pytest.raises(BadAnswer, match="Other"):
        bench.identify()


def test_off_is_sent_although_it_cannot_be_understood(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_summary", lambda: {"miner": 7})
    bench.write(0)
    assert bench.emulator.commands == ["POST /api/v1/mining/stop"]


def test_a_fan_that_is_lost_is_a_fault_before_it_is_too_hot(bench):
    assert bench.read().fault == ""
    bench.emulator.rig.fan_works = False
    seen = bench.read()
    assert seen.status is MinerStatus.HEATING
    assert seen.fault == seen.problem == "One of its fans stands still."


RECORDED_NULL = json.loads((Path(__file__).parent / "cases/vnish_miner_null.json").read_text())["summary"]


@pytest.mark.parametrize("summary", [RECORDED_NULL, {}], ids=["null", "missing"])
def test_one_that_says_nothing_of_its_mining_is_unknown_and_says_so(bench, monkeypatch, summary):
    monkeypatch.setattr(bench.emulator, "_summary", lambda: summary)
    seen = bench.read()
    assert (seen.status, seen.problem) == (MinerStatus.UNKNOWN, "It is not mining now and gives no reason.")
    bench.write(0)
    assert any("mining/stop" in command for command in bench.emulator.commands)


def test_stopped_with_no_watts_is_off_whatever_its_hash_rate_says(bench, monkeypatch):
    """Its hash rate is of before: 103.9 TH/s without a watt is none."""
    bench.write(0)
    bench.after(60)
    summary = bench.emulator._summary()
    summary["miner"] |= {"hr_realtime": 103_900.0, "power_consumption": 0}
    monkeypatch.setattr(bench.emulator, "_summary", lambda: summary)
    seen = bench.read()
    assert (seen.status, seen.power_w, seen.hash_rate_th_s) == (MinerStatus.OFF, 0, None)
    del summary["miner"]["power_consumption"]
    assert bench.read().status is MinerStatus.STOPPING


@pytest.mark.parametrize("device", [THROTTLE, PRESETS], ids=str)
def test_a_preset_its_own_switcher_chose_is_not_the_level_that_is_set(bench_of, monkeypatch, device):
    bench = bench_of(device)
    perf = bench.emulator._perf_summary() | {"preset_switcher": {"enabled": True, "top_preset": "3250"}}
    monkeypatch.setattr(bench.emulator, "_perf_summary", lambda: perf)
    seen = bench.read()
    assert seen.level == ("100%" if device is THROTTLE else "")
    assert "preset switcher is on" in seen.problem
    assert any("preset switcher" in sentence for sentence in bench.identify().limits)


def test_a_throttle_refused_at_rest_ends_no_start_that_does_not_heat_more(bench):
    bench.write(1000)
    bench.write(0)
    bench.clock.advance(60)
    bench.emulator.throttle_status = 422
    bench.write(3250)
    assert bench.after(300).level == "30%"
