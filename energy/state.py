"""What crosses the border of `energy`: one snapshot of a site's energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

#: What of a snapshot is measured by itself, each with its own age, and how sentences call it.
PARTS = {
    "production_w": "the production",
    "household_w": "the consumption",
    "grid_w": "the grid",
    "battery_w": "the battery",
    "battery_soc_percent": "the state of charge",
    "battery_remaining_wh": "the energy left in the battery",
}


@dataclass(frozen=True, slots=True)
class EnergySnapshot:
    """One snapshot. W, Wh and %, signs: grid + = import, battery + = charging.

    None is *unknown*; what a site does not have at all is said by `EnergySource`
    (`has_battery`, `has_grid`), never by None. `household_w` excludes the miners when
    `household_includes_miners` is False. `observed_at` is the time of the newest part,
    `observed` the own time of each part whose source gives one.
    """

    production_w: float | None = None
    household_w: float | None = None
    household_includes_miners: bool = False
    grid_w: float | None = None
    battery_w: float | None = None
    battery_soc_percent: float | None = None
    battery_remaining_wh: float | None = None
    observed_at: datetime | None = None
    #: What could not be read, one sentence each.
    problems: tuple[str, ...] = ()
    observed: Mapping[str, datetime] = field(default_factory=dict)
    #: What measures a part, as sentences call it (‘sensor.grid’); a part that is not here is called as in `PARTS`.
    sensors: Mapping[str, str] = field(default_factory=dict)
    #: What was read and put right, one sentence each: no fault, but worth knowing.
    notes: tuple[str, ...] = ()

    def name_of(self, part: str) -> str:
        return self.sensors.get(part, PARTS[part])


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
    notes: tuple[str, ...] = ()
    #: Why the values contradict each other at this moment, as a kind and a sentence; empty: they do not.
    contradiction: str = ""
    contradiction_text: str = ""
    #: They have for some minutes: the sentence that is told.
    doubt: str = ""
    #: The grid is measured, but what flows there is not known now.
    grid_is_silent: bool = False
