"""Inputs nobody can believe right now, and after a wall-clock step those still to be read again (design.md §5.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate.state import ZoneState
from energy.state import EnergyState
from optimization.control.memory import Memory, parse_time
from optimization.control.situation import ClockWait

from .load import SiteRows
from .observe import Observation

#: So long a miner waits at most for inputs that were good before the clock was set. An input that has not been read by
#: then is lost like any other.
WAITS_AT_MOST = timedelta(minutes=15)
_AWAITED, _BAD = "awaited", "bad_inputs"


def bad_inputs(
    rows: SiteRows, observation: Observation, memory: Memory, energy: Mapping[UUID, EnergyState]
) -> set[str]:
    """Ids of the site's adapters that did not answer or whose answer was not believed in this pass."""
    bad = {row.key for row in rows.site.adapters if row.pk in observation.errors}
    bad |= {pk for pk, sensor in memory.sensors.items() if "bad_since" in sensor}
    return bad | {str(rows.sources[pk].monitor_id) for pk, state in energy.items() if state.problem}


def note_awaited(rows: SiteRows, memory: Memory, bad: set[str], clock_stepped: bool, now: datetime) -> None:
    """Remember which inputs were good before the clock was set and have not been since, and since when.

    What was bad before the step is not waited for: a dead sensor must not keep a home cold. Nor is what has been
    waited for long enough, however often the clock is set meanwhile.
    """
    shell, since = memory.shell, _awaited(memory)
    if clock_stepped:
        known = set(shell.get(_BAD) or ())
        since |= {row.key: now for row in rows.site.adapters if row.key not in known and row.key not in since}
    kept = {pk: at for pk, at in since.items() if pk in bad and now - min(at, now) < WAITS_AT_MOST}
    shell[_AWAITED], shell[_BAD] = {pk: at.isoformat() for pk, at in sorted(kept.items())}, sorted(bad)


def clock_wait(rows: SiteRows, miner_pk: UUID, zones: Iterable[ZoneState], memory: Memory) -> ClockWait | None:
    """What a miner waits for before it may start, of its own inputs; None: of nothing."""
    awaited = _awaited(memory)
    own = {row.key: row.name for row in _own(rows, miner_pk, zones)} if awaited else {}
    names = sorted(own[pk] for pk in awaited if pk in own)
    if not names:
        return None
    return ClockWait(tuple(names), max(at for pk, at in awaited.items() if pk in own) + WAITS_AT_MOST)


def _own(rows: SiteRows, miner_pk: UUID, zones: Iterable[ZoneState]) -> list[Any]:
    """The adapters that say whether a miner may start: its own, its meter's, and those of rooms nobody knows."""
    miner = rows.miners[miner_pk]
    own = [row for row in (miner.controller, miner.cutoff) if row is not None]
    for zone in zones:
        # What another sensor of the room says is enough.
        if zone.temperature_celsius is None:
            own += rows.zones[UUID(zone.zone_id)].sensors
    for unit in rows.units:
        source = rows.sources.get(unit.energy_source_id)
        if source is not None and source.monitor is not None and miner_pk in unit.miner_ids:
            own.append(source.monitor)
    return own


def shift(memory: Memory, step: timedelta) -> None:
    """Move the remembered times by `step`: the wall clock was set."""
    memory.shell[_AWAITED] = {pk: (at + step).isoformat() for pk, at in _awaited(memory).items()}


def _awaited(memory: Memory) -> dict[str, datetime]:
    found = memory.shell.get(_AWAITED)
    found = found if isinstance(found, dict) else {}
    return {pk: at for pk, text in found.items() if (at := parse_time(text)) is not None}
