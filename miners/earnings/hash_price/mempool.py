"""A mempool server (mempool.space or one of your own): difficulty, what blocks paid lately, what a bitcoin costs.

There is no address for the hash price itself; it follows from difficulty and the mean reward of the last 144 blocks
(about a day). Rewards are texts in satoshi; outside the main network figures are null. Ten minutes is its cache.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from integrations.errors import BadAnswer
from integrations.registry import Adapter, AdapterConfig, Kind, register
from integrations.tls import Certificate, certificate_field
from integrations.whereabouts import as_url
from miners.earnings.economics import SAT_PER_BTC, hash_value_sat_per_th_s_day
from miners.earnings.figures import amount, hash_value, required, time_of
from miners.protocols import web_service
from miners.protocols.json_answer import Part

from .reading import HashPriceReading

_NAME = "The mempool server"
_PATHS = ("/api/v1/mining/hashrate/3d", "/api/v1/mining/reward-stats/144", "/api/v1/prices")
#: Its price is refused when it is older.
_OLDEST_PRICE = timedelta(days=2)
_MOST_REWARD_SAT = 100 * SAT_PER_BTC


def _url(text: str) -> str:
    text = as_url(text, "https")
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or "@" in text:
        raise PydanticCustomError(
            "url", "this is no address; one looks like {example}", {"example": "https://mempool.space"}
        )
    return f"{parts.scheme}://{parts.netloc}"  # a page of it that was open is left out


@register
class MempoolHashPrice(Adapter):
    kind = Kind.HASH_PRICE_SOURCE
    key = "mempool"
    label = "mempool.space"
    description = "Difficulty, block rewards and the price of a bitcoin from mempool.space or a server of your own."
    refresh_seconds = 3600.0

    class Config(AdapterConfig):
        address: Annotated[str, AfterValidator(_url)] = Field(
            "https://mempool.space", max_length=200, description="The server; your own node may have one."
        )
        certificate: Certificate = certificate_field()
        currency: str = Field(
            "EUR",
            pattern="^(USD|EUR|GBP|CAD|CHF|AUD|JPY)$",
            description="The money of the home: USD, EUR, GBP, CAD, CHF, AUD or JPY.",
        )
        fee_percent: float = Field(
            2.0, ge=0, le=20, description="What your pool keeps.", json_schema_extra={"unit": "%"}
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> HashPriceReading:
        network, rewards, prices = web_service.ask(
            config.address,
            *_PATHS,
            name=_NAME,
            deadline=deadline,
            refused="Check its address.",
            certificate=config.certificate,
        )
        difficulty = required(amount(network, "currentDifficulty", most=1e20), "the difficulty", _NAME)
        reward = _mean_reward_sat(rewards)
        if difficulty < 1:
            raise BadAnswer(f"{_NAME} says the difficulty is {difficulty:g}, which cannot be.")
        price, at = amount(prices, config.currency, most=1e12), time_of(prices, "time")
        is_old = at is not None and datetime.now(UTC) - at > _OLDEST_PRICE
        return HashPriceReading(
            sat_per_th_s_day=hash_value(hash_value_sat_per_th_s_day(difficulty, reward, config.fee_percent), _NAME),
            currency_per_btc=None if is_old or not price else price,
            currency=config.currency,
            difficulty=difficulty,
            block_reward_sat=reward,
            observed_at=at,
        )


def _mean_reward_sat(rewards: Part) -> float:
    """Subsidy and fees of a block, the mean of those counted."""
    first, last = (
        required(amount(rewards, key, most=1e9), "which blocks it counted", _NAME) for key in ("startBlock", "endBlock")
    )
    blocks = last - first + 1
    total = required(amount(rewards, "totalReward", most=2.1e15), "what blocks paid", _NAME)
    if blocks < 1 or total / blocks > _MOST_REWARD_SAT:
        raise BadAnswer(f"{_NAME} says {blocks:g} blocks paid {total:g} sat, which cannot be.")
    return total / blocks
