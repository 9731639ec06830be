"""Shelly plugs: the timer that switches off by itself, off that stays off, and what flows whatever the switch says."""

from __future__ import annotations

import json
import time

import pytest

from integrations.errors import BadAnswer, NotFound, Unauthorized
from miners.drivers.shelly.driver import ShellyPlug
from miners.power import PowerSource
from miners.protocols import digest
from miners.state import MinerStatus
from tests.emulators.plug import LOAD_W, PlugEmulator

from .devices import Bench, Device

TIMED = Device("timed", ShellyPlug, PlugEmulator, {"auto_off_minutes": 30})
UNTIMED = Device("untimed", ShellyPlug, PlugEmulator, {"auto_off_minutes": None})
HALF_HOUR = 1800


def of(settings=None, **plug) -> Device:
    return Device("plug", ShellyPlug, lambda clock: PlugEmulator(clock, **plug), settings or {})


def sets(bench: Bench) -> list[dict]:
    return [json.loads(command.partition("/rpc ")[2])["params"] for command in bench.emulator.commands]


@pytest.fixture
def bench(bench_of) -> Bench:
    return bench_of(TIMED)


def test_every_on_brings_the_timer_and_silence_ends_in_off(bench):
    bench.write(0)
    bench.write(LOAD_W)
    assert sets(bench)[-1] == {"id": 0, "on": True, "toggle_after": HALF_HOUR}
    assert bench.after(HALF_HOUR - 10).status is MinerStatus.HEATING
    assert bench.after(20).status is MinerStatus.OFF
    assert bench.rig.power_w == 0


def test_on_again_in_time_keeps_it_on(bench):
    for _ in range(6):
        bench.write(LOAD_W)
        seen = bench.after(HALF_HOUR / 2 + 60)
        assert (seen.status, seen.problem) == (MinerStatus.HEATING, "")


def test_off_never_brings_a_timer(bench):
    bench.write(LOAD_W)
    bench.write(0)
    assert sets(bench)[-1] == {"id": 0, "on": False}
    for _ in range(4):
        assert bench.after(HALF_HOUR).status is MinerStatus.OFF


def test_what_it_declares(bench):
    assert ShellyPlug.rearm_seconds(bench.config) == HALF_HOUR
    assert "30 min" in ShellyPlug.dead_man_of(bench.config)
    untimed = bench.config.model_copy(update={"auto_off_minutes": None})
    assert ShellyPlug.rearm_seconds(untimed) is None
    assert ShellyPlug.dead_man_of(untimed) is None


def test_on_without_its_timer_is_told(bench):
    """Somebody pressed its button: it heats, and nothing would end that."""
    assert "without its own timer" in bench.read().problem
    bench.write(LOAD_W)
    assert bench.read().problem == ""


def test_an_off_that_a_timer_will_end_is_no_off(bench):
    bench.write(0)
    bench.emulator.timer = (bench.clock.now(), 600.0)
    assert bench.after(10).status is MinerStatus.STARTING
    assert bench.commands_during(lambda: bench.write(0))
    assert bench.after(900).status is MinerStatus.OFF


def test_what_flows_counts_whatever_the_switch_says(bench, monkeypatch):
    for watts, expected in ((3.0, MinerStatus.OFF), (20.0, MinerStatus.STOPPING), (800.0, MinerStatus.HEATING)):
        status = {"id": 0, "source": "HTTP_in", "output": False, "apower": watts}
        monkeypatch.setattr(bench.emulator, "_status", lambda status=status: status)
        assert bench.read().status is expected
        monkeypatch.setattr(bench.emulator, "_status", lambda status=status: status | {"apower": -status["apower"]})
        assert bench.read().status is expected, "wired the other way round"


def test_the_makers_own_example(bench, monkeypatch):
    """The status of the API pages: switched off by its timer."""
    example = json.loads(
        '{"id":0,"source":"timer","output":false,"timer_started_at":1626942399.36,"timer_duration":60,"apower":0,'
        '"voltage":237.571,"aenergy":{"total":14.093,"by_minute":[0,0,0],"minute_ts":1626942461},'
        '"temperature":{"tC":38.3,"tF":100.9}}'
    )
    monkeypatch.setattr(bench.emulator, "_status", lambda: example)
    seen = bench.read()
    assert (seen.power_w, seen.power_source) == (0, PowerSource.METER)
    assert seen.status is MinerStatus.STARTING  # a timer runs in it: what comes next is on


def test_a_plug_without_a_meter_is_believed_by_its_word(bench_of):
    bench = bench_of(of({"load_w": 900}, metering=False))
    seen = bench.read()
    assert (seen.status, seen.power_w, seen.power_source) == (MinerStatus.HEATING, 900, PowerSource.TABLE)
    assert not seen.power_is_measured
    bench.write(0)
    seen = bench.read()
    assert (seen.status, seen.power_w, seen.power_source) == (MinerStatus.OFF, None, PowerSource.NONE)
    assert any("does not measure" in sentence for sentence in bench.identify().limits)


def test_settings_that_stand_in_the_way_are_said(bench_of):
    limits = " ".join(bench_of(of(initial_state="on", auto_on=True)).identify().limits)
    assert "auto on" in limits
    assert "power cut" in limits
    assert bench_of(of()).identify().limits == []


@pytest.mark.parametrize(
    ("initial_state", "survives"), [("off", True), ("restore_last", True), ("on", False), ("match_input", None)]
)
def test_what_a_power_cut_leaves(bench_of, initial_state, survives):
    identity = bench_of(of(initial_state=initial_state)).identify()
    assert identity.power.off_survives_power_cut is survives


