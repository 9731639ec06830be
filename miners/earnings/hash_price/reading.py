"""What one look at a source of the hash price showed; stored as JSON (`miners.earnings.pools.reading.to_json`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from miners.earnings.economics import HashValue


@dataclass(frozen=True, slots=True)
class HashPriceReading:
    """Satoshi that 1 TH/s earns in a day after fees; what a bitcoin costs, in `currency` (empty: the home's)."""

    sat_per_th_s_day: float
    currency_per_btc: float | None = None
    currency: str = ""
    difficulty: float | None = None
    block_reward_sat: float | None = None
    observed_at: datetime | None = None

    def value_in(self, currency: str) -> HashValue:
        """The hash value for a home that counts in `currency`; without a price where this one is in another."""
        is_same = self.currency in ("", currency)
        return HashValue(self.sat_per_th_s_day, self.currency_per_btc if is_same else None)
