"""Circuit and site power limits: which miners give way when together they would take too much.

What runs and may stay is served first; the zone nearest its target sheds first; a start waits
until it fits. Unknown or unmeasured draw counts as nominal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .situation import Ceiling, MinerSituation


@dataclass(frozen=True, slots=True)
class Asking:
    """A miner that wants `power_w`."""

    miner: MinerSituation
    power_w: int

    @property
    def is_running(self) -> bool:
        return self.miner.is_wanted_on or self.miner.snapshot.status.is_on

    @property
    def takes_w(self) -> float:
        """What it will take: an unmeasured or unseen draw counts as what was asked."""
        return max(self.power_w, self.miner.draws_w if self.miner.is_wanted_on else 0.0)

    @property
    def deficit_k(self) -> float:
        """How far its coldest zone is below target (K); unknown counts as none."""
        return max(
            (
                zone.target.effective_celsius - zone.temperature_celsius
                for zone in self.miner.zones
                if zone.temperature_celsius is not None
            ),
            default=0.0,
        )


def shed(asking: Sequence[Asking], others: Sequence[MinerSituation], site_limit_w: int | None) -> dict[str, Ceiling]:
    """Ceilings by miner id so that no limit is exceeded. `others`: miners told off that still draw."""
    limits = _limits([ask.miner for ask in asking] + list(others), site_limit_w)
    if not limits:
        return {}
    used: dict[str, float] = defaultdict(float)
    for miner in others:
        for key in _keys(miner):
            used[key] += _may_draw_w(miner)
    leaving: dict[str, float] = defaultdict(float)  # shed just now: it draws on for a while
    ceilings = {}

    def load(ask: Asking, key: str) -> float:
        """W on this line with `ask`. A start waits for what was shed; what runs need not."""
        return used[key] + ask.takes_w + (0.0 if ask.is_running else leaving[key])

    for ask in sorted(asking, key=lambda one: (not one.miner.is_wanted_on, -one.deficit_k, one.miner.miner_id)):
        blocking = next((key for key in _keys(ask.miner) if key in limits and load(ask, key) > limits[key][1]), None)
        if blocking is not None:
            name, limit = limits[blocking]
            ceilings[ask.miner.miner_id] = Ceiling(
                "power_limit",
                0,
                f"{name} ({limit:.0f} W) leaves no room for the {ask.power_w} W of {ask.miner.name}.",
                is_safety=True,
            )
        for key in _keys(ask.miner):
            if blocking is None:
                used[key] += ask.takes_w
            else:
                leaving[key] += _may_draw_w(ask.miner)
    return ceilings


def _limits(miners: Sequence[MinerSituation], site_limit_w: int | None) -> dict[str, tuple[str, float]]:
    """What each line is called and may carry (W), by key."""
    limits: dict[str, tuple[str, float]] = {}
    if site_limit_w is not None:
        limits["site"] = ("This home's power limit", float(site_limit_w))
    for miner in miners:
        if miner.circuit is not None:
            limits[miner.circuit[0]] = (f"The circuit ‘{miner.circuit[1]}’", float(miner.circuit[2]))
    return limits


def _may_draw_w(miner: MinerSituation) -> float:
    """Watts of a miner told off: what it shows; silent since before it was seen off, all it could take."""
    shows = miner.snapshot.status.is_known or miner.snapshot.power_is_measured
    if shows or miner.desired_confirmed or not miner.desired_origin:
        return miner.draws_w
    return float(miner.nominal_power_w)


def _keys(miner: MinerSituation) -> tuple[str, ...]:
    return ("site",) if miner.circuit is None else ("site", miner.circuit[0])
