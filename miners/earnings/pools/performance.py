"""What the pools of a home say, as rules may look at it: added up, with its age, from what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites.clock import FUTURE_TOLERANCE

from .reading import PoolReading

#: A pool that has not answered for so long says nothing.
OLDEST = timedelta(hours=2)
_SUMS = (
    "hash_rate_th_s",
    "hash_rate_24h_th_s",
    "hash_rate_7d_th_s",
    "unpaid_sat",
    "next_payout_sat",
    "payout_threshold_sat",
)


@dataclass(frozen=True, slots=True)
class Account:
    """One pool account as stored: what its pool tells at all, its last good answer and when that came."""

    tells: frozenset[str]
    reading: PoolReading | None
    read_at: datetime | None


def performance(accounts: Iterable[Account], now: datetime) -> dict[str, Any]:
    """Fields of `PoolReading` of all accounts together: sums, TH/s and satoshi; the words of the first that has some;
    the soonest payout.

    A field no pool of the home tells is missing (absent for rules); one that a pool should tell and did not, or
    that is too old, is None (unknown): never a part of a sum.
    """
    accounts, found = list(accounts), {}
    if not accounts:
        return found
    for name in _SUMS:
        parts = [_figure(_value(one, name, now)) for one in accounts if name in one.tells]
        if parts:
            found[name] = None if None in parts else sum(parts)
    words = [one for one in accounts if "payout_frequency" in one.tells]
    if words:
        said = _value(words[0], "payout_frequency", now)
        found["payout_frequency"] = said if isinstance(said, str) else None
    payouts = [
        _still_to_come(_value(one, "next_payout_at", now), now) for one in accounts if "next_payout_at" in one.tells
    ]
    if payouts:
        found["next_payout_at"] = None if None in payouts else min(payouts)
    return found


def _still_to_come(value: Any, now: datetime) -> datetime | None:
    """A payout that is over is not the next one, and when that is the pool has not said yet."""
    is_time = isinstance(value, datetime) and value.tzinfo is not None
    return value if is_time and value > now else None


def _value(account: Account, name: str, now: datetime) -> Any:
    """What it says; None when it never answered, too long ago, or at a time still to come (the clock was set back)."""
    if account.reading is None or account.read_at is None:
        return None
    if not -FUTURE_TOLERANCE <= now - account.read_at <= OLDEST:
        return None
    return getattr(account.reading, name)


def _figure(value: Any) -> float | None:
    """A finite number; a stored row that somebody damaged must not stop a pass."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) < 1e18 else None
