"""What a miner draws as far as anybody can tell, and whether it has followed what it was told. Pure.

Not measured is not done: after a change both the watts before and the watts asked for are possible, until a meter
shows the new ones or the time it needs is over. What counts where (docs/limits.md): limits take the higher of both.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from miners.power import PowerModel, taken_w
from miners.state import MinerSnapshot
from sites.clock import is_ahead

from .readback import Wanted, was_told


def is_measured(snapshot: MinerSnapshot) -> bool:
    return snapshot.power_is_measured and snapshot.power_w is not None


def set_w(snapshot: MinerSnapshot, model: PowerModel | None) -> float | None:
    """The watts of the level it says it is set to; None: it does not say, or has only one."""
    if model is None or not model.is_stepped:
        return None
    named_w = model.watts_of(snapshot.level)
    return snapshot.set_power_w if named_w is None else named_w


def unmeasured_w(snapshot: MinerSnapshot, model: PowerModel | None, nominal_power_w: int, desired_w: int) -> float:
    """What one that is on and not measured takes: by its own setting, else by what is asked of it."""
    told_w = set_w(snapshot, model)
    return float(taken_w(model, nominal_power_w, desired_w or nominal_power_w)) if told_w is None else told_w


def has_followed(desired: Wanted, snapshot: MinerSnapshot, ramp_seconds: float, now: datetime) -> bool:
    """Whether it takes what it was told last: a later reading of a meter shows what it takes, or its ramp is over.

    The ramp counts from the write it took, else from when it showed by itself what is wanted. What it did not take
    leaves the watts from before standing, however long that lasts.
    """
    if desired.changed_at is None:
        return True
    since = desired.written_at if was_told(desired) else desired.confirmed_at
    if since is None:
        return False
    if is_ahead(since, now) or now - since >= timedelta(seconds=ramp_seconds):
        return True
    return is_measured(snapshot) and (snapshot.power_at is None or snapshot.power_at >= since)


def had_its_time(desired: Wanted, ramp_seconds: float, now: datetime) -> bool:
    """The last change is longer ago than its ramp: what it takes now it goes on taking."""
    if desired.changed_at is None or is_ahead(desired.changed_at, now):
        return True
    return now - desired.changed_at >= timedelta(seconds=ramp_seconds)
