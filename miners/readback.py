"""Done means seen: what a later read says about a command. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from .state import MinerSnapshot, MinerStatus

#: A write is repeated after growing pauses, never longer than this: three periods of a home.
RETRY_MAX = timedelta(seconds=30)


class Wanted(Protocol):
    """What is wanted of a miner and was last seen of it (`miners.models.DesiredState`)."""

    power_w: int
    seen_on: bool | None
    seen_at: datetime | None


def may_be_on(desired: Wanted) -> bool:
    """Wanted on, seen on, or told on and not seen since; a device nobody ever saw or commanded counts as off."""
    return desired.power_w > 0 or desired.seen_on is True or (desired.seen_on is None and desired.seen_at is not None)


def is_confirmed(desired_w: int, snapshot: MinerSnapshot) -> bool:
    """The device shows what is wanted: off, or drawing (or about to draw) heating power."""
    if desired_w == 0:
        return snapshot.status is MinerStatus.OFF
    return snapshot.status.is_on


def needs_write(desired_w: int, snapshot: MinerSnapshot, confirmed: bool, seen_on: bool | None) -> bool:
    """Whether something is to be written now.

    An off is written as long as the device is, or may be, on; an on only to a device seen off.
    """
    status = snapshot.status
    if desired_w > 0:
        return status is MinerStatus.OFF
    if status.is_known:
        return status not in (MinerStatus.OFF, MinerStatus.STOPPING)
    return seen_on is not False and not (confirmed and seen_on is None)


def needs_rearm(rearm_seconds: float | None, written_at: datetime | None, now: datetime) -> bool:
    """Whether a device that runs as wanted is to be told "on" again, lest its own timer (s) switches it off.

    Due when less than half of the timer is left. A last write unknown, or in the future, is no write.
    """
    if rearm_seconds is None:
        return False
    return written_at is None or not timedelta(0) <= now - written_at <= timedelta(seconds=rearm_seconds / 2)


def ran_out(rearm_seconds: float | None, written_at: datetime | None, now: datetime) -> bool:
    """The device's own timer has ended since the last write: that it is off is nobody's wish."""
    if rearm_seconds is None or written_at is None:
        return False
    return now - written_at >= timedelta(seconds=rearm_seconds)


def retry_delay(attempts: int, period_seconds: float) -> timedelta:
    """How long to wait after `attempts` writes in a row that were not seen done."""
    return min(timedelta(seconds=period_seconds * 2 ** min(max(attempts - 1, 0), 8)), RETRY_MAX)
