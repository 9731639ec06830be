"""Braiins OS: its login, what each of its states means, and targets inside its own limits."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from integrations.errors import BadAnswer, Refused, Unauthorized
from miners.drivers.braiins.driver import Braiins
from miners.power import PowerSource
from miners.state import MinerStatus
from tests.chance import examples
from tests.emulators.braiins import LEAST_W, MOST_W, PASSWORD, BraiinsEmulator
from tests.servers.process import soon

from .devices import Bench, Device

NEW = Device("braiins", Braiins, BraiinsEmulator, {"password": PASSWORD})
TUNERLESS = Device("tunerless", Braiins, lambda clock: BraiinsEmulator(clock, tuner=False), {"password": PASSWORD})


@pytest.fixture
def bench(bench_of) -> Bench:
    return bench_of(NEW)


def test_logs_in_once_and_again_only_when_the_token_is_refused(bench):
    for _ in range(3):
        bench.read()
    bench.write(0)
    assert bench.emulator.logins == 1
    bench.emulator.tokens.clear()
    assert bench.read().status is MinerStatus.OFF or bench.after(60).status is MinerStatus.OFF
    assert bench.emulator.logins == 2


def test_a_wrong_password_is_told_and_never_shown(bench_of):
    bench = bench_of(Device("wrong", Braiins, BraiinsEmulator, {"password": "s3cret"}))
    for action in (bench.read, bench.identify, lambda: bench.write(0)):
        with pytest.raises(Unauthorized) as caught:
            action()
        assert "password" in str(caught.value)
        assert "s3cret" not in str(caught.value)
    assert bench.emulator.commands == []


def test_another_password_never_uses_the_token_of_this_one(bench):
    bench.read()
    other = bench.config.model_copy(update={"password": "guess"})
    with pytest.raises(Unauthorized):
        Braiins.read_alone(other, soon())


#: Arms of MinerDetailedStatus as the vendor's document gives them, the old status number beside them, what they mean.
STATES = [
    ({"running": {"reason": {"normal": {}}}}, 2, MinerStatus.HEATING),
    ({"running": {"reason": {"preheating": {}}}}, 2, MinerStatus.HEATING),
    ({"starting": {"reason": {"delayed_start": {}}}}, 1, MinerStatus.HEATING),
    ({"stopped": {"reason": {"dead_pools": {}}}}, 4, MinerStatus.HEATING),
    ({"stopped": {"reason": {"hardware_error": {"message": "x"}}}}, 4, MinerStatus.HEATING),
    ({"stopped": {"reason": {"dps_cooldown": {}}}}, 4, MinerStatus.HEATING),
    ({"stopped": {"reason": {"user_pause": {}}}}, 3, MinerStatus.HEATING),
    ({"dancing": {}}, 2, MinerStatus.HEATING),
    ({}, 0, MinerStatus.HEATING),
]


@pytest.mark.parametrize(("arm", "number", "expected"), STATES, ids=lambda value: str(value)[:40])
def test_no_word_hides_three_kilowatts(bench, monkeypatch, arm, number, expected):
    """It draws 3180 W: whatever it says, that is heat (or it protects itself, and is told off all the same)."""
    monkeypatch.setattr(bench.emulator, "_state", lambda: (number, arm))
    seen = bench.read()
    assert seen.power_w == MOST_W
    assert seen.status is expected


AT_REST = [
    ({"running": {"reason": {"normal": {}}}}, 2, MinerStatus.STARTING),
    ({"starting": {"reason": {"waiting_while_cold": {}}}}, 1, MinerStatus.STARTING),
    ({"stopped": {"reason": {"dead_pools": {}}}}, 4, MinerStatus.UNKNOWN),  # its pools do answer
    ({"stopped": {"reason": {"user_pause": {}}}}, 3, MinerStatus.OFF),
    ({"stopped": {"reason": {"tuner_error": {"message": "x"}}}}, 4, MinerStatus.PROTECT),
    ({"stopping": {"reason": {"user_pause": {}}}}, 3, MinerStatus.STOPPING),
    ({"stopped": {"reason": {"unspecified": {}}}}, 3, MinerStatus.OFF),
    ({"stopped": {"reason": {"unspecified": {}}}}, 0, MinerStatus.UNKNOWN),
    (None, 1, MinerStatus.STARTING),
    (None, 2, MinerStatus.STARTING),
    (None, 3, MinerStatus.OFF),
    (None, 4, MinerStatus.UNKNOWN),
    (None, 5, MinerStatus.PROTECT),
    (None, 0, MinerStatus.UNKNOWN),
    (None, 77, MinerStatus.UNKNOWN),
]


@pytest.mark.parametrize(("arm", "number", "expected"), AT_REST, ids=lambda value: str(value)[:40])
def test_what_it_says_at_rest(bench, monkeypatch, arm, number, expected):
    bench.write(0)
    bench.clock.advance(120)
    monkeypatch.setattr(bench.emulator, "_state", lambda: (number, arm))
    bench.emulator.detailed = arm is not None
    assert bench.read().status is expected


def test_neither_watts_nor_hash_rate_at_rest_is_not_off(bench, monkeypatch):
    bench.write(0)
    bench.clock.advance(120)
    monkeypatch.setattr(bench.emulator, "_stats", lambda: {"pool_stats": None, "miner_stats": None})
    assert bench.read().status is MinerStatus.UNKNOWN


def test_tuning_is_ramping(bench):
    bench.emulator.tuner_state = 3
    assert bench.read().status is MinerStatus.RAMPING


def test_off_is_sent_although_it_cannot_be_understood(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_details", lambda: ["nonsense"])
    bench.write(0)
    assert any("actions/pause" in command for command in bench.emulator.commands)


def test_the_target_comes_before_the_start(bench):
    bench.write(0)
    bench.clock.advance(60)
    bench.write(1500)
    target, resume = bench.emulator.commands[-2:]
    assert "power-target" in target
    assert resume.endswith("actions/resume")
    assert bench.after(900).level == "1480 W"


def test_a_stopped_service_is_off_and_started_anew(bench):
    bench.clock.advance(3600)
    bench.emulator.stop_service()
    assert bench.after(60).status is MinerStatus.OFF
    bench.write(2000)
    assert "actions/start" in bench.emulator.commands[-1]
    assert bench.after(900).status is MinerStatus.HEATING


def test_a_booting_machine_is_not_off(bench):
    bench.write(0)
    bench.clock.advance(60)
    bench.emulator.cut_mains()
    bench.emulator.restore_mains()
    assert bench.after(30).status is MinerStatus.STARTING


def test_without_a_power_target_it_cannot_be_set_up(bench_of):
    bench = bench_of(TUNERLESS)
    with pytest.raises(BadAnswer, match="power target"):
        bench.identify()
    assert bench.read().status is MinerStatus.HEATING


@examples(25, HealthCheck.function_scoped_fixture)
@given(power_w=st.floats(0.5, 1e6, allow_nan=False))
def test_any_wish_is_a_target_inside_its_limits_and_never_above_the_wish(bench, power_w):
    bench.write(power_w)
    target_w = int(bench.emulator.rig.setting)
    assert LEAST_W <= target_w <= MOST_W
    assert target_w <= max(power_w, LEAST_W)
    assert target_w > min(power_w, MOST_W) - 51


@pytest.mark.parametrize("tells", [True, False], ids=["configuration", "mode"])
def test_what_its_own_scaling_leaves_is_not_the_level_that_is_set(bench, tells):
    bench.emulator.tells_configuration = tells
    bench.write(2780)
    bench.emulator.scale_to(1580)
    seen = bench.after(900)
    assert (seen.status, seen.power_w) == (MinerStatus.HEATING, 1580)
    assert (seen.level, seen.set_power_w) == ("2780 W", 2780)
    assert seen.problem == "Its own power scaling (DPS) holds it at 1580 W instead of 2780 W."
    assert bench.commands_during(lambda: bench.write(2780)) == []
    if tells:
        assert any("DPS" in sentence for sentence in bench.identify().limits)


@pytest.mark.parametrize(("power_w", "starts"), [(2780, True), (1580, True), (780, False)])
def test_a_target_refused_at_rest_ends_no_start_that_does_not_heat_more_than_is_allowed(bench, power_w, starts):
    bench.write(1580)
    bench.write(0)
    assert bench.after(120).status is MinerStatus.OFF
    bench.emulator.refuses_target_at_rest = True
    if starts:
        bench.write(power_w)
    else:
        with pytest.raises(Refused, match="not while paused"):
            bench.write(power_w)
    bench.clock.advance(900)
    assert bench.rig.is_drawing == starts
    if starts:
        bench.write(power_w)
        assert bench.after(900).level == f"{power_w} W"


@pytest.mark.parametrize("watts", [None, "lots", {"kilo": 3}])
def test_watts_it_does_not_tell_are_named(bench, monkeypatch, watts):
    stats = bench.emulator._stats() | {"power_stats": {"approximated_consumption": {"watt": watts}}}
    monkeypatch.setattr(bench.emulator, "_stats", lambda: stats)
    seen = bench.read()
    assert seen.power_source is PowerSource.TABLE
    assert "does not say what it draws" in seen.problem or "a number is needed" in seen.problem
