"""What one reading does not show: a start that was sent and is not seen yet, a protection whose off was taken. Pure.

Until an off has cancelled it, a device that may start by itself counts as “may be on” everywhere: in limits, for
“seen off”, for a clean stop, for the watchdog.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from miners.power import PowerModel
from miners.state import MinerSnapshot, MinerStatus

from .inference import draws_nothing

#: A device may take so long to show a start that it was sent: until then its “off” may be of before.
START_SHOWS_WITHIN = timedelta(seconds=15)
#: A start so close is on its way; it is not sent again.
SOON_SECONDS = 15.0
#: A hash rate that is told and no more than this is no work (TH/s): the witness where watts are not told.
_NO_WORK_TH_S = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """What the device was sent. `start_at`: a start it has not shown since; `off_at`: the off it took last.

    `protects_since`: since when it shows that it protects itself.
    """

    start_at: datetime | None = None
    off_at: datetime | None = None
    protects_since: datetime | None = None


def known(snapshot: MinerSnapshot, told: Told, model: PowerModel, now: datetime) -> MinerSnapshot:
    """The reading together with what was sent."""
    status = snapshot.status
    if status is MinerStatus.OFF:
        if snapshot.pending_start:
            return replace(snapshot, status=MinerStatus.STARTING)
        return _may_be_starting(snapshot, told, now)
    if status is MinerStatus.PROTECT and _rests(snapshot, model):
        return _protecting(snapshot, told)
    return snapshot


def shows_on(snapshot: MinerSnapshot) -> bool | None:
    """Whether the device is on; None: it rests, but may start by itself."""
    match snapshot.status:
        case MinerStatus.OFF:
            return False
        case MinerStatus.HEATING | MinerStatus.RAMPING | MinerStatus.STOPPING:
            return True
        case MinerStatus.PROTECT:
            return None
    return None if snapshot.pending_start else True


def starts_later(snapshot: MinerSnapshot) -> bool:
    """It rests now and would start by itself, but not soon: who wants it on must send a start."""
    is_soon = snapshot.starts_in_seconds is not None and snapshot.starts_in_seconds <= SOON_SECONDS
    return snapshot.pending_start and snapshot.status is MinerStatus.STARTING and not is_soon


def _may_be_starting(snapshot: MinerSnapshot, told: Told, now: datetime) -> MinerSnapshot:
    """Off, unless a start was sent just now and no off after it: then its “off” may be of before."""
    start_at = told.start_at
    if start_at is None or (told.off_at is not None and told.off_at > start_at):
        return snapshot
    left = start_at + START_SHOWS_WITHIN - now
    if not timedelta(0) < left <= START_SHOWS_WITHIN:
        return snapshot
    return replace(snapshot, status=MinerStatus.STARTING, pending_start=True, starts_in_seconds=None)


def _protecting(snapshot: MinerSnapshot, told: Told) -> MinerSnapshot:
    """Off, when it stays so until it is restarted, or when it took an off since it protects itself."""
    took_off = told.off_at is not None and told.protects_since is not None and told.off_at >= told.protects_since
    if not (snapshot.is_latched or took_off):
        return snapshot
    fault = snapshot.fault or snapshot.problem or "It protects itself (hot or faulty)."
    return replace(
        snapshot, status=MinerStatus.OFF, fault=fault, problem=snapshot.problem or fault, pending_start=False,
        starts_in_seconds=None,
    )  # fmt: skip


def _rests(snapshot: MinerSnapshot, model: PowerModel) -> bool:
    """By its watts, else by a hash rate that is told."""
    if snapshot.power_w is not None:
        return draws_nothing(snapshot.power_w, model.max_w, model.standby_w)
    return snapshot.hash_rate_th_s is not None and snapshot.hash_rate_th_s <= _NO_WORK_TH_S
