"""Run a pass of a chunk of sites: lease → load → observe → decide → act → record → publish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from miners import desired_state
from miners.services import adopt_off
from miners.state import MinerStatus
from optimization.control.decide import decide
from optimization.control.memory import parse_time
from optimization.control.situation import Command
from optimization.site_plan import cache
from sites.alarms import KINDS, Finding
from sites.clock import Clock, SystemClock
from sites.garbage import collected_later
from sites.lease import Lease, acquire, take_over
from sites.models import Severity, Site
from sites.patience import if_possible
from sites.services import raise_site_alarm
from sites.store import store

from . import act, due, findings, last_resort, own_off, plugs, record, rise, timing, unrecorded, witnesses
from .load import SiteRows, load, memory_key
from .notifications import tell
from .observe import Observation, observe
from .publish import publish
from .situate import OUTSIDE_OFF_HOLD, Seen, note_silent_all, said_off, situate

log = logging.getLogger(__name__)

OBSERVE_SECONDS = 5.0
#: An alarm about a failure waits no longer than this for a lock.
_ALARM_SECONDS = 1.0
#: Units (about as many sites) in one chunk; bounds the parameters of a statement.
CHUNK_SITES = 100
#: How often a site is decided again because its settings changed meanwhile.
_MOST_TRIES = 3
#: The database refuses a row: only its own site's pass fails. (When it does not answer, all fail.)
_REFUSED = (DataError, IntegrityError)


@dataclass(slots=True)
class PassReport:
    """Sites that completed a pass, sites somebody else was busy with, sites that failed; and miners seen off."""

    completed: list[UUID] = field(default_factory=list)
    busy: list[UUID] = field(default_factory=list)
    failed: list[UUID] = field(default_factory=list)
    seen_off: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class _Work:
    rows: SiteRows
    lease: Lease
    seen: Seen
    commands: Sequence[Command]
    acted: act.Acted
    #: What is due to be written, as far as it was known before anything was committed.
    due: Sequence[Command] = ()
    found: list[Finding] = field(default_factory=list)


def run_sites(
    site_ids: Iterable[UUID],
    *,
    clock: Clock | None = None,
    stopping: frozenset[UUID] = frozenset(),
    take_leases: bool = False,
) -> PassReport:
    """One pass of each of these sites. `stopping`: miners to be switched off whatever anybody wants.

    `take_leases`: nobody else is to run passes any more; a lease that is still held was left by a worker that died.
    """
    clock, report, ids = clock or SystemClock(), PassReport(), list(site_ids)
    for start in range(0, len(ids), CHUNK_SITES):
        _run_chunk(ids[start : start + CHUNK_SITES], clock, stopping, take_over if take_leases else acquire, report)
    return report


def _run_chunk(
    ids: list[UUID],
    clock: Clock,
    stopping: frozenset[UUID],
    lease_of: Callable[[UUID], Lease | None],
    report: PassReport,
) -> None:
    leases: dict[UUID, Lease] = {}
    try:
        for pk in ids:
            lease = lease_of(pk)
            if lease is None:
                report.busy.append(pk)
            else:
                leases[pk] = lease
        if leases:
            with collected_later():
                _pass(leases, clock, stopping, report)
    finally:
        for lease in leases.values():
            lease.release()


def _pass(leases: dict[UUID, Lease], clock: Clock, stopping: frozenset[UUID], report: PassReport) -> None:
    began = clock.monotonic()
    chunk = load(list(leases))
    now = clock.now()
    timing.set_houses(chunk, clock, now)
    observation = observe(chunk, OBSERVE_SECONDS, now)
    work: list[_Work] = []
    for rows in chunk:
        try:
            work.append(decide_site(rows, leases[rows.site.pk], observation, clock, now, stopping))
        except Exception:
            _failed(rows, observation, report)
    committing = unrecorded.Committing(chunk, now)
    again = partial(_decide_again, observation=observation, clock=clock, now=now, stopping=stopping, report=report)
    work = committing.attempt(lambda: _commit_intents(work, observation, report, now, again), otherwise=work)
    can_store = committing.fault is None
    for one in work if not can_store else ():
        one.commands = unrecorded.take_back(one.rows, one.commands, one.acted, committing.fault)
    to_write = [
        (one.rows, one.seen, one.acted, one.commands, one.lease) for one in work if not can_store or _acts(one, now)
    ]
    act.write_all(to_write, observation, now, may_start=can_store)
    for one in _record(work, observation, now, report, committing):
        last_resort.hand_over(one.rows, one.seen, observation, is_recorded=committing.fault is None)
        unsaved: list[dict[str, str]] = []
        if committing.fault is not None:
            report.seen_off.update(_ids_off(one))
            if one.rows.next_pass_at is not None:
                due.note_served(one.rows.site.pk, one.rows.next_pass_at)
            unsaved = unrecorded.unsaved_alarms(one.seen.memory, one.found, one.rows.alarms, now)
        took_ms = (clock.monotonic() - began) * 1000
        record.remember(one.rows, one.seen)
        shown = (one.rows, one.seen, observation, one.commands, took_ms, now, unsaved)
        if _did(one, observation, report, publish, *shown):
            report.completed.append(one.rows.site.pk)
    if committing.fault is None:
        tell(chunk, observation)


def _ids_off(one: _Work) -> set[UUID]:
    """Miners that are wanted off and show it."""
    return {
        pk
        for pk, desired in one.rows.desired.items()
        if desired.power_w == 0 and one.seen.snapshots[pk].status is MinerStatus.OFF
    }


class _Outdated(Exception):
    """Settings of these sites changed since this pass read them."""

    def __init__(self, site_ids: set[UUID]) -> None:
        super().__init__(site_ids)
        self.site_ids = site_ids


def _commit_intents(
    work: list[_Work],
    observation: Observation,
    report: PassReport,
    now: datetime,
    decide_again: Callable[[list[_Work]], list[_Work]],
) -> list[_Work]:
    """Save what is wanted of the miners before anything is written to them; the sites where that worked.

    A site whose settings changed meanwhile is decided again; one where they keep changing waits for its next pass.
    """
    for tries_left in reversed(range(_MOST_TRIES)):
        try:
            _save(work, now)
            return work
        except _Outdated as outdated:
            changed = [one for one in work if one.rows.site.pk in outdated.site_ids]
            work = [one for one in work if one.rows.site.pk not in outdated.site_ids]
            if tries_left:
                work += decide_again(changed)
            else:
                for one in changed:
                    report.busy.append(one.rows.site.pk)
                    due.wake(one.rows.site.pk)
        except _REFUSED:
            return [one for one in work if _did(one, observation, report, _save, [one], now)]
    _save(work, now)
    return work


def _decide_again(
    work: list[_Work],
    *,
    observation: Observation,
    clock: Clock,
    now: datetime,
    stopping: frozenset[UUID],
    report: PassReport,
) -> list[_Work]:
    """By the settings of now, from what was read already."""
    leases = {one.rows.site.pk: one.lease for one in work}
    found: list[_Work] = []
    for rows in load(list(leases)):
        try:
            found.append(decide_site(rows, leases[rows.site.pk], observation, clock, now, stopping))
        except Exception:
            _failed(rows, observation, report)
    return found


def _acts(one: _Work, now: datetime) -> bool:
    """Something is written to a device, or committed so that it may be."""
    acted = one.acted
    if acted.changed or acted.cuts or one.seen.outside_off or unrecorded.is_on(one.rows.memory):
        return True
    return bool(one.due) or act.has_plug_writes(one.rows, one.commands, one.seen, one.lease, now)


def _save(work: list[_Work], now: datetime) -> None:
    """Raises `_Outdated`, and saves nothing, where a site that acts has other settings by now."""
    acting = [one.rows.site for one in work if _acts(one, now)]
    if not acting:
        return
    with transaction.atomic():
        outdated = cache.outdated(acting)
        if outdated:
            raise _Outdated(outdated)
        _save_intents(work, now)
    for one in work:
        for desired in one.acted.changed.values():
            desired_state.committed(desired)


def _save_intents(work: list[_Work], now: datetime) -> None:
    for one in work:
        unrecorded.add_kept(one.rows, one.acted)
    wanted = [desired for one in work for desired in one.acted.changed.values()]
    outside_before = [kept for one in work for kept in unrecorded.kept_outside(one.rows, now)]
    off_outside = [miner.pk for one in work for miner in one.seen.outside_off]
    cuts = {pk: at for one in work for pk, at in one.acted.cuts.items()}
    record.save_desired(wanted)
    plugs.save_cuts(cuts)
    for miner, until in outside_before:
        adopt_off([miner.pk], now, until)
    adopt_off(off_outside, now, now + OUTSIDE_OFF_HOLD)


def _record(
    work: list[_Work],
    observation: Observation,
    now: datetime,
    report: PassReport,
    committing: unrecorded.Committing,
) -> list[_Work]:
    """Write what the pass changed, in one commit; the sites where that worked, or where memory keeps it meanwhile."""
    batches: list[tuple[_Work, record.Batch]] = []
    for one in work:
        _did(one, observation, report, lambda one=one: batches.append((one, _collect(one, observation, now))))
    whole = record.Batch()
    for _, batch in batches:
        whole.add(batch)

    def write() -> list[_Work]:
        try:
            is_written = record.write(whole, now)
        except _REFUSED:
            return [one for one, batch in batches if _did(one, observation, report, record.write, batch, now)]
        if is_written:
            committing.succeeded()
            for one in work:
                unrecorded.end(one.seen.memory, now)
        return [one for one, _ in batches]

    done = committing.attempt(write, otherwise=[one for one, _ in batches])
    if committing.fault is not None:
        for one in done:
            unrecorded.keep(one.seen.memory, one.acted, one.seen.outside_off, committing.fault, now, OUTSIDE_OFF_HOLD)
    return done


def _did(one: _Work, observation: Observation, report: PassReport, do: Callable[..., None], *args) -> bool:
    """Do something for one site; when it fails, only that site's pass has."""
    try:
        do(*args)
    except Exception:
        _failed(one.rows, observation, report)
        return False
    return True