@pytest.mark.parametrize("password", ["", "guess"], ids=["none", "wrong"])
def test_a_missing_or_wrong_password_is_told(bench_of, password):
    bench = bench_of(of({"password": password}, password="correct horse"))
    for action in (bench.identify, bench.read, lambda: bench.write(0)):
        with pytest.raises(Unauthorized, match="password") as caught:
            action()
        assert "guess" not in str(caught.value)
    assert bench.emulator.commands == []


def test_the_password_opens_it_and_is_never_sent(bench_of):
    bench = bench_of(of({"password": "correct horse"}, password="correct horse"))
    seen = []
    original = bench.emulator.respond
    bench.emulator.respond = lambda request, act: (seen.append(str(request.headers)), original(request, act))[1]
    assert bench.identify().model == "Shelly PlugSG3"
    bench.write(0)
    bench.emulator.nonce = "1626949999"
    assert bench.read().status is MinerStatus.OFF
    assert seen
    assert "horse" not in "".join(seen)


def test_the_example_of_the_standard(monkeypatch):
    """RFC 7616, 3.9.1: Mufasa's request, SHA-256."""
    monkeypatch.setattr(digest.secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    answer = digest.Digest("Mufasa", "Circle of Life")
    assert answer.take(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    expected = 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"'
    assert expected in answer.header("GET", "/dir/index.html")


@pytest.mark.parametrize(
    "challenge",
    ["", "Basic realm=x", 'Digest realm="a", nonce="b", qop="auth"', 'Digest realm="a", nonce="", algorithm=SHA-256'],
)
def test_another_challenge_is_not_answered(challenge):
    answer = digest.Digest("admin", "p")
    assert not answer.take(challenge)
    assert not answer.has_challenge


def test_first_generation_is_refused_by_its_name_and_what_to_do_instead(bench):
    bench.emulator.is_first_generation = True
    name = "Shelly SHPLG-S (first generation)"
    assert ShellyPlug.recognise(bench.config, time.monotonic() + 4) == name
    with pytest.raises(BadAnswer, match="choose ‘Home Assistant switch’") as caught:
        bench.identify()
    assert str(caught.value).startswith(name)


def test_one_without_a_switch_says_what_it_needs(bench_of):
    bench = bench_of(Device("cover", ShellyPlug, PlugEmulator, {"channel": 1}))
    with pytest.raises(BadAnswer, match="has no switched output 1"):
        bench.identify()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"method": "Switch.Set", "params": {"id": 0, "on": True}}, True),
        ({"method": "switch.toggle", "params": {"id": 0}}, True),
        ({"method": "Switch.Set", "params": {"id": 0, "on": False}}, False),
        ({"method": "Switch.Set", "params": {"id": 3, "on": True}}, False),
        ({"method": "Light.Set", "params": {"id": 0, "on": True}}, False),
    ],
)
@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_schedule_of_its_own_that_switches_it_on_is_told(bench, call, told, is_enabled):
    bench.emulator.jobs = [{"id": 1, "enable": is_enabled, "timespec": "0 0 6 * * *", "calls": [call]}]
    assert any("schedule" in sentence for sentence in bench.identify().limits) == (told and is_enabled)


def test_off_until_its_timer_switches_it_on_is_pending_and_an_off_ends_it(bench):
    bench.write(0)
    bench.emulator.timer = (bench.clock.now(), 3600.0)
    seen = bench.after(60)
    assert (seen.status, seen.pending_start) == (MinerStatus.STARTING, True)
    assert seen.starts_in_seconds == pytest.approx(3540, abs=60)
    bench.write(0)
    assert bench.read().status is MinerStatus.OFF


@pytest.mark.parametrize(
    ("errors", "status"),
    [(["overpower"], MinerStatus.OFF), (["overtemp", "x"], MinerStatus.OFF), (["overvoltage"], MinerStatus.PROTECT)],
)
def test_one_that_switched_itself_off_is_off_and_says_why_unless_it_may_come_back(bench, errors, status):
    bench.write(0)
    bench.emulator.errors = errors
    seen = bench.read()
    assert (seen.status, seen.power_w) == (status, 0)
    assert errors[0] in seen.fault
    assert len(bench.commands_during(lambda: bench.write(0))) == (status is MinerStatus.PROTECT)


@pytest.mark.parametrize(
    ("told", "watts", "says"),
    [("799.6 W", 799.6, ""), ("-799,6", 799.6, ""), ("lots", 1000.0, "a number is needed"), (9e4, 1000.0, "no miner")],
)
def test_watts_with_a_unit_are_read_and_others_named(bench, monkeypatch, told, watts, says):
    status = bench.emulator._status() | {"apower": told}
    monkeypatch.setattr(bench.emulator, "_status", lambda: status)
    seen = bench.read()
    assert seen.power_w == pytest.approx(watts)
    assert says in seen.problem
    assert seen.power_is_measured == (not says)


def test_an_output_it_does_not_have(bench_of):
    with pytest.raises(NotFound, match="not found"):
        bench_of(of({"channel": 3})).read()


def test_the_answer_to_another_question_is_none(bench):
    bench.emulator.tamper = lambda raw: raw.replace(b'"id": 1, "src"', b'"id": 2, "src"')
    with pytest.raises(BadAnswer, match="another question"):
        bench.read()


def test_off_is_sent_although_it_cannot_be_understood(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_status", lambda: ["nonsense"])
    bench.write(0)
    assert sets(bench)[-1] == {"id": 0, "on": False}
