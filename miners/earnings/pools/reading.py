"""What one look at a pool account showed; stored as JSON, so that pages and passes never ask a pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PoolWorker:
    """One machine as the pool sees it: TH/s, the time of its last share (UTC, ISO), whether it is at work."""

    name: str
    hash_rate_th_s: float | None = None
    last_share_at: str | None = None
    is_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class PoolReading:
    """TH/s and satoshi; None: the pool does not say. `observed_at` is the pool's own time, where it gives one."""

    hash_rate_th_s: float | None = None
    hash_rate_1h_th_s: float | None = None
    hash_rate_24h_th_s: float | None = None
    hash_rate_7d_th_s: float | None = None
    unpaid_sat: int | None = None
    next_payout_sat: int | None = None
    rewards_today_sat: int | None = None
    rewards_ever_sat: int | None = None
    workers_ok: int | None = None
    workers_off: int | None = None
    payout_frequency: str = "unknown"
    payout_threshold_sat: int | None = None
    next_payout_at: datetime | None = None
    observed_at: datetime | None = None


def to_json(reading: Any) -> dict[str, Any]:
    """A reading (of a pool or a price) as JSON."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(reading).items()
    }


def from_json(stored: Mapping[str, Any], kind: type[Any] = PoolReading) -> Any | None:
    """The reading again, of the dataclass `kind`; None when nothing (or something else) is stored."""
    known = {one.name for one in fields(kind)}
    try:
        values = {name: value for name, value in stored.items() if name in known}
        for name in ("observed_at", "next_payout_at"):
            if values.get(name) is not None:
                values[name] = datetime.fromisoformat(values[name])
        return kind(**values) if values else None
    except (TypeError, ValueError, AttributeError):
        return None
