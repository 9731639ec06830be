"""A WhatsMiner with its maker's first API (TCP 4028, JSON without a line's end, nothing but reading).

Its answers are a recorded M20S (`tests/drivers/cases/whatsminer_m20s_v1.json`); `devdetails` and `pools` are the shapes
that 256foundation/asic-rs reads. Its web page on :80 leads to LuCI.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from .base import HttpEmulator, HttpRequest, LineEmulator
from .clock import Clock
from .rig import Nature, Rig, Setting
from .usual_ports import UsualPorts

RECORDED = json.loads((Path(__file__).parents[1] / "drivers/cases/whatsminer_m20s_v1.json").read_text())
_NATURE = Nature({"on": Setting(3417.0, 67.4)}, "on", standby_w=20.0)


class _Page(HttpEmulator):
    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        return 200, b'<html><meta http-equiv="refresh" content="0; URL=/cgi-bin/luci" /></html>'


class WhatsMiner(LineEmulator):
    """On its usual ports, as libraries know no others."""

    writes = frozenset({"power_off", "power_on"})

    def __init__(self, clock: Clock, model: str = "M20SV10") -> None:
        self.model = model
        super().__init__(Rig(_NATURE, clock))
        self._page = _Page(Rig(_NATURE, clock))
        self._ports = UsualPorts((4028,), self.port)
        self._web = UsualPorts((80,), self._page.port, self._ports.host)

    @property
    def address(self) -> str:
        return self._ports.host

    def close(self) -> None:
        for one in (self._ports, self._web, self._page):
            one.close()
        super().close()

    def read_request(self, reader: BinaryIO) -> tuple[str, str] | None:
        """A JSON object, with or without a line's end."""
        text = b""
        while byte := reader.read(1):
            text += byte
            try:
                asked = json.loads(text)
            except ValueError:
                continue
            return str(asked["command"]), str(asked.get("parameter", ""))
        return None

    def reply(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        if command in RECORDED:
            return RECORDED[command]
        match command:
            case "version":
                return RECORDED["get_version"]
            case "devdetails":
                row = {"DEVDETAILS": 0, "Name": "SM", "ID": 0, "Driver": "bitmicro", "Kernel": "", "Model": self.model}
                return self._said("Device Details") | {"DEVDETAILS": [row]}
            case "pools":
                pool = {"POOL": 1, "URL": "stratum+tcp://pool.example:3333", "Status": "Alive", "User": "w"}
                return self._said("1 Pool(s)") | {"POOLS": [pool]}
        return {"STATUS": "E", "When": int(self.clock.now()), "Code": 14, "Msg": "invalid cmd", "Description": ""}

    def _said(self, message: str) -> dict[str, Any]:
        return {"STATUS": [{"STATUS": "S", "When": 1, "Code": 69, "Msg": message, "Description": "BTMINER"}]}
