"""What dosing is worth: a January day of the simulated home with full power and as the rooms need, side by side.

Two homes of the same seed under the policy “Keep the room warm”, whole passes a minute apart on a clock that moves
when told. Counted: starts, how much it was too cold (K·h below the band), and hashes for each kWh of heat.
Takes a minute and a half; no figure of it depends on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from benchmarks.passes import prepare_database
from benchmarks.rows import Row, row

HOURS, PERIOD_SECONDS = 24, 60
#: As shares of what full power does.
STARTS_TARGET, COLD_TARGET, HEAT_PER_HASH_TARGET = 0.5, 1.0, 0.95


@dataclass
class Day:
    """What a home's miners did: starts, K·h below the band, Wh drawn, TH hashed."""

    starts: int = 0
    cold_k_h: float = 0.0
    drawn_wh: float = 0.0
    hashed_th: float = 0.0
    was_on: set[str] = field(default_factory=set)

    def look(self, seen: dict) -> None:
        for key, miner in seen["miners"].items():
            self.drawn_wh += miner["drawn_w"] * PERIOD_SECONDS / 3600
            self.hashed_th += (miner["hash_rate_th_s"] or 0.0) * PERIOD_SECONDS
            self.starts += bool(miner["desired_w"]) and key not in self.was_on
        self.was_on = {key for key, miner in seen["miners"].items() if miner["desired_w"]}
        for zone in seen["zones"].values():
            missing_k = zone["lower_bound"] - zone["temperature_celsius"]
            self.cold_k_h += max(0.0, missing_k) * PERIOD_SECONDS / 3600


def _days() -> dict[str, Day]:
    from optimization import demo
    from optimization.models import OptimizationUnit
    from optimization.passes.run import run_sites
    from sites import live
    from sites.clock import ManualClock

    clock = ManualClock(datetime(2026, 1, 15, 6, tzinfo=ZoneInfo("Europe/Rome")).astimezone(UTC))
    homes = {strategy: demo.create_demo_home() for strategy in ("policy", "policy_need")}
    policy = demo.ensure_shipped_policies()["keep_the_room_warm"]
    for strategy, site in homes.items():
        OptimizationUnit.objects.filter(site=site).update(strategy=strategy, policy=policy)
    days = {strategy: Day() for strategy in homes}
    for _ in range(HOURS * 3600 // PERIOD_SECONDS):
        clock.advance(PERIOD_SECONDS)
        run_sites([site.pk for site in homes.values()], clock=clock)
        for strategy, site in homes.items():
            days[strategy].look(live.read(site.pk))
    return days


def rows() -> list[Row]:
    prepare_database()
    days = _days()
    full, need = days["policy"], days["policy_need"]
    heat_per_hash = (need.drawn_wh / need.hashed_th) / (full.drawn_wh / full.hashed_th)
    return [
        row("dosing as needed: starts a day, of those at full power", need.starts / full.starts, "×", STARTS_TARGET),
        row("dosing as needed: K·h below the band, of that", need.cold_k_h / full.cold_k_h, "×", COLD_TARGET),
        row("dosing as needed: kWh for each hash, of that", heat_per_hash, "×", HEAT_PER_HASH_TARGET),
    ]
