"""The desired state of a miner as a state machine: every change of a `DesiredState` is a transition of this module.

Nothing else assigns its fields (`tests/passes/test_desired_state.py` looks). `TABLE` says in which phase a transition
may come and where it leads; a phase is read from the row itself, so a restart finds it again. What may not follow
raises in tests (`strict`). In the program it is told, and done all the same unless it would raise power: an off is
never held back by the record of what is wanted.

No I/O: the pass commits the rows before anything is written to a device (design.md §5.7). A row that was raised and is
not committed yet may not be sent (`may_be_sent`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import wraps
from typing import Any
from uuid import UUID

from sites import remembered

from .models import DesiredState
from .status.readback import was_told

log = logging.getLogger(__name__)

#: More attempts than this are not counted (the column is small, and a plug may be gone for weeks).
MOST_ATTEMPTS = 1000
_DAY = timedelta(hours=24)
_REASON_LENGTH = 300
_NOT_CONFIRMED = {"confirmed_at": None, "attempts": 0, "next_attempt_at": None}
#: Every field but whose it is.
FIELDS = tuple(field for field in DesiredState._meta.concrete_fields if field.name != "miner")
_TIMES = tuple(field.attname for field in FIELDS if field.get_internal_type() == "DateTimeField")


class Phase(StrEnum):
    """How far a miner is with what is wanted of it."""

    NEW = "new"
    OFF_WANTED = "off wanted"
    OFF_SENT = "off sent"
    OFF = "off"
    ON_WANTED = "on wanted"
    ON_SENT = "on sent"
    ON = "on"


def phase_of(desired: DesiredState) -> Phase:
    """Read from the row: what is wanted, whether the device took it, whether it was seen done."""
    if desired.power_w == 0 and not desired.origin and desired.changed_at is None and desired.confirmed_at is None:
        return Phase.NEW
    on = desired.power_w > 0
    if desired.confirmed_at is not None:
        return Phase.ON if on else Phase.OFF
    if was_told(desired):
        return Phase.ON_SENT if on else Phase.OFF_SENT
    return Phase.ON_WANTED if on else Phase.OFF_WANTED


_ANY = frozenset(Phase)
_SET = _ANY - {Phase.NEW}
_OFFS = frozenset({Phase.OFF_WANTED, Phase.OFF_SENT, Phase.OFF})
_ONS = frozenset({Phase.ON_WANTED, Phase.ON_SENT, Phase.ON})
#: Wanted at this very moment, a write of the same moment counts as one of it.
_NOT_SEEN_DONE = frozenset({Phase.OFF_WANTED, Phase.OFF_SENT, Phase.ON_WANTED, Phase.ON_SENT})
_OFF_OPEN, _ON_OPEN = _OFFS - {Phase.OFF}, _ONS - {Phase.ON}


@dataclass(frozen=True, slots=True)
class Rule:
    """In which phases a transition may come, and in which it may end (None: in the one it came in)."""

    may_come_in: frozenset[Phase]
    leads_to: frozenset[Phase] | None
    says: str


TABLE: Mapping[str, Rule] = {
    # what is wanted
    "wanted": Rule(_ANY, _NOT_SEEN_DONE, "other watts are wanted; nothing of it is seen done yet"),
    "attributed": Rule(_SET, None, "the same watts, wanted by somebody else or for another reason"),
    "switched_off_by_watchdog": Rule(_ONS, _OFF_OPEN, "control had stopped, and the watchdog told it off"),
    "taken_back": Rule(_ONS, _ANY, "a raise that could not be committed: as it was before"),
    # what was sent
    "committed": Rule(_ANY, None, "stored: it may be sent"),
    "starting": Rule(_ONS, None, "about to be sent on: it counts as “may be on” until it is read again"),
    "written": Rule(_SET, _SET, "the device took it; a retry waits for its pause"),
    "failed": Rule(_SET, None, "the device did not take it; the pause grows"),
    "rearmed": Rule(_ONS, _ONS, "told “on” again for its auto-off timer; what is open stays open"),
    "cut": Rule(_OFF_OPEN, None, "its off failed: the upstream plug is cut, without a pause"),
    "cut_written": Rule(_OFFS, None, "the upstream plug took the cut"),
    # what was seen
    "seen": Rule(_ANY, None, "it went on or off, or does not say any more"),
    "confirmed": Rule(_ANY - {Phase.OFF, Phase.ON}, frozenset({Phase.OFF, Phase.ON}), "it shows what is wanted"),
    "answered": Rule(_SET, None, "a silent device answers: the pause of its retries is over"),
    "level_doubted": Rule(_ONS, _ON_OPEN, "it came back at a level that nobody knows: told again"),
    "rests_from_now": Rule(_ANY, None, "seen off only now: its minimum off time counts from here"),
    "switched_on_outside": Rule(_OFFS, _OFF_OPEN, "somebody else switched it on: its off is open again"),
    "contradicted": Rule(frozenset({Phase.OFF}), _OFF_OPEN, "its meter does not confirm its off any more"),
    # found off that was on: from here on an off miner like any other
    "adopted_off": Rule(frozenset({Phase.ON}), _OFFS, "off as a person asked here, before a pass wrote it"),
    "timed_out": Rule(frozenset({Phase.ON}), _OFFS, "its own auto-off timer ended"),
    "stopped_itself": Rule(frozenset({Phase.ON}), _OFFS, "it reports why it stopped"),
    "came_back_off": Rule(frozenset({Phase.ON}), _OFFS, "silent, and off when it answered again"),
    # time and storage
    "moved_with_clock": Rule(_ANY, None, "the wall clock was set: every time moves with it"),
    "restored": Rule(_ANY, _ANY, "as the memory of the pass kept it while nothing could be stored"),
}


class MayNotFollow(RuntimeError):
    """A transition came in a phase where it may not, or ended in one where it may not."""


#: Tests set it: what may not follow then raises.
strict = False
#: By miner: what may not have followed, until the pass tells it.
_not_told: dict[UUID, str] = {}


def take_not_told(miner_ids: Iterable[UUID]) -> list[str]:
    """What may not have followed at these miners since it was last asked."""
    return [_not_told.pop(pk) for pk in miner_ids if pk in _not_told] if _not_told else []


def forget() -> None:
    _not_told.clear()


def _refused(desired: DesiredState, what: str) -> None:
    if strict:
        raise MayNotFollow(f"{desired.miner_id}: {what}")
    log.critical("desired state of %s: %s", desired.miner_id, what)
    _not_told[desired.miner_id] = what


def _transition(change: Callable[..., None]) -> Callable[..., None]:
    """Hold a change to its row of `TABLE`."""
    name, rule = change.__name__, TABLE[change.__name__]

    @wraps(change)
    def step(desired: DesiredState, *args: Any, **kwargs: Any) -> None:
        before = phase_of(desired)
        if before in rule.may_come_in:
            change(desired, *args, **kwargs)
        else:
            _refused(desired, f"‘{name}’ may not come in ‘{before}’")
            _unless_it_raises(desired, lambda: change(desired, *args, **kwargs))
            return
        after = phase_of(desired)
        if after not in ((before,) if rule.leads_to is None else rule.leads_to):
            _refused(desired, f"‘{name}’ may not lead from ‘{before}’ to ‘{after}’")

    return step


def _unless_it_raises(desired: DesiredState, change: Callable[[], None]) -> None:
    kept = dict(vars(desired))
    change()
    if desired.power_w > kept["power_w"]:
        vars(desired).update(kept)


def _put(desired: DesiredState, **values: Any) -> None:
    for name, value in values.items():
        setattr(desired, name, value)


# --- what is wanted -----------------------------------------------------------------------------------


def new(miner_id: UUID) -> DesiredState:
    """Of a miner of which nothing was wanted yet."""
    return DesiredState(miner_id=miner_id)


@_transition
def wanted(
    desired: DesiredState,
    *,
    power_w: int,
    origin: str,
    reason: str,
    before_w: int,
    took_more_w: int | None,
    at: datetime,
) -> None:
    """`before_w`: what it may draw until it has followed; `took_more_w`: beyond what it was told (None: as known)."""
    starts, raises = power_w > 0 and desired.power_w == 0, power_w > desired.power_w
    if took_more_w is not None:
        desired.took_more_w = took_more_w
    if starts:
        recent = [text for text in desired.starts if (told := remembered.time(text)) and at - told < _DAY]
        desired.starts = [*recent, at.isoformat()]
    _put(desired, power_w=power_w, before_w=before_w, changed_at=at, **_NOT_CONFIRMED)
    _put(desired, origin=origin, reason=reason[:_REASON_LENGTH])
    desired.is_raise_open = raises


@_transition
def attributed(desired: DesiredState, *, origin: str, reason: str) -> None:
    _put(desired, origin=origin, reason=reason[:_REASON_LENGTH])


@_transition
def switched_off_by_watchdog(desired: DesiredState, *, takes_w: int, reason: str, at: datetime) -> None:
    _put(desired, before_w=max(desired.before_w, takes_w), power_w=0, changed_at=at, **_NOT_CONFIRMED)
    _put(desired, origin="guard", reason=reason[:_REASON_LENGTH])


@_transition
def taken_back(desired: DesiredState, before: DesiredState) -> None:
    for field in FIELDS:
        setattr(desired, field.attname, getattr(before, field.attname))
    desired.is_raise_open = False


# --- what was sent ------------------------------------------------------------------------------------


@_transition
def committed(desired: DesiredState) -> None:
    desired.is_raise_open = False


def may_be_sent(desired: DesiredState, watts: float) -> bool:
    """Committed before written: an off may be sent at any time, anything else once a raise is stored."""
    if watts == 0 or not desired.is_raise_open:
        return True
    _refused(desired, f"{watts:.0f} W may not be sent before they are committed")
    return False


@_transition
def starting(desired: DesiredState) -> None:
    desired.seen_on = None


@_transition
def written(
    desired: DesiredState, *, pause: timedelta, at: datetime, starts: bool = False, switches_off: bool = False
) -> None:
    """`starts`, `switches_off`: the transition counts from the write on, should nobody live to see it confirmed."""
    _note_attempt(desired, pause, at)
    desired.written_at = at
    if starts:
        desired.switched_on_at = at
    elif switches_off:
        desired.switched_off_at = at


@_transition
def failed(desired: DesiredState, *, pause: timedelta, at: datetime) -> None:
    _note_attempt(desired, pause, at)


def _note_attempt(desired: DesiredState, pause: timedelta, at: datetime) -> None:
    desired.attempts = min(desired.attempts + 1, MOST_ATTEMPTS)
    desired.next_attempt_at = at + pause


@_transition
def rearmed(desired: DesiredState, *, at: datetime) -> None:
    desired.written_at = at
    if desired.confirmed_at is not None:
        desired.attempts, desired.next_attempt_at = 0, None


@_transition
def cut(desired: DesiredState) -> None:
    desired.next_attempt_at = None


@_transition
def cut_written(desired: DesiredState, *, at: datetime) -> None:
    desired.switched_off_at = at


# --- what was seen ------------------------------------------------------------------------------------


@_transition
def seen(desired: DesiredState, on: bool | None, *, at: datetime) -> None:
    """What we see first now may have begun earlier; the later time is the careful one."""
    if on:
        desired.switched_on_at = at
    elif desired.seen_on is not None:
        desired.switched_off_at = at
    desired.seen_on, desired.seen_at = on, at


@_transition
def confirmed(desired: DesiredState, *, at: datetime) -> None:
    desired.confirmed_at, desired.attempts, desired.next_attempt_at = at, 0, None


@_transition
def answered(desired: DesiredState) -> None:
    desired.next_attempt_at = None


@_transition
def level_doubted(desired: DesiredState, *, before_w: int, at: datetime) -> None:
    desired.before_w, desired.changed_at, desired.confirmed_at = before_w, at, None


@_transition
def rests_from_now(desired: DesiredState, *, at: datetime) -> None:
    desired.switched_off_at = at


@_transition
def switched_on_outside(desired: DesiredState, *, before_w: int, at: datetime) -> None:
    _put(desired, before_w=before_w, changed_at=at, **_NOT_CONFIRMED)


@_transition
def contradicted(desired: DesiredState, *, before_w: int, at: datetime) -> None:
    _put(desired, before_w=before_w, changed_at=at, **_NOT_CONFIRMED)


# --- found off that was on ----------------------------------------------------------------------------


@_transition
def adopted_off(desired: DesiredState, *, takes_w: int, is_seen_off: bool, at: datetime) -> None:
    _take_as_off(desired, takes_w, is_seen_off, at)


@_transition
def timed_out(desired: DesiredState, *, takes_w: int, is_seen_off: bool, at: datetime) -> None:
    _take_as_off(desired, takes_w, is_seen_off, at)


@_transition
def stopped_itself(desired: DesiredState, *, takes_w: int, is_seen_off: bool, at: datetime) -> None:
    _take_as_off(desired, takes_w, is_seen_off, at)


@_transition
def came_back_off(desired: DesiredState, *, takes_w: int, is_seen_off: bool, at: datetime) -> None:
    _take_as_off(desired, takes_w, is_seen_off, at)


def _take_as_off(desired: DesiredState, takes_w: int, is_seen_off: bool, at: datetime) -> None:
    """A start needs a reason and its minimum off time, as of any off miner. `takes_w`: what it took while on."""
    _put(desired, before_w=takes_w, power_w=0, changed_at=at, switched_off_at=at, **_NOT_CONFIRMED)
    desired.confirmed_at = at if is_seen_off else None


# --- time and storage ---------------------------------------------------------------------------------


@_transition
def moved_with_clock(desired: DesiredState, *, step: timedelta) -> None:
    for name in _TIMES:
        at = getattr(desired, name)
        if at is not None:
            setattr(desired, name, at + step)
    desired.starts = [
        text if (at := remembered.time(text)) is None else (at + step).isoformat() for text in desired.starts
    ]


@_transition
def restored(desired: DesiredState, values: Mapping[str, Any]) -> None:
    """`values`: by field; what is not among them is as stored."""
    _put(desired, **values)
    desired.is_raise_open = False
