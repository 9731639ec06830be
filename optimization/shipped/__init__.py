"""Policies that come with the program, as data. See each file's description."""

from __future__ import annotations

import json
from pathlib import Path

NAMES = ("keep_the_room_warm", "solar_surplus_room_heating")


def load() -> list[dict]:
    """All shipped policies: {key, name, description, strategy, start_rules, stop_rules}; a rule is
    {name, description, priority, conditions}, `strategy` that of a unit with it (see `models.Strategy`). A fresh
    copy each call."""
    folder = Path(__file__).parent
    return [{"key": name} | json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES]


def strategy_of(key: str) -> str:
    """The strategy of a unit with this shipped policy, where nobody chose another."""
    return next(raw["strategy"] for raw in load() if raw["key"] == key)
