"""Passes while nothing can be stored: a full disk, a locked or read-only database.

Then only offs and reductions are written to devices, what runs is held for ten minutes at most (its timers are kept
running), and the memory of the pass holds what the database would: the next pass goes on from there, and the first
that can commit stores all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError

from miners import desired_state
from miners.models import DesiredState
from miners.requests.in_force import Request
from optimization.control.guards import UNRECORDED, unrecorded_words
from optimization.control.memory import Memory, parse_time
from optimization.control.situation import Command, Unrecorded
from optimization.site_plan.plan import MinerPlan
from sites import recording
from sites.alarms import Finding
from sites.faults import DATABASE_ERRORS
from sites.models import Alarm
from sites.patience import waiting_at_most

if TYPE_CHECKING:
    from .act import Acted
    from .load import SiteRows

#: Known to fail, a commit is tried in each pass and not waited for.
_PATIENCE_SECONDS = 1.0
#: When something was stored last.
_STORED = "stored_at"
#: What the memory of a pass keeps meanwhile: since when and why, desired rows, cut plugs, offs found at the device.
_SINCE, _WHY, _DESIRED, _CUTS, _OUTSIDE, _ALARMS = _NAMES = (
    "unrecorded_since",
    "unrecorded_why",
    "unrecorded_desired",
    "unrecorded_cuts",
    "unrecorded_outside",
    "unrecorded_alarms",
)


class Committing:
    """The commits of one pass of a chunk: none that fails for want of a database ends the pass."""

    def __init__(self, chunk: Sequence[SiteRows], now: datetime) -> None:
        #: Nothing was stored since.
        self.since = max((_stored_at(rows.memory, now) for rows in chunk), default=now)
        self._was_failing = any(is_on(rows.memory) for rows in chunk)
        self._was = recording.state()  # perhaps another process, that of the pages, could not store something
        #: Why nothing can be stored; None: as far as this pass knows, everything can.
        self.fault: str | None = None

    def attempt(self, commit: Callable[[], Any], otherwise: Any) -> Any:
        """What `commit` answers; `otherwise` where nothing can be stored."""
        if self.fault is not None:
            return otherwise
        try:
            with self._patience():
                return commit()
        except DATABASE_ERRORS as error:
            fault = recording.failed(error, self.since)
            if fault is None:
                raise
            self.fault = fault.what
            return otherwise

    def succeeded(self) -> None:
        """Something was stored in this pass, and nothing failed."""
        recording.committed(self._was)

    def _patience(self) -> AbstractContextManager:
        return waiting_at_most(_PATIENCE_SECONDS) if self._was_failing else nullcontext()


def is_on(memory: Memory) -> bool:
    """The last pass could not store what it did."""
    return _SINCE in memory.shell


def of_situation(memory: Memory) -> Unrecorded | None:
    """What a decision is to know of it."""
    since = parse_time(memory.shell.get(_SINCE))
    return None if since is None else Unrecorded(since, str(memory.shell.get(_WHY) or ""))


def shift(memory: Memory, step: timedelta) -> None:
    """The wall clock was set."""
    for name in (_SINCE, _STORED):
        at = parse_time(memory.shell.get(name))
        if at is not None:
            memory.shell[name] = (at + step).isoformat()


def without(shell: dict[str, Any]) -> dict[str, Any]:
    """What of the memory goes into the database: once that is written, nothing of this holds any more."""
    return {name: value for name, value in shell.items() if name not in (*_NAMES, _STORED)}


def _stored_at(memory: Memory, now: datetime) -> datetime:
    """When something was stored last; now where nobody knows, or where it says a time to come."""
    at = parse_time(memory.shell.get(_STORED))
    return now if at is None or at > now else at


# --- from one pass to the next ----------------------------------------------------------------------


def keep(
    memory: Memory, acted: Acted, outside_off: Sequence[MinerPlan], why: str, now: datetime, hold: timedelta
) -> None:
    """Remember what this pass wanted and saw, in place of the database."""
    shell = memory.shell
    shell.setdefault(_SINCE, _stored_at(memory, now).isoformat())
    shell[_WHY] = why
    desired = {str(pk): _plain(row) for pk, row in acted.changed.items()}
    shell[_DESIRED] = {**_kept(shell, _DESIRED), **desired}
    shell[_CUTS] = {**_kept(shell, _CUTS), **{str(pk): _iso(at) for pk, at in acted.cuts.items()}}
    until = (now + hold).isoformat()
    shell[_OUTSIDE] = {**_kept(shell, _OUTSIDE), **{str(one.pk): [now.isoformat(), until] for one in outside_off}}
    # Decisions that are not in the database cannot be confirmed there.
    shell.pop("decisions", None)


def unsaved_alarms(
    memory: Memory, found: Sequence[Finding], stored: Sequence[Alarm], now: datetime
) -> list[dict[str, str]]:
    """What is wrong and has no row: the pages show it from the snapshot, since when it was found first."""
    known, before = {(alarm.kind, alarm.subject) for alarm in stored}, _kept(memory.shell, _ALARMS)
    new = [one for one in found if (one.kind, one.subject) not in known]
    since = {f"{one.kind} {one.subject}": before.get(f"{one.kind} {one.subject}", now.isoformat()) for one in new}
    memory.shell[_ALARMS] = since
    return [
        {"kind": one.kind, "subject": one.subject, "text": one.text, "since": since[f"{one.kind} {one.subject}"]}
        for one in new
    ]


def end(memory: Memory, now: datetime) -> None:
    """Everything is in the database."""
    memory.shell = {**without(memory.shell), _STORED: now.isoformat()}


def restore(rows: SiteRows) -> None:
    """Put what could not be stored in place of what is stored."""
    shell = rows.memory.shell
    if _SINCE not in shell:
        return
    for pk, miner in rows.miners.items():
        kept = _kept(shell, _DESIRED).get(str(pk))
        if isinstance(kept, dict):
            row = rows.desired[pk] = rows.desired.get(pk) or desired_state.new(pk)
            desired_state.restored(row, _values(kept))
        cut = _kept(shell, _CUTS).get(str(pk), miner)
        if cut is not miner:
            rows.set_cut(pk, parse_time(cut))
        outside = _outside(shell, pk)
        if outside is not None:
            at, until = outside
            rows.requests[pk].append(Request(0, until, at, origin="outside"))


def add_kept(rows: SiteRows, acted: Acted) -> None:
    """What earlier passes could not store is stored with what this one changes."""
    shell = rows.memory.shell
    if _SINCE not in shell:
        return
    for pk in rows.miners:
        if str(pk) in _kept(shell, _DESIRED):
            acted.changed.setdefault(pk, rows.desired[pk])
        if str(pk) in _kept(shell, _CUTS):
            acted.cuts.setdefault(pk, rows.cut_at.get(pk))


def kept_outside(rows: SiteRows, now: datetime) -> list[tuple[MinerPlan, datetime]]:
    """Miners that were switched off at the device meanwhile, and until when that holds."""
    found = []
    for pk, miner in rows.miners.items():
        outside = _outside(rows.memory.shell, pk)
        if outside is not None and outside[1] > now:
            found.append((miner, outside[1]))
    return found


def _outside(shell: dict[str, Any], pk: UUID) -> tuple[datetime, datetime] | None:
    times = [parse_time(text) for text in _kept(shell, _OUTSIDE).get(str(pk)) or ()]
    return (times[0], times[1]) if len(times) == 2 and all(times) else None


def _kept(shell: dict[str, Any], name: str) -> dict[str, Any]:
    kept = shell.get(name)
    return kept if isinstance(kept, dict) else {}


def _plain(row: DesiredState) -> dict[str, Any]:
    return {
        field.attname: _iso(value) if isinstance(value := getattr(row, field.attname), datetime) else value
        for field in desired_state.FIELDS
    }


def _values(kept: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for field in desired_state.FIELDS:
        if field.attname in kept:
            try:
                values[field.attname] = field.to_python(kept[field.attname])
            except ValidationError:  # of another version: what is stored holds
                continue
    return values


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


# --- the pass that finds out ------------------------------------------------------------------------


def take_back(rows: SiteRows, commands: Sequence[Command], acted: Acted, why: str) -> list[Command]:
    """This pass decided before it knew: whatever it raised is as it was. The commands that are left."""
    left = []
    for command in commands:
        pk = rows.site.miner_of[command.miner_id].pk
        before = acted.raised.get(pk)
        if before is None:
            left.append(command)
            continue
        # Kept even so: it may have been taken as off in this pass.
        desired_state.taken_back(rows.desired[pk], before)
        acted.changed[pk] = rows.desired[pk]
        action = "hold" if before.power_w else "keep_off"
        left.append(
            replace(
                command,
                power_w=before.power_w,
                action=action,
                reason=unrecorded_words(rows.miners[pk].name, before.power_w, why),
                code=f"guard_{UNRECORDED}",
                guard=UNRECORDED,
            )
        )
    return left
