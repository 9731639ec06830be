"""Braiins Pool: what it says about an account, with a token that may only look.

Amounts are texts in BTC, hash rates stand in the unit named beside them. One request in five seconds is allowed,
then it bans.
"""

from __future__ import annotations

from pydantic import Field

from integrations.errors import BadAnswer
from integrations.registry import AdapterConfig, register
from miners.earnings.figures import count, sat_of_btc, th_s, time_of
from miners.protocols import web_service
from miners.protocols.json_answer import Part

from .reading import PoolReading, PoolWorker
from .tracker import MOST_WORKERS, PoolTracker

#: No setting: the token goes nowhere else.
ADDRESS = "https://pool.braiins.com"
NAME = "Braiins Pool"


class TokenConfig(AdapterConfig):
    """What every reader of Braiins Pool needs."""

    place_settings = ()

    api_token: str = Field(
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="At pool.braiins.com: Settings → Access profiles; one that may only read is enough.",
        json_schema_extra={"secret": True},
    )


def ask(what: str, config: TokenConfig, deadline: float) -> Part:
    """`/accounts/<what>/json/btc`, the part about bitcoin. Raises `AdapterError`."""
    (answer,) = web_service.ask(
        ADDRESS,
        f"/accounts/{what}/json/btc",
        name=NAME,
        deadline=deadline,
        headers={"Pool-Auth-Token": config.api_token},
        refused="Check the access token.",
    )
    return Part(answer.at("btc"), NAME)


@register
class BraiinsPoolTracker(PoolTracker):
    key = "braiins_pool"
    label = "Braiins Pool"
    description = "Hash rates, machines, rewards and balance of an account at pool.braiins.com."
    tells = frozenset({"hash_rate_th_s", "hash_rate_24h_th_s", "unpaid_sat", "payout_frequency"})

    class Config(TokenConfig):
        pass

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> PoolReading:
        account = ask("profile", config, deadline)
        unit = account.text("hash_rate_unit")
        off = [count(account, name) for name in ("off_workers", "dis_workers")]
        ok = [count(account, name) for name in ("ok_workers", "low_workers")]
        return PoolReading(
            hash_rate_th_s=th_s(account, "hash_rate_5m", unit=unit),
            hash_rate_1h_th_s=th_s(account, "hash_rate_60m", unit=unit),
            hash_rate_24h_th_s=th_s(account, "hash_rate_24h", unit=unit),
            unpaid_sat=sat_of_btc(account, "current_balance"),
            rewards_today_sat=sat_of_btc(account, "today_reward"),
            rewards_ever_sat=sat_of_btc(account, "all_time_reward"),
            workers_ok=None if None in ok else sum(ok),
            workers_off=None if None in off else sum(off),
            payout_frequency="threshold",
        )

    @classmethod
    def read_workers(cls, config: Config, deadline: float) -> tuple[PoolWorker, ...]:
        workers = ask("workers", config, deadline).at("workers")
        if not isinstance(workers, dict):
            raise BadAnswer(f"{NAME} does not say which machines work there.")
        return tuple(_worker(name, Part(workers[name], NAME)) for name in sorted(workers)[:MOST_WORKERS])


def _worker(name: str, part: Part) -> PoolWorker:
    last = time_of(part, "last_share")
    state = part.text("state")
    return PoolWorker(
        name=name[:80],
        hash_rate_th_s=th_s(part, "hash_rate_5m", unit=part.text("hash_rate_unit")),
        last_share_at=None if last is None else last.isoformat(),
        is_ok=state in ("ok", "low") if state else None,
    )
