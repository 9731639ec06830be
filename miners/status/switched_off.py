"""Why a miner that was to heat is off: a person's hand, its own timer, or nobody knows. Pure.

A person's off holds for hours, a timer's only for the minimum off time. In doubt it is a person's. Nothing learned here
changes what a dead-man is or how it is kept: it only says what an off is taken for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from miners.state import SwitchedBy

#: Two runs are of the same length, and a run as long as a timer, within this (s).
SAME_WITHIN_SECONDS = 15.0
#: An off may be seen so much later than it was, where its source asks a device only now and then (s).
SEEN_LATE_SECONDS = 45.0
#: So many runs of the same length are a timer's doing.
LEARNED_FROM = 3
#: An off this soon after the start that followed a timer's off is a person's (s).
AGAIN_WITHIN_SECONDS = 600.0


class Cause(StrEnum):
    """Who switched it off."""

    PERSON = "person"
    #: Its own timer, which this program could not set again in time.
    RAN_OUT = "ran_out"
    #: Its own timer, as long after its first “on” as was declared: a repeated “on” does not start it again.
    NOT_RESTARTED = "not_restarted"
    #: A timer nobody declared: it has come after the same time again and again.
    LEARNED = "learned"
    NOT_KNOWN = "not_known"

    @property
    def is_timer(self) -> bool:
        return self in (Cause.RAN_OUT, Cause.NOT_RESTARTED, Cause.LEARNED)


@dataclass(frozen=True, slots=True)
class Run:
    """How long something was on (s), from its first “on”; `unsure_seconds`: how much longer or shorter it may be."""

    seconds: float
    unsure_seconds: float = 0.0

    def is_as_long_as(self, timer_seconds: float) -> bool:
        late = self.seconds - timer_seconds
        most = SAME_WITHIN_SECONDS + self.unsure_seconds
        return -most <= late <= most + SEEN_LATE_SECONDS


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of an off that this program did not want.

    `runs`: of the device and its upstream plug, each with the timer declared for it (s; None: it has none). `earlier`:
    how long earlier runs were that ended like this (s).
    """

    switched_by: SwitchedBy = SwitchedBy.NOT_SAID
    ran_out: bool = False
    runs: Sequence[tuple[Run, float | None]] = ()
    earlier: Sequence[float] = ()
    #: How long ago the start was that followed a timer's off (s); None: the last off was no timer's.
    after_restart_seconds: float | None = None


def cause_of(ended: Ended) -> Cause:
    """Who it was."""
    soon = ended.after_restart_seconds is not None and ended.after_restart_seconds <= AGAIN_WITHIN_SECONDS
    if ended.switched_by is SwitchedBy.PERSON or soon:
        return Cause.PERSON
    if ended.ran_out:
        return Cause.RAN_OUT
    if any(timer is not None and run.is_as_long_as(timer) for run, timer in ended.runs):
        return Cause.NOT_RESTARTED
    if ended.switched_by is SwitchedBy.TIMER:
        return Cause.RAN_OUT
    if any(_is_learned(run, ended.earlier) for run, _ in ended.runs):
        return Cause.LEARNED
    return Cause.NOT_KNOWN


def _is_learned(run: Run, earlier: Sequence[float]) -> bool:
    """Enough runs of about the same length, this one among them."""
    within = SAME_WITHIN_SECONDS + run.unsure_seconds
    alike = [run.seconds, *(one for one in earlier if abs(one - run.seconds) <= 2 * within)]
    if len(alike) < LEARNED_FROM:
        return False
    middle = median(alike)
    return len([one for one in alike if abs(one - middle) <= within]) >= LEARNED_FROM and (
        abs(run.seconds - middle) <= within
    )
