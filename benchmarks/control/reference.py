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
