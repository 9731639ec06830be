"""What the time a chart shows amounts to, in a handful of figures under it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import degrees, formats

Stat = dict[str, str]


def room_stats(totals: Mapping[str, float]) -> list[Stat]:
    """Label, value and what it means, from `climate.history.totals` (K·min, minutes, Wh, starts)."""
    minutes, judged = totals["minutes"], totals["minutes"] - totals["lost_minutes"] - totals["window_minutes"]
    in_band = formats.percent(100 * totals["in_band_minutes"] / judged) if judged > 0 else formats.UNKNOWN
    return [
        _stat("Too cold", _degree_minutes(totals, judged), "a degree below target for an hour is 60"),
        _stat("In the target band", in_band, "of the time with a sensor to believe"),
        _stat("Heat", formats.energy(totals["heating_wh"]) if minutes else formats.UNKNOWN, "into this room"),
        _stat("Starts", f"{totals['starts']:.0f}", "times heating began in the time shown"),
        _stat("Sensor lost", _minutes(totals["lost_minutes"]), "heating was off"),
        _stat("Window open", _minutes(totals["window_minutes"]), "heating paused"),
    ]


def _stat(label: str, value: str, note: str) -> Stat:
    return {"label": label, "value": value, "note": note}


def _minutes(count: float) -> str:
    return formats.duration(60 * count) if count else "never"


def _degree_minutes(totals: Mapping[str, float], judged: float) -> str:
    if judged <= 0:
        return formats.UNKNOWN
    return f"{degrees.difference(totals['below_target_degree_minutes']):.0f}{formats.THIN}°·min"


def energy_stats(past: Sequence[Mapping[str, Any]]) -> list[Stat]:
    """What came from where, from energy buckets (Wh)."""
    return [
        _stat("Produced", formats.energy(_sum(past, "production_wh")), "by the sun"),
        _stat("Bought", formats.energy(_sum(past, "import_wh")), "from the grid"),
        _stat("Sold", formats.energy(_sum(past, "export_wh")), "to the grid"),
        _stat("Household", formats.energy(_sum(past, "household_wh")), "without the miners"),
    ]


def miner_stats(past: Sequence[Mapping[str, Any]], started: int = 0) -> list[Stat]:
    """What a miner did, from its buckets (Wh, minutes). `started`: as often at the least."""
    return [
        _stat("Drawn", formats.energy(_sum(past, "energy_wh")), "all of it became heat"),
        _stat("Running", _minutes(_sum(past, "on_minutes") or 0), "in all"),
        _stat("Starts", f"{max(started, _sum(past, 'starts') or 0):.0f}", "in the time shown"),
    ]


def _sum(past: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """None where nothing is known."""
    known = [values[name] for values in past if values[name] is not None]
    return sum(known) if known else None