def _collect(one: _Work, observation: Observation, now: datetime) -> record.Batch:
    """What one site's pass changed."""
    batch = record.Batch()
    for what in desired_state.take_not_told(one.rows.miners):
        text = f"A fault of the program: what is wanted of a miner changed in a way that may not be ({what})."
        one.acted.activity.append((Severity.ALARM, text))
    one.found = findings.find(one.rows, one.seen, observation, one.commands, now)
    record.collect(batch, one.rows, one.seen, observation, one.commands, one.acted, one.found, now)
    _end_failure(one.rows, batch, now)
    return batch


def decide_site(
    rows: SiteRows, lease: Lease, observation: Observation, clock: Clock, now: datetime, stopping: frozenset[UUID]
) -> _Work:
    """From rows and readings to what is wanted now: everything a pass decides, and nothing written yet."""
    told_off = last_resort.take_over(rows, now)
    if timing.nobody_looked(rows.memory, clock, rows.site.control_period_seconds):
        note_silent_all(rows.memory, rows.miners)
    timing.forget_unobserved(rows.memory, clock, rows.site.control_period_seconds)
    step = timing.wall_step(rows.memory, clock, now)
    stepped = bool(step)
    if stepped:
        timing.shift(rows, step)
    witnesses.weigh(rows.miners.values(), observation, rows.memory, now)
    released = plugs.released(rows, observation)
    seen = situate(rows, observation, now, stopping=stopping, clock_stepped=stepped)
    acknowledged = {
        alarm.subject.removeprefix("zone:")
        for alarm in rows.alarms
        if alarm.kind == "high_limit_latched" and alarm.acknowledged_at is not None
    }
    commands, memory = decide(seen.situation, seen.memory, acknowledged=acknowledged)
    seen.memory = memory
    acted = act.want(rows, commands, seen.situation, now)
    acted.cuts |= released
    acted.changed.update(told_off)
    acted.cuts |= plugs.latch_what_the_watchdog_cut(rows, told_off, observation, now)
    for pk in told_off:
        text = f"Control had stopped, so the watchdog switched {rows.miners[pk].name} off. It is under control again."
        acted.activity.append((Severity.WARNING, text))
    if stepped:
        acted.changed.update(rows.desired)
        text = f"The clock was set by {step.total_seconds():+.0f} s; every timer was moved with it."
        acted.activity.append((Severity.WARNING, text))
    _notice_outside_on(rows, seen, commands, acted, now)
    act.note_seen(rows, seen.snapshots, acted, now)
    acted.activity += own_off.watch(rows, seen.snapshots, seen.plugs, seen.memory, now)
    rise.watch(rows, seen.snapshots, seen.zones, seen.memory, now)
    act.heard_again(rows, seen, acted, now)
    act.cut_what_stays_on(rows, commands, seen, observation, acted, now)
    due_now = act.due_writes(rows, commands, seen, now)
    act.doubt_starts(rows, due_now, acted)
    return _Work(rows, lease, seen, commands, acted, due_now)


