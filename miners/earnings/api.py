"""Pools, the hash price and earnings. Nothing here asks the internet but the tests a person starts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.pagination import paginate

from integrations.adapter_api import AdapterIn, AdapterOut, adapter_router
from miners.models import Miner
from miners.models_pools import HashPriceSource, PoolAccount
from sites.models import Site
from sites.rest import rows
from sites.rest.bodies import Answer, Moment, field
from sites.rest.paging import Paged

from .queries import earnings_of

#: Generated clients call these operations so; the module's place is no part of it.
_ID = "miners_value_api_{}"

pools_router = adapter_router(PoolAccount, AdapterIn, AdapterOut, used_through=(), heats=False)


class PriceIn(AdapterIn):
    electricity_currency_per_kwh: float | None = field(HashPriceSource, "electricity_currency_per_kwh")


class PriceOut(AdapterOut):
    electricity_currency_per_kwh: float | None


prices_router = adapter_router(HashPriceSource, PriceIn, PriceOut, used_through=(), heats=False)
earnings_router = Router(tags=["earnings"])


class StateOut(Answer):
    """The last good answer and when it came; `problem`: why there is no newer one. Empty before the first."""

    reading: dict[str, Any]
    read_at: datetime | None
    next_read_at: datetime | None
    failures: int
    problem: str


class PoolStateOut(StateOut):
    """`workers`: the machines as the pool sees them, TH/s."""

    workers: list[dict[str, Any]]


@pools_router.get("/{uuid:row_id}/state", response=PoolStateOut, operation_id=_ID.format("get_pool_state"))
def get_pool_state(request: HttpRequest, row_id: UUID):
    return rows.get(PoolAccount.objects.all(), row_id)


class PoolHourOut(Answer):
    at: datetime
    hash_rate_th_s: float | None
    unpaid_sat: int | None
    rewards_ever_sat: int | None
    workers_ok: int | None


@pools_router.get("/{uuid:row_id}/hours", response=list[PoolHourOut], operation_id=_ID.format("list_pool_hours"))
@paginate(Paged)
def list_pool_hours(request: HttpRequest, row_id: UUID, since: Moment | None = None, until: Moment | None = None):
    """The last good answer of each hour, oldest first, `since` ≤ at < `until`."""
    return rows.between(rows.get(PoolAccount.objects.all(), row_id).hours.order_by("at"), since, until)


@prices_router.get("/{uuid:row_id}/state", response=StateOut, operation_id=_ID.format("get_price_state"))
def get_price_state(request: HttpRequest, row_id: UUID):
    return rows.get(HashPriceSource.objects.all(), row_id)


class ValueOut(Answer):
    """If it goes on as now; null where an input is unknown. `net_cost…` below 0: the heat is free and pays."""

    efficiency_j_per_th: float | None
    earned_sat_per_kwh: float | None
    earned_currency_per_kwh: float | None
    earned_sat_per_day: float | None
    earned_currency_per_day: float | None
    electricity_currency_per_day: float | None
    net_cost_currency_per_day: float | None
    net_cost_currency_per_kwh_heat: float | None


class MinerLineOut(Answer):
    miner_id: UUID
    name: str
    sentence: str
    value: ValueOut


class SpanOut(Answer):
    """Recorded hours; the net cost is of those whose earnings and cost are known, `priced_energy_wh` their heat."""

    energy_wh: float
    earned_sat: float | None
    earned_currency: float | None
    electricity_currency: float | None
    net_cost_currency: float | None
    priced_energy_wh: float
    net_cost_currency_per_kwh_heat: float | None


class HashValueOut(Answer):
    sat_per_th_s_day: float
    currency_per_btc: float | None


class EarningsOut(Answer):
    """What mining earns in a home and what its heat costs: now, today (local) and over 30 days."""

    currency: str
    sentence: str
    hash_value: HashValueOut | None
    electricity_currency_per_kwh: float | None
    price_read_at: datetime | None
    problem: str
    miners: list[MinerLineOut]
    today: SpanOut
    month: SpanOut


@earnings_router.get("/sites/{uuid:site_id}/earnings", response=EarningsOut, operation_id=_ID.format("get_earnings"))
def get_earnings(request: HttpRequest, site_id: UUID):
    return earnings_of(rows.get(Site.objects.all(), site_id), timezone.now())


class EarningHourOut(Answer):
    at: datetime
    energy_wh: float
    hashed_th: float | None
    earned_sat: float | None
    earned_currency: float | None
    electricity_currency: float | None
    currency: str


@earnings_router.get(
    "/miners/{uuid:miner_id}/earnings", response=list[EarningHourOut], operation_id=_ID.format("list_miner_earnings")
)
@paginate(Paged)
def list_miner_earnings(request: HttpRequest, miner_id: UUID, since: Moment | None = None, until: Moment | None = None):
    """Recorded hours, oldest first, `since` ≤ at < `until`; what was expected, not what a pool paid."""
    return rows.between(rows.get(Miner.objects.all(), miner_id).earnings.order_by("at"), since, until)
