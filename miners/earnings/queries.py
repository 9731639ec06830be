"""What the earnings of a home, or of one miner, are shown from: stored rows and the last pass, never the internet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, Sum

from miners.models import Miner
from miners.models_pools import HashPriceSource, MinerEarning
from sites import live
from sites.models import Site

from .hourly import OLDEST_PRICE
from .view import MinerNow, Panel, Span, panel

MONTH = timedelta(days=30)


def earnings_of(site: Site, now: datetime) -> Panel:
    """The panel of a home, in four statements."""
    return _panel(site, Miner.objects.filter(site=site, is_active=True), Q(miner__site=site), now)


def earnings_of_miner(miner: Miner, now: datetime) -> Panel:
    """The same of one miner alone, in three statements (`miner.site` loaded)."""
    return _panel(miner.site, [miner], Q(miner=miner), now)


def _panel(site: Site, miners: Iterable[Miner], ours: Q, now: datetime) -> Panel:
    source = HashPriceSource.objects.filter(site=site).first()
    reading = source.last if source is not None else None
    is_fresh = source is not None and source.read_at is not None and abs(now - source.read_at) <= OLDEST_PRICE
    local = now.astimezone(site.tz)
    return panel(
        site.currency,
        reading.value_in(site.currency) if reading is not None and is_fresh else None,
        source.electricity_currency_per_kwh if source is not None else None,
        _seen(site, miners),
        today=_span(site, ours, local.replace(hour=0, minute=0, second=0, microsecond=0), now),
        month=_span(site, ours, now - MONTH, now),
        price_read_at=source.read_at if source is not None else None,
        problem=source.problem if source is not None else "",
    )


def _seen(site: Site, miners: Iterable[Miner]) -> list[MinerNow]:
    """As the last pass saw them; a power that was not measured is not one to count with."""
    seen = (live.read(site.pk) or {}).get("miners", {})
    found = []
    for miner in miners:
        one = seen.get(str(miner.pk), {})
        power_w = one.get("power_w") if one.get("power_is_measured") else None
        found.append(MinerNow(str(miner.pk), miner.name, power_w, one.get("hash_rate_th_s")))
    return found


def _span(site: Site, which: Q, since: datetime, until: datetime) -> Span:
    """The recorded hours of `since` ≤ at < `until`, in the money the home counts in now."""
    ours = Q(currency=site.currency)
    priced = ours & Q(earned_currency__isnull=False, electricity_currency__isnull=False)
    found = MinerEarning.objects.filter(which, at__gte=since, at__lt=until).aggregate(
        wh=Sum("energy_wh", default=0.0),
        sat=Sum("earned_sat"),
        earned=Sum("earned_currency", filter=ours),
        electricity=Sum("electricity_currency", filter=ours),
        net_cost=Sum(F("electricity_currency") - F("earned_currency"), filter=priced),
        priced_wh=Sum("energy_wh", filter=priced, default=0.0),
    )
    return Span(
        energy_wh=found["wh"],
        earned_sat=found["sat"],
        earned_currency=found["earned"],
        electricity_currency=found["electricity"],
        net_cost_currency=found["net_cost"],
        priced_energy_wh=found["priced_wh"],
    )
