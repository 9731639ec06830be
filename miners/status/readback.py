"""Done means seen: what a later read says about a command. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from miners.power import PowerModel
from miners.state import MinerSnapshot, MinerStatus
from sites.words import duration

from . import pending

#: A write is repeated after growing pauses, never longer than this: three periods of a home.
RETRY_MAX = timedelta(seconds=30)
#: An off that the switch took and only its meter does not confirm is repeated more and more rarely, up to this.
UNCONFIRMED_RETRY_MAX = timedelta(hours=1)


#: A setting is the one that is wanted when it is this close (rounding), W; a draw when it is within W or part of it.
SET_WITHIN_W = 1.0
DRAWS_WITHIN_W, DRAWS_WITHIN_PART = 60.0, 0.2


class Wanted(Protocol):
    """What is wanted of a miner and was last seen of it (`miners.models.DesiredState`)."""

    power_w: int
    seen_on: bool | None
    seen_at: datetime | None
    attempts: int
    changed_at: datetime | None
    written_at: datetime | None
    confirmed_at: datetime | None


def may_be_on(desired: Wanted) -> bool:
    """Wanted on, seen on, or told on and not seen since; a device nobody ever saw or commanded counts as off."""
    return desired.power_w > 0 or desired.seen_on is True or (desired.seen_on is None and desired.seen_at is not None)


def was_told(desired: Wanted) -> bool:
    """The device took a write since what is wanted of it changed."""
    return desired.written_at is not None and (desired.changed_at is None or desired.written_at >= desired.changed_at)


def is_confirmed(
    desired_w: int, snapshot: MinerSnapshot, model: PowerModel | None = None, *, told: bool = True
) -> bool:
    """The device shows what is wanted: off, or drawing (or about to draw) heating power.

    One of a `model` with several levels also has to be at the right one, in its setting and, where it is
    measured, in its watts; where neither says, it has to have been `told`.
    """
    if desired_w == 0:
        return snapshot.status is MinerStatus.OFF and not snapshot.pending_start
    if not snapshot.status.is_on or pending.shows_on(snapshot) is None:
        return False
    if model is None or not model.is_stepped:
        return True
    is_set, draws = _is_set(desired_w, snapshot, model), _draws(desired_w, snapshot)
    return told if is_set is None and draws is None else is_set is not False and draws is not False


def is_at_another_level(desired_w: int, snapshot: MinerSnapshot, model: PowerModel, *, told: bool = True) -> bool:
    """It heats, settled, with other watts than are wanted: by its setting, or where it says none, by its draw.

    Where neither says, unless it has been `told`. One that is about to heat with more than is wanted is at another
    level too: better told before it draws.
    """
    if snapshot.status is MinerStatus.STARTING and not snapshot.pending_start:
        set_w = model.watts_of(snapshot.level) or snapshot.set_power_w
        return desired_w > 0 and set_w is not None and set_w > desired_w + SET_WITHIN_W
    if desired_w == 0 or snapshot.status not in (MinerStatus.HEATING, MinerStatus.NO_POOL):
        return False
    is_set, draws = _is_set(desired_w, snapshot, model), _draws(desired_w, snapshot)
    if is_set is None:
        return not told if draws is None else not draws
    return not is_set


def needs_level(desired: Wanted, snapshot: MinerSnapshot, model: PowerModel, now: datetime) -> bool:
    """Whether a device that heats is to be told its level: at once, and again only when it has had time to follow.

    A device whose settings wear its memory is not told again before its write gap is over.
    """
    if not model.is_stepped or not is_at_another_level(desired.power_w, snapshot, model, told=was_told(desired)):
        return False
    pause = timedelta(seconds=model.min_write_gap_seconds if model.wears_flash else model.ramp_seconds)
    return desired.attempts == 0 or desired.written_at is None or not timedelta(0) <= now - desired.written_at < pause


def _is_set(desired_w: int, snapshot: MinerSnapshot, model: PowerModel) -> bool | None:
    named_w = model.watts_of(snapshot.level)
    set_w = snapshot.set_power_w if named_w is None else named_w
    return None if set_w is None else abs(set_w - desired_w) <= SET_WITHIN_W


def _draws(desired_w: int, snapshot: MinerSnapshot) -> bool | None:
    if snapshot.power_w is None or not snapshot.power_is_measured:
        return None
    return abs(snapshot.power_w - desired_w) <= max(DRAWS_WITHIN_W, DRAWS_WITHIN_PART * desired_w)


def needs_write(desired_w: int, snapshot: MinerSnapshot, confirmed: bool, seen_on: bool | None) -> bool:
    """Whether something is to be written now.

    An off is written as long as the device is, or may be, on or starting by itself; an on only to a device seen off,
    or resting until a start that is not near.
    """
    status = snapshot.status
    if desired_w > 0:
        return status.says_off or pending.starts_later(snapshot)
    if status.is_known:
        return status not in (MinerStatus.OFF, MinerStatus.STOPPING)
    return seen_on is not False and not (confirmed and seen_on is None)


#: Between two writes that set a device's own switch-off anew: one that refuses for a while is not asked at every pass.
REARMS_APART = timedelta(seconds=60)
#: A switch-off of its own that is this much later than it should be was set by something else (s).
LATE_BY_SECONDS = 60.0


def is_own_off_wrong(rearm_seconds: float, left_seconds: float) -> bool:
    """A device's own switch-off is missing, or so late that it does not keep what is promised of it."""
    return left_seconds <= 0 or left_seconds > rearm_seconds + LATE_BY_SECONDS


