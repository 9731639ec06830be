"""From an energy source and its reading to the energy a decision sees; what contradicts itself is followed here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from energy import balance, contradictions
from energy.ages import Sky
from energy.state import EnergySnapshot, EnergyState
from optimization.control.memory import Memory
from optimization.control.situation import MinerSituation
from optimization.site_plan.plan import SourcePlan
from sites.words import ended

from . import rooms
from .load import SiteRows
from .observe import Observation

#: Where it is remembered since when the values of a source contradict each other.
_KEY = "energy_doubt"


def states(
    rows: SiteRows,
    observation: Observation,
    miners: Mapping[UUID, MinerSituation],
    memory: Memory,
    shared: Mapping[str, Any],
    now: datetime,
) -> dict[UUID, EnergyState]:
    """Every source of the site as a person sees it: all its miners counted back in. Renews `memory`."""
    drawn = sum(miner.draws_w for miner in miners.values())
    before = memory.shell.get(_KEY)
    before = before if isinstance(before, dict) else {}
    found, kept = {}, {}
    for pk, source in rows.sources.items():
        state = _state(source, observation, drawn, 0.0, sky_of(shared), "", now)
        what = contradictions.Contradiction(state.contradiction, state.contradiction_text)
        known = before.get(str(pk))
        known, doubt = contradictions.follow(known if isinstance(known, dict) else {}, what, now)
        if known:
            kept[str(pk)] = known
        found[pk] = _state(source, observation, drawn, 0.0, sky_of(shared), doubt, now) if doubt else state
    memory.shell[_KEY] = kept
    return found


def of_unit(
    source: SourcePlan | None,
    seen: Mapping[UUID, EnergyState],
    observation: Observation,
    miners: Mapping[UUID, MinerSituation],
    members: list[UUID],
    shared: Mapping[str, Any],
    now: datetime,
) -> tuple[EnergyState | None, EnergyState | None]:
    """The source as one unit may use it: only its own miners counted back in.

    Twice: by what they draw as far as anybody can tell, and by what they surely draw; of others by the most.
    """
    if source is None:
        return None, None
    own = sum(miners[pk].draws_w for pk in members)
    unsure = sum(miners[pk].unsure_w for pk in members)
    other = sum(miner.at_most_w for pk, miner in miners.items() if pk not in members)
    sky, doubt = sky_of(shared), seen[source.pk].doubt
    state = _state(source, observation, own, other, sky, doubt, now)
    return state, _state(source, observation, own - unsure, other, sky, doubt, now) if unsure else state


def sky_of(shared: Mapping[str, Any]) -> Sky:
    """Where the sun is, from the values that rules see; unknown for a home without a place."""
    since = shared.get("sun.time_after_sunrise")
    return Sky(shared.get("sun.elevation"), None if since is None else timedelta(seconds=since))


def _state(
    source: SourcePlan, observation: Observation, own_w: float, other_w: float, sky: Sky, doubt: str, now: datetime
) -> EnergyState:
    monitor = source.monitor
    error = "No energy monitor is set up." if monitor is None else observation.errors.get(monitor.pk, "")
    return balance.build(
        source.facts,
        None if monitor is None else rooms.reading_of(observation, monitor.pk, EnergySnapshot),
        ended(f"‘{monitor.name}’ {error}") if monitor is not None and error else error,
        stale_after=monitor.stale_after if monitor else timedelta(hours=1),
        now=now,
        own_miners_w=own_w,
        other_miners_w=other_w,
        is_real=monitor.is_real if monitor else True,
        part_limits={} if monitor is None else monitor.part_limits,
        # What only pretends to be a home knows nothing of the sun over it.
        sky=sky if monitor is None or monitor.is_real else Sky(),
        doubt=doubt,
    )