def _notice_outside_on(
    rows: SiteRows, seen: Seen, commands: Sequence[Command], acted: act.Acted, now: datetime
) -> None:
    """A miner that was seen off and is wanted off, but is on: somebody else switched it on."""
    situations = {miner.miner_id: miner for miner in seen.situation.miners}
    for command in commands:
        pk = rows.site.miner_of[command.miner_id].pk
        desired = rows.desired.get(pk)
        if command.action == "leave" or desired is None or desired.power_w > 0:
            continue
        snapshot, was_confirmed = seen.snapshots[pk], desired.confirmed_at is not None
        # Off by its switch's word, its meter not confirming it, it was off as well; welded contacts are no hand.
        is_on = snapshot.status.is_on and (was_confirmed or snapshot.switch_is_on is not False)
        if not (was_confirmed or said_off(rows.memory, pk)):
            continue
        if not is_on and not (was_confirmed and snapshot.status is MinerStatus.UNCONFIRMED):
            continue
        opened = desired_state.switched_on_outside if is_on else desired_state.contradicted
        opened(desired, before_w=ceil(situations[command.miner_id].at_most_w), at=now)
        acted.changed[pk] = desired
        if not is_on:
            continue
        times = [text for text in seen.memory.outside_on.get(command.miner_id, []) if _is_of_today(text, now)]
        seen.memory.outside_on[command.miner_id] = [*times[-9:], now.isoformat()]
        if not times:
            name, what = rows.miners[pk].name, "was switched on from outside; it is switched off again"
            if snapshot.pending_start:
                what = "would have started by itself, by a timer or schedule set elsewhere; that is cancelled"
            acted.activity.append((Severity.WARNING, f"{name} {what}."))


def _is_of_today(text: str, now: datetime) -> bool:
    at = parse_time(text)
    return at is not None and timedelta(0) <= now - at < timedelta(hours=24)


def _failed(rows: SiteRows, observation: Observation, report: PassReport) -> None:
    """One site's failure is told there and stops nothing else.

    Should what the pass keeps for itself be damaged, the next pass does without; timers and trips stay.
    """
    site = rows.site
    log.exception("the pass of %s failed", site)
    report.failed.append(site.pk)
    last_resort.hand_over_failed(rows, observation)
    store().set(memory_key(site.pk), replace(rows.memory, shell={}).to_json())
    text = f"The control of {site.name} failed; its miners are as they were."
    if_possible(lambda: raise_site_alarm(Site(pk=site.pk, name=site.name), KINDS["pass_failed"], text), _ALARM_SECONDS)


def _end_failure(rows: SiteRows, batch: record.Batch, now: datetime) -> None:
    for alarm in rows.alarms:
        if alarm.kind == "pass_failed":
            alarm.ended_at = now
            batch.changed_alarms.append(alarm)
