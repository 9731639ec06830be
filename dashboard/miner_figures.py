"""Figures of a miner in words: hash rate, efficiency, where its watts come from, its level. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from miners.earnings.economics import efficiency_j_per_th
from miners.power import PowerModel, PowerSource
from miners.requests.manual import exact_watts, level_name
from sites.words import is_unknown, number

from . import formats

#: Where the watts come from, as a person reads it.
SOURCES = {
    PowerSource.METER: "measured by a metering plug",
    PowerSource.FIRMWARE: "as the device itself says",
    PowerSource.TABLE: "not measured: what this level is known to take",
    PowerSource.NONE: "not measured",
}


def hash_rate(th_s: float | None) -> str:
    """“84.2 TH/s”, below 10 “1.23 TH/s”."""
    if is_unknown(th_s):
        return formats.UNKNOWN
    return f"{number(th_s, 0 if th_s == 0 else 2 if th_s < 10 else 1)}{formats.THIN}TH/s"


def j_per_th(value: float | None) -> str:
    """“17.5 J/TH”."""
    return formats.UNKNOWN if is_unknown(value) else f"{number(value, 1)}{formats.THIN}J/TH"


def efficiency(live: Mapping[str, Any]) -> float | None:
    """J/TH of what was measured; None while it does not hash, or nothing measures it."""
    measured_w = live.get("power_w") if live.get("power_is_measured") else None
    return efficiency_j_per_th(measured_w, live.get("hash_rate_th_s"))


def source_words(live: Mapping[str, Any]) -> str:
    """Where its watts come from."""
    source = live.get("power_source")
    if source in (PowerSource.METER, PowerSource.FIRMWARE, PowerSource.TABLE):
        return SOURCES[PowerSource(source)]
    return "measured" if live.get("power_is_measured") else SOURCES[PowerSource.NONE]


def level_words(live: Mapping[str, Any], model: PowerModel | None) -> str:
    """The level it says it is at: “eco, 800 W”; empty where it says none."""
    key, set_w = live.get("level") or "", live.get("set_power_w")
    listed = next((level for level in model.levels if level.key == key), None) if model and key else None
    if listed is not None:
        return ", ".join(filter(None, (level_name(listed), exact_watts(listed.power_w))))
    if set_w is not None:
        return f"set to {exact_watts(set_w)}"
    return key
