"""What Home Assistant's registries say of entities, beside their states. Pure.

An entity without an id of its own (from YAML) is not listed there; then nothing is known of it but its state.
"""

from __future__ import annotations

from typing import Any

COMMANDS = ("config/area_registry/list", "config/device_registry/list", "config/entity_registry/list")


def facts(areas: list[Any], devices: list[Any], entities: list[Any]) -> dict[str, dict[str, str]]:
    """By entity id: its area (else its device's), integration, category and so on, as fields of `EntityState`."""
    names = {_text(area, "area_id"): _text(area, "name") for area in areas}
    macs = {_text(device, "id"): _mac(device) for device in devices}
    area_of, parent_of = ({_text(one, "id"): _text(one, name) for one in devices} for name in _OF_DEVICE)
    found = {}
    for entity in entities:
        device = _text(entity, "device_id")
        area = _text(entity, "area_id") or area_of.get(device) or area_of.get(parent_of.get(device, ""), "")
        found[_text(entity, "entity_id")] = {
            "area": names.get(area, ""),
            "platform": _text(entity, "platform"),
            "category": _text(entity, "entity_category"),
            "mac": macs.get(device, ""),
            "unique_id": _text(entity, "unique_id"),
        }
    return found


#: A child device of newer releases has the area of its parent.
_OF_DEVICE = ("area_id", "parent_device_id")


def _mac(device: Any) -> str:
    connections = device.get("connections") if isinstance(device, dict) else None
    pairs = [one for one in connections or () if isinstance(one, list) and len(one) == 2]
    return next((value for kind, value in pairs if kind == "mac" and isinstance(value, str)), "")


def _text(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    return value[:255] if isinstance(value, str) else ""
