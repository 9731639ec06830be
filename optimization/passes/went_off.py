"""Miners found off that were to heat: how long they were on, and who switched them off (`miners.status.switched_off`).

Kept in the pass's memory, so that a restart forgets neither a run nor what was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from miners.state import MinerSnapshot, MinerStatus, SwitchedBy
from miners.status import readback
from miners.status.switched_off import Cause, Ended, Run, cause_of
from optimization.control.memory import Memory, parse_time
from optimization.site_plan.plan import ControllerPlan, MinerPlan

from . import plugs
from .driver import rearm_seconds
from .load import SiteRows
from .observe import Observation

#: So long after a write of ours Home Assistant still calls what a device does by itself ours.
_OURS = timedelta(seconds=10)
_KEPT_RUNS = 6
_TOLD_FOR = timedelta(hours=24)
#: Times by their own key in `Memory.shell`, which a step of the clock moves (`timing.shift`).
MEMORY_TIMES = ("timer_offs",)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that does not start again with “on”: how long after the first one it comes (s), and whether declared."""

    seconds: float
    is_declared: bool


def causes(
    rows: SiteRows, went_off: list[MinerPlan], observation: Observation, memory: Memory, now: datetime
) -> dict[UUID, Cause]:
    """Who switched each of these off; what is learned of it is kept in `memory`."""
    found = {}
    for miner in went_off:
        ended = _ended(rows, miner, observation, memory, now)
        cause = found[miner.pk] = cause_of(ended)
        _remember(memory, miner, ended, cause, now)
    return found


def note_runs(rows: SiteRows, observation: Observation, memory: Memory, now: datetime) -> None:
    """Remember since when devices and upstream plugs are on: by us, and by their source's clock where it tells."""
    kept = _kept(memory, "runs")
    runs: dict[str, Any] = {}
    for row, seen in _switches(rows, observation):
        key, is_on = str(row.pk), _is_on(seen)
        before = kept.get(key)
        if is_on is None and before is not None:
            runs[key] = before
        elif is_on:
            at = seen.switched_at.isoformat() if seen.switched_at is not None and seen.switch_is_on else None
            begun = before if isinstance(before, dict) else {"seen": now.isoformat(), "first": at}
            # Never seen off in between, it may have been out of reach only: its timer then counts from before.
            runs[key] = {**begun, "at": at}
    memory.shell["runs"] = runs


def timer_of(memory: Memory, miner_pk: UUID, now: datetime) -> Timer | None:
    """The timer that has switched it off within 24 h although it was to heat; None: none has."""
    told = _kept(memory, "timers").get(str(miner_pk))
    at = parse_time(told.get("at")) if isinstance(told, dict) else None
    if at is None or not timedelta(0) <= now - at < _TOLD_FOR:
        return None
    return Timer(float(told.get("seconds") or 0.0), told.get("declared") is True)


def goes_off_at(
    rows: SiteRows, miner: MinerPlan, snapshot: MinerSnapshot, observation: Observation, memory: Memory
) -> datetime | None:
    """When its own timer, or its upstream plug's, switches off what is to heat and does not answer; None: never."""
    desired = rows.desired.get(miner.pk)
    if snapshot.status.is_known or desired is None or desired.power_w == 0:
        return None
    ends = []
    for row, told_at in (
        (miner.controller, desired.written_at),
        (miner.cutoff, plugs.told_on_at(memory, miner.pk)),
    ):
        seen = None if row is None else _reading(observation, row)
        if told_at is None or (seen is not None and seen.status.is_known):
            continue
        if (seconds := rearm_seconds(row)) is not None:
            ends.append(told_at + timedelta(seconds=seconds))
    return min(ends, default=None)


def shift(memory: Memory, step: timedelta) -> None:
    """The wall clock was set: what counts by it moves with it."""
    for name, field in (("runs", "seen"), ("timers", "at")):
        memory.shell[name] = {
            key: {**one, field: (at + step).isoformat()}
            for key, one in _kept(memory, name).items()
            if isinstance(one, dict) and (at := parse_time(one.get(field))) is not None
        }


