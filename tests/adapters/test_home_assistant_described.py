"""What the registries of Home Assistant say of entities: for the lists of the wizard."""

from __future__ import annotations

import json

import pytest

from integrations.connections.home_assistant import HomeAssistantSession
from integrations.connections.home_assistant_registries import facts
from integrations.errors import Unauthorized
from integrations.websocket import WebSocket
from tests.servers.process import soon

from .fake_home import LIVING_ROOM, PLUG, TOKEN, FakeHome

#: Shapes of `config/*_registry/list` as 2026.11 answers them (reference: connections.md).
AREAS = [{"area_id": "living", "name": "Wohnzimmer"}, {"area_id": "hall", "name": "Hall"}]
DEVICES = [
    {"id": "parent", "area_id": "hall", "parent_device_id": None},
    {"id": "child", "area_id": None, "parent_device_id": "parent"},
]
ENTITIES = [
    {"entity_id": LIVING_ROOM["entity_id"], "area_id": "living", "device_id": "parent", "platform": "zha",
     "entity_category": None},
    {"entity_id": PLUG["entity_id"], "area_id": None, "device_id": "child", "platform": "shelly",
     "entity_category": "config"},
]  # fmt: skip
REGISTRIES = {
    "config/area_registry/list": AREAS,
    "config/device_registry/list": DEVICES,
    "config/entity_registry/list": ENTITIES,
}


def described(server, token: str = TOKEN) -> dict[str, tuple[str, str, str]]:
    session = HomeAssistantSession(server.url, token)
    return {one.entity_id: (one.area, one.platform, one.category) for one in session.described(soon())}


def test_area_integration_and_category(stub):
    home = FakeHome(LIVING_ROOM, PLUG)
    home.registries = REGISTRIES
    assert described(stub(home)) == {
        LIVING_ROOM["entity_id"]: ("Wohnzimmer", "zha", ""),
        PLUG["entity_id"]: ("Hall", "shelly", "config"),
    }


@pytest.mark.parametrize("fault", ["no websocket", "unknown command", "nonsense"])
def test_without_registries_the_states_are_all_there(stub, fault):
    home = FakeHome(LIVING_ROOM, PLUG)
    if fault == "no websocket":
        home.is_admin = None
    elif fault == "nonsense":
        home.registries = {name: [None, 3, {"entity_id": 4, "id": [], "area_id": {}}] for name in REGISTRIES}
    assert set(described(stub(home)).values()) == {("", "", "")}


def test_a_refused_token_is_told(stub):
    with pytest.raises(Unauthorized):
        described(stub(FakeHome()), "wrong")


def test_large_registries_come_in_one_piece(stub):
    home = FakeHome(LIVING_ROOM, PLUG)
    many = [{**ENTITIES[0], "entity_id": f"sensor.number_{number}"} for number in range(20_000)]
    home.registries = REGISTRIES | {"config/entity_registry/list": [*many, *ENTITIES]}
    assert len(json.dumps(many)) > 2_000_000
    assert described(stub(home))[PLUG["entity_id"]][1] == "shelly"


def test_facts_of_nothing():
    assert facts([], [], []) == {}


@pytest.mark.homeassistant
def test_a_real_one(ha):
    with WebSocket(ha.url, "/api/websocket", name="HA", deadline=soon()) as talk:
        talk.receive()
        talk.send({"type": "auth", "access_token": ha.token})
        talk.receive()
        talk.send({"id": 1, "type": "config/area_registry/create", "name": "Stube"})
        area = talk.receive()["result"]["area_id"]
        entity = {"entity_id": "sensor.living_room_temperature", "area_id": area}
        talk.send({"id": 2, "type": "config/entity_registry/update", **entity})
        assert talk.receive()["success"]
        found = described(ha, ha.guest_token)
        talk.send({"id": 3, "type": "config/area_registry/delete", "area_id": area})
        talk.receive()
    assert found["sensor.living_room_temperature"] == ("Stube", "template", "")
