"""A room that warms although its miner is told to be off, and nobody has seen it off: evidence that it heats.

Sun and people warm rooms too, so this is asked only of miners whose off is in doubt anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate.state import ZoneState
from miners.state import MinerStatus
from miners.status import readback
from optimization.control.memory import Memory, parse_time
from optimization.site_plan.plan import MinerPlan

from .heat import Snapshots, drawn_w
from .load import SiteRows

#: What is in the heater and the walls comes into the room first.
INERTIA = timedelta(minutes=15)
#: So far above the lowest since then, more than a sensor errs, is a rise (K).
RISE_K = 0.5
#: Another miner that draws so much warms the room itself (W).
_ANOTHER_HEATS_W = 50.0


@dataclass(frozen=True, slots=True)
class Rise:
    """A zone that warms without a reason of its own: from, to (°C), and since when."""

    zone_id: UUID
    low_celsius: float
    now_celsius: float
    since: datetime


def watch(rows: SiteRows, snapshots: Snapshots, zones: Mapping[UUID, ZoneState], memory: Memory, now: datetime) -> None:
    """Note the temperatures of rooms whose miner is to be off and was not seen off."""
    before, kept = _kept(memory), {}
    for pk, miner in rows.miners.items():
        if _is_doubtful(rows, snapshots, pk):
            theirs = {zone_pk: zones[zone_pk] for zone_pk in miner.zone_ids if zone_pk in zones}
            heated = {zone_pk for zone_pk in theirs if _another_heats(rows, snapshots, pk, zone_pk)}
            kept[str(pk)] = _watched(theirs, heated, before.get(str(pk)), now)
    memory.shell["doubts"] = kept


def is_evident(memory: Memory, miner_pk: UUID) -> bool:
    """A room of this miner has risen although it is to be off."""
    doubt = _kept(memory).get(str(miner_pk))
    return isinstance(doubt, dict) and bool(doubt.get("rose"))


def risen(rows: SiteRows, memory: Memory, miner_pk: UUID) -> Rise | None:
    """The rise of one of its rooms that was noticed first; None: none has risen."""
    doubt = _kept(memory).get(str(miner_pk))
    rose = doubt.get("rose") if isinstance(doubt, dict) else None
    since = parse_time(doubt.get("since")) if rose else None
    if since is None or UUID(rose[0]) not in rows.zones:
        return None
    return Rise(UUID(rose[0]), rose[1], rose[2], since)


def shift(memory: Memory, step: timedelta) -> None:
    """The wall clock was set."""
    memory.shell["doubts"] = {
        key: {**doubt, "since": (at + step).isoformat()}
        for key, doubt in _kept(memory).items()
        if isinstance(doubt, dict) and (at := parse_time(doubt.get("since"))) is not None
    }


def _is_doubtful(rows: SiteRows, snapshots: Snapshots, pk: UUID) -> bool:
    desired, status = rows.desired.get(pk), snapshots[pk].status
    if desired is None or desired.power_w > 0 or desired.confirmed_at is not None:
        return False
    return status is MinerStatus.UNCONFIRMED or (not status.is_known and readback.may_be_on(desired))


def _watched(zones: Mapping[UUID, ZoneState], heated: set[UUID], before: Any, now: datetime) -> dict[str, Any]:
    """What is remembered of a doubt: since when, the lowest of each room (°C), and the rise that was noticed first.

    `heated`: zones that another miner heats now.
    """
    doubt = before if isinstance(before, dict) and parse_time(before.get("since")) else {"since": now.isoformat()}
    lows, rose = dict(doubt.get("lows") or {}), doubt.get("rose")
    is_early = now - parse_time(doubt["since"]) < INERTIA
    for pk, zone in zones.items():
        key, celsius = str(pk), zone.temperature_celsius
        if celsius is None:
            continue
        if is_early or key not in lows or pk in heated:
            lows[key] = celsius
        lows[key] = min(lows[key], celsius)
        if rose is None and celsius >= lows[key] + RISE_K:
            rose = [key, lows[key], celsius]
    return {"since": doubt["since"], "lows": lows, "rose": rose}


def _another_heats(rows: SiteRows, snapshots: Snapshots, miner_pk: UUID, zone_pk: UUID) -> bool:
    others: Iterable[MinerPlan] = (one for pk, one in rows.miners.items() if pk != miner_pk)
    return any(drawn_w(rows, snapshots, one.pk) >= _ANOTHER_HEATS_W and zone_pk in one.zone_ids for one in others)


def _kept(memory: Memory) -> dict[str, Any]:
    kept = memory.shell.get("doubts")
    return kept if isinstance(kept, dict) else {}
