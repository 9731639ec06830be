"""How old the witnesses of a pass are: which meters stand still, and which have moved since a word changed.

`miners.status.evidence` says what that means. Kept in the pass's memory, so that a restart forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from miners.state import MinerSnapshot
from miners.status import evidence
from optimization.control.memory import Memory, parse_time
from optimization.site_plan.plan import MinerPlan

from .observe import Observation

#: A longest gap fades by this at each report, so that one outage is not waited for ever after.
_FADES = 0.98


def weigh(miners: Iterable[MinerPlan], observation: Observation, memory: Memory, now: datetime) -> None:
    """Note what the meters of these miners and of their upstream plugs report; what stands still proves less.

    To be asked after every reading, before anything looks at it.
    """
    meters, words = dict(_kept(memory, "meters")), dict(_kept(memory, "words"))
    for miner in miners:
        for pk in (miner.controller_id, miner.cutoff_id):
            seen = _reading(observation, pk)
            if seen is None or seen.power_at is None:
                continue
            meter = meters[str(pk)] = _noted(meters.get(str(pk)), seen, now)
            if _stands(meter, now):
                observation.old_meters.add(pk)
                observation.readings[pk] = evidence.with_standing_meter(miner.name, seen)
        _note_word(miner, observation, words)
    memory.shell["meters"], memory.shell["words"] = meters, words


def gap_seconds(miner: MinerPlan, memory: Memory) -> float:
    """How long the meters of this miner are silent between two reports while it heats (s); 0: not known."""
    return _longest(miner, memory, "gap")


def patience(miner: MinerPlan, memory: Memory) -> timedelta:
    """How long its meters are waited for after a switch, before what they do not confirm is told."""
    return timedelta(seconds=1.5 * gap_seconds(miner, memory))


def start_patience(miner: MinerPlan, memory: Memory) -> timedelta:
    """How long its meters are waited for after it was switched on."""
    gap = max(_longest(miner, memory, "gap"), _longest(miner, memory, "idle"))
    return min(timedelta(seconds=1.5 * gap), evidence.STANDS_AFTER)


def _longest(miner: MinerPlan, memory: Memory, name: str) -> float:
    meters = _kept(memory, "meters")
    gaps = [(meters.get(str(pk)) or {}).get(name) for pk in (miner.controller_id, miner.cutoff_id)]
    return max((gap for gap in gaps if isinstance(gap, int | float)), default=0.0)


def shift(memory: Memory, step: timedelta) -> None:
    """The wall clock was set: what counts by it moves with it, what counts by a source's clock does not."""
    memory.shell["meters"] = {
        key: {**meter, "since": (at + step).isoformat()}
        for key, meter in _kept(memory, "meters").items()
        if isinstance(meter, dict) and (at := parse_time(meter.get("since"))) is not None
    }


def _noted(before: Any, seen: MinerSnapshot, now: datetime) -> dict[str, Any]:
    """What is remembered of a meter: the time of its report and since when we know it, its longest gap while it heats
    and its last one while it does not.
    """
    at, gap, idle = seen.power_at.isoformat(), 0.0, 0.0
    heats = (seen.power_w or 0.0) >= evidence.HEATS_FROM_W
    if isinstance(before, dict):
        gap, idle, since = before.get("gap", 0.0), before.get("idle", 0.0), parse_time(before.get("since"))
        if before.get("at") == at and since is not None and since <= now:
            return before
        passed = max(0.0, (now - since).total_seconds()) if since is not None else 0.0
        if heats and before.get("heats"):
            gap = min(max(gap * _FADES, passed), evidence.LONGEST_GAP_SECONDS)
        elif not heats:
            idle = min(passed, evidence.LONGEST_GAP_SECONDS)
    return {"at": at, "since": now.isoformat(), "gap": gap, "idle": idle, "heats": heats}


def _stands(meter: dict[str, Any], now: datetime) -> bool:
    since = parse_time(meter["since"])
    return now - since > max(evidence.STANDS_AFTER, timedelta(seconds=evidence.STANDS_GAPS * meter["gap"]))


def _note_word(miner: MinerPlan, observation: Observation, words: dict[str, Any]) -> None:
    """The plug's meter is old as long as it has not reported since the device's own word changed."""
    device, shows = _reading(observation, miner.controller_id), _reading(observation, miner.cutoff_id)
    if shows is None or shows.power_at is None:
        return
    at, key = shows.power_at.isoformat(), str(miner.pk)
    before = words.get(key)
    before = before if isinstance(before, list) and len(before) == 2 else [None, None]
    is_on = before[0] if device is None or not device.status.is_known else not device.status.says_off
    if is_on is not before[0]:
        words[key] = before = [is_on, None if before[0] is None else at]
    if before[1] is not None and before[1] == at:
        observation.old_meters.add(miner.cutoff_id)


def _reading(observation: Observation, pk: UUID | None) -> MinerSnapshot | None:
    reading = None if pk is None else observation.readings.get(pk)
    return reading if isinstance(reading, MinerSnapshot) else None


def _kept(memory: Memory, name: str) -> dict[str, Any]:
    kept = memory.shell.get(name)
    return kept if isinstance(kept, dict) else {}
