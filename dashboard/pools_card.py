"""What the pools of a home say: how fast its miners hash there, what is owed, what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from miners.earnings.pools.reading import PoolReading
from miners.earnings.view import sats

from . import formats, miner_figures
from .facts import Moment


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool account: its last good answer (None: none yet), of when, and why it fails now, if it does."""

    name: str
    reading: PoolReading | None
    read_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class PoolLines:
    """One pool in (label, figure) pairs; what it does not say is left out."""

    name: str
    pairs: tuple[tuple[str, str], ...]
    problem: str
    read_at: datetime | None


def pools_card(pools: Iterable[PoolFacts], at: Moment) -> tuple[PoolLines, ...]:
    return tuple(_lines(pool, at) for pool in pools)


def _lines(pool: PoolFacts, at: Moment) -> PoolLines:
    if pool.reading is None:
        return PoolLines(pool.name, (), pool.problem or "It has not been asked yet.", None)
    said = pool.reading
    pairs = (
        ("Hash rate", said.hash_rate_th_s, miner_figures.hash_rate),
        ("Hash rate over 24 h", said.hash_rate_24h_th_s, miner_figures.hash_rate),
        ("Unpaid", said.unpaid_sat, sats),
        ("Paid out from", said.payout_threshold_sat, sats),
        ("Next payout", said.next_payout_at, lambda when: formats.moment(when, at.now, at.tz)),
        ("Earned today", said.rewards_today_sat, sats),
        ("Earned in all", said.rewards_ever_sat, sats),
        ("Machines at work", said.workers_ok, str),
        ("Machines gone quiet", said.workers_off or None, str),
    )
    told = tuple((label, words(value)) for label, value, words in pairs if value is not None)
    return PoolLines(pool.name, told, pool.problem, pool.read_at)
