"""What each miner earned and cost, hour by hour: from its minutes, the hash value then, the price of electricity.

Made anew from all minutes of an hour and written only where it differs, so a run may be killed and repeated.
Unknown stays unknown: a miner behind a plug tells no hash rate, so what it earned is not known, and not 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from miners.models import Miner
from miners.models_pools import HashPriceHour, HashPriceSource, MinerEarning
from miners.rollup import MINERS, MinerMinute
from sites.models import Site
from sites.rollup import HOUR, floor

from .economics import HashValue, in_currency

#: Hours made anew in every run: a run may be missed, minutes may come late.
RECENT_HOURS = 6
#: A hash value that was read longer ago says nothing about an hour.
OLDEST_PRICE = timedelta(hours=24)
_SECONDS_PER_DAY = 86_400
_OWNERS_A_QUERY = 500
_FIGURES = ("energy_wh", "hashed_th", "earned_sat", "earned_currency", "electricity_currency", "currency")


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a home's hours are valued with. Hash values by the hour they were read in, the oldest first."""

    currency: str
    electricity_currency_per_kwh: float | None
    hash_values: tuple[tuple[datetime, HashValue], ...]

    def hash_value(self, hour: datetime) -> HashValue | None:
        """The newest that was known in that hour and is not too old for it."""
        known = [value for at, value in self.hash_values if hour - OLDEST_PRICE <= at <= hour]
        return known[-1] if known else None


def figures(minutes: Sequence[MinerMinute], hour: datetime, tariff: Tariff) -> dict[str, Any]:
    """The columns of `MinerEarning` for the minutes of one hour. Wh, TH (10¹² hashes), sat, the home's money."""
    energy_wh = sum(one.drawn_w for one in minutes) / 60
    hashed_th = hashed(minutes)
    value, price = tariff.hash_value(hour), tariff.electricity_currency_per_kwh
    earned_sat = None
    if hashed_th == 0:
        earned_sat = 0.0
    elif hashed_th is not None and value is not None:
        earned_sat = hashed_th / _SECONDS_PER_DAY * value.sat_per_th_s_day
    earned_currency = 0.0 if earned_sat == 0 else in_currency(earned_sat, value and value.currency_per_btc)
    return {
        "energy_wh": energy_wh,
        "hashed_th": hashed_th,
        "earned_sat": earned_sat,
        "earned_currency": earned_currency,
        "electricity_currency": None if price is None else energy_wh / 1000 * price,
        "currency": tariff.currency,
    }


def hashed(minutes: Sequence[MinerMinute]) -> float | None:
    """Terahashes of these minutes; a minute on without a rate counts as the mean of the others, if most have one."""
    rates = [one.hash_rate_th_s for one in minutes if one.hash_rate_th_s is not None]
    silent = sum(one.is_on and one.hash_rate_th_s is None for one in minutes)
    if silent > len(rates):
        return None
    guessed = silent * sum(rates) / len(rates) if rates else 0.0
    return (sum(rates) + guessed) * 60


def record(now: datetime) -> int:
    """Make the complete hours of late anew, for all miners; how many rows were written."""
    end = floor(now.astimezone(UTC), 60)
    begin = end - RECENT_HOURS * HOUR
    tariffs = _tariffs(begin)
    site_of = dict(Miner.objects.values_list("pk", "site_id"))
    owners, written = list(site_of), 0
    for start in range(0, len(owners), _OWNERS_A_QUERY):
        some = owners[start : start + _OWNERS_A_QUERY]
        written += _write(list(_rows(some, site_of, tariffs, begin, end)), some, begin)
    return written


def _rows(
    owners: list[UUID], site_of: dict[UUID, UUID], tariffs: dict[UUID, Tariff], begin: datetime, end: datetime
) -> Iterator[MinerEarning]:
    for miner_id, minutes in MINERS.minutes_of(owners, begin, end):
        for hour, group in groupby(minutes, key=lambda minute: floor(minute.at, 60)):
            yield MinerEarning(miner_id=miner_id, at=hour, **figures(list(group), hour, tariffs[site_of[miner_id]]))


def _write(rows: list[MinerEarning], owners: list[UUID], begin: datetime) -> int:
    stored = {(row.miner_id, row.at): row for row in MinerEarning.objects.filter(miner__in=owners, at__gte=begin)}
    changed = [row for row in rows if not _same(row, stored.get((row.miner_id, row.at)))]
    MinerEarning.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["miner", "at"], update_fields=list(_FIGURES), batch_size=100
    )
    return len(changed)


def _same(one: MinerEarning, other: MinerEarning | None) -> bool:
    return other is not None and all(getattr(one, name) == getattr(other, name) for name in _FIGURES)


def _tariffs(begin: datetime) -> dict[UUID, Tariff]:
    """Every site's, also of those that have no source of the hash price."""
    sources = {source.site_id: source for source in HashPriceSource.objects.all()}
    values: dict[UUID, list[tuple[datetime, HashValue]]] = {}
    for row in HashPriceHour.objects.filter(at__gte=begin - OLDEST_PRICE).order_by("at"):
        value = HashValue(row.sat_per_th_s_day, row.currency_per_btc)
        values.setdefault(row.source_id, []).append((row.at, value))
    found = {}
    for site_id, currency in Site.objects.values_list("pk", "currency"):
        source = sources.get(site_id)
        found[site_id] = Tariff(
            currency,
            source and source.electricity_currency_per_kwh,
            tuple(values.get(source.pk, ())) if source else (),
        )
    return found