def _ended(rows: SiteRows, miner: MinerPlan, observation: Observation, memory: Memory, now: datetime) -> Ended:
    desired, period_seconds = rows.desired[miner.pk], rows.site.control_period_seconds
    plug_told = plugs.told_on_at(memory, miner.pk) if miner.cutoff_id else None
    written = [at for at in (desired.written_at, plug_told) if at is not None]
    # The period: it is seen so much later at most.
    is_ours = any(timedelta(0) <= now - at <= _OURS + timedelta(seconds=period_seconds) for at in written)
    # What comes back into reach is attributed to what brought it back, not to who switched it off.
    is_back = str(miner.pk) in (memory.shell.get("out_of_reach") or ())
    by, runs = SwitchedBy.NOT_SAID, []
    for row in filter(None, (miner.controller, miner.cutoff)):
        seen = _reading(observation, row)
        if seen is None or _is_on(seen) is not False:
            continue
        by = seen.switched_by or by
        since = desired.switched_on_at if row is miner.controller else None
        lengths = _runs(_kept(memory, "runs").get(str(row.pk)), seen, since, period_seconds, now)
        runs += [(run, rearm_seconds(row)) for run in lengths]
    timer_off, started_at = parse_time(_kept(memory, "timer_offs").get(str(miner.pk))), desired.switched_on_at
    is_restart = timer_off is not None and started_at is not None and timer_off <= started_at <= now
    return Ended(
        switched_by=SwitchedBy.NOT_SAID if by is SwitchedBy.PERSON and (is_ours or is_back) else by,
        ran_out=readback.ran_out(rearm_seconds(miner.controller), desired.written_at, now)
        or readback.ran_out(rearm_seconds(miner.cutoff), plug_told, now),
        runs=runs,
        earlier=[one for one in _kept(memory, "runs_ended").get(str(miner.pk)) or () if isinstance(one, int | float)],
        after_restart_seconds=(now - started_at).total_seconds() if is_restart else None,
    )


def _runs(
    entry: Any, seen: MinerSnapshot, started_at: datetime | None, period_seconds: float, now: datetime
) -> list[Run]:
    """From its first “on”, and from its last: by its source's own clock, else from our start, or our first sight."""
    if not isinstance(entry, dict):
        entry = {}
    begun = {at for name in ("first", "at") if (at := parse_time(entry.get(name))) is not None}
    if begun and seen.switched_at is not None and seen.switched_at >= max(begun):
        return [Run((seen.switched_at - at).total_seconds()) for at in sorted(begun)]
    since = [at for at in (parse_time(entry.get("seen")), started_at) if at is not None and at <= now]
    return [Run((now - min(since)).total_seconds(), period_seconds)] if since else []


def _remember(memory: Memory, miner: MinerPlan, ended: Ended, cause: Cause, now: datetime) -> None:
    key = str(miner.pk)
    offs, lengths, timers = (dict(_kept(memory, name)) for name in ("timer_offs", "runs_ended", "timers"))
    offs.pop(key, None)
    if cause.is_timer:
        offs[key] = now.isoformat()
    if cause in (Cause.NOT_KNOWN, Cause.LEARNED) and ended.runs:
        lengths[key] = [*ended.earlier, ended.runs[0][0].seconds][-_KEPT_RUNS:]
    if cause in (Cause.NOT_RESTARTED, Cause.LEARNED):
        declared = next((timer for run, timer in ended.runs if timer is not None and run.is_as_long_as(timer)), None)
        before = timers.get(key) if isinstance(timers.get(key), dict) else {}
        seconds = declared or before.get("seconds") or ended.runs[0][0].seconds
        timers[key] = {"at": now.isoformat(), "seconds": seconds, "declared": declared is not None}
    memory.shell.update(timer_offs=offs, runs_ended=lengths, timers=timers)


def _switches(rows: SiteRows, observation: Observation) -> Iterator[tuple[ControllerPlan, MinerSnapshot]]:
    for miner in rows.miners.values():
        for row in filter(None, (miner.controller, miner.cutoff)):
            seen = _reading(observation, row)
            yield row, MinerSnapshot(MinerStatus.UNREACHABLE) if seen is None else seen


def _is_on(seen: MinerSnapshot) -> bool | None:
    """By its own word; None: it does not say."""
    if seen.switch_is_on is not None:
        return seen.switch_is_on
    return None if not seen.status.is_known else not seen.status.says_off


def _reading(observation: Observation, row: ControllerPlan) -> MinerSnapshot | None:
    reading = observation.readings.get(row.pk)
    return reading if isinstance(reading, MinerSnapshot) else None


def _kept(memory: Memory, name: str) -> dict[str, Any]:
    kept = memory.shell.get(name)
    return kept if isinstance(kept, dict) else {}
