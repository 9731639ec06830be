"""A site's energy state and its surplus: pure.

Surplus (W) is what a unit may use without importing: production less the household and less the
miners of other units. The unit's own running miners are counted back in, so that a start does
not end its own reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sites.clock import is_ahead

from .state import EnergySnapshot, EnergyState


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source has, by configuration."""

    name: str
    type: str
    nominal_power_w: float | None
    has_production: bool
    has_battery: bool
    battery_capacity_wh: float | None
    has_grid: bool
    contracted_power_w: float | None


def build(
    facts: SourceFacts,
    snapshot: EnergySnapshot | None,
    error: str,
    *,
    stale_after: timedelta,
    now: datetime,
    own_miners_w: float,
    other_miners_w: float,
    is_real: bool = True,
) -> EnergyState:
    """The state at `now`; a stale or unreadable snapshot is unknown throughout, with the reason."""
    problem = error
    if snapshot is not None and snapshot.observed_at is not None:
        if is_ahead(snapshot.observed_at, now):
            problem, snapshot = "The energy values come from the future; a clock is wrong.", None
        elif now - snapshot.observed_at > stale_after:
            minutes = int((now - snapshot.observed_at).total_seconds() // 60)
            problem, snapshot = f"The energy values have been silent for {minutes} min.", None
    seen = snapshot or EnergySnapshot()
    if snapshot is not None and seen.problems:
        problem = seen.problems[0]
    production = seen.production_w if facts.has_production else None
    grid = seen.grid_w if facts.has_grid else None
    battery = seen.battery_w if facts.has_battery else None
    household = seen.household_w
    if household is not None and seen.household_includes_miners:
        household = max(0.0, household - own_miners_w - other_miners_w)
    return EnergyState(
        has_production=facts.has_production,
        has_battery=facts.has_battery,
        has_grid=facts.has_grid,
        production_w=production,
        household_w=household,
        grid_w=grid,
        battery_w=battery,
        battery_soc_percent=seen.battery_soc_percent if facts.has_battery else None,
        battery_remaining_wh=seen.battery_remaining_wh if facts.has_battery else None,
        surplus_w=_surplus(facts, production, household, grid, battery, own_miners_w, other_miners_w),
        observed_at=seen.observed_at,
        problem=problem,
        source_name=facts.name,
        source_type=facts.type,
        nominal_power_w=facts.nominal_power_w,
        battery_capacity_wh=facts.battery_capacity_wh,
        contracted_power_w=facts.contracted_power_w,
        is_real=is_real,
    )


def _surplus(
    facts: SourceFacts,
    production: float | None,
    household: float | None,
    grid: float | None,
    battery: float | None,
    own_miners_w: float,
    other_miners_w: float,
) -> float | None:
    """From production and household; else from the meters at the grid and the battery; else unknown."""
    if not facts.has_production:
        return 0.0
    if production is not None and household is not None:
        return production - household - other_miners_w
    if grid is not None and facts.has_grid and (battery is not None or not facts.has_battery):
        return -grid + (battery or 0.0) + own_miners_w
    return None


def import_limit_w(states: Iterable[EnergyState], miners_w: float) -> float | None:
    """What all miners may take (W) so that no grid connection imports more than is contracted.

    `miners_w`: what they take now, part of what is measured. Surplus counts: what the roof gives beside the rest
    of the home comes on top. None: no contract is known, or no meter says what flows.
    """
    limits = [
        state.contracted_power_w - (state.grid_w - miners_w)
        for state in states
        if state.contracted_power_w is not None and state.grid_w is not None
    ]
    return min(limits, default=None)
