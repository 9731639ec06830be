"""Tasmota: its off timer is there before it is on, its answers are read with care, passwords and relays of its kind."""

import pytest

from integrations.errors import BadAnswer, NotFound, Unauthorized
from miners.discovery.scan import Target, look_at
from miners.drivers.tasmota.driver import TasmotaPlug
from miners.drivers.tasmota.testing import LOAD_W, TasmotaEmulator
from miners.power import PowerSource
from miners.state import MinerStatus
from tests.servers.process import soon

from .devices import Device

HALF_HOUR = 1800.0


def of(settings=(), **how) -> Device:
    return Device("tasmota", TasmotaPlug, lambda clock: TasmotaEmulator(clock, **how), dict(settings), needs_pool=False)


@pytest.fixture
def bench(bench_of):
    return bench_of(of())


def test_its_timer_is_set_before_it_is_on_and_silence_ends_in_off(bench):
    bench.write(0)
    sent = [one.partition("cmnd=")[2] for one in bench.commands_during(lambda: bench.write(LOAD_W))]
    assert sent == ["PulseTime1%201900", "Power1%20ON"]
    assert bench.after(HALF_HOUR - 10).status is MinerStatus.HEATING
    assert bench.after(20).status is MinerStatus.OFF
    assert bench.rig.power_w == 0


def test_on_again_in_time_keeps_it_on_and_writes_no_setting(bench):
    bench.write(LOAD_W)
    for _ in range(5):
        seen = bench.after(HALF_HOUR / 2 + 60)
        assert (seen.status, seen.problem) == (MinerStatus.HEATING, "")
        assert seen.switches_off_in_seconds == pytest.approx(HALF_HOUR / 2 - 60, abs=5)
        sent = bench.commands_during(lambda: bench.write(LOAD_W))
        assert len(sent) == 1
        assert "Power1" in sent[0]


def test_what_does_not_take_its_timer_is_not_switched_on(bench):
    bench.write(0)
    bench.emulator.keeps_pulse_time = True
    with pytest.raises(BadAnswer, match="not switched on"):
        bench.write(LOAD_W)
    assert bench.read().status is MinerStatus.OFF


@pytest.mark.parametrize(("pulse_seconds", "words"), [(0.0, "without its own timer"), (8 * 3600.0, "set it back")])
def test_a_timer_that_is_missing_or_too_late_is_told(bench, pulse_seconds, words):
    bench.emulator.pulse_seconds = pulse_seconds
    bench.emulator._switch(True)
    problem = bench.after(30).problem
    assert words.split()[-1] in problem
    assert bench.read().switches_off_in_seconds == pytest.approx(max(0, pulse_seconds - 30), abs=5)


def test_it_measures_or_is_believed_by_its_word(bench_of):
    seen = bench_of(of()).after(60)
    assert (seen.power_w, seen.power_source) == (LOAD_W, PowerSource.METER)
    bare = bench_of(of({"load_w": 900}, metering=False))
    seen = bare.read()
    assert (seen.power_w, seen.power_source) == (900, PowerSource.TABLE)
    assert any("does not measure" in one for one in bare.identify().limits)


def test_one_relay_of_several(bench_of):
    bench = bench_of(of({"relay": 2}, relays=2))
    assert bench.read().status is MinerStatus.OFF
    first = bench_of(of({"relay": 1}, relays=2))
    assert (first.after(60).status, first.read().power_w) == (MinerStatus.HEATING, LOAD_W)
    with pytest.raises(BadAnswer, match="relay 3"):
        bench_of(of({"relay": 3}, relays=2)).read()


def test_its_password(bench_of):
    assert bench_of(of({"password": "a word & more"}, password="a word & more")).read().status.is_known
    with pytest.raises(Unauthorized, match="refuses the password"):
        bench_of(of({"password": "wrong"}, password="right")).read()
    with pytest.raises(Unauthorized, match="asks for a password"):
        bench_of(of(password="right")).read()


def test_a_refused_password_that_comes_with_200(bench, monkeypatch):
    said = {"WARNING": "Need user=<username>&password=<password>"}
    monkeypatch.setattr(bench.emulator, "respond", lambda request, act: (200, said))
    with pytest.raises(Unauthorized):
        bench.read()


def test_settings_that_stand_in_the_way_are_said(bench):
    bench.emulator.power_on_state, bench.emulator.timers = 1, "ON"
    identity = bench.identify()
    said = " ".join(identity.limits)
    assert "PowerOnState" in said
    assert "Timers of its own" in said
    assert identity.power.off_survives_power_cut is False
    assert (identity.firmware, identity.serial) == ("Tasmota", "84:F3:EB:1A:2B:3C")


def test_another_device_is_no_tasmota(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "respond", lambda request, act: (200, {"Command": "Unknown"}))
    with pytest.raises(NotFound, match="Is it Tasmota"):
        bench.read()
    monkeypatch.setattr(bench.emulator, "respond", lambda request, act: (200, {"anything": 1}))
    with pytest.raises(BadAnswer, match="is no Tasmota"):
        TasmotaPlug.recognise(bench.config, soon())


def test_the_search_finds_it(bench):
    host, port = bench.emulator.address.split(":")
    found = look_at(Target(host, int(port)), soon()).found
    assert (found.adapter_type, found.model) == ("tasmota", "Tasmota Heater plug")
