"""A `Stub` that answers like Home Assistant 2026.11, for shapes that the real 2024.3.3 of the tests lacks.

It renders no template: it answers the rows that ours would give for the ids named in it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.servers.stub import Request, Wire

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

    def __init__(self, *states: dict[str, Any], templates: bool | int = True) -> None:
        self.states = {state["entity_id"]: state for state in states or (LIVING_ROOM, CLIMATE, PLUG)}
        #: True, or the status with which rendering is refused.
        self.templates = templates
        self.core_state = "RUNNING"
        self.paths: list[str] = []

    def __call__(self, request: Request, wire: Wire) -> None:
        self.paths.append(request.path)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            wire.answer(*UNAUTHORIZED)
        elif request.path == "/api/template":
            self._template(request, wire)
        elif request.path == "/api/states":
            wire.answer(200, list(self.states.values()))
        elif request.path == "/api/config":
            wire.answer(200, self._config())
        elif request.path.startswith("/api/services/"):
            wire.answer(200, [])
        else:
            wire.answer(404, b"404: Not Found", "text/plain")

    def _config(self) -> dict[str, Any]:
        names = {"version": "2026.11.0", "location_name": "Test Home", "time_zone": "Europe/Zurich"}
        return {**names, "unit_system": {"temperature": "°C"}, "state": self.core_state}

    def _template(self, request: Request, wire: Wire) -> None:
        if self.templates is not True:
            wire.answer(self.templates, b"refused", "text/plain")
            return
        ids = json.loads(re.search(r"for id in (\[.*?\])", request.json()["template"])[1])
        rows = [self._row(self.states[entity_id]) for entity_id in ids if entity_id in self.states]
        wire.answer(200, rows, "text/plain; charset=utf-8")

    @staticmethod
    def _row(state: dict[str, Any]) -> list[Any]:
        attributes = state["attributes"]
        unit = attributes.get("unit_of_measurement") or attributes.get("temperature_unit")
        more = [attributes.get(name) for name in ("device_class", "current_temperature")]
        row = [state["entity_id"], state["state"], unit, *more, state["last_reported"], attributes["friendly_name"]]
        return [*row, state["last_changed"], (state.get("context") or {}).get("user_id")]
