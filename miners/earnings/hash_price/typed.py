"""The hash value as somebody typed it in: for homes that ask nobody."""

from __future__ import annotations

from pydantic import Field

from integrations.registry import Adapter, AdapterConfig, Kind, register
from miners.earnings.economics import MOST_SAT_PER_TH_S_DAY

from .reading import HashPriceReading


@register
class TypedHashPrice(Adapter):
    kind = Kind.HASH_PRICE_SOURCE
    key = "typed"
    label = "Typed in"
    description = "What you type stays until you change it; nobody on the internet is asked."

    class Config(AdapterConfig):
        sat_per_th_s_day: float = Field(
            gt=0,
            le=MOST_SAT_PER_TH_S_DAY,
            title="Earnings",
            description="What 1 TH/s earns in a day, after the pool’s fee.",
            json_schema_extra={"unit": "sat"},
        )
        currency_per_btc: float | None = Field(
            None, gt=0, le=1e12, description="What a bitcoin costs, in the home’s money. Empty: only satoshi are shown."
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> HashPriceReading:
        return HashPriceReading(config.sat_per_th_s_day, config.currency_per_btc)
