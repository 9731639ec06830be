"""Optimum start: a room is warm when its slot begins, not some time after it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from .state import Target
from .thermal_model import ThermalModel

#: No start is earlier than this before a slot (h); and before a day of the room was seen, than the second.
LONGEST_H, UNLEARNED_H, LEARNED_AFTER_H = 12.0, 3.0, 24.0
#: So close below its target (K) the room counts as warm in time: inside its band, less what a forecast errs by.
IN_TIME_K = 0.35
#: A rise smaller than this is no reason (K).
_RISE_K = 0.1
#: Half a step of control, and what the air takes to be felt (h).
_DELAY_H = 0.08


def raised(
    target: Target,
    model: ThermalModel,
    ahead: Sequence[tuple[float, float]],
    most_kw: float,
    ramp_h: float,
    now: datetime,
    tz: tzinfo,
    begun_for: datetime | None,
) -> tuple[Target, datetime | None]:
    """The target, already that of the next higher slot where full power from now is only just in time for it; and for
    when that was begun, to be remembered.

    `ahead`: the next targets, in so many hours so many °C; `most_kw`: what the room can be given; `begun_for`: what was
    remembered: what has begun goes on.
    """
    rise = next(((hours, celsius) for hours, celsius in ahead if celsius > target.effective_celsius + _RISE_K), None)
    longest_h = LONGEST_H if model.seen_h >= LEARNED_AFTER_H else UNLEARNED_H
    if rise is None or rise[0] > longest_h or most_kw <= 0:
        return target, None
    hours, celsius = rise
    begins = (now + timedelta(hours=hours)).astimezone(tz)
    has_begun = begun_for is not None and abs((begun_for - begins).total_seconds()) < 120
    if not has_begun:
        heated_h = max(0.0, hours - ramp_h - _DELAY_H)
        warm = model.unheated_celsius(hours) + most_kw * model.rise_k_per_kw(heated_h)
        if hours > 0.1 and warm > celsius - IN_TIME_K:
            return target, None
    reason = f"heating early for {celsius:.1f} °C at {begins:%H:%M}"
    return replace(target, effective_celsius=celsius, reason=reason, early_for=begins), begins
