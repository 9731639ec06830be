"""A `Stub` that answers like Home Assistant 2026.11, for shapes that the real 2024.3.3 of the tests lacks.

It renders no template: it answers the rows that ours would give for the ids named in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.servers.stub import Request, Wire

#: Of every WebSocket (RFC 6455).
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
UNAUTHORIZED = (401, b"401: Unauthorized", "text/plain")
TOKEN = "right"

#: `GET /api/states/…` of 2026.11.0, as recorded.
LIVING_ROOM = json.loads(
    '{"entity_id":"sensor.living_room_temperature","state":"21.37","attributes":{"state_class":"measurement",'
    '"unit_of_measurement":"°C","device_class":"temperature","friendly_name":"Living Room Temperature"},'
    '"last_changed":"2026-11-22T15:53:28.163055+00:00","last_reported":"2026-11-22T15:59:37.062000+00:00",'
    '"last_updated":"2026-11-22T15:53:28.163055+00:00","context":{"id":"01M81ZCRB2SKMG01XJTY5TB2AN",'
    '"parent_id":null,"user_id":"e20e3c68a2f94ce3bb58af9b7d9ecff1"}}'
)
CLIMATE = json.loads(
    '{"entity_id":"climate.heatapp_living_room","state":"heat","attributes":{"hvac_modes":["off","heat"],'
    '"min_temp":5.0,"max_temp":30.0,"current_temperature":68.0,"temperature_unit":"°F","temperature":70.0,'
    '"friendly_name":"Living Room"},"last_changed":"2026-11-22T15:53:28.163055+00:00",'
    '"last_reported":"2026-11-22T15:53:28.163055+00:00","last_updated":"2026-11-22T15:53:28.163055+00:00"}'
)
PLUG = json.loads(
    '{"entity_id":"switch.miner_plug","state":"off","attributes":{"friendly_name":"Miner Plug"},'
    '"last_changed":"2026-11-22T15:53:28.163055+00:00","last_reported":"2026-11-22T15:53:28.163055+00:00",'
    '"last_updated":"2026-11-22T15:53:28.163055+00:00"}'
)


WINDOW = json.loads(
    '{"entity_id":"binary_sensor.living_room_window","state":"on","attributes":{"device_class":"window",'
    '"friendly_name":"Living Room Window"},"last_changed":"2026-11-22T15:53:28.163055+00:00",'
    '"last_reported":"2026-11-22T15:59:37.062000+00:00","last_updated":"2026-11-22T15:53:28.163055+00:00"}'
)
PERSON = json.loads(
    '{"entity_id":"person.tester","state":"not_home","attributes":{"editable":true,"id":"tester",'
    '"device_trackers":[],"friendly_name":"Tester"},"last_changed":"2026-11-22T15:53:28.163055+00:00",'
    '"last_reported":"2026-11-22T15:53:28.163055+00:00","last_updated":"2026-11-22T15:53:28.163055+00:00"}'
)


class FakeHome:
    """The behaviour; change its attributes to change the home."""

    def __init__(self, *states: dict[str, Any], templates: bool | int = True, is_admin: bool | None = True) -> None:
        self.states = {state["entity_id"]: state for state in states or (LIVING_ROOM, CLIMATE, PLUG)}
        #: True, or the status with which rendering is refused.
        self.templates = templates
        #: Whose token it is; None: no WebSocket gets through.
        self.is_admin = is_admin
        self.core_state = "RUNNING"
        #: How far its clock is from ours; None: an answer shows no `Date`.
        self.clock_ahead: timedelta | None = None
        self.token = TOKEN
        #: The answers to commands by WebSocket, such as `config/area_registry/list`; others are not known.
        self.registries: dict[str, Any] = {}
        self.paths: list[str] = []

    def __call__(self, request: Request, wire: Wire) -> Any:
        self.paths.append(request.path)
        if request.path == "/api/websocket":
            return self._converse(request, wire)
        if request.path == "/manifest.json":
            wire.answer(200, {"name": "Home Assistant", "short_name": "Home Assistant", "start_url": "/?homescreen=1"})
        elif request.headers.get("authorization") != f"Bearer {self.token}":
            wire.answer(*UNAUTHORIZED)
        elif request.path == "/api/template":
            self._template(request, wire)
        elif request.path == "/api/states":
            wire.answer(200, list(self.states.values()), headers=self._date())
        elif request.path.removeprefix("/api/states/") in self.states:
            wire.answer(200, self.states[request.path.removeprefix("/api/states/")])
        elif request.path == "/api/config":
            wire.answer(200, self._config())
        elif request.path.startswith("/api/services/"):
            wire.answer(200, [])
        else:
            wire.answer(404, b"404: Not Found", "text/plain")
        return None

    @property
    def asked(self) -> list[str]:
        """What was asked with the token, but for whose it is."""
        return [path for path in self.paths if path != "/api/websocket"]

    def now(self) -> datetime:
        return datetime.now(UTC) + (self.clock_ahead or timedelta(0))

    def _date(self) -> dict[str, str]:
        return {} if self.clock_ahead is None else {"Date": format_datetime(self.now(), usegmt=True)}

    def _converse(self, request: Request, wire: Wire) -> bool:
        """The exchanges that tell whose token it is and what the registries hold, as recorded with 2026.11.0."""
        if self.is_admin is None:
            wire.answer(404, b"404: Not Found", "text/plain")
            return False
        accept = base64.b64encode(hashlib.sha1(f"{request.headers['sec-websocket-key']}{_GUID}".encode()).digest())
        wire.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        _say(wire, {"type": "auth_required", "ha_version": "2026.11.0"})
        if _hear(wire).get("access_token") != self.token:
            _say(wire, {"type": "auth_invalid", "message": "Invalid access token or password"})
            return False
        _say(wire, {"type": "auth_ok", "ha_version": "2026.11.0"})
        user = {"id": "1", "name": "Anna", "is_owner": False, "is_admin": self.is_admin, "credentials": []}
        known = {"auth/current_user": user, **self.registries}
        while True:
            asked = _hear(wire)
            if asked["type"] in known:
                _say(wire, {"id": asked["id"], "type": "result", "success": True, "result": known[asked["type"]]})
            else:
                error = {"code": "unknown_command", "message": "Unknown command."}
                _say(wire, {"id": asked["id"], "type": "result", "success": False, "error": error})

    def _config(self) -> dict[str, Any]:
        names = {"version": "2026.11.0", "location_name": "Test Home", "time_zone": "Europe/Zurich"}
        return {**names, "unit_system": {"temperature": "°C"}, "state": self.core_state}

    def _template(self, request: Request, wire: Wire) -> None:
        if self.templates is not True:
            wire.answer(self.templates, b"refused", "text/plain")
            return
        ids = json.loads(re.search(r"for id in (\[.*?\])", request.json()["template"])[1])
        rows = [self._row(self.states[entity_id]) for entity_id in ids if entity_id in self.states]
        wire.answer(200, {"now": self.now().isoformat(), "rows": rows}, "text/plain; charset=utf-8")

    @staticmethod
    def _row(state: dict[str, Any]) -> list[Any]:
        attributes = state["attributes"]
        unit = attributes.get("unit_of_measurement") or attributes.get("temperature_unit")
        more = [attributes.get(name) for name in ("device_class", "current_temperature")]
        row = [state["entity_id"], state["state"], unit, *more, state["last_reported"], attributes["friendly_name"]]
        return [*row, state["last_changed"], (state.get("context") or {}).get("user_id")]


def _say(wire: Wire, value: Any) -> None:
    """A text frame of a server."""
    text = json.dumps(value).encode()
    if len(text) < 126:
        size = bytes([len(text)])
    else:
        size = bytes([126]) + len(text).to_bytes(2) if len(text) < 65_536 else bytes([127]) + len(text).to_bytes(8)
    wire.send(b"\x81" + size + text)


def _hear(wire: Wire) -> dict[str, Any]:
    """The text of a client's frame, which is masked."""
    size = _exactly(wire, 2)[1] & 0x7F
    if size == 126:
        size = int.from_bytes(_exactly(wire, 2))
    mask, masked = _exactly(wire, 4), _exactly(wire, size)
    return json.loads(bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)))


def _exactly(wire: Wire, count: int) -> bytes:
    """Raises ConnectionResetError when the other side has closed."""
    data = b""
    while len(data) < count:
        part = wire.sock.recv(count - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data
