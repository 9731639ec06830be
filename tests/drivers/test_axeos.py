"""AxeOS and NerdQAxe: what only they do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrations.errors import BadAnswer, Refused, Unauthorized, Unreachable
from miners.drivers.axeos import boards
from miners.drivers.axeos.driver import AxeOSMiner
from miners.power import OffBy
from miners.state import MinerStatus
from tests.emulators.axeos import GAMMA, GAMMA_OLD, NERDQAXE, NERDQAXE_OLD, AxeOS, Board
from tests.emulators.base import http_bytes

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


# --- recorded answers ----------------------------------------------------------------------------------------------

CASES = Path(__file__).parent / "cases"


def showing(bench, name, monkeypatch, **changes):
    """The device answers as recorded, with these changes (DROP: the field is missing)."""
    info = {**json.loads((CASES / name).read_text()), **changes}
    monkeypatch.setattr(
        bench.emulator, "_info", lambda: {key: value for key, value in info.items() if value is not DROP}
    )
    return bench


DROP = "(missing)"
PAUSED, LOST, UNREACHABLE, HOT_NERD = (
    "axeos_paused_overheat_flag.json",
    "axeos_pools_lost.json",
    "axeos_sv2_unreachable.json",
    "nerdqaxe_overheated.json",
)


@pytest.mark.parametrize("flag", [1, True, 2, "1"])
def test_paused_with_its_overheat_flag_set_is_off_and_says_why(bench_of, monkeypatch, flag):
    bench = showing(bench_of(bitaxe()), PAUSED, monkeypatch, overheat_mode=flag)
    seen = bench.read()
    assert (seen.status, seen.power_w, seen.hash_rate_th_s) == (MinerStatus.OFF, 2.0, None)
    assert "too hot" in seen.fault
    assert not seen.pending_start
    assert bench.commands_during(lambda: bench.write(0)) == []
    with pytest.raises(Refused, match="protects itself"):
        bench.write(19)
    assert bench.emulator.commands == []


def test_too_hot_and_not_paused_is_protection_until_one_off_was_taken(bench_of, monkeypatch):
    """It cools down and goes on by itself: a pause keeps it from that."""
    bench = showing(bench_of(bitaxe()), PAUSED, monkeypatch, miningPaused=False)
    seen = bench.read()
    assert (seen.status, seen.is_latched) == (MinerStatus.PROTECT, False)
    assert bench.commands_during(lambda: bench.write(0)) == ["POST /api/system/pause"]


def test_an_overheat_flag_left_over_while_it_works_is_heat(bench_of, monkeypatch):
    bench = showing(bench_of(bitaxe()), PAUSED, monkeypatch, miningPaused=False, power=18.0, hashRate=900)
    seen = bench.read()
    assert seen.status is MinerStatus.HEATING
    assert "draws 18 W" in seen.problem
    assert "too hot" in seen.fault


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (LOST, {}),
        (LOST, {"temp": 0}),
        (LOST, {"temp": None, "poolConnectionInfo": ""}),
        (LOST, {"temp": 31.5, "uptimeSeconds": 7200}),
        (UNREACHABLE, {}),
        (UNREACHABLE, {"uptimeSeconds": 5}),
        (LOST, {"poolConnectionInfo": "Disconnected"}),
        (LOST, {"poolConnectionInfo": "SV2: Connection failed"}),
    ],
    ids=str,
)
def test_a_lost_pool_is_no_pool(bench_of, monkeypatch, name, changes):
    seen = showing(bench_of(bitaxe()), name, monkeypatch, **changes).read()
    assert (seen.status, seen.pool_alive, seen.power_w) == (MinerStatus.NO_POOL, False, 2.0)
    assert "No pool answers" in seen.problem


@pytest.mark.parametrize("uptime", [0, 8, 119])
def test_what_has_just_started_is_starting(bench_of, monkeypatch, uptime):
    seen = showing(bench_of(bitaxe()), LOST, monkeypatch, uptimeSeconds=uptime).read()
    assert seen.status is MinerStatus.STARTING


def test_what_was_just_resumed_is_starting_and_later_without_a_pool(bench_of, monkeypatch):
    bench = showing(bench_of(bitaxe()), PAUSED, monkeypatch, overheat_mode=0, uptimeSeconds=4000)
    bench.write(19)
    showing(bench, LOST, monkeypatch, uptimeSeconds=4010)
    assert bench.read().status is MinerStatus.STARTING
    showing(bench, LOST, monkeypatch, uptimeSeconds=4130)
    assert bench.read().status is MinerStatus.NO_POOL


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temp": None},
        {"uptimeSeconds": 4000},
        {"asicTemps": [0, None, 0, 0]},
        {"asicTemps": None, "overheat_temp": 70},
        {"asicTemps": [75.2, 74, 73, 75], "overheat_temp": 70, "isStratumConnected": False},
    ],
    ids=str,
)
def test_an_overheated_nerdqaxe_protects_itself_until_it_is_restarted(bench_of, monkeypatch, changes):
    bench = showing(bench_of(bitaxe(NERDQAXE)), HOT_NERD, monkeypatch, **changes)
    seen = bench.read()
    assert (seen.status, seen.power_w, seen.is_latched) == (MinerStatus.PROTECT, 3.1, True)
    assert "until it is restarted" in seen.problem
    assert seen.fault == seen.problem
    with pytest.raises(Refused, match="restart it"):
        bench.write(75)
    assert bench.emulator.commands == []


@pytest.mark.parametrize(
    ("told", "alive"),
    [
        ({"isStratumConnected": False}, False),
        ({"isStratumConnected": None, "stratum": {"pools": [{"connected": False}, {"connected": True}]}}, True),
        ({"isStratumConnected": None, "stratum": {"pools": [{"connected": False}, None]}}, False),
        ({"isStratumConnected": "yes", "stratum": []}, None),
    ],
    ids=str,
)
def test_the_pool_of_a_nerdqaxe(bench_of, monkeypatch, told, alive):
    seen = showing(bench_of(bitaxe(NERDQAXE)), HOT_NERD, monkeypatch, asicTemps=[40, 41, 40, 41], **told).read()
    assert seen.pool_alive is alive
    assert (seen.status is MinerStatus.NO_POOL) == (alive is False)


ROUTES = {
    "404": http_bytes(404, b"Not found"),
    "redirect": http_bytes(302, b""),
    "page": http_bytes(200, b"<!doctype html><html></html>", "text/html"),
}


@pytest.mark.parametrize("route", ROUTES)
def test_before_2_7_it_is_read_and_not_switched(bench_of, monkeypatch, route):
    bench = showing(bench_of(bitaxe()), "axeos_v2_4_5_no_asic_route.json", monkeypatch)
    answer = bench.emulator.answer
    no_route = ROUTES[route]
    bench.emulator.answer = lambda asked, act: no_route if asked.path == "/api/system/asic" else answer(asked, act)
    identity = bench.identify()
    assert (identity.model, identity.version) == ("Bitaxe Supra", "v2.4.5-3-gb5d1e36-dirty")
    assert identity.power.off_by is OffBy.PLUG
    assert [level.power_w for level in identity.power.levels] == [15.0]
    seen = bench.read()
    assert seen.power_w == pytest.approx(2.65)
    assert seen.status is MinerStatus.STARTING  # for four seconds, as it says
    with pytest.raises(Refused, match="plug"):
        bench.write(0)


@pytest.mark.parametrize(
    ("told", "model"),
    [
        ({"boardVersion": "204"}, "Bitaxe Ultra"),
        ({"boardVersion": "601"}, "Bitaxe Gamma"),
        ({"boardVersion": "650"}, "Bitaxe GammaDuo"),
        ({"boardVersion": None, "ASICModel": "BM1366", "asicCount": 6}, "Bitaxe UltraHex"),
        ({"boardVersion": "0.11", "ASICModel": "BM1397"}, "Bitaxe Max"),
        ({"boardVersion": "x", "ASICModel": "BM1399"}, "Bitaxe"),
        ({"deviceModel": "LV06"}, "LV06"),
        ({"deviceModel": "NerdOCTAXE-γ"}, "NerdOCTAXE-γ"),
    ],
    ids=str,
)
def test_a_board_that_does_not_name_itself_is_named_by_its_version_or_chip(told, model):
    name = boards.model_of(told, {})
    assert boards.shown(name, boards.is_nerd(told, name)) == model


@pytest.mark.parametrize(
    ("power", "watts", "says"),
    [
        ("17.9 W", 17.9, ""),
        ("17,9", 17.9, ""),
        (" 17.9 ", 17.9, ""),
        ("0.0179 kW", 17.9, ""),
        (None, None, "does not say what it draws"),
        (DROP, None, "does not say what it draws"),
        ("a lot", None, "a number is needed"),
        ("1,790", None, "1.79 W or 1790 W"),
        (-4, None, "no miner takes that"),
        ("17.9 V", None, "W, kW or MW"),
    ],
    ids=str,
)
def test_watts_are_read_where_they_have_one_meaning_and_named_where_not(bench_of, monkeypatch, power, watts, says):
    bench = bench_of(bitaxe())
    info = {**bench.emulator._info(), "power": power}
    monkeypatch.setattr(
        bench.emulator, "_info", lambda: {key: value for key, value in info.items() if value is not DROP}
    )
    seen = bench.read()
    assert seen.power_w == (None if watts is None else pytest.approx(watts))
    assert says in seen.problem
    assert (seen.problem == "") == (watts is not None)


def test_a_restart_that_is_not_over_is_no_off(bench_of, monkeypatch):
    """Between the command and the reboot it still says that it is shut down; an off it takes then is lost."""
    bench = bench_of(bitaxe(NERDQAXE))
    bench.write(0)
    assert bench.after(30).status is MinerStatus.OFF
    monkeypatch.setattr(bench.emulator.rig, "restart", lambda: None)
    shut_down = bench.emulator._info() | {"shutdown": True}
    bench.write(75)
    monkeypatch.setattr(bench.emulator, "_info", lambda: shut_down)
    seen = bench.read()
    assert (seen.status, seen.pending_start) == (MinerStatus.STARTING, True)
    assert bench.commands_during(lambda: bench.write(75)) == []
    with pytest.raises(Unreachable, match="is restarting"):
        bench.write(0)
    assert bench.emulator.commands[-1] == "POST /api/system/shutdown"
    back = {**shut_down, "uptimeSeconds": 3}
    monkeypatch.setattr(bench.emulator, "_info", lambda: back)
    assert bench.read().status is MinerStatus.OFF
