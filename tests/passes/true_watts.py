"""Machines with a truth of their own: what they really draw, seconds after they were told something else.

The worst that is allowed: a lower power draws on for the whole ramp, a higher one begins at once. Nothing is shared
with `miners.status.draw` or `optimization.control.limits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.errors import Refused, Unreachable
from miners.state import MinerSnapshot, MinerStatus
from sites.clock import ManualClock

RAMP_S = 120.0
STANDBY_W = 4.0


@dataclass
class Machine:
    """`levels`: what it can be told (W, rising); one: it is only switched. Stands in for `bench.Plug`."""

    clock: ManualClock
    levels: tuple[float, ...]
    is_metered: bool = False
    #: It says which level it is set to.
    tells: bool = True
    #: It says “off” at once, though it draws on; else “stopping” until it does not.
    hasty: bool = True
    reachable: bool = True
    refuses: bool = False
    told_w: float = 0.0
    writes: list[float] = field(default_factory=list)
    _before_w: float = 0.0
    _told_at: float = -1e9

    @property
    def settles_in_s(self) -> float:
        return max(0.0, self._told_at + RAMP_S - self.clock.elapsed)

    @property
    def true_w(self) -> float:
        return max(self._before_w, self.told_w) if self.settles_in_s else self.told_w

    def write(self, power_w: float) -> None:
        self.writes.append(power_w)
        if not self.reachable:
            raise Unreachable("It does not answer.")
        if self.refuses:
            raise Refused("It refuses.")
        takes_w = self._takes_w(power_w)
        if takes_w != self.told_w:
            self._before_w, self.told_w, self._told_at = self.true_w, takes_w, self.clock.elapsed

    def _takes_w(self, power_w: float) -> float:
        fit = [level for level in self.levels if level <= power_w]
        return 0.0 if power_w <= 0 else max(fit, default=self.levels[0])

    def read(self) -> MinerSnapshot:
        if not self.reachable:
            raise Unreachable("It does not answer.")
        if self.told_w > 0:
            status = MinerStatus.HEATING
        elif self.true_w > 0 and (self.is_metered or not self.hasty):
            status = MinerStatus.STOPPING
        else:
            status = MinerStatus.OFF
        shown = {"power_w": max(self.true_w, STANDBY_W), "power_is_measured": True} if self.is_metered else {}
        if self.tells and len(self.levels) > 1 and self.told_w:
            shown["set_power_w"] = self.told_w
        return MinerSnapshot(status, **shown)
