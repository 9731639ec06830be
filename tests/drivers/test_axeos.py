"""AxeOS and NerdQAxe: what only they do."""

from __future__ import annotations

import pytest

from integrations.errors import BadAnswer, Refused, Unauthorized
from miners.controllers.axeos import AxeOSMiner
from miners.power import OffBy
from miners.state import MinerStatus
from tests.emulators.axeos import GAMMA, GAMMA_OLD, NERDQAXE, NERDQAXE_OLD, AxeOS, Board

from .devices import Device


def bitaxe(board: Board = GAMMA, **settings) -> Device:
    return Device(board.model, AxeOSMiner, lambda clock: AxeOS(clock, board), settings)


@pytest.mark.parametrize("board", [GAMMA_OLD, NERDQAXE_OLD], ids=lambda board: board.version)
def test_older_firmware_says_that_only_a_plug_switches_it_off(bench_of, board):
    bench = bench_of(bitaxe(board))
    with pytest.raises(Refused, match="join a plug"):
        bench.write(0)
    assert bench.emulator.commands == []
    identity = bench.identify()
    assert identity.power.off_by is OffBy.PLUG
    assert "only a plug can" in identity.limits[0]


def test_identity(bench_of):
    identity = bench_of(bitaxe()).identify()
    assert (identity.model, identity.firmware, identity.version) == ("Bitaxe Gamma", "AxeOS", "v2.14.1")
    assert identity.serial == "66:F3:55:23:1A:BD"
    assert identity.power.wears_flash
    assert identity.power.off_survives_power_cut is False
    assert bench_of(bitaxe(NERDQAXE)).identify().model == "NerdQAxe++"


def test_only_frequencies_it_lists_up_to_its_default_and_never_a_voltage(bench_of):
    bench = bench_of(bitaxe())
    assert [level.key for level in bench.identify().power.levels] == ["400", "490", "525"]
    for power_w in (1, 15, 18, 500):
        bench.write(power_w)
    assert bench.emulator.commands == [
        'PATCH /api/system {"frequency": 400}',
        'PATCH /api/system {"frequency": 490}',
        'PATCH /api/system {"frequency": 525}',
    ]
    assert bench.emulator.flash_writes == 3
    seen = bench.after(30)
    assert (seen.level, seen.set_power_w) == ("525", 19.0)


def test_typed_watts_outrank_the_table_and_an_unknown_board_has_one_level(bench_of):
    assert bench_of(bitaxe(full_power_w=25)).identify().power.max_w == 25
    unknown = Board("Homebrew", *(getattr(GAMMA, name) for name in list(GAMMA.__dataclass_fields__)[1:]))
    bench = bench_of(bitaxe(unknown))
    identity = bench.identify()
    assert [level.power_w for level in identity.power.levels] == [20.0]
    assert any("measure it" in sentence for sentence in identity.limits)
    bench.write(5)
    assert bench.emulator.commands == []


def test_the_average_hash_rate_outlives_a_pause_and_is_not_told(bench_of):
    bench = bench_of(bitaxe())
    bench.write(0)
    seen = bench.after(6)
    assert seen.status is MinerStatus.OFF
    assert bench.rig.shown_hash_rate_th_s > 0.5
    assert seen.hash_rate_th_s is None


def test_one_that_draws_less_than_its_table_is_there_when_it_hashes_as_it_should(bench_of):
    bench = bench_of(bitaxe(full_power_w=26))
    assert bench.read().status is MinerStatus.HEATING
    bench.emulator.rig.shown_hash_rate_th_s = 0.5
    assert bench.read().status is MinerStatus.RAMPING


def test_a_nerdqaxe_comes_back_by_a_restart(bench_of):
    bench = bench_of(bitaxe(NERDQAXE))
    bench.write(0)
    assert bench.after(30).status is MinerStatus.OFF
    bench.write(75)
    assert bench.emulator.commands == ["POST /api/system/shutdown", "POST /api/system/restart"]
    assert bench.after(60).status is MinerStatus.HEATING


def test_who_is_refused_is_told_why(bench_of):
    bench = bench_of(bitaxe())
    bench.emulator.is_foreign = True
    with pytest.raises(Unauthorized, match="its own network"):
        bench.read()
    nerd = bench_of(bitaxe(NERDQAXE))
    nerd.emulator.wants_otp = True
    nerd.write(0)  # shutting down asks for none
    with pytest.raises(Unauthorized, match="one-time password"):
        nerd.write(75)


def test_too_hot_is_left_alone(bench_of):
    bench = bench_of(bitaxe())
    bench.emulator.rig.protect()
    assert "too hot" in bench.after(10).problem
    with pytest.raises(Refused, match="protects itself"):
        bench.write(19)
    assert bench.emulator.commands == []


@pytest.mark.parametrize("flag", ["yes", 1, None, {}])
def test_a_flag_that_is_no_flag_is_no_word(bench_of, flag, monkeypatch):
    bench = bench_of(bitaxe())
    bench.write(0)
    info = bench.emulator._info
    monkeypatch.setattr(bench.emulator, "_info", lambda: info() | {"miningPaused": flag})
    assert bench.after(60).status is MinerStatus.UNKNOWN


def test_another_device_is_no_bitaxe(bench_of, monkeypatch):
    bench = bench_of(bitaxe())
    monkeypatch.setattr(bench.emulator, "_info", lambda: {"ison": True, "power": 0})
    with pytest.raises(BadAnswer, match="no Bitaxe"):
        bench.read()
