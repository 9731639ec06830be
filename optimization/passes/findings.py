"""What is wrong at a site right now, as findings for the alarm table. Pure."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate.state import SensorHealth, ZoneState
from integrations.errors import AdapterError, Unauthorized, in_words
from miners.models import DesiredState
from miners.state import MinerSnapshot, MinerStatus
from miners.status import pending, readback, upstream_plug
from optimization.control.guards import DOUBTED_OFF_AFTER
from optimization.control.memory import parse_time
from optimization.control.situation import Command
from optimization.control.strategy import frost_celsius
from optimization.site_plan.plan import MinerPlan
from sites.alarms import Finding
from sites.figures import watts_apart
from sites.words import duration

from . import own_off, reports, rise, went_off, witnesses
from .driver import rearm_seconds
from .load import SiteRows
from .observe import Observation
from .situate import Seen

#: A connection may be silent this long (a restart of Home Assistant) before it is told.
CONNECTION_GRACE = timedelta(seconds=30)
#: A device that is to heat may be silent this long before it is told.
NOT_ANSWERING_GRACE = timedelta(seconds=60)
#: Told to run, such a device still warms nothing.
_HEATS_NOTHING = {
    MinerStatus.NO_POOL: "no pool answers it",
    MinerStatus.UNREACHABLE: "it does not answer",
    MinerStatus.PROTECT: "it protects itself",
}
SIMULATED_REMEDY = "It is simulated and comes back by itself. If it stays, remove the simulated home and add it again."
#: It heats, with whatever power; and what keeps one from running.
_AT_A_LEVEL = (MinerStatus.RAMPING, MinerStatus.HEATING)
_STARTS_NOT = {
    MinerStatus.STARTING: "is still starting",
    MinerStatus.NO_POOL: "gives no heat, as no pool answers it",
    MinerStatus.PROTECT: "protects itself",
}
OUTSIDE_ON_TIMES, OUTSIDE_ON_WITHIN = 3, timedelta(minutes=10)


def find(
    rows: SiteRows, seen: Seen, observation: Observation, commands: Sequence[Command], now: datetime
) -> list[Finding]:
    """All that is wrong after this pass."""
    found: list[Finding] = []
    for pk, zone in seen.zones.items():
        if not rows.zones[pk].heated_by:
            continue
        trip = seen.memory.trips.get(str(pk))
        if trip is not None and trip.latched:
            text = f"{zone.name} reached its high limit three times in 24 hours."
            found.append(Finding("high_limit_latched", f"zone:{pk}", text))
        if trip is not None and trip.tripped:
            text = f"{zone.name} reached its high limit of {zone.high_limit_celsius:.1f} °C."
            found.append(Finding("high_limit", f"zone:{pk}", text))
        if zone.sensor is SensorHealth.LOST:
            found.append(_lost(rows, seen, pk, zone))
        elif zone.doubted_since is not None and now - zone.doubted_since >= DOUBTED_OFF_AFTER:
            found.append(Finding("sensor_doubted", f"zone:{pk}", f"{zone.name}: {zone.problem}"))
    by_miner = {rows.site.miner_of[command.miner_id].pk: command for command in commands}
    for pk, command in by_miner.items():
        found.extend(_miner(rows, seen, pk, command, now))
        found.extend(_frost(seen, rows, pk, command))
    found.extend(_not_answering(rows, seen, observation, now))
    found.extend(_out_of_hand(rows, observation))
    found.extend(_connections(rows, seen, observation, now))
    for pk, state in seen.energy.items():
        if state.doubt:
            found.append(Finding("meters_contradict", f"source:{pk}", f"{state.source_name}: {state.doubt}"))
    for unit_id, problem in seen.policy_problems.items():
        found.append(Finding("policy_problem", f"unit:{unit_id}", problem))
    return found


def _lost(rows: SiteRows, seen: Seen, pk: UUID, zone: ZoneState) -> Finding:
    monitors = rows.zones[pk].sensors
    text = f"{zone.name}: {zone.problem} {reports.silence(seen.memory, monitors)}".rstrip()
    remedy = SIMULATED_REMEDY if monitors and not any(monitor.is_real for monitor in monitors) else ""
    return Finding("sensor_lost", f"zone:{pk}", text, remedy)


def _miner(rows: SiteRows, seen: Seen, pk: UUID, command: Command, now: datetime) -> list[Finding]:
    desired, miner, snapshot = rows.desired.get(pk), rows.miners[pk], seen.snapshots[pk]
    found = []
    doubled = rows.doubled.get(pk)
    # Two miners of one home are one alarm.
    if doubled is not None and not (doubled.rival_id in rows.miners and doubled.rival_id < pk):
        found.append(Finding("doubled", f"miner:{pk}", doubled.text))
    if miner.problem:
        found.append(Finding("settings_unusable", f"miner:{pk}", f"{miner.name} stays off. {miner.problem}"))
    if pk in rows.cut_at:
        found.append(Finding("cut_off", f"miner:{pk}", _cut_text(rows, miner, seen, now)))
    if desired is not None and command.action != "leave" and desired.confirmed_at is None:
        if desired.power_w == 0:
            found += _off_open(desired, miner.name, miner.ramp_seconds, snapshot, rows.site.control_period_seconds, now)
        elif _waited(desired, now) > _start_limit(rows, seen, miner, snapshot):
            found.append(_not_as_told(miner, desired, snapshot))
    elif desired is not None and _starting_for(seen, pk, desired, now) > _start_limit(rows, seen, miner, snapshot):
        found.append(_not_as_told(miner, desired, snapshot))
    if command.action != "leave":
        found += _not_confirmed_by_meter(rows, seen, miner, desired, now)
        found += _warms(rows, seen, miner)
        found += _own_off_moved(rows, seen, miner, now)
        found += _timer_not_restarting(seen, miner, now)
    times = [at for text in seen.memory.outside_on.get(str(pk), []) if (at := parse_time(text))]
    if len([at for at in times if timedelta(0) <= now - at < OUTSIDE_ON_WITHIN]) >= OUTSIDE_ON_TIMES:
        text = f"{miner.name} was switched on from outside {OUTSIDE_ON_TIMES} times in 10 minutes."
        found.append(Finding("switched_on_outside", f"miner:{pk}", text))
    return found


def _cut_text(rows: SiteRows, miner: MinerPlan, seen: Seen, now: datetime) -> str:
    """Why the plug is off; or that not even it went off."""
    since = _clock_words(rows, rows.cut_at[miner.pk], now)
    if upstream_plug.is_off(seen.plugs.get(miner.pk)):
        return f"{miner.name} did not switch off, so the plug before it has been off since {since}."
    shows = seen.plugs.get(miner.pk)
    why = "does not answer" if shows is None else "still carries current or says it is on"
    if upstream_plug.says_off(shows):
        why = f"says it is off since {since}, but its meter does not confirm it"
    return f"{miner.name} did not switch off, and the plug before it {why}. Switch it off at the breaker."


def _clock_words(rows: SiteRows, at: datetime, now: datetime) -> str:
    """“14:05”, with its day where that is another."""
    at = at.astimezone(rows.site.tz)
    return f"{at:%H:%M}" if at.date() == now.astimezone(rows.site.tz).date() else f"{at:%d.%m. %H:%M}"


def _not_confirmed_by_meter(
    rows: SiteRows, seen: Seen, miner: MinerPlan, desired: DesiredState | None, now: datetime
) -> list[Finding]:
    """An off that its meter does not confirm: told until an off is confirmed, not at each one again."""
    kept: dict[str, Any] = dict(seen.memory.shell.get("unconfirmed") or {})
    key, snapshot = str(miner.pk), seen.snapshots[miner.pk]
    if snapshot.status is MinerStatus.OFF:
        kept.pop(key, None)
    elif snapshot.status is MinerStatus.UNCONFIRMED and key not in kept and desired is not None:
        patience = max(_start_grace(rows), witnesses.patience(miner, seen.memory))
        if desired.power_w == 0 and _waited(desired, now) > patience:
            kept[key] = [(desired.changed_at or now).isoformat(), round(snapshot.last_power_w or 0)]
    seen.memory.shell["unconfirmed"] = kept
    heats = snapshot.status.is_on and desired is not None and desired.power_w == 0
    if key not in kept or heats:  # that it is still on is told instead
        return []
    at, watts = kept[key]
    since = _clock_words(rows, parse_time(at) or now, now)
    text = (
        f"{miner.name} was switched off at {since}, but its meter still showed {watts} W and reported nothing new. "
        f"Perhaps the meter stands still, perhaps the plug still carries current: {watts} W count in every limit until "
        "an off is confirmed."
    )
    return [Finding("off_not_confirmed", f"miner:{miner.pk}", text)]


def _warms(rows: SiteRows, seen: Seen, miner: MinerPlan) -> list[Finding]:
    rose = rise.risen(rows, seen.memory, miner.pk)
    if rose is None:
        return []
    zone = rows.zones[rose.zone_id]
    text = (
        f"{zone.name} has warmed from {rose.low_celsius:.1f} to {rose.now_celsius:.1f} °C although {miner.name} is to "
        "be off and no other miner heats it. It may still be heating."
    )
    return [Finding("warms_while_off", f"miner:{miner.pk}", text)]


def _own_off_moved(rows: SiteRows, seen: Seen, miner: MinerPlan, now: datetime) -> list[Finding]:
    """Something else moves the switch-off that its dead-man is, again and again."""
    for row, whose in ((miner.controller, miner.name), (miner.cutoff, f"the upstream plug of {miner.name}")):
        moved = None if row is None else own_off.moved(seen.memory, row.pk, now)
        if moved is None or moved.times < 2 or (seconds := rearm_seconds(row)) is None:
            continue
        text = (
            f"Something else {moved.words} of {whose}, last at {_clock_words(rows, moved.last_at, now)} and "
            f"{moved.times} times within 24 hours. It is set back to {duration(seconds)} each time."
        )
        return [Finding("own_off_moved", f"miner:{miner.pk}", text)]
    return []


def _timer_not_restarting(seen: Seen, miner: MinerPlan, now: datetime) -> list[Finding]:
    """It goes off by a timer that counts from the first “on”: told once, not at each off."""
    timer = went_off.timer_of(seen.memory, miner.pk, now)
    if timer is None:
        return []
    after = duration(60 * round(timer.seconds / 60))
    if timer.is_declared:
        why = f"The own timer of {miner.name} ends {after} after its first ‘on’: another ‘on’ does not start it again."
    else:
        why = f"{miner.name} is switched off {after} after each start: by a timer of its own or an automation."
    return [Finding("timer_not_restarting", f"miner:{miner.pk}", f"{why} It is started again after its rest.")]


def _start_grace(rows: SiteRows) -> timedelta:
    return timedelta(seconds=3 * rows.site.control_period_seconds)


def _off_open(
    desired: DesiredState, name: str, ramp_seconds: int, snapshot, period: float, now: datetime
) -> list[Finding]:
    """An off that nobody has seen done yet."""
    subject = f"miner:{desired.miner_id}"
    if not snapshot.status.is_known:
        if desired.seen_on is False:
            return []
        state = "it was on when last seen" if desired.seen_on else "nobody has seen it off yet"
        why = f" {snapshot.problem}" if snapshot.problem else ""
        return [Finding("cannot_switch_off", subject, f"{name} does not answer and {state}.{why}")]
    if snapshot.status is MinerStatus.UNCONFIRMED:
        return []  # told as what it is: its meter disagrees
    if snapshot.status is MinerStatus.STOPPING and _waited(desired, now) < timedelta(seconds=ramp_seconds):
        return []
    if _waited(desired, now) > timedelta(seconds=3 * period):
        if pending.shows_on(snapshot) is None:
            return [Finding("off_not_confirmed", subject, _may_start_again(name, snapshot))]
        drawn = f" and takes {snapshot.power_w:.0f} W" if snapshot.power_w is not None else ""
        return [Finding("off_not_confirmed", subject, f"{name} was told to be off but is still on{drawn}.")]
    return []


def _may_start_again(name: str, snapshot: MinerSnapshot) -> str:
    """It draws no heating power, but nothing shows that it stays so."""
    if snapshot.status is MinerStatus.PROTECT:
        why = f" {snapshot.problem}" if snapshot.problem else ""
        return f"{name} is protecting itself and has not accepted its off: it may start heating again by itself.{why}"
    return f"{name} was switched off, but a start is still pending on it. Cancel that on the device."


def _start_limit(rows: SiteRows, seen: Seen, miner: MinerPlan, snapshot: MinerSnapshot) -> timedelta:
    """How long a start or another level may take; a meter that has not reported since is waited for.

    What ramps is on its way, and gets as long again.
    """
    waits = witnesses.start_patience(miner, seen.memory) if snapshot.last_power_w is not None else timedelta(0)
    ramp = timedelta(seconds=miner.ramp_seconds * (2 if snapshot.status is MinerStatus.RAMPING else 1))
    return max(ramp, _start_grace(rows), waits)


def _not_as_told(miner: MinerPlan, desired: DesiredState, snapshot: MinerSnapshot) -> Finding:
    """It does not run; or it runs, but not at the level it was told."""
    why = f" {snapshot.problem}" if snapshot.problem else ""
    if not miner.power.is_stepped or snapshot.status not in _AT_A_LEVEL:
        does = _STARTS_NOT.get(snapshot.status, "does not")
        return Finding("start_not_confirmed", f"miner:{miner.pk}", f"{miner.name} was told to run but {does}.{why}")
    shows = f"is at the level ‘{snapshot.level}’" if snapshot.level else "shows another level"
    told_w = f"{desired.power_w} W"
    if snapshot.power_w is not None:
        seen_w, told_w = watts_apart(snapshot.power_w, desired.power_w, operator.eq)
        shows = f"takes {seen_w}"
    return Finding(
        "level_not_reached", f"miner:{miner.pk}", f"{miner.name} was told to run at {told_w} but {shows}.{why}"
    )


def _starting_for(seen: Seen, pk: UUID, desired: DesiredState, now: datetime) -> timedelta:
    """How long a miner that is wanted on has been switched on without drawing its power."""
    kept: dict[str, str] = dict(seen.memory.shell.get("starting_since") or {})
    before = parse_time(kept.pop(str(pk), None))
    starting = desired.power_w > 0 and seen.snapshots[pk].status is MinerStatus.STARTING
    since = before if before is not None and before <= now else now
    if starting:
        kept[str(pk)] = since.isoformat()
    seen.memory.shell["starting_since"] = kept
    return now - since if starting else timedelta(0)


def _waited(desired: DesiredState, now: datetime) -> timedelta:
    return now - desired.changed_at if desired.changed_at is not None else timedelta(0)


def _frost(seen: Seen, rows: SiteRows, pk: UUID, command: Command) -> list[Finding]:
    """A zone below its frost limit that this miner of it does not, or cannot, heat."""
    found, snapshot = [], seen.snapshots[pk]
    why = command.reason if command.power_w == 0 else ""
    if command.power_w > 0 and snapshot.status in _HEATS_NOTHING:
        why = snapshot.problem or f"{rows.miners[pk].name} gives no heat: {_HEATS_NOTHING[snapshot.status]}."
    for zone_pk in rows.miners[pk].zone_ids if why else ():
        state = seen.zones.get(zone_pk)
        lowest = None if state is None else frost_celsius(state)
        if lowest is not None and lowest < state.frost_limit_celsius:
            text = f"{state.name} is at {lowest:.1f} °C. {why}"
            found.append(Finding("frost_not_protected", f"zone:{zone_pk}", text))
        elif state is not None and (state.pulse.is_on or state.pulse.is_given_up):
            found.append(Finding("frost_not_protected", f"zone:{zone_pk}", f"{state.name}: {why}"))
    return found


def _not_answering(rows: SiteRows, seen: Seen, observation: Observation, now: datetime) -> list[Finding]:
    """Miners that are to heat and do not say whether they do; the memory of since when is kept here.

    Where the whole connection is silent, that is told instead.
    """
    before = seen.memory.shell.get("not_answering_since") or {}
    silent: dict[str, str] = {}
    found = []
    for pk, miner in rows.miners.items():
        desired, snapshot = rows.desired.get(pk), seen.snapshots[pk]
        if desired is None or desired.power_w == 0 or snapshot.status.is_known:
            continue
        since = parse_time(before.get(str(pk)))
        since = since if since is not None and since <= now else now
        silent[str(pk)] = since.isoformat()
        if now - since >= NOT_ANSWERING_GRACE and not _is_connection_lost(miner, observation):
            text = f"{miner.name} is to heat but does not say whether it does. {snapshot.problem}".rstrip()
            found.append(Finding("not_answering", f"miner:{pk}", text))
    seen.memory.shell["not_answering_since"] = silent
    return found


def _is_connection_lost(miner: MinerPlan, observation: Observation) -> bool:
    return _connection_error(miner, observation) is not None


def _connection_error(miner: MinerPlan, observation: Observation) -> AdapterError | None:
    """Why the connection that the miner is switched through did not answer."""
    return None if miner.controller is None else observation.connection_errors.get(miner.controller.connection_id)


def _out_of_hand(rows: SiteRows, observation: Observation) -> list[Finding]:
    """Miners that may be on behind a connection that refuses us: told before anybody wants them off."""
    found = []
    for pk, miner in rows.miners.items():
        desired, error = rows.desired.get(pk), _connection_error(miner, observation)
        if desired is None or not isinstance(error, Unauthorized) or not readback.may_be_on(desired):
            continue
        if miner.cutoff_id not in observation.readings:
            text = f"{miner.name} may be on and cannot be switched off. {in_words(error, rows.site.tz)}"
            found.append(Finding("cannot_switch_off", f"miner:{pk}", text))
    return found


def _connections(rows: SiteRows, seen: Seen, observation: Observation, now: datetime) -> list[Finding]:
    """Connections that have not answered for a while; the memory of since when is kept here."""
    before = seen.memory.shell.get("connection_bad") or {}
    bad: dict[str, str] = {}
    found = []
    for pk, row in rows.connections.items():
        error = observation.connection_errors.get(pk)
        if error is None:
            continue
        since = parse_time(before.get(str(pk)))
        since = since if since is not None and since <= now else now
        bad[str(pk)] = since.isoformat()
        if now - since >= CONNECTION_GRACE or error.code == "unauthorized":
            words = in_words(error, rows.site.tz)
            text = words if words.startswith(row.name) else f"{row.name}: {words}"
            found.append(Finding("connection_lost", f"connection:{pk}", text))
    seen.memory.shell["connection_bad"] = bad
    return found
