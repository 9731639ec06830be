"""Reading the rows that plans are compiled from: a fixed number of SELECTs for all sites asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from climate.models import ClimateMonitor, ClimateZone, TargetPeriod
from energy.models import EnergySource
from integrations.models import CONNECTIONS
from miners.models import Miner, PoolAccount
from optimization.models import OptimizationUnit, Rule
from sites.models import Site

from .compiling import Configuration, compiled
from .plan import SitePlan


def load_plans(site_ids: Collection[UUID]) -> dict[UUID, SitePlan]:
    """The plans of these sites, from what is stored now, each with the version that was read before its rows."""
    return {pk: compiled(rows) for pk, rows in configurations(site_ids).items()}


def configurations(site_ids: Collection[UUID]) -> dict[UUID, Configuration]:
    """The rows of these sites, everything related at hand."""
    sites = Site.objects.filter(pk__in=site_ids)
    # The version first: rows that change while they are read are newer than it says, never older.
    found = {site.pk: Configuration(site, site.config_version) for site in sites}
    ids = list(found)
    for zone in ClimateZone.objects.filter(site__in=ids).prefetch_related("slots", "monitors"):
        found[zone.site_id].zones.append(zone)
    for monitor in ClimateMonitor.objects.filter(site__in=ids, is_outdoor=True):
        found[monitor.site_id].outdoor = monitor
    periods = TargetPeriod.objects.filter(site__in=ids, cancelled_at__isnull=True)
    for period in periods.prefetch_related("zones"):
        found[period.site_id].periods.append(period)
    for source in EnergySource.objects.filter(site__in=ids).select_related("monitor"):
        found[source.site_id].sources.append(source)
    miners = Miner.objects.filter(site__in=ids).select_related("controller", "cutoff", "circuit")
    for miner in miners.prefetch_related("zones"):
        found[miner.site_id].miners.append(miner)
    _add_units(found, ids)
    for pool in PoolAccount.objects.filter(site__in=ids).defer("reading", "workers"):
        found[pool.site_id].pools.append(pool)
    for model in CONNECTIONS.values():
        for row in model.objects.filter(site__in=ids):
            found[row.site_id].connections.append(row)
    return found


def _add_units(found: dict[UUID, Configuration], ids: list[UUID]) -> None:
    units = OptimizationUnit.objects.filter(site__in=ids, is_enabled=True).select_related("policy")
    policies: set[UUID] = set()
    for unit in units.prefetch_related("miners", "zones"):
        found[unit.site_id].units.append(unit)
        policies.add(unit.policy_id)
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for rule in Rule.objects.filter(policy__in=policies - {None}, enabled=True):
        rules[rule.policy_id].append(rule)
    for rows in found.values():
        rows.rules = rules
