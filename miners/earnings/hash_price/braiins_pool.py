"""The hash value as a pool really pays it: today's expected reward over the day's hash rate, fee and luck included."""

from __future__ import annotations

from pydantic import Field

from integrations.errors import BadAnswer
from integrations.registry import Adapter, Kind, register
from miners.earnings.economics import hashes
from miners.earnings.figures import hash_value, required, sat_of_btc, th_s
from miners.earnings.pools.braiins_pool import NAME, TokenConfig, ask

from .reading import HashPriceReading


@register
class BraiinsPoolHashPrice(Adapter):
    kind = Kind.HASH_PRICE_SOURCE
    key = "braiins_pool"
    label = "Braiins Pool: what it pays"
    description = "Today’s expected reward over the hash rate of 24 h. Tells nothing while your miners stand still."
    refresh_seconds = 3600.0

    class Config(TokenConfig):
        currency_per_btc: float | None = Field(
            None, gt=0, le=1e12, description="What a bitcoin costs, in the home’s money. Empty: only satoshi are shown."
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> HashPriceReading:
        account = ask("profile", config, deadline)
        reward = required(sat_of_btc(account, "estimated_reward"), "what it expects to pay today", NAME)
        rate = required(
            th_s(account, "hash_rate_24h", unit=account.text("hash_rate_unit")), "the hash rate of 24 h", NAME
        )
        if not hashes(rate):
            raise BadAnswer(f"{NAME} saw no hash rate in 24 h, so what a TH/s earns cannot be told from it.")
        return HashPriceReading(
            sat_per_th_s_day=hash_value(reward / rate, NAME), currency_per_btc=config.currency_per_btc
        )