def ahead_words(left_seconds: float) -> str:
    """“8 h”: how far ahead a switch-off is, to the minute."""
    return duration(60 * round(left_seconds / 60))


def needs_rearm(
    rearm_seconds: float | None,
    written_at: datetime | None,
    now: datetime,
    left_seconds: float | None = None,
    *,
    at_once: bool = False,
) -> bool:
    """Whether a device that is on is to be told "on" again: its own timer (s) would switch it off, or not in time.

    Due when less than half of the timer is left, or more than all of it: by `left_seconds` where the device says so
    itself, else since the last write. A last write unknown, or in the future, is no write. `at_once`: a write of a
    moment ago is no reason to wait: the device is seen on for the first time, or its switch-off was moved since.
    """
    if rearm_seconds is None:
        return False
    since = None if written_at is None or written_at > now else now - written_at
    if since is None:
        return True
    if left_seconds is not None:
        is_due = left_seconds < rearm_seconds / 2 or is_own_off_wrong(rearm_seconds, left_seconds)
        return is_due and (at_once or since >= REARMS_APART)
    return since > timedelta(seconds=rearm_seconds / 2)


def ran_out(rearm_seconds: float | None, written_at: datetime | None, now: datetime) -> bool:
    """The device's own timer may have ended since the last write: that it is off is nobody's wish.

    A write that found more than half of it left may have left it as it was.
    """
    if rearm_seconds is None or written_at is None:
        return False
    return now - written_at >= timedelta(seconds=rearm_seconds / 2) + REARMS_APART


def retry_max(desired_w: int, snapshot: MinerSnapshot) -> timedelta:
    """The longest pause between two writes of what is wanted, as long as the device shows this."""
    doubtful = desired_w == 0 and snapshot.status is MinerStatus.UNCONFIRMED
    return UNCONFIRMED_RETRY_MAX if doubtful else RETRY_MAX


def retry_delay(attempts: int, period_seconds: float, longest: timedelta = RETRY_MAX) -> timedelta:
    """How long to wait after `attempts` writes in a row that were not seen done."""
    return min(timedelta(seconds=period_seconds * 2 ** min(max(attempts - 1, 0), 12)), longest)
