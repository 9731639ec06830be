"""What a run is compared with: the plain thermostat in the same place."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from . import beds, rivals
from .case import Case
from .controllers import run_alone
from .score import Score

#: How much more or less energy than the thermostat's is still the same.
ENERGY_SHARE = 0.03


@lru_cache(maxsize=256)
def beside(case: Case) -> Score:
    """The ±0.25 K thermostat with a plug of 3.5 kW in the same place: what energy is compared with."""
    return run_alone(replace(case, machines=(beds.ON_OFF,), sensor_faults=()), rivals.Thermostat)


@lru_cache(maxsize=256)
def with_same_machine(case: Case, *, its_times: bool) -> Score:
    """The ±0.25 K thermostat with the case's own machine, and with that one's minimum times or those of a plug."""
    return run_alone(
        replace(case, sensor_faults=()),
        lambda one: rivals.Thermostat(
            one,
            min_on_seconds=max(machine.min_on_seconds for machine in one.machines) if its_times else 600,
            min_off_seconds=max(machine.min_off_seconds for machine in one.machines) if its_times else 600,
        ),
    )


#: A thermostat is as warm when its K·h below differ by no more than this share, or by so little (K·h).
ALIKE_SHARE, ALIKE_K_H = 0.1, 0.2
_SHIFTED_K, _TRIES = (-1.0, 2.0), 12


def as_warm(case: Case, below_k_h: float) -> Score | None:
    """The thermostat of `beside` with its setpoint shifted until it leaves as many K·h below; None: it never does."""
    low_k, high_k = _SHIFTED_K
    for _ in range(_TRIES):
        shift_k = (low_k + high_k) / 2
        score = run_alone(
            replace(case, machines=(beds.ON_OFF,), sensor_faults=()),
            lambda one, shift_k=shift_k: rivals.Thermostat(one, shift_k=shift_k),
        )
        if abs(score.below_k_h - below_k_h) <= max(ALIKE_K_H, ALIKE_SHARE * below_k_h):
            return score
        low_k, high_k = (low_k, shift_k) if score.below_k_h < below_k_h else (shift_k, high_k)
    return None
