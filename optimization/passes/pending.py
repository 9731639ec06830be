"""What a pass remembers of what it sent and saw, so that a reading is not taken for more than it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from miners.models import DesiredState
from miners.state import MinerSnapshot, MinerStatus
from miners.status import draw, pending
from miners.status.pending import Told
from optimization.control.memory import Memory, parse_time
from optimization.site_plan.plan import MinerPlan

from . import plugs
from .load import SiteRows
from .observe import Observation

_STARTS, _PROTECTS, _LEVELS = "start_told_at", "protects_since", "level_seen_w"
#: Times by miner in `Memory.shell`, which a step of the clock moves (`timing.shift`).
MEMORY_TIMES = (_STARTS, _PROTECTS)


def look(
    rows: SiteRows, memory: Memory, miner: MinerPlan, observation: Observation, now: datetime | None
) -> MinerSnapshot:
    """Device and plug together, with what was sent; remembers since when it protects itself."""
    seen = plugs.look(miner, observation)
    if now is None:
        return seen
    _note(memory, miner.pk, seen, now)
    seen = _with_first_level(memory, miner, plugs.device_of(miner, observation), seen)
    return pending.known(seen, _told(memory, miner.pk, rows.desired.get(miner.pk)), miner.power, now)


def _with_first_level(memory: Memory, miner: MinerPlan, device: MinerSnapshot, joined: MinerSnapshot) -> MinerSnapshot:
    """What is silent behind its plug begins at the level it was seen at last, or any, until it can be told another."""
    if not (miner.has_plug and miner.power.is_stepped):
        return joined
    key, kept = str(miner.pk), memory.shell.get(_LEVELS)
    kept = kept if isinstance(kept, Mapping) else {}
    level_w = draw.set_w(device, miner.power)
    if device.status.is_known:
        if level_w is not None and kept.get(key) != level_w:
            memory.shell[_LEVELS] = {**kept, key: level_w}
        return joined
    return replace(joined, starts_at_power_w=kept.get(key, miner.power.max_w))


def note_starts(memory: Memory, miner_ids: Iterable[UUID], now: datetime) -> None:
    """These are about to be sent a start, whatever comes of it."""
    for pk in miner_ids:
        _set(memory, _STARTS, pk, now)


def _note(memory: Memory, pk: UUID, seen: MinerSnapshot, now: datetime) -> None:
    if pending.shows_on(seen) is True and seen.status.is_known:
        _set(memory, _STARTS, pk, None)  # it has shown the start: from here on its “off” is one
    if seen.status is not MinerStatus.PROTECT:
        _set(memory, _PROTECTS, pk, None)
    elif _get(memory, _PROTECTS, pk) is None:
        _set(memory, _PROTECTS, pk, now)


def _told(memory: Memory, pk: UUID, desired: DesiredState | None) -> Told:
    return Told(_get(memory, _STARTS, pk), _off_at(desired), _get(memory, _PROTECTS, pk))


def _off_at(desired: DesiredState | None) -> datetime | None:
    """When the device took the off that is wanted now."""
    if desired is None or desired.power_w > 0 or desired.written_at is None:
        return None
    was_before = desired.changed_at is not None and desired.written_at < desired.changed_at
    return None if was_before else desired.written_at


def _get(memory: Memory, key: str, pk: UUID) -> datetime | None:
    kept = memory.shell.get(key)
    return parse_time(kept.get(str(pk))) if isinstance(kept, Mapping) else None


def _set(memory: Memory, key: str, pk: UUID, at: datetime | None) -> None:
    """Replaced, never changed in place: the memory of the last pass stays what it was."""
    kept = memory.shell.get(key)
    kept = dict(kept) if isinstance(kept, Mapping) else {}
    if at is None and str(pk) not in kept:
        return
    kept.pop(str(pk), None)
    memory.shell[key] = kept if at is None else {**kept, str(pk): at.isoformat()}
