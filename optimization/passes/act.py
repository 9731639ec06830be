"""Act: the one door to the devices. Desired state is committed first, then written, then read back.

Only what differs is written, offs before ons, each write only while the lease is held; a write
that was not seen done is repeated with growing pauses.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from integrations.ask import call
from integrations.errors import AdapterError, DeadlineExceeded
from miners import desired_state
from miners.models import CommandLog, DesiredState
from miners.state import MinerSnapshot, MinerStatus
from miners.status import readback, upstream_plug
from miners.status.pending import shows_on
from optimization.control.memory import Memory
from optimization.control.situation import Command, MinerSituation, SiteSituation
from optimization.site_plan.plan import AdapterPlan, MinerPlan
from sites.faults import StoreUnavailable
from sites.lease import Lease
from sites.models import Severity

from . import own_off, pending, plugs, witnesses
from .driver import adapter_of, rearm_seconds
from .load import House, SiteRows
from .observe import Observation, read_rows
from .situate import Seen

log = logging.getLogger(__name__)

WRITE_SECONDS = 4.0
#: No write begins later than this in a pass: many that hang must make no other home's pass late.
ACT_SECONDS = 12.0
REARM_REASON = "It goes on heating: sent again so that the plug’s own timer does not switch it off."
KEEP_REASON = "Sent again so that the timer of the plug before it does not cut it off."
_WRITERS = 32


@dataclass(slots=True)
class Acted:
    """What acting on one site changed: desired rows to save, commands to log, sentences to tell."""

    changed: dict[UUID, DesiredState] = field(default_factory=dict)
    commands: list[CommandLog] = field(default_factory=list)
    activity: list[tuple[str, str]] = field(default_factory=list)  # severity, sentence
    wrote: set[UUID] = field(default_factory=set)
    #: Miners whose `cut_at` changed.
    cuts: plugs.Cuts = field(default_factory=dict)
    #: What was wanted before, of miners that are to start or to take more.
    raised: dict[UUID, DesiredState] = field(default_factory=dict)


def want(rows: SiteRows, commands: Iterable[Command], situation: SiteSituation, now: datetime) -> Acted:
    """Put the commands into the desired rows (not saved yet)."""
    acted, seen = Acted(), {miner.miner_id: miner for miner in situation.miners}
    for command in commands:
        pk = rows.site.miner_of[command.miner_id].pk
        desired = rows.desired.get(pk)
        if command.action == "leave":
            continue
        if desired is None:
            desired = rows.desired[pk] = desired_state.new(pk)
        origin = "guard" if command.guard and command.power_w == 0 else command.intent.origin
        if desired.power_w != command.power_w or not desired.origin:
            if command.power_w > desired.power_w:
                acted.raised[pk] = copy(desired)
            _want(desired, command, origin, seen[command.miner_id], now)
            acted.changed[pk] = desired
        elif desired.origin != origin:
            desired_state.attributed(desired, origin=origin, reason=command.reason)
            acted.changed[pk] = desired
    return acted


def _want(desired: DesiredState, command: Command, origin: str, seen: MinerSituation, now: datetime) -> None:
    """With what it may draw until it has followed, and what it was measured to take beyond what it was told."""
    is_sure = seen.is_wanted_on and seen.had_its_time and seen.is_measured
    desired_state.wanted(
        desired,
        power_w=command.power_w,
        origin=origin,
        reason=command.reason,
        before_w=ceil(seen.at_most_w),
        took_more_w=ceil(seen.more_w) if is_sure else None,
        at=now,
    )


def note_seen(rows: SiteRows, snapshots: dict[UUID, MinerSnapshot], acted: Acted, now: datetime) -> None:
    """Take over what the devices show: confirmations, and when they went on or off."""
    for pk, desired in rows.desired.items():
        snapshot = snapshots.get(pk)
        if snapshot is None or not snapshot.status.is_known:
            continue
        on = shows_on(snapshot)
        if desired.seen_on is not on:
            desired_state.seen(desired, on, at=now)
            acted.changed[pk] = desired
        model = rows.miners[pk].power
        if desired.confirmed_at is None and readback.is_confirmed(
            desired.power_w, snapshot, model, told=readback.was_told(desired)
        ):
            desired_state.confirmed(desired, at=now)
            acted.changed[pk] = desired


def cut_what_stays_on(
    rows: SiteRows, commands: Iterable[Command], seen: Seen, observation: Observation, acted: Acted, now: datetime
) -> None:
    """An off that failed goes to the plug before the miner, from this pass on."""
    for miner in plugs.cut_failed_offs(rows, commands, seen.snapshots, observation, seen.memory, now):
        acted.cuts[miner.pk] = rows.cut_at[miner.pk]
        acted.changed[miner.pk] = rows.desired[miner.pk]
        acted.activity.append((Severity.ALARM, f"{miner.name} does not switch off: the plug before it is cut."))


def heard_again(rows: SiteRows, seen: Seen, acted: Acted, now: datetime) -> None:
    """A device that was silent at the last look answers now: the pause its retries had reached is over.

    One that may be at any level by now is told its level again, and counts at its highest until it has followed.
    """
    for miner in seen.situation.miners:
        desired = rows.desired.get(UUID(miner.miner_id))
        if desired is None or not miner.came_back:
            continue
        if miner.is_on_by_others and desired.power_w > 0:
            desired_state.level_doubted(desired, before_w=ceil(miner.at_most_w), at=now)
            acted.changed[desired.miner_id] = desired
        if desired.next_attempt_at is not None:
            desired_state.answered(desired)
            acted.changed[desired.miner_id] = desired


def due_writes(rows: SiteRows, commands: Sequence[Command], seen: Seen, now: datetime) -> list[Command]:
    """The commands to write now, offs first."""
    due = []
    for command in commands:
        pk = rows.site.miner_of[command.miner_id].pk
        desired = rows.desired.get(pk)
        if command.action == "leave" or desired is None or not _can_write(rows.miners[pk], command, seen):
            continue
        snapshot = seen.snapshots[pk]
        if not _is_needed(rows.miners[pk], desired, snapshot, now) and not is_rearm(
            rows.miners[pk], desired, snapshot, seen.memory, now
        ):
            continue
        waits = desired.next_attempt_at
        # A time further ahead than any pause comes from a clock that was set back: it is due.
        longest = readback.retry_max(desired.power_w, snapshot)
        if waits is not None and timedelta(0) < waits - now <= longest:
            continue
        due.append(command)
    return sorted(due, key=lambda command: command.power_w > 0)


def _is_needed(miner: MinerPlan, desired: DesiredState, snapshot: MinerSnapshot, now: datetime) -> bool:
    """It does not show what is wanted: on, off or at which level."""
    confirmed = desired.confirmed_at is not None
    return readback.needs_write(desired.power_w, snapshot, confirmed, desired.seen_on) or readback.needs_level(
        desired, snapshot, miner.power, now
    )


def _can_write(miner: MinerPlan, command: Command, seen: Seen) -> bool:
    by_plug = plugs.goes_through_plug(miner, command.power_w, seen.plugs.get(miner.pk))
    return by_plug or adapter_of(miner.controller) is not None


def device_writes(rows: SiteRows, commands: Sequence[Command], seen: Seen, lease: Lease, now: datetime) -> list[_Write]:
    """The commands that are due, to the device or to the plug that is its switch."""
    found = []
    for command in due_writes(rows, commands, seen, now):
        miner = rows.site.miner_of[command.miner_id]
        snapshot = seen.snapshots[miner.pk]
        rearms = not _is_needed(miner, rows.desired[miner.pk], snapshot, now)
        by_plug = plugs.goes_through_plug(miner, command.power_w, seen.plugs.get(miner.pk))
        runs = snapshot.status.is_on and shows_on(snapshot) is True
        write = _Write(miner, command, lease, runs, rearms, by_plug)
        found.append(replace(write, is_doubtful=snapshot.status is MinerStatus.UNCONFIRMED))
    return found


def has_plug_writes(rows: SiteRows, commands: Sequence[Command], seen: Seen, lease: Lease, now: datetime) -> bool:
    """Something is to be written to the plug before a miner, beside the commands."""
    has_plugs = any(miner.has_plug for miner in rows.miners.values())
    return has_plugs and bool(_plug_writes(rows, commands, seen, lease, now))


def _plug_writes(rows: SiteRows, commands: Iterable[Command], seen: Seen, lease: Lease, now: datetime) -> list[_Write]:
    """What the plugs before miners are told beside the commands: to cut, or to go on."""
    found = []
    for command in commands:
        miner = rows.site.miner_of[command.miner_id]
        desired, shows = rows.desired.get(miner.pk), seen.plugs.get(miner.pk)
        if command.action == "leave" or desired is None:
            continue
        is_cut = miner.pk in rows.cut_at
        if plugs.needs_cut(miner, desired, shows, seen.memory, now, is_cut=is_cut):
            found.append(_Write(miner, command, lease, runs=True, rearms=False, by_plug=True, cuts=True))
        elif plugs.needs_rearm(miner, desired, shows, seen.memory, now, is_cut=is_cut):
            found.append(_Write(miner, command, lease, runs=True, rearms=False, by_plug=True, keeps=True))
    return found


def is_rearm(miner: MinerPlan, desired: DesiredState, snapshot: MinerSnapshot, memory: Memory, now: datetime) -> bool:
    """It is on, as is wanted, and its own auto-off timer needs another "on": also when its watts are not reached yet.

    Where a start and the timer share one slot of the device, the timer is set at the first sight of on.
    """
    if desired.power_w == 0 or not snapshot.status.is_on or shows_on(snapshot) is None:
        return False
    told_at, seen_at = desired.written_at, desired.switched_on_at
    is_first_sight = told_at is not None and seen_at is not None and told_at < seen_at
    return readback.needs_rearm(
        rearm_seconds(miner.controller),
        told_at,
        now,
        snapshot.switches_off_in_seconds,
        at_once=is_first_sight or own_off.was_moved(memory, miner.controller_id),
    )


def doubt_starts(rows: SiteRows, due: Iterable[Command], acted: Acted) -> None:
    """What is about to be switched on counts as “may be on” until it is read again, whatever happens in between."""
    for command in due:
        desired = rows.desired[rows.site.miner_of[command.miner_id].pk]
        if command.power_w > 0 and desired.seen_on is False:
            desired_state.starting(desired)
            acted.changed[desired.miner_id] = desired


@dataclass(frozen=True, slots=True)
class _Write:
    miner: MinerPlan
    command: Command
    lease: Lease
    #: It runs already: this is no start.
    runs: bool
    rearms: bool
    #: It goes to the plug before the miner; a cut and a timer's rearming are no command, but what is told there (W).
    by_plug: bool = False
    cuts: bool = False
    keeps: bool = False
    #: Its switch is off already, and its meter does not confirm it.
    is_doubtful: bool = False

    @property
    def is_start(self) -> bool:
        return self.command.power_w > 0 and not (self.runs or self.cuts or self.keeps)

    @property
    def through(self) -> AdapterPlan:
        return self.miner.cutoff if self.by_plug else self.miner.controller

    @property
    def told_w(self) -> float:
        if self.cuts:
            return 0.0
        if self.keeps:
            return float(self.miner.nominal_power_w)
        return float(self.command.power_w) if self.by_plug else self.miner.told_w(self.command.power_w)


def write_all(
    work: Sequence[tuple[SiteRows, Seen, Acted, Sequence[Command], Lease]],
    observation: Observation,
    now: datetime,
    *,
    may_start: bool = True,
) -> None:
    """Write what is due, concurrently across connections, one after the other on each; then read back.

    Not `may_start`: what is off stays off, whatever was wanted before.
    """
    lanes: dict[UUID, list[_Write]] = defaultdict(list)
    places: dict[UUID, tuple[SiteRows, Seen, Acted]] = {}
    for rows, seen, acted, commands, lease in work:
        for write in [
            *device_writes(rows, commands, seen, lease, now),
            *_plug_writes(rows, commands, seen, lease, now),
        ]:
            if (write.is_start and not may_start) or not desired_state.may_be_sent(
                rows.desired[write.miner.pk], write.told_w
            ):
                continue
            lanes[write.through.connection_id or write.through.pk].append(write)
            places[write.miner.pk] = (rows, seen, acted)
    if not lanes:
        return
    for one in (one for lane in lanes.values() for one in lane if one.is_start):
        pending.note_starts(places[one.miner.pk][1].memory, [one.miner.pk], now)
    until = time.monotonic() + ACT_SECONDS
    attempts = {pk: rows.desired[pk].attempts for pk, (rows, _, _) in places.items()}
    ordered = [sorted(lane, key=lambda one: _turn(one, attempts)) for lane in lanes.values()]
    ordered.sort(key=lambda lane: _turn(lane[0], attempts))
    tasks = [lambda lane=lane: _write_lane(lane, observation, until) for lane in ordered]
    for one, error in (pair for outcome in _concurrently(tasks) for pair in outcome):
        rows, seen, acted = places[one.miner.pk]
        if one.cuts or one.keeps:
            _note_plug(rows, seen, acted, one, error, now)
        else:
            note_write(rows, acted, one, error, now)
        if one.by_plug and one.command.power_w > 0 and error is None:
            plugs.note_told_on(seen.memory, one.miner.pk, now)
    _read_back(places, observation, now)


def _turn(one: _Write, attempts: Mapping[UUID, int]) -> tuple[int, int]:
    """Offs first, then timers of what is on, then starts and levels; of each, what was tried least: something that
    hangs holds up the same ones only once.
    """
    is_off = one.cuts or (one.command.power_w == 0 and not one.keeps)
    return 0 if is_off else 1 if one.rearms or one.keeps else 2, attempts[one.miner.pk]


def _write_lane(lane: Sequence[_Write], observation: Observation, until: float) -> list[tuple[_Write, str | None]]:
    """Write one after the other; what comes after a write that hung, or after `until`, waits for the next pass."""
    done = []
    for one in lane:
        if time.monotonic() >= until:
            break
        error = _write(one, observation)
        done.append((one, None if error is None else str(error)))
        if isinstance(error, DeadlineExceeded):
            break
    return done


def _concurrently(tasks: list[Callable[[], list]]) -> list[list]:
    if len(tasks) == 1:
        return [tasks[0]()]
    with ThreadPoolExecutor(min(_WRITERS, len(tasks)), thread_name_prefix="act") as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def _is_ours(one: _Write) -> bool:
    """Nobody else has taken the home over. Where that cannot be known, only an off does no harm."""
    try:
        return one.lease.holds()
    except StoreUnavailable:
        return one.told_w == 0


def _write(one: _Write, observation: Observation) -> AdapterError | None:
    """Send one command; None when it was taken, else why not."""
    if not _is_ours(one):
        return AdapterError("another worker has taken over this home")
    controller, watts = one.through, one.told_w
    session = observation.sessions.get(controller.connection_id) if controller.adapter.connection else None
    if controller.adapter.connection and session is None:
        return AdapterError(observation.errors.get(controller.pk, "its connection is not open"))
    try:
        call(
            ("write", controller.pk),  # not the key of its reads: one that hangs must not hold up an off
            lambda deadline: controller.adapter.write(controller.settings, session, watts, deadline),
            WRITE_SECONDS,
        )
    except AdapterError as error:
        return error
    except Exception as error:
        log.exception("the adapter of %s failed to write", one.miner)
        return AdapterError(f"its adapter failed ({type(error).__name__})")
    return None


def _note_plug(rows: SiteRows, seen: Seen, acted: Acted, one: _Write, error: str | None, now: datetime) -> None:
    """The upstream plug was told to cut, or to go on: what the device itself was told stays as it was."""
    if one.keeps and error is None:
        plugs.note_told_on(seen.memory, one.miner.pk, now)
    if one.cuts:
        shows = seen.plugs.get(one.miner.pk)
        plugs.note_cut(seen.memory, one.miner.pk, shows, rows.site.control_period_seconds, now)
        if error is None and not upstream_plug.says_off(shows):
            desired_state.cut_written(rows.desired[one.miner.pk], at=now)
            acted.changed[one.miner.pk] = rows.desired[one.miner.pk]
    acted.wrote.add(one.miner.pk)
    acted.commands.append(
        CommandLog(
            miner_id=one.miner.pk,
            at=now,
            power_w=0 if one.cuts else one.command.power_w,
            origin="cut" if one.cuts else "rearm",
            reason=one.command.reason[:300] if one.cuts else KEEP_REASON,
            outcome="sent" if error is None else "failed",
            error=(error or "")[:300],
        )
    )


def note_write(rows: SiteRows, acted: Acted, one: _Write, error: str | None, now: datetime) -> None:
    """Take over that one command was written (`error` None), or that it was not taken."""
    desired, command = rows.desired[one.miner.pk], one.command
    is_first = desired.attempts == 0
    longest = readback.UNCONFIRMED_RETRY_MAX if one.is_doubtful and command.power_w == 0 else readback.RETRY_MAX
    attempt = min(desired.attempts + 1, desired_state.MOST_ATTEMPTS)
    pause = readback.retry_delay(attempt, rows.site.control_period_seconds, longest)
    if error is not None:
        desired_state.failed(desired, pause=pause, at=now)
    elif one.rearms:
        desired_state.rearmed(desired, at=now)
    else:
        starts = command.power_w > 0 and not one.runs
        switches_off = command.power_w == 0 and not one.is_doubtful
        desired_state.written(desired, pause=pause, at=now, starts=starts, switches_off=switches_off)
    acted.changed[one.miner.pk] = desired
    acted.wrote.add(one.miner.pk)
    if is_first or error is None:
        acted.commands.append(
            CommandLog(
                miner_id=one.miner.pk,
                at=now,
                power_w=command.power_w,
                origin="rearm" if one.rearms else desired.origin,
                reason=REARM_REASON if one.rearms else command.reason[:300],
                outcome="sent" if error is None else "failed",
                error=(error or "")[:300],
            )
        )


def _read_back(places: dict[UUID, tuple[SiteRows, Seen, Acted]], before: Observation, now: datetime) -> None:
    """Read the written devices again at once; what cannot be read is seen by a later pass."""
    connections, controllers = {}, []
    for pk, (rows, _, acted) in places.items():
        if pk in acted.wrote:
            connections.update(rows.connections)
            miner = rows.miners[pk]
            controllers += [row for row in (miner.controller, miner.cutoff) if row is not None]
    for pk, row in connections.items():
        if isinstance(row, House) and pk in before.sessions:
            row.state = before.sessions[pk].house  # the house that was just commanded
    observation = read_rows(controllers, connections, WRITE_SECONDS, now)
    for rows, seen, _ in places.values():
        witnesses.weigh(rows.miners.values(), observation, seen.memory, now)
    for pk, (rows, seen, acted) in places.items():
        miner = rows.miners[pk]
        snapshot = pending.look(rows, seen.memory, miner, observation, now)
        shows = plugs.plug_of(miner, observation)
        if shows is not None:
            seen.plugs[pk] = shows
        if snapshot.status.is_known or miner.controller_id in observation.readings:
            seen.snapshots[pk] = snapshot
            note_seen(rows, {pk: snapshot}, acted, now)
