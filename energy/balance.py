"""A site's energy state and its surplus: pure.

Surplus (W) is what a unit may use without importing: production less the household and less the
miners of other units. The unit's own running miners are counted back in, so that a start does
not end its own reason. Where it can be calculated in two ways that contradict each other
(`contradictions`), the lower one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sites.clock import is_ahead
from sites.figures import negative_watts

from . import ages, contradictions
from .ages import Sky
from .contradictions import Flows
from .state import EnergySnapshot, EnergyState

_NOWHERE = Sky()
#: Parts of a snapshot, and what a source must have for them.
_BY_PART = (
    (("production_w",), "has_production"),
    (("grid_w",), "has_grid"),
    (("battery_w", "battery_soc_percent", "battery_remaining_wh"), "has_battery"),
)
_NO_LIMITS: Mapping[str, timedelta | None] = MappingProxyType({})


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
    part_limits: Mapping[str, timedelta | None] = _NO_LIMITS,
    sky: Sky = _NOWHERE,
    doubt: str = "",
) -> EnergyState:
    """The state at `now`: what is stale, impossible or unreadable is unknown, with the reason.

    `part_limits`: limits of age a person set for single parts. `doubt`: the values have contradicted each other for
    some minutes, as a sentence.
    """
    seen, problems = _believed(snapshot, error, stale_after, part_limits, sky, now)
    seen, notes = _put_right(_of_source(seen, facts))
    flows = _flows(facts, seen, sky, own_miners_w, other_miners_w, is_real)
    found = contradictions.find(flows, snapshot or seen)
    if flows.is_impossible_sun:
        seen = replace(seen, production_w=None)
        problems.append(found.text)
    elif doubt:
        problems.append(doubt)
    return EnergyState(
        has_production=facts.has_production,
        has_battery=facts.has_battery,
        has_grid=facts.has_grid,
        production_w=seen.production_w,
        household_w=flows.household_w,
        grid_w=seen.grid_w,
        battery_w=seen.battery_w,
        battery_soc_percent=seen.battery_soc_percent,
        battery_remaining_wh=seen.battery_remaining_wh,
        surplus_w=flows.surplus_w(is_doubted=bool(doubt)) if facts.has_production else 0.0,
        observed_at=seen.observed_at,
        problem=" ".join(problems),
        source_name=facts.name,
        source_type=facts.type,
        nominal_power_w=facts.nominal_power_w,
        battery_capacity_wh=facts.battery_capacity_wh,
        contracted_power_w=facts.contracted_power_w,
        is_real=is_real,
        notes=(*seen.notes, *notes),
        contradiction=found.kind,
        contradiction_text=found.text,
        doubt=doubt,
        grid_is_silent=facts.has_grid and seen.grid_w is None and _is_measured("grid_w", snapshot, error),
    )


def _believed(
    snapshot: EnergySnapshot | None,
    error: str,
    stale_after: timedelta,
    part_limits: Mapping[str, timedelta | None],
    sky: Sky,
    now: datetime,
) -> tuple[EnergySnapshot, list[str]]:
    """What of a snapshot is young enough, and a sentence on what is not or could not be read."""
    if snapshot is None:
        return EnergySnapshot(), [error] if error else []
    if not snapshot.observed and snapshot.observed_at is not None:
        age = now - snapshot.observed_at
        if is_ahead(snapshot.observed_at, now):
            return EnergySnapshot(), ["The energy values come from the future; a clock is wrong."]
        if age > stale_after:
            minutes = int(age.total_seconds() // 60)
            return EnergySnapshot(), [f"The energy values have been silent for {minutes} min."]
    silent, sentences = ages.silent(snapshot, ages.limits(stale_after, part_limits), sky, now)
    believed = replace(snapshot, **dict.fromkeys(silent)) if silent else snapshot
    return believed, [*snapshot.problems[:1], *sentences]


def _of_source(seen: EnergySnapshot, facts: SourceFacts) -> EnergySnapshot:
    """Without what the source does not have."""
    lacks = [
        part
        for parts, here in _BY_PART
        for part in parts
        if not getattr(facts, here) and getattr(seen, part) is not None
    ]
    return replace(seen, **dict.fromkeys(lacks)) if lacks else seen


def _put_right(seen: EnergySnapshot) -> tuple[EnergySnapshot, list[str]]:
    """A negative production or consumption is noise, or a sensor with an inverted sign: 0 W, with a note."""
    notes = []
    if seen.production_w is not None and seen.production_w < -contradictions.STANDBY_W:
        notes.append(
            f"{seen.name_of('production_w')} shows {negative_watts(seen.production_w)}. Production cannot be negative, "
            "so 0 W is used. If the sensor counts production as negative, say so in its settings."
        )
    if seen.household_w is not None and seen.household_w < 0:
        notes.append(
            f"{seen.name_of('household_w')} shows {negative_watts(seen.household_w)}. Consumption cannot be negative, "
            "so 0 W is used."
        )
    if seen.production_w is not None and seen.production_w < 0:
        seen = replace(seen, production_w=0.0)
    return seen, [f"{note[:1].upper()}{note[1:]}" for note in notes]


def _flows(facts: SourceFacts, seen: EnergySnapshot, sky: Sky, own_w: float, other_w: float, is_real: bool) -> Flows:
    return Flows(
        production_w=seen.production_w,
        consumption_w=seen.household_w,
        consumption_includes_miners=seen.household_includes_miners,
        grid_w=seen.grid_w,
        battery_w=seen.battery_w,
        has_grid=facts.has_grid,
        has_battery=facts.has_battery,
        own_miners_w=own_w,
        other_miners_w=other_w,
        is_dark=facts.type == "solar" and sky.is_dark,
        nominal_power_w=facts.nominal_power_w,
        is_real=is_real,
    )


def _is_measured(part: str, snapshot: EnergySnapshot | None, error: str) -> bool:
    """Whether something is set up to measure a part, as far as is known."""
    if snapshot is None:
        return bool(error)
    return getattr(snapshot, part) is not None or part in snapshot.sensors


def import_limit_w(states: Iterable[EnergyState], miners_w: float) -> float | None:
    """What all miners may take (W) so that no grid connection imports more than is contracted.

    `miners_w`: what they take now, part of what is measured. Surplus counts: what the roof gives beside the rest
    of the home comes on top. While a meter is silent, nothing but what the home is known to take is left of the
    contract. None: no contract is known, or no meter says what flows.
    """
    limits = []
    for state in states:
        if state.contracted_power_w is None:
            continue
        if state.grid_w is not None:
            limits.append(state.contracted_power_w - (state.grid_w - miners_w))
        elif state.grid_is_silent:
            limits.append(state.contracted_power_w - (state.household_w or 0.0))
    return min(limits, default=None)
