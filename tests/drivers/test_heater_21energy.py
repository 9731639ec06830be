"""21energy: its lowest level is no off, watts of levels are typed in, both shapes of its summary."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from integrations.errors import BadAnswer
from miners.drivers.heater_21energy.driver import Heater21Energy
from miners.state import MinerStatus
from tests.emulators.heater21 import LEVEL_WATTS, Heater21Emulator

from .devices import Bench, Device

TYPED = {"level_watts": ", ".join(str(watts) for watts in LEVEL_WATTS)}
HEATER = Device("heater", Heater21Energy, Heater21Emulator, TYPED)
UNTYPED = Device("untyped", Heater21Energy, Heater21Emulator)


@pytest.fixture
def bench(bench_of) -> Bench:
    return bench_of(HEATER)


def test_the_lowest_level_heats_and_off_is_the_switch(bench):
    bench.write(LEVEL_WATTS[0])
    seen = bench.after(300)
    assert (seen.status, seen.level, seen.power_w) == (MinerStatus.HEATING, "0", LEVEL_WATTS[0])
    assert bench.commands_during(lambda: bench.write(0)) == ['POST /21control/heater/enable {"enabled": false}']
    assert bench.after(60).status is MinerStatus.OFF


def test_the_level_comes_before_the_switch(bench):
    bench.write(0)
    bench.clock.advance(60)
    bench.write(800)
    assert bench.emulator.commands[-2:] == [
        "POST /21control/heater/powerTarget/2",
        'POST /21control/heater/enable {"enabled": true}',
    ]


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d,e", "500,400,600,700,800", "0,1,2,3,4", "420,590,760,930,99999"])
def test_levels_that_cannot_be_are_refused(text):
    with pytest.raises(ValidationError, match="five rising numbers"):
        Heater21Energy.Config.model_validate({"address": "192.168.1.44", "level_watts": text})


def test_levels_are_tidied():
    config = Heater21Energy.Config.model_validate({"address": "192.168.1.44", "level_watts": "420;590, 760,930 ,1100"})
    assert config.level_watts == "420, 590, 760, 930, 1100"


@pytest.mark.parametrize("runs", [True, False], ids=["runs", "off"])
def test_untyped_it_has_its_present_level_only_and_says_so(bench_of, runs):
    """While it runs its consumption counts; off, the target, which it tells threefold."""
    bench = bench_of(UNTYPED)
    if not runs:
        bench.write(0)
        bench.clock.advance(60)
    identity = bench.identify()
    assert [level.power_w for level in identity.power.levels] == [LEVEL_WATTS[-1]]
    assert identity.power.levels[0].is_measured is runs
    assert any("levels" in sentence for sentence in identity.limits)
    bench.write(LEVEL_WATTS[0])
    assert not any("powerTarget" in command for command in bench.emulator.commands)


def test_not_ready_is_neither_off_nor_heat(bench):
    bench.emulator.rig.protect()
    seen = bench.after(60)
    assert seen.status is MinerStatus.UNKNOWN
    assert "not ready" in seen.problem


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"forge": {}, "miningDevices": {}},
        {"miningDevices": {"enabled": 2, "powerConsumptionW": 12}},
        {"power": None},
    ],
    ids=str,
)
def test_a_summary_that_says_nothing_is_not_off(bench, monkeypatch, summary):
    monkeypatch.setattr(bench.emulator, "_summary", lambda: summary)
    assert bench.read().status is MinerStatus.UNKNOWN


def test_a_level_that_cannot_be_is_an_error(bench):
    bench.emulator.tamper = lambda raw: raw[:-1] + b"9" if raw.endswith(b"\r\n\r\n4") else raw
    with pytest.raises(BadAnswer, match="0 to 4"):
        bench.read()


def test_off_is_sent_although_it_cannot_be_understood(bench, monkeypatch):
    monkeypatch.setattr(bench.emulator, "_summary", lambda: "nonsense")
    bench.write(0)
    assert bench.emulator.commands == ['POST /21control/heater/enable {"enabled": false}']
