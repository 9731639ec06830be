"""What no driver recognised but says openly what it is: named, with what to do instead. Nothing is written.

One question to cgminer's port, one for the first page of its web: no password, no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from integrations.errors import AdapterError
from integrations.text import printable
from miners.drivers.known_models import (
    BY_HOME_ASSISTANT,
    BY_PLUG,
    BY_PYASIC,
    BY_TASMOTA,
    INSTALL_PYASIC,
    OPEN_AXEOS,
    OPEN_VNISH,
    UPDATE_BRAIINS,
    UPDATE_LUXOS,
)
from miners.protocols.address import http_device
from miners.protocols.cgminer import PORT, Cgminer

from .typed_addresses import Target

_NAME = "The device"
_WEB_PORT = 80
_PAGE_BYTES = 200_000


class Stranger(NamedTuple):
    """`problem`: why it is not driven, and what to do instead."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class _Sign:
    """What a text says of who is there; a group in the pattern is its own name."""

    pattern: re.Pattern[str]
    name: str
    instead: str


def _sign(pattern: str, name: str, instead: str) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), name, instead)


#: In `version` (and `devdetails`) of cgminer's protocol; the first that fits counts.
_SAID = (
    _sign(r"LUXminer", "Antminer with an old LuxOS", UPDATE_LUXOS),
    _sign(r"BOS(?:miner|er)", "Antminer with an old Braiins OS", UPDATE_BRAIINS),
    _sign(r"vnish", "Antminer with VNish", OPEN_VNISH),
    _sign(r'"Model":\s*"(M\d\d[A-Z+]*)|whatsminer|btminer|bitmicro', "WhatsMiner", BY_PYASIC),
    _sign(r'"PROD":\s*"(Avalon[^"]{0,30})"', "Avalon", BY_PLUG),
    _sign(r'"Type":\s*"(Antminer [^"]{1,30})"|bmminer', "Antminer with its maker’s firmware", BY_PYASIC),
    _sign(r'"(?:CGMiner|SGMiner)"|cgminer|sgminer', "Miner of a make that is not known", BY_PLUG),
)
#: On its first page, or in how it asks for a password there.
_SHOWN = (
    _sign(r"antMiner", "Antminer with its maker’s firmware", BY_PYASIC),
    _sign(r"Miner Web Dashboard", "Miner with ePIC’s firmware", BY_PYASIC),
    _sign(r"Braiins OS", "Antminer with an old Braiins OS", UPDATE_BRAIINS),
    _sign(r"Luxor Firmware|LuxOS", "Antminer with LuxOS", UPDATE_LUXOS),
    _sign(r"AnthillOS|VNish", "Antminer with VNish", OPEN_VNISH),
    _sign(r"AxeOS", "Bitaxe or NerdQAxe", OPEN_AXEOS),
    _sign(r"Tasmota", "Plug with Tasmota", BY_TASMOTA),
    _sign(r"ESPHome", "Device with ESPHome", BY_HOME_ASSISTANT),
)


def named(target: Target, answering: Collection[int], deadline: float, *, has_pyasic: bool) -> Stranger | None:
    """Who is there by its own word; None: it says nothing that is known."""
    asked: tuple[tuple[int, Callable[[str, float], str], tuple[_Sign, ...]], ...] = (
        (PORT, _version, _SAID),
        (_WEB_PORT, _first_page, _SHOWN),
    )
    for port, ask, signs in asked:
        if target.port is None and port not in answering:
            continue
        try:
            text = ask(target.address, deadline)
        except AdapterError:
            continue
        for sign in signs:
            found = sign.pattern.search(text)
            if found is not None:
                return _stranger(target, sign, next(filter(None, found.groups()), ""), has_pyasic)
    return None


def _stranger(target: Target, sign: _Sign, own_name: str, has_pyasic: bool) -> Stranger:
    own = printable(own_name)
    name = f"{sign.name} {own}" if own and not own.startswith(("Antminer", "Avalon")) else own or sign.name
    install = f" {INSTALL_PYASIC}" if sign.instead is BY_PYASIC and not has_pyasic else ""
    return Stranger(name, f"{name} at {target.address} cannot be used as it is. {sign.instead}{install}")


def _version(address: str, deadline: float) -> str:
    device = Cgminer(address, _NAME, deadline)
    text = device.text("version")
    return text + device.text("devdetails") if re.search("whatsminer|btminer", text, re.IGNORECASE) else text


def _first_page(address: str, deadline: float) -> str:
    http = http_device(address, _NAME)
    try:
        answer = http.request("GET", "/", deadline=deadline, limit_bytes=_PAGE_BYTES)
    finally:
        http.close()
    return answer.challenge + answer.body.decode("utf-8", "replace")
