"""A pool that is not there: credits a typed hash rate and pays out at a threshold, by the clock alone."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

from pydantic import Field

from integrations.registry import AdapterConfig, register

from .reading import PoolReading, PoolWorker
from .tracker import PoolTracker

_SECONDS_PER_DAY = 86_400
_CENTURY_ENDS = 4_102_444_800


@register
class SimulatedPoolTracker(PoolTracker):
    key = "simulated"
    label = "Simulated pool"
    description = "A pool that is not there: credits a steady hash rate by the clock. For trying things on."
    is_real = False
    refresh_seconds = 60.0
    tells = frozenset(
        {
            "hash_rate_th_s",
            "hash_rate_24h_th_s",
            "hash_rate_7d_th_s",
            "unpaid_sat",
            "next_payout_sat",
            "payout_frequency",
            "payout_threshold_sat",
            "next_payout_at",
        }
    )

    class Config(AdapterConfig):
        hash_rate_th_s: float = Field(
            40.0, ge=0, le=1e6, title="Hash rate", description="What it credits.", json_schema_extra={"unit": "TH/s"}
        )
        sat_per_th_s_day: float = Field(
            45.0,
            ge=0,
            le=1e6,
            title="Earnings",
            description="What a TH/s earns in a day.",
            json_schema_extra={"unit": "sat"},
        )
        payout_threshold_sat: int = Field(
            50_000,
            ge=1,
            le=10**9,
            description="It pays out whenever that much is due.",
            json_schema_extra={"unit": "sat"},
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> PoolReading:
        return at(config, datetime.now(UTC))

    @classmethod
    def read_workers(cls, config: Config, deadline: float) -> tuple[PoolWorker, ...]:
        now = datetime.now(UTC).isoformat()
        return (PoolWorker("simulated", config.hash_rate_th_s, now, config.hash_rate_th_s > 0),)


def at(config: SimulatedPoolTracker.Config, now: datetime) -> PoolReading:
    """The account at `now`: as if it had been credited since 1970 and paid out at every threshold."""
    per_day = config.hash_rate_th_s * config.sat_per_th_s_day
    earned = int(now.timestamp() / _SECONDS_PER_DAY * per_day)
    is_at_work = config.hash_rate_th_s > 0
    return PoolReading(
        hash_rate_th_s=config.hash_rate_th_s,
        hash_rate_1h_th_s=config.hash_rate_th_s,
        hash_rate_24h_th_s=config.hash_rate_th_s,
        hash_rate_7d_th_s=config.hash_rate_th_s,
        unpaid_sat=earned % config.payout_threshold_sat,
        next_payout_sat=config.payout_threshold_sat,
        rewards_today_sat=int(per_day * (now.timestamp() % _SECONDS_PER_DAY) / _SECONDS_PER_DAY),
        rewards_ever_sat=earned,
        workers_ok=int(is_at_work),
        workers_off=int(not is_at_work),
        payout_frequency="threshold",
        payout_threshold_sat=config.payout_threshold_sat,
        next_payout_at=_payout_after(config, earned, per_day),
        observed_at=now,
    )


def _payout_after(config: SimulatedPoolTracker.Config, earned: int, per_day: float) -> datetime | None:
    """When its clock will have credited the next full threshold; None: never, or not in this century."""
    due = (earned // config.payout_threshold_sat + 1) * config.payout_threshold_sat
    seconds = due / per_day * _SECONDS_PER_DAY if per_day else inf
    return datetime.fromtimestamp(seconds, UTC) if seconds < _CENTURY_ENDS else None
