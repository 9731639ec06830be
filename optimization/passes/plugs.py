"""The plug before a miner in a pass: read with everything else, cut when nothing else switches off, kept on meanwhile.

A cut is no normal switching. It holds until a person acknowledges it (`Miner.cut_at`), and the plug comes on
again only with the next start. Where the device has no off of its own, the plug simply is its switch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from miners import desired_state
from miners.models import DesiredState, Miner
from miners.state import MinerSnapshot, MinerStatus
from miners.status import evidence, readback, upstream_plug
from optimization.control.memory import Memory, parse_time
from optimization.control.situation import Command
from optimization.site_plan.plan import MinerPlan
from sites.models import Alarm
from sites.words import ended

from . import own_off, rise, witnesses
from .driver import rearm_seconds
from .load import SiteRows
from .observe import Observation

#: Miners whose cut changes: since when, None: not any more.
Cuts = dict[UUID, datetime | None]

#: An off that was written so often and waited for so long, and is not seen done, has failed.
FAILED_OFFS, FAILED_AFTER = 3, timedelta(seconds=60)


def device_of(miner: MinerPlan, observation: Observation) -> MinerSnapshot:
    """What the device itself showed; no answer is unreachable, no controller unknown: never “off” by default."""
    if miner.controller_id is None:
        return MinerSnapshot(MinerStatus.UNKNOWN, problem=f"{miner.name} has no controller.")
    reading = observation.readings.get(miner.controller_id)
    if isinstance(reading, MinerSnapshot):
        return reading
    problem = observation.errors.get(miner.controller_id, "was not read")
    return MinerSnapshot(MinerStatus.UNREACHABLE, problem=ended(f"{miner.name} {problem}"))


def plug_of(miner: MinerPlan, observation: Observation) -> MinerSnapshot | None:
    """What the plug before it showed; None: there is none, or it was not read."""
    reading = observation.readings.get(miner.cutoff_id) if miner.cutoff_id else None
    return reading if isinstance(reading, MinerSnapshot) else None


def look(miner: MinerPlan, observation: Observation) -> MinerSnapshot:
    """Device and plug together."""
    return evidence.joined(
        miner.name,
        device_of(miner, observation),
        plug_of(miner, observation),
        miner.power,
        meter_is_old=miner.cutoff_id in observation.old_meters,
    )


def has_plug(miner: MinerPlan) -> bool:
    return miner.has_plug


def goes_through_plug(miner: MinerPlan, power_w: int, plug_shows: MinerSnapshot | None) -> bool:
    """Whether this command is the plug's: any on while it is off, and off where the plug is the switch, or has a start
    pending on it."""
    if not has_plug(miner):
        return False
    if power_w > 0:
        return upstream_plug.says_off(plug_shows)
    return upstream_plug.is_switch(miner.power) or (plug_shows is not None and plug_shows.pending_start)


def cut_failed_offs(
    rows: SiteRows,
    commands: Iterable[Command],
    snapshots: dict[UUID, MinerSnapshot],
    observation: Observation,
    memory: Memory,
    now: datetime,
) -> list[MinerPlan]:
    """Miners whose plug is to be cut from this pass on; `cut_at` is set (not saved yet)."""
    found = []
    for command in commands:
        miner = rows.site.miner_of[command.miner_id]
        desired = rows.desired.get(miner.pk)
        if miner.pk in rows.cut_at or desired is None or command.action == "leave" or not has_plug(miner):
            continue
        if _has_failed(miner, desired, command, snapshots[miner.pk], observation, memory, now):
            rows.cut_at[miner.pk] = now
            desired_state.cut(desired)
            found.append(miner)
    return found


def _has_failed(
    miner: MinerPlan,
    desired: DesiredState,
    command: Command,
    snapshot: MinerSnapshot,
    observation: Observation,
    memory: Memory,
    now: datetime,
) -> bool:
    """An off that nobody has seen done, of something that may heat, and no more patience for it."""
    may_heat = snapshot.status.is_known or readback.may_be_on(desired)
    if desired.power_w > 0 or desired.confirmed_at is not None or snapshot.status is MinerStatus.OFF or not may_heat:
        return False
    if upstream_plug.is_switch(miner.power):
        return False  # the plug is being switched off already
    if str(miner.pk) in _cuts(memory) and upstream_plug.says_off(plug_of(miner, observation)):
        return False  # it is cut, and a person has acknowledged that: nothing has been switched on since
    is_silent = not device_of(miner, observation).status.is_known
    if command.is_safety and is_silent and not upstream_plug.carries_nothing(plug_of(miner, observation)):
        return True
    waited = now - desired.changed_at if desired.changed_at is not None else timedelta(0)
    if snapshot.status is MinerStatus.STOPPING:  # nothing is written while it comes down; it may take its ramp
        return waited > FAILED_AFTER + timedelta(seconds=miner.ramp_seconds)
    patience = FAILED_AFTER
    if snapshot.status is MinerStatus.UNCONFIRMED:
        if device_of(miner, observation).status is MinerStatus.OFF and not rise.is_evident(memory, miner.pk):
            return False  # off by its own word and watts: only the meter of this very plug does not show it
        patience = max(patience, witnesses.patience(miner, memory))
    return desired.attempts >= FAILED_OFFS and waited >= patience


def released(rows: SiteRows, observation: Observation) -> Cuts:
    """Cut miners a person has acknowledged and that are seen off: `cut_at` is cleared (not saved yet)."""
    if not rows.cut_at:
        return {}
    acknowledged = {
        alarm.subject for alarm in rows.alarms if alarm.kind == "cut_off" and alarm.acknowledged_at is not None
    }
    found: Cuts = {}
    for pk in list(rows.cut_at):
        miner = rows.miners[pk]
        if f"miner:{pk}" not in acknowledged:
            continue
        if look(miner, observation).status is MinerStatus.OFF or upstream_plug.says_off(plug_of(miner, observation)):
            del rows.cut_at[pk]
            found[pk] = None
    return found


def latch_what_the_watchdog_cut(
    rows: SiteRows, told_off: Iterable[UUID], observation: Observation, now: datetime
) -> Cuts:
    """Plugs found off before miners that the watchdog had to switch off: `cut_at` is set (not saved yet)."""
    found: Cuts = {}
    for pk in told_off:
        miner = rows.miners.get(pk)
        if miner is None or pk in rows.cut_at or not has_plug(miner) or upstream_plug.is_switch(miner.power):
            continue
        if upstream_plug.is_off(plug_of(miner, observation)):
            rows.cut_at[pk] = found[pk] = now
    return found


def save_cuts(changed: Cuts) -> None:
    """Save who is cut. An alarm that was acknowledged for an earlier cut releases no new one."""
    for pk, at in changed.items():
        Miner.objects.filter(pk=pk).update(cut_at=at)
    cut = [f"miner:{pk}" for pk, at in changed.items() if at is not None]
    if cut:
        old = Alarm.objects.filter(kind="cut_off", subject__in=cut, ended_at__isnull=True)
        old.update(acknowledged_at=None, acknowledged_by="")


def needs_cut(
    miner: MinerPlan,
    desired: DesiredState | None,
    plug_shows: MinerSnapshot | None,
    memory: Memory,
    now: datetime,
    *,
    is_cut: bool,
) -> bool:
    """A plug that is to be off and is not seen off; what did not work is tried again after the usual pauses."""
    if not is_cut or not has_plug(miner) or upstream_plug.is_off(plug_shows):
        return False
    waits, longest = desired.next_attempt_at if desired is not None else None, readback.RETRY_MAX
    if upstream_plug.says_off(plug_shows):
        waits, longest = parse_time(_cuts(memory).get(str(miner.pk), [0, None])[1]), readback.UNCONFIRMED_RETRY_MAX
    return waits is None or not timedelta(0) < waits - now <= longest


def note_cut(
    memory: Memory, miner_pk: UUID, plug_shows: MinerSnapshot | None, period_seconds: float, now: datetime
) -> None:
    """It was told to cut: when it is told again, should it say off and its meter not confirm it."""
    times = _cuts(memory).get(str(miner_pk), [0, None])[0] + 1 if upstream_plug.says_off(plug_shows) else 1
    wait = readback.retry_delay(times, period_seconds, readback.UNCONFIRMED_RETRY_MAX)
    memory.shell["cuts_told"] = {**_cuts(memory), str(miner_pk): [times, (now + wait).isoformat()]}


def _cuts(memory: Memory) -> dict[str, list]:
    return memory.shell.get("cuts_told") or {}


def needs_rearm(
    miner: MinerPlan,
    desired: DesiredState | None,
    plug_shows: MinerSnapshot | None,
    memory: Memory,
    now: datetime,
    *,
    is_cut: bool,
) -> bool:
    """The plug's own timer is to run while anything behind it may draw, and to cut nothing that obeys.

    It would cut what is to heat, or rests as wanted. What does not take its off it may cut: it is only set there when
    the plug says that it has none, or one that is too late.
    """
    seconds = rearm_seconds(miner.cutoff)
    if seconds is None or desired is None or is_cut or not has_plug(miner):
        return False
    if plug_shows is None or not plug_shows.status.is_on or plug_shows.switch_is_on is False:
        return False
    if desired.power_w == 0 and upstream_plug.is_switch(miner.power):
        return False
    left = plug_shows.switches_off_in_seconds
    if desired.power_w == 0 and desired.confirmed_at is None and not _is_without(seconds, left):
        return False
    at_once = own_off.was_moved(memory, miner.cutoff_id)
    return readback.needs_rearm(seconds, told_on_at(memory, miner.pk), now, left, at_once=at_once)


def _is_without(seconds: float, left_seconds: float | None) -> bool:
    return left_seconds is not None and readback.is_own_off_wrong(seconds, left_seconds)


def told_on_at(memory: Memory, miner_pk: UUID) -> datetime | None:
    return parse_time((memory.shell.get("plug_told_on") or {}).get(str(miner_pk)))


def note_told_on(memory: Memory, miner_pk: UUID, now: datetime) -> None:
    memory.shell["plug_told_on"] = {**(memory.shell.get("plug_told_on") or {}), str(miner_pk): now.isoformat()}
    if str(miner_pk) in _cuts(memory):
        memory.shell["cuts_told"] = {key: value for key, value in _cuts(memory).items() if key != str(miner_pk)}
