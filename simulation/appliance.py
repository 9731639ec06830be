"""A machine as its driver meets it: it boots, ramps, cools down, and at times refuses what it is told.

The heat is `machine`'s; here is the conversation. An off is never refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import machine, sky
from .machine import MinerSpec, MinerState

_REFUSING = 21


@dataclass(slots=True)
class Appliance:
    """One machine in use."""

    spec: MinerSpec
    seed: int = 0
    #: Of what it is told, so much it refuses, as if busy.
    refused_share: float = 0.0
    state: MinerState = field(default_factory=MinerState)
    #: How often it was told something, and started.
    told: int = 0
    starts: int = 0

    @property
    def is_on(self) -> bool:
        return self.state.target_w > 0

    @property
    def is_settled(self) -> bool:
        """It neither boots nor ramps nor cools down."""
        return self.state.phase in (machine.OFF, machine.HEATING)

    def tell(self, power_w: float) -> bool:
        """Whether it does as told; else it goes on as it was."""
        self.told += 1
        if power_w > 0 and sky.uniform(self.seed, _REFUSING, self.told) < self.refused_share:
            return False
        was_on = self.is_on
        self.state = machine.commanded(self.spec, self.state, power_w)
        self.starts += self.is_on and not was_on
        return True

    def advance(self, seconds: float) -> float:
        """The time goes on; what it drew meanwhile (W)."""
        self.state = machine.ticked(self.spec, self.state, seconds)
        return self.state.power_w
