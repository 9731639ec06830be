"""What is remembered of a room from pass to pass, to learn how it answers to heat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sites import remembered

from . import thermal_model
from .thermal_model import ThermalModel

#: A step of the model is no shorter (s): shorter ones tell nothing new.
STEP_SECONDS = 55.0
#: The models of this process by zone: what is remembered is read again only where another process went on with it.
_read: dict[str, ThermalModel] = {}


def observe(
    zone_id: str,
    memory: Mapping[str, Any],
    at: float,
    heat_kw: float,
    temperature_celsius: float | None,
    *,
    window_open: bool = False,
) -> tuple[ThermalModel | None, dict[str, Any]]:
    """The model of a room at `at` (epoch s), and what to remember; None: its temperature was never known.

    `heat_kw` is what heats it now, and is taken to have done so since the last look; `temperature_celsius` None: there
    is none to believe.
    """
    model = _model(zone_id, memory)
    if model is None:
        if temperature_celsius is None:
            return None, {}
        model = _read[zone_id] = thermal_model.begin(at, temperature_celsius)
        return model, {"model": model.to_json(), "kws": 0.0, "until": at}
    until, kws = remembered.number(memory.get("until")), remembered.number(memory.get("kws"), 0.0) or 0.0
    kws += heat_kw * max(0.0, at - until) if until is not None else 0.0
    passed = at - model.at
    if 0 <= passed < STEP_SECONDS:
        return model, {**memory, "kws": round(kws, 3), "until": at}
    model.observe(at, kws / passed if passed > 0 else 0.0, temperature_celsius, window_open=window_open)
    return model, {**memory, "model": model.to_json(), "kws": 0.0, "until": at}


def _model(zone_id: str, memory: Mapping[str, Any]) -> ThermalModel | None:
    stored = memory.get("model")
    if not isinstance(stored, dict):
        return None
    kept = _read.get(zone_id)
    if kept is not None and round(kept.at, 1) == stored.get("at"):
        return kept
    found = ThermalModel.from_json(stored)
    if found is not None:
        _read[zone_id] = found
    return found


def forget() -> None:
    """As a process that has just begun."""
    _read.clear()
