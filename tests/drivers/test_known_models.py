"""Every known model, fed through the search and through its driver: driven, read only, or refused with a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integrations import registry
from integrations.errors import AdapterError
from integrations.registry import Kind
from miners.discovery import scan
from miners.discovery.typed_addresses import Target
from miners.drivers import known_models
from miners.drivers.asic_rs.driver import is_installed
from miners.drivers.known_models import KNOWN_MODELS, Fate, KnownModel
from miners.drivers.tasmota.testing import TasmotaEmulator
from miners.power import OffBy, from_json
from tests.emulators import braiins, vnish
from tests.emulators.avalon import MINI_3, NANO_3S, Avalon
from tests.emulators.axeos import GAMMA, GAMMA_OLD, NERDQAXE, NERDQAXE_OLD, AxeOS, Board
from tests.emulators.base import Emulator, HttpEmulator, HttpRequest, LineEmulator, http_bytes
from tests.emulators.clock import Clock
from tests.emulators.epic import EpicOnUsualPorts
from tests.emulators.heater21 import Heater21Emulator
from tests.emulators.luxos import LuxOS
from tests.emulators.plug import PlugEmulator
from tests.emulators.rig import Nature, Rig, Setting
from tests.emulators.whatsminer import WhatsMiner
from tests.servers.process import missing, soon

CASES = Path(__file__).parent / "cases"
PAGE = Path(__file__).parents[2] / "docs" / "miners.md"
_NATURE = Nature({"on": Setting(1000.0, 10.0)}, "on", standby_w=5.0)


class Page(HttpEmulator):
    """Something with a web page and nothing else."""

    def __init__(self, clock: Clock, status: int, body: bytes, challenge: str = "") -> None:
        self.status, self.body, self.challenge = status, body, challenge
        super().__init__(Rig(_NATURE, clock))

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        return (self.status, self.body) if request.path == "/" else (404, b"")

    def answer(self, request: HttpRequest, act: bool) -> bytes:
        raw = http_bytes(*self.respond(request, act), "text/html")
        head = f"WWW-Authenticate: {self.challenge}\r\nContent-Type".encode()
        return raw.replace(b"Content-Type", head, 1) if self.challenge else raw


class Cgminer(LineEmulator):
    """Something that tells its version by cgminer's protocol and nothing else."""

    def __init__(self, clock: Clock, **version: str) -> None:
        self.version = version
        super().__init__(Rig(_NATURE, clock))

    def reply(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        if command != "version":
            return self.status("E", 14, "Invalid command")
        return self.status("S", 22, "versions") | {"VERSION": [{"API": "3.7", **self.version}]}


def recorded_avalon(name: str) -> Callable[[Clock], Emulator]:
    def make(clock: Clock) -> Emulator:
        document = json.loads((CASES / name).read_text())
        emulator, whole = Avalon(clock), {"STATUS": [{"STATUS": "S"}], **document.get("estats", document)}
        emulator.reply = lambda command, *rest: whole if command == "estats" else Avalon.reply(emulator, command, *rest)
        return emulator

    return make


def other_avalon(clock: Clock) -> Emulator:
    emulator = Avalon(clock)
    emulator.tamper = lambda raw: raw.replace(b"Ver[Q-", b"Ver[Home9-")
    return emulator


def without_asic_route(clock: Clock) -> Emulator:
    emulator = AxeOS(clock, GAMMA_OLD)
    info = json.loads((CASES / "axeos_v2_4_5_no_asic_route.json").read_text())
    emulator._info = lambda: info
    emulator.respond = lambda asked, act: (200, info) if asked.path == "/api/system/info" else (404, b"")
    return emulator


def unknown_board(clock: Clock) -> Emulator:
    return AxeOS(clock, Board("Homebrew", *(getattr(GAMMA, name) for name in list(GAMMA.__dataclass_fields__)[1:])))


def cover(clock: Clock) -> Emulator:
    emulator = PlugEmulator(clock)
    respond = emulator.respond

    def covers(request: HttpRequest, act: bool) -> tuple[int, Any]:
        if b"Switch." in request.body:
            return 200, {"id": 1, "error": {"code": 404, "message": "No handler for Switch.GetConfig"}}
        return respond(request, act)

    emulator.respond = covers
    return emulator


def untuned(clock: Clock) -> Emulator:
    emulator = vnish.VnishEmulator(clock, version="1.2.6")
    emulator._presets = lambda: []
    return emulator


def first_generation(clock: Clock) -> Emulator:
    emulator = PlugEmulator(clock)
    emulator.is_first_generation = True
    return emulator


DIGEST = 'Digest realm="antMiner Configuration", nonce="a", qop="auth"'
NO_CURTAIL = {"LUXminer": "2022.1.1", "Type": "S19"}
#: By the model of the row: how it is made, and the settings with which it is opened.
SAMPLES: dict[str, tuple[Callable[[Clock], Emulator], dict[str, Any]]] = {
    "Avalon Q": (Avalon, {}),
    "Avalon Mini 3": (lambda clock: Avalon(clock, MINI_3), {}),
    "Avalon Nano 3S": (lambda clock: Avalon(clock, NANO_3S), {}),
    "Avalon Nano 3 (first generation)": (recorded_avalon("avalon_nano3_first_generation.json"), {}),
    "Avalon A7 to A15 (A1246 and alike)": (recorded_avalon("avalon_a1246.json"), {}),
    "Avalon of any other name": (other_avalon, {}),
    "Bitaxe Max, Ultra, Supra, Gamma, Hex with AxeOS 2.14 or later": (AxeOS, {}),
    "Bitaxe with AxeOS 2.7 to 2.13": (lambda clock: AxeOS(clock, GAMMA_OLD), {}),
    "Bitaxe with AxeOS before 2.7": (without_asic_route, {}),
    "NerdAxe, NerdQAxe, NerdOctaxe that can shut down (1.0.36)": (lambda clock: AxeOS(clock, NERDQAXE), {}),
    "NerdAxe, NerdQAxe, NerdOctaxe, older": (lambda clock: AxeOS(clock, NERDQAXE_OLD), {}),
    "Unknown board with AxeOS": (unknown_board, {}),
    "Bitaxe or NerdQAxe that refuses other networks": (
        lambda clock: Page(clock, 200, b"<html><title>AxeOS</title></html>"),
        {},
    ),
    "Antminer with LuxOS": (LuxOS, {}),
    "Antminer with a LuxOS that cannot curtail": (lambda clock: Cgminer(clock, **NO_CURTAIL), {}),
    "Antminer with Braiins OS 25.07 or later": (braiins.BraiinsEmulator, {"password": braiins.PASSWORD}),
    "Braiins OS without a power target": (
        lambda clock: braiins.BraiinsEmulator(clock, tuner=False),
        {"password": braiins.PASSWORD},
    ),
    "Antminer with Braiins OS before 25.07": (lambda clock: Cgminer(clock, BOSminer="bosminer 0.2.0-36c56a93"), {}),
    "Antminer with VNish 1.3.3 or later": (vnish.VnishEmulator, {"password": vnish.PASSWORD}),
    "Antminer with VNish before 1.3.3": (
        lambda clock: vnish.VnishEmulator(clock, version="1.2.6"),
        {"password": vnish.PASSWORD},
    ),
    "VNish without a tuned preset": (untuned, {"password": vnish.PASSWORD}),
    "21energy Ofen": (Heater21Emulator, {}),
    "Shelly plug or relay, Plus, Pro, Gen3, Gen4": (PlugEmulator, {}),
    "Shelly dimmer or cover": (cover, {}),
    "Shelly, first generation": (first_generation, {}),
    "Tasmota plug or relay": (TasmotaEmulator, {}),
    "Tasmota plug that asks for a password": (
        lambda clock: Page(clock, 200, b"<title>Tasmota - Main Menu</title>"),
        {},
    ),
    "Plug with ESPHome": (lambda clock: Page(clock, 200, b"<title>ESPHome Web Server</title>"), {}),
    "Antminer and alike with ePIC’s firmware": (EpicOnUsualPorts, {}),
    "WhatsMiner with its first API (M20S and alike)": (WhatsMiner, {}),
    "WhatsMiner, without pyasic-rs": (WhatsMiner, {}),
    "Antminer with its maker’s firmware, without pyasic-rs": (lambda clock: Page(clock, 401, b"", DIGEST), {}),
    "Unknown miner with cgminer’s API": (lambda clock: Cgminer(clock, CGMiner="4.9.2"), {}),
}


def test_every_row_has_a_sample_and_stands_once():
    assert [one.model for one in KNOWN_MODELS] == list(SAMPLES)


@pytest.mark.parametrize("row", KNOWN_MODELS, ids=lambda row: row.model)
def test_what_becomes_of_it(row: KnownModel):
    make, settings = SAMPLES[row.model]
    if row.driver == "asic_rs" and not is_installed():
        missing("pyasic-rs", "pip install -r requirements-miners.txt")
    emulator = make(Clock())
    try:
        found = searched(emulator, row)
        if settings:
            assert found.needs_password or found.identity or found.problem
            found = scan.probe(emulator.address, row.driver, settings).found
        assert found is not None, "a device that nobody names"
        assert found.adapter_type == row.driver
        assert found.model
        if row.fate is Fate.REFUSED:
            assert not found.identity
            assert row.told in found.problem
            assert emulator.address in found.problem
            refused_by_its_driver(row, emulator, settings)
        else:
            assert found.problem == ""
            off_by = from_json(found.identity["power"]).off_by
            assert (off_by is OffBy.DEVICE) == (row.fate is Fate.DRIVEN)
            limits = " ".join(found.identity["limits"])
            assert row.fate is Fate.DRIVEN or re.search("only a plug can", limits)
    finally:
        emulator.close()


def searched(emulator: Emulator, row: KnownModel) -> scan.Found:
    adapters = [one for one in scan.drivers() if "without pyasic" not in row.model or not one.is_generalist]
    address = emulator.address
    look = scan.look_at(Target.of(address), soon(9), adapters)
    assert look.answers
    return look.found


def refused_by_its_driver(row: KnownModel, emulator: Emulator, settings: dict[str, Any]) -> None:
    """Set up by hand, past the search, it says the same."""
    if not row.driver:
        return
    adapter = registry.get(Kind.MINER_CONTROLLER, row.driver)
    config = adapter.Config.model_validate({"address": emulator.address, **settings})
    with pytest.raises(AdapterError, match=re.escape(row.told)):
        adapter.identify(config, soon())
    assert emulator.commands == []


def test_the_page_shows_the_table_as_it_is():
    page = PAGE.read_text(encoding="utf-8")
    assert page == known_models.with_table(page), "docs/miners.md is old: write it again with `manage.py models_table`"
