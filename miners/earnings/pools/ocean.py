"""OCEAN (TIDES): what it says about a bitcoin address, openly, without an account.

Its figures are texts and its amounts BTC; `lastest_share_ts` is spelled like that there. What the next block
would pay is per block *of the pool*, not per day. A request a minute is what it allows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, NotFound
from integrations.registry import AdapterConfig, register
from miners.earnings.figures import sat_of_btc, th_s_of_h_s, time_of
from miners.protocols import web_service
from miners.protocols.json_answer import Part

from .reading import PoolReading, PoolWorker
from .tracker import MOST_WORKERS, PoolTracker

#: No setting: nobody can make this program ask another place.
ADDRESS = "https://api.ocean.xyz"
_NAME = "OCEAN"


@register
class OceanTracker(PoolTracker):
    key = "ocean"
    label = "OCEAN"
    description = "Hash rate, machines and unpaid balance of a bitcoin address at ocean.xyz. Needs no account."
    refresh_seconds = 600.0
    tells = frozenset({"hash_rate_th_s", "unpaid_sat", "next_payout_sat", "payout_frequency"})

    class Config(AdapterConfig):
        bitcoin_address: str = Field(
            pattern=r"^[A-Za-z0-9]{14,90}$", description="The address your miners work for, without a worker’s name."
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> PoolReading:
        snap = _ask("statsnap", config, deadline)
        return PoolReading(
            hash_rate_th_s=th_s_of_h_s(snap, "hashrate_300s"),
            unpaid_sat=sat_of_btc(snap, "unpaid"),
            next_payout_sat=sat_of_btc(snap, "estimated_payout_next_block"),
            payout_frequency="per_block",
            observed_at=time_of(snap, "snap_ts"),
        )

    @classmethod
    def read_workers(cls, config: Config, deadline: float) -> tuple[PoolWorker, ...]:
        workers = _ask("user_hashrate_full", config, deadline).at("workers")
        if not isinstance(workers, dict):
            raise BadAnswer(f"{_NAME} does not say which machines work there.")
        return tuple(_worker(name, workers[name]) for name in sorted(workers)[:MOST_WORKERS])


def _ask(what: str, config: OceanTracker.Config, deadline: float) -> Part:
    path = f"/v1/{what}/{config.bitcoin_address}"
    hint = "Check the bitcoin address."
    (answer,) = web_service.ask(ADDRESS, path, name=_NAME, deadline=deadline, refused=hint)
    if answer.at("error") is not None:
        raise NotFound(f"{_NAME} does not know this bitcoin address, or none of its machines has worked lately. {hint}")
    return Part(answer.at("result"), _NAME)


def _worker(name: str, figures: Any) -> PoolWorker:
    """One entry: a list of one object of figures."""
    part = Part(figures[0] if isinstance(figures, list) and figures else figures, _NAME)
    rate = th_s_of_h_s(part, "hashrate_300s")
    rate = th_s_of_h_s(part, "hashrate_60s") if rate is None else rate
    last = time_of(part, "lastest_share_ts")
    at = None if last is None or last > datetime.now(UTC) else last.isoformat()
    return PoolWorker(name[:80], rate, at, None if rate is None else rate > 0)
