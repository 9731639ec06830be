"""Policies that come with the program, as data. See each file's description."""

from __future__ import annotations

import json
from pathlib import Path

NAMES = ("keep_the_room_warm", "solar_surplus_room_heating")


def load() -> list[dict]:
    """All shipped policies: {key, name, description, dosing, start_rules, stop_rules}; a rule is
    {name, description, priority, conditions}, `dosing` how much a unit with it heats (see `models.Dosing`). A fresh
    copy each call."""
    folder = Path(__file__).parent
    return [{"key": name} | json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES]


def dosing_of(key: str) -> str:
    """How much a unit with this shipped policy heats, where nobody chose something else."""
    return next(raw["dosing"] for raw in load() if raw["key"] == key)
