"""A home as the set-up wizard makes it, in one call: for tests and for the programs they start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optimization.adding import Additions, NewConnection, NewDevice, NewMiner, NewRoom
from optimization.setup import HomePlan


def plug(
    name: str,
    entity_switch: str,
    entity_power: str = "",
    nominal_power_w: int = 1000,
    rooms: Sequence[str] = (),
    **config: Any,
) -> NewMiner:
    """A miner behind a switch of Home Assistant."""
    device = NewDevice(
        "home_assistant_switch", {"entity_switch": entity_switch, "entity_power": entity_power, **config}
    )
    return NewMiner(name, device, tuple(rooms), heats_no_room=not rooms, nominal_power_w=nominal_power_w)


def home_plan(url: str, token: str, rooms: Sequence[NewRoom], miners: Sequence[NewMiner], **changes: Any) -> HomePlan:
    defaults = {"name": "Real home", "time_zone": "Europe/Zurich", "policy_key": "keep_the_room_warm"}
    contents = Additions(tuple(rooms), tuple(miners), NewConnection(url, token))
    return HomePlan(contents=contents, **{**defaults, **changes})
