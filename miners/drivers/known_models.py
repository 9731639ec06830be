"""Every model that a driver or the search meets, and what becomes of it: driven, read only, or refused with a remedy.

Data: `docs/miners.md` shows it (`manage.py models_table`), and each row is fed through search and driver in
`tests/drivers/test_known_models.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Remedies, as the sentences of drivers and of the search say them.
BY_PLUG = "Put it behind a plug and set up the plug instead (Shelly, or a switch of Home Assistant)."
BY_TASMOTA = "Choose ‘Tasmota plug’ and enter the password of its own web page."
BY_HOME_ASSISTANT = "Add it to Home Assistant and choose ‘Home Assistant switch’."
BY_PYASIC = "Choose ‘Other miners (pyasic-rs)’ for it, or put it behind a plug and set up the plug instead."
INSTALL_PYASIC = (
    "Install pyasic-rs first, in the folder of Edge Mining: .venv/bin/python -m pip install -r requirements-miners.txt."
)
UPDATE_BRAIINS = "Update Braiins OS to 25.07 or later, then look again."
UPDATE_LUXOS = "Update LuxOS and allow its API (port 4028), then look again."
OPEN_AXEOS = "It takes commands from its own network only: put this program in the same network, then look again."
OPEN_VNISH = "Its API does not answer: update VNish, then look again."


class Fate(StrEnum):
    """What becomes of a model."""

    DRIVEN = "driven"
    READ = "read, only a plug switches it off"
    REFUSED = "refused by name"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """`driver`: the key of the adapter that meets it, empty: the search itself. `told`: what it can, or the remedy."""

    model: str
    driver: str
    fate: Fate
    told: str


_D, _R, _X = Fate.DRIVEN, Fate.READ, Fate.REFUSED
KNOWN_MODELS = (
    KnownModel("Avalon Q", "avalon", _D, "standby and three work modes"),
    KnownModel("Avalon Mini 3", "avalon", _D, "standby and one power"),
    KnownModel("Avalon Nano 3S", "avalon", _R, "three work modes"),
    KnownModel("Avalon Nano 3 (first generation)", "avalon", _X, BY_PLUG),
    KnownModel("Avalon A7 to A15 (A1246 and alike)", "avalon", _X, BY_PLUG),
    KnownModel("Avalon of any other name", "avalon", _X, BY_PLUG),
    KnownModel("Bitaxe Max, Ultra, Supra, Gamma, Hex with AxeOS 2.14 or later", "axeos", _D, "pause and frequencies"),
    KnownModel("Bitaxe with AxeOS 2.7 to 2.13", "axeos", _R, "frequencies"),
    KnownModel("Bitaxe with AxeOS before 2.7", "axeos", _R, "one power"),
    KnownModel("NerdAxe, NerdQAxe, NerdOctaxe that can shut down (1.0.36)", "axeos", _D, "shutdown and frequencies"),
    KnownModel("NerdAxe, NerdQAxe, NerdOctaxe, older", "axeos", _R, "frequencies"),
    KnownModel("Unknown board with AxeOS", "axeos", _D, "pause and one power, once you entered its watts"),
    KnownModel("Bitaxe or NerdQAxe that refuses other networks", "", _X, OPEN_AXEOS),
    KnownModel("Antminer with LuxOS", "luxos", _D, "sleep and its profiles"),
    KnownModel("Antminer with a LuxOS that cannot curtail", "", _X, UPDATE_LUXOS),
    KnownModel("Antminer with Braiins OS 25.07 or later", "braiins", _D, "pause and power targets"),
    KnownModel("Braiins OS without a power target", "braiins", _X, "Choose a power target in its tuner"),
    KnownModel("Antminer with Braiins OS before 25.07", "", _X, UPDATE_BRAIINS),
    KnownModel("Antminer with VNish 1.3.3 or later", "vnish", _D, "stop and throttle"),
    KnownModel("Antminer with VNish before 1.3.3", "vnish", _D, "stop and its tuned presets"),
    KnownModel("VNish without a tuned preset", "vnish", _X, "Tune the ones you want in its own web page."),
    KnownModel("21energy Ofen", "heater_21energy", _D, "its switch and five levels"),
    KnownModel("Shelly plug or relay, Plus, Pro, Gen3, Gen4", "shelly_plug", _D, "on and off, with a timer of its own"),
    KnownModel("Shelly dimmer or cover", "shelly_plug", _X, "a dimmer or a cover cannot switch a miner"),
    KnownModel("Shelly, first generation", "shelly_plug", _X, BY_HOME_ASSISTANT),
    KnownModel("Tasmota plug or relay", "tasmota", _D, "on and off, with a timer of its own"),
    KnownModel("Tasmota plug that asks for a password", "", _X, BY_TASMOTA),
    KnownModel("Plug with ESPHome", "", _X, BY_HOME_ASSISTANT),
    KnownModel("Antminer and alike with ePIC’s firmware", "asic_rs", _D, "on and off"),
    KnownModel("WhatsMiner with its first API (M20S and alike)", "asic_rs", _R, "one power"),
    KnownModel("WhatsMiner, without pyasic-rs", "", _X, BY_PYASIC),
    KnownModel("Antminer with its maker’s firmware, without pyasic-rs", "", _X, BY_PYASIC),
    KnownModel("Unknown miner with cgminer’s API", "", _X, BY_PLUG),
)


def markdown() -> str:
    """The table of the page."""
    lines = ["| model | driver | what becomes of it | |", "|---|---|---|---|"]
    for one in KNOWN_MODELS:
        lines.append(f"| {one.model} | {f'`{one.driver}`' if one.driver else '–'} | {one.fate} | {one.told} |")
    return "\n".join(lines)


_BEGIN, _END = "<!-- known models: written by ./run manage models_table -->", "<!-- end of known models -->"


def with_table(page: str) -> str:
    """The page with its table as it is now. Raises ValueError for a page that has no place for it."""
    head, begin, rest = page.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"The page has no place for the table: {_BEGIN} … {_END}")
    return f"{head}{_BEGIN}\n{markdown()}\n{_END}{tail}"
