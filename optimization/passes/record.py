"""Record: everything a pass of a chunk changed, in bulk and in one commit; nothing changed, no commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from integrations.models import SimulatedHouse
from miners.models import CommandLog, DesiredState
from optimization.control.memory import parse_time
from optimization.control.situation import Command
from optimization.models import Decision, PassState
from simulation import HouseState
from sites.alarms import KINDS, Finding, is_found_by_pass
from sites.models import ActivityLog, Alarm, Severity, Site
from sites.store import store

from . import minutes, unrecorded
from .act import Acted
from .load import House, SiteRows, house_key, memory_key
from .observe import Observation
from .situate import Seen

DECISION_REPEATED_AFTER = timedelta(hours=1)

_DESIRED_FIELDS = [field.name for field in DesiredState._meta.concrete_fields if field.name != "miner"]


@dataclass(slots=True)
class Batch:
    """Rows to write for a whole chunk."""

    decisions: list[Decision] = field(default_factory=list)
    confirmed: list[UUID] = field(default_factory=list)
    zone_rows: list = field(default_factory=list)
    source_rows: list = field(default_factory=list)
    miner_rows: list = field(default_factory=list)
    commands: list[CommandLog] = field(default_factory=list)
    desired: list[DesiredState] = field(default_factory=list)
    activity: list[ActivityLog] = field(default_factory=list)
    new_alarms: list[Alarm] = field(default_factory=list)
    changed_alarms: list[Alarm] = field(default_factory=list)
    houses: list[SimulatedHouse] = field(default_factory=list)
    states: list[PassState] = field(default_factory=list)
    #: When they were asked for a pass that has answered.
    woken: list[tuple[UUID, datetime]] = field(default_factory=list)

    def add(self, other: Batch) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name).extend(getattr(other, name))

    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in self.__dataclass_fields__)


def collect(
    batch: Batch,
    rows: SiteRows,
    seen: Seen,
    observation: Observation,
    commands: Sequence[Command],
    acted: Acted,
    findings: Sequence[Finding],
    now: datetime,
) -> None:
    """Add one site's changes to the chunk's batch."""
    site = rows.site
    new, confirmed = _decisions(rows, seen, commands, now)
    at, sums = minutes.gather(rows, seen, list(commands), now)
    batch.decisions += new
    if at is not None:
        batch.confirmed += confirmed
        zones, sources, miners = minutes.rows_of(rows, at, sums)
        batch.zone_rows += zones
        batch.source_rows += sources
        batch.miner_rows += miners
    batch.desired += acted.changed.values()
    batch.commands += acted.commands
    for miner in seen.outside_off:
        acted.activity.append((Severity.WARNING, f"{miner.name} was switched off at the device; it stays off for 2 h."))
    for miner in seen.came_back_off:
        acted.activity.append((Severity.WARNING, f"{miner.name} came back switched off after it had not answered."))
    for miner in seen.timed_out:
        acted.activity.append((Severity.WARNING, f"{miner.name} was switched off by its own timer, as intended."))
    for miner in seen.protected:
        acted.activity.append((Severity.WARNING, f"{miner.name} stopped itself: {seen.snapshots[miner.pk].fault}"))
    alarms_changed = _alarms(batch, rows, findings, acted, now)
    batch.activity += [
        ActivityLog(site_id=site.pk, at=now, severity=severity, text=text[:500]) for severity, text in acted.activity
    ]
    if rows.next_pass_at is not None:
        batch.woken.append((site.pk, rows.next_pass_at))
    changed = bool(new or at or acted.changed or acted.commands or alarms_changed or acted.activity)
    # While nothing can be stored, every pass tries.
    changed = changed or unrecorded.is_on(rows.memory)
    _houses(batch, rows, observation, changed)
    if changed or not rows.has_saved_state:
        memory = replace(seen.memory, shell=unrecorded.without(seen.memory.shell))
        batch.states.append(PassState(site_id=site.pk, memory=memory.to_json(), saved_at=now))


def _says(told: object, print_of: list) -> bool:
    """What was told last says this, too. That a level waits stays told while it waits and does not, in turns."""
    action, _, rule_id, guard, target, power_w = print_of
    waits = [action, "write_gap", rule_id, "write_gap", target, power_w]
    return told == print_of or (action == "hold" and not guard and told == waits)


def _decisions(
    rows: SiteRows, seen: Seen, commands: Sequence[Command], now: datetime
) -> tuple[list[Decision], list[UUID]]:
    """New decision rows, and the ids of those that still hold."""
    last: dict[str, Any] = seen.memory.shell.get("decisions") or {}
    kept, new, confirmed = {}, [], []
    shared_saw: dict[str, Any] = {}
    situations = {miner.miner_id: miner for miner in seen.situation.miners}
    for command in commands:
        miner = situations[command.miner_id]
        target = miner.zones[0].target.effective_celsius if miner.zones else None
        print_of = [command.action, command.code, command.intent.rule_id, command.guard, target, command.power_w]
        before = last.get(command.miner_id)
        at = parse_time(before["at"]) if before else None
        if before and _says(before["print"], print_of) and at and timedelta(0) <= now - at < DECISION_REPEATED_AFTER:
            kept[command.miner_id] = before
            confirmed.append(UUID(before["id"]))
            continue
        decision = Decision(
            id=uuid4(),
            site_id=rows.site.pk,
            unit_id=UUID(command.unit_id) if command.unit_id else None,
            miner_id=UUID(command.miner_id),
            at=now,
            last_confirmed_at=now,
            action=command.action,
            intent_w=command.intent.power_w,
            command_w=command.power_w,
            origin="guard" if command.guard else command.intent.origin,
            reason=command.reason[:400],
            reason_code=command.code[:60],
            rule_id=UUID(command.intent.rule_id) if command.intent.rule_id else None,
            rule_name=command.intent.rule_name[:80],
            target_celsius=target,
            guard=command.guard,
            broke_min_on=command.broke_min_on,
            saw=shared_saw.setdefault(command.miner_id, saw(miner)),
            explanation=command.intent.explanation,
        )
        new.append(decision)
        kept[command.miner_id] = {"id": str(decision.id), "at": now.isoformat(), "print": print_of}
    seen.memory.shell["decisions"] = kept
    return new, confirmed


def saw(miner) -> dict[str, Any]:
    """What the decision looked at, as JSON: one flat object a zone (unknown = null, absent = left out)."""
    return {
        context.key or "context": {
            path: value for half in (context.shared, context.own) for path, value in half.items() if _is_json(value)
        }
        for context in miner.contexts
    }


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _alarms(batch: Batch, rows: SiteRows, findings: Sequence[Finding], acted: Acted, now: datetime) -> bool:
    """Open what is new, refresh what changed its words, end what is over (and say so). True: something changed."""
    before = len(batch.new_alarms) + len(batch.changed_alarms)
    open_rows = {(alarm.kind, alarm.subject): alarm for alarm in rows.alarms}
    found = {(finding.kind, finding.subject): finding for finding in findings}
    for key, finding in found.items():
        alarm = open_rows.get(key)
        if alarm is None:
            kind = KINDS[finding.kind]
            batch.new_alarms.append(
                Alarm(
                    site_id=rows.site.pk,
                    kind=kind.key,
                    subject=finding.subject,
                    severity=kind.severity,
                    text=finding.text[:500],
                    did=kind.did,
                    remedy=finding.remedy or kind.remedy,
                    since=now,
                )
            )
            acted.activity.append((kind.severity, f"{kind.title}: {finding.text}"))
        elif alarm.text != finding.text[:500]:
            alarm.text = finding.text[:500]
            batch.changed_alarms.append(alarm)
    for key, alarm in open_rows.items():
        if key not in found and is_found_by_pass(alarm.kind):
            alarm.ended_at = now
            batch.changed_alarms.append(alarm)
            acted.activity.append((Severity.INFO, f"Over: {_title(alarm)}. {alarm.text}"))
    return len(batch.new_alarms) + len(batch.changed_alarms) > before


def _title(alarm: Alarm) -> str:
    """What its kind is called; a kind of another version has only its key."""
    return KINDS[alarm.kind].title if alarm.kind in KINDS else alarm.kind


def _houses(batch: Batch, rows: SiteRows, observation: Observation, changed: bool) -> None:
    """Simulated houses live in the store and are saved with whatever else is."""
    for pk, row in rows.connections.items():
        session = observation.sessions.get(pk)
        if not isinstance(row, House) or session is None:
            continue
        row.state, row.at = session.house, session.at
        store().put(house_key(pk), session.house, HouseState.to_json)
        if changed:
            batch.houses.append(SimulatedHouse(pk=pk, state=session.state, at=row.at))


def remember(rows: SiteRows, seen: Seen) -> None:
    """Keep what the pass learned for the next one, once what it did is in the database."""
    store().set(memory_key(rows.site.pk), seen.memory.to_json())


def write(batch: Batch, now: datetime) -> bool:
    """One commit for the chunk; none, and False, when nothing changed."""
    if batch.is_empty():
        return False
    with transaction.atomic():
        save_desired(batch.desired)
        Decision.objects.bulk_create(batch.decisions)
        if batch.confirmed:
            Decision.objects.filter(pk__in=batch.confirmed).update(last_confirmed_at=now)
        minutes.save(batch.zone_rows, batch.source_rows, batch.miner_rows)
        CommandLog.objects.bulk_create(batch.commands)
        Alarm.objects.bulk_create(batch.new_alarms, ignore_conflicts=True)
        if batch.changed_alarms:
            Alarm.objects.bulk_update(batch.changed_alarms, ["text", "ended_at"])
        ActivityLog.objects.bulk_create(batch.activity)
        _save_houses(batch.houses)
        if batch.states:
            PassState.objects.bulk_create(
                batch.states, update_conflicts=True, unique_fields=["site"], update_fields=["memory", "saved_at"]
            )
        for pk, asked in batch.woken:
            # A wish written meanwhile has another time and keeps its pass.
            Site.objects.filter(pk=pk, next_pass_at=asked).update(next_pass_at=None)
    return True


def _save_houses(houses: Sequence[SimulatedHouse]) -> None:
    """Where they are by now. `bulk_update` would make one statement with a case for each house."""
    if not houses:
        return
    columns = [SimulatedHouse._meta.get_field(name) for name in ("state", "at", "id")]
    values = [[one.get_db_prep_save(getattr(row, one.attname), connection) for one in columns] for row in houses]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE integrations_simulatedhouse SET state = %s, at = %s WHERE id = %s", values)


def save_desired(rows: Sequence[DesiredState]) -> None:
    """Insert or replace desired states, in one statement."""
    if rows:
        DesiredState.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["miner"], update_fields=_DESIRED_FIELDS
        )
