"""A metering plug of Shelly's second generation and later (Plus, Pro, Gen3, Gen4): JSON-RPC on :80, `POST /rpc`.

Sources: shelly-api-docs.shelly.cloud (gen2: RPC protocol, Switch.Set/GetStatus/GetConfig with their examples,
Shelly.GetDeviceInfo; Authentication: digest with SHA-256 after RFC 7616, user "admin", realm the device's id, none
for GetDeviceInfo).

`toggle_after`: the status then shows `timer_started_at` and `timer_duration`, and the output flips when it ends; a new
`Switch.Set` replaces the timer, or ends it where it brings none (shown as such by the maker's apps; here assumed).
What is plugged in is a heater without a mind: it draws as long as the plug is on.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from .base import HttpEmulator, HttpRequest, http_bytes
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

LOAD_W = 800.0
REALM = "shellyplugsg3-02005e005303"


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class PlugEmulator(HttpEmulator):
    """`metering`: it measures; `password`: it asks for one; `restarts_timer`: a new "on" starts the timer anew."""

    def __init__(
        self,
        clock: Clock,
        *,
        metering: bool = True,
        password: str = "",
        initial_state: str = "restore_last",
        auto_on: bool = False,
    ) -> None:
        nature = Nature(
            {"on": Setting(LOAD_W, 0.0)},
            "on",
            standby_w=0.0,
            boot_seconds=2.0,
            init_seconds=1.0,
            ramp_seconds=4.0,
            fall_seconds=0.01,
            off_survives_power_cut=initial_state in ("off", "restore_last"),
            needs_pool=False,
        )
        self.metering, self.password = metering, password
        self.initial_state, self.auto_on = initial_state, auto_on
        self.restarts_timer = True
        self.nonce = "1626942399"
        self.timer: tuple[float, float] | None = None
        self.errors: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.is_first_generation = False
        super().__init__(Rig(nature, clock))

    def lost_power(self) -> None:
        self.timer = None

    def is_write(self, request: HttpRequest) -> bool:
        return b"Switch.Set" in request.body and (not self.password or self._is_let_in(request))

    def answer(self, request: HttpRequest, act: bool) -> bytes:
        raw = super().answer(request, act)
        challenge = f'Digest qop="auth", realm="{REALM}", nonce="{self.nonce}", algorithm=SHA-256'
        return raw.replace(b"HTTP/1.1 401 X\r\n", f"HTTP/1.1 401 X\r\nWWW-Authenticate: {challenge}\r\n".encode())

    def _is_let_in(self, request: HttpRequest) -> bool:
        """The check of RFC 7616, written from its text."""
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("authorization", "")))
        if said.get("nonce") != self.nonce or said.get("uri") != request.path or said.get("username") != "admin":
            return False
        ha1 = _sha(f"admin:{REALM}:{self.password}")
        ha2 = _sha(f"{request.method}:{request.path}")
        return said.get("response") == _sha(f"{ha1}:{self.nonce}:{said['nc']}:{said['cnonce']}:{said['qop']}:{ha2}")

    def denial(self, request: HttpRequest) -> bytes:
        return http_bytes(500, {"code": -114, "message": "Resource unavailable"})

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        if self.is_first_generation and (request.method, request.path) == ("GET", "/shelly"):
            return 200, {"type": "SHPLG-S", "mac": "98CDAC000001", "auth": False, "fw": "20230913-113421/v1.14.0"}
        if (request.method, request.path) != ("POST", "/rpc") or self.is_first_generation:
            return 404, b"Not Found"
        frame = request.json()
        method, params = frame.get("method"), frame.get("params") or {}
        if self.password and method != "Shelly.GetDeviceInfo" and not self._is_let_in(request):
            return 401, b""
        answer = {"id": frame.get("id"), "src": "shellyplugsg3-02005e005303"}
        if method.startswith("Switch.") and params.get("id") != 0:
            return 200, {**answer, "error": {"code": -105, "message": "Argument 'id', value 1 not found!"}}
        match method:
            case "Shelly.GetDeviceInfo":
                return 200, {**answer, "result": self._device_info()}
            case "Switch.GetStatus":
                return 200, {**answer, "result": self._status()}
            case "Switch.GetConfig":
                return 200, {**answer, "result": self._config()}
            case "Schedule.List":
                return 200, {**answer, "result": {"jobs": self.jobs, "rev": 1}}
            case "Switch.Set":
                return 200, {**answer, "result": self._set(params, act)}
        return 200, {**answer, "error": {"code": 404, "message": f"No handler for {method}"}}

    @property
    def _on(self) -> bool:
        return self.rig.phase in (Phase.BOOT, Phase.INIT, Phase.WORK)

    def settle(self) -> Rig:
        if self.timer is not None and self.clock.now() >= sum(self.timer):
            self.timer = None
            self._switch(not self._on)
        return self.rig.settle()

    def _switch(self, on: bool) -> None:
        """A relay opens at once, whatever flowed through it."""
        if on:
            self.rig.wake()
        else:
            self.rig.sleep()
            self.rig.power_w = 0.0

    def _set(self, params: dict[str, Any], act: bool) -> dict[str, Any]:
        was = self._on
        if act:
            after = params.get("toggle_after")
            if self.restarts_timer or not was:
                self.timer = None if after is None else (self.clock.now(), float(after))
            self._switch(params["on"])
        return {"was_on": was}

    def _status(self) -> dict[str, Any]:
        tripped = ["overpower"] if self.rig.phase is Phase.PROTECT else []
        status: dict[str, Any] = {"id": 0, "source": "HTTP_in", "output": self._on}
        if self.timer is not None:
            status |= {"timer_started_at": round(self.timer[0], 2), "timer_duration": self.timer[1]}
        if self.metering:
            power_w = round(self.rig.power_w, 1)
            status |= {
                "apower": power_w,
                "voltage": 231.4,
                "current": round(power_w / 231.4, 3),
                "aenergy": {"total": 14.093, "by_minute": [0.0, 0.0, 0.0], "minute_ts": int(self.clock.now())},
            }
        status["temperature"] = {"tC": 41.2, "tF": 106.2}
        return {**status, "errors": [*self.errors, *tripped]} if self.errors or tripped else status

    def _config(self) -> dict[str, Any]:
        return {
            "id": 0,
            "name": None,
            "initial_state": self.initial_state,
            "auto_on": self.auto_on,
            "auto_on_delay": 60.0,
            "auto_off": False,
            "auto_off_delay": 60.0,
            "power_limit": 2500,
            "current_limit": 12.0,
        }

    def _device_info(self) -> dict[str, Any]:
        return json.loads(
            '{"name":null,"id":"shellyplugsg3-02005e005303","mac":"02005E005303","model":"S3PL-00112EU","gen":3,'
            '"fw_id":"20250924-062733/1.7.1-gd336f31","ver":"1.7.1","app":"PlugSG3","auth_domain":null}'
        ) | {"auth_en": bool(self.password)}
