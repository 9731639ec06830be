"""What a quarter or an hour of a source's minutes amounts to: Wh in each direction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sites.rollup import Series

from .models import EnergyHour, EnergyQuarter, EnergyReading


class EnergyMinute(NamedTuple):
    """One minute row. W; grid + = import, battery + = charging."""

    at: datetime
    production_w: float | None
    household_w: float | None
    grid_w: float | None
    battery_w: float | None
    battery_soc_percent: float | None


def _wh(watts: Sequence[float | None], sign: int = 1) -> float | None:
    """Wh of a minute each, of one direction only; None when no minute is known."""
    known = [sign * one for one in watts if one is not None]
    return sum(max(0.0, one) for one in known) / 60 if known else None


def fold(minutes: Sequence[EnergyMinute], before: EnergyMinute | None) -> dict[str, Any]:
    """The columns of `EnergyBucket`."""
    grid = [one.grid_w for one in minutes]
    battery = [one.battery_w for one in minutes]
    charges = [one.battery_soc_percent for one in minutes if one.battery_soc_percent is not None]
    return {
        "production_wh": _wh([one.production_w for one in minutes]),
        "household_wh": _wh([one.household_w for one in minutes]),
        "import_wh": _wh(grid),
        "export_wh": _wh(grid, -1),
        "charge_wh": _wh(battery),
        "discharge_wh": _wh(battery, -1),
        "battery_soc_percent": charges[-1] if charges else None,
    }


SOURCES = Series(
    name="sources",
    owner="source",
    readings=EnergyReading,
    quarters=EnergyQuarter,
    hours=EnergyHour,
    columns=EnergyMinute._fields,
    minute=EnergyMinute,
    fold=fold,
)
