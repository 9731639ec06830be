"""What crosses the border of `energy`: one snapshot of a site's energy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EnergySnapshot:
    """One snapshot. W, Wh and %, signs: grid + = import, battery + = charging.

    None is *unknown*; what a site does not have at all is said by `EnergySource`
    (`has_battery`, `has_grid`), never by None. `household_w` excludes the miners when
    `household_includes_miners` is False. `observed_at` is the time of the newest part:
    a value that stays the same keeps its old time.
    """

    production_w: float | None = None
    household_w: float | None = None
    household_includes_miners: bool = False
    grid_w: float | None = None
    battery_w: float | None = None
    battery_soc_percent: float | None = None
    battery_remaining_wh: float | None = None
    observed_at: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnergyState:
    """The energy a decision sees: believed values only (W, Wh, %); None = unknown."""

    has_production: bool
    has_battery: bool
    has_grid: bool
    production_w: float | None
    household_w: float | None
    grid_w: float | None
    battery_w: float | None
    battery_soc_percent: float | None
    battery_remaining_wh: float | None
    surplus_w: float | None
    observed_at: datetime | None
    problem: str
    source_name: str = ""
    source_type: str = "solar"
    nominal_power_w: float | None = None
    battery_capacity_wh: float | None = None
    contracted_power_w: float | None = None
    is_real: bool = True
