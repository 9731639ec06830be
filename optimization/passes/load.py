"""Loading what a pass needs: the same number of SQL statements however many sites the chunk has."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from django.db.models import Q

from climate.models import ClimateMonitor, ClimateZone, TargetOverride, TargetPeriod
from climate.targets import Override
from energy.models import EnergySource
from integrations.models import CONNECTIONS, Connection, SimulatedHouse
from miners.models import DesiredState, ManualRequest, Miner, PoolAccount
from optimization.control.memory import Memory
from optimization.models import OptimizationUnit, PassState, Policy, Rule
from optimization.rules import CompiledPolicy, FieldTree, RuleErrors, compile_rule
from sites.models import Alarm, Site
from sites.store import store


@dataclass(slots=True)
class SiteRows:
    """The rows of one site, each object once; miners of units are the very objects in `miners`."""

    site: Site
    memory: Memory = field(default_factory=Memory)
    has_saved_state: bool = False
    zones: dict[UUID, ClimateZone] = field(default_factory=dict)
    #: The sensor outdoors, if the home has one.
    outdoor: ClimateMonitor | None = None
    overrides: dict[UUID, list[Override]] = field(default_factory=lambda: defaultdict(list))
    periods: list[TargetPeriod] = field(default_factory=list)
    sources: dict[UUID, EnergySource] = field(default_factory=dict)
    miners: dict[UUID, Miner] = field(default_factory=dict)
    desired: dict[UUID, DesiredState] = field(default_factory=dict)
    pools: list[PoolAccount] = field(default_factory=list)
    requests: dict[UUID, ManualRequest] = field(default_factory=dict)
    units: list[OptimizationUnit] = field(default_factory=list)
    rules: dict[UUID, list[Rule]] = field(default_factory=dict)
    connections: dict[UUID, Connection] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    #: Ended alarms that still stand in Home Assistant.
    untold: list[Alarm] = field(default_factory=list)


def load(site_ids: Sequence[UUID]) -> list[SiteRows]:
    """The rows of these sites, in 22 statements."""
    found = {site.pk: SiteRows(site) for site in Site.objects.filter(pk__in=site_ids)}
    ids = list(found)
    for zone in ClimateZone.objects.filter(site__in=ids).prefetch_related("slots", "monitors"):
        found[zone.site_id].zones[zone.pk] = zone
    for monitor in ClimateMonitor.objects.filter(site__in=ids, is_outdoor=True):
        found[monitor.site_id].outdoor = monitor
    for row in TargetOverride.objects.filter(zone__site__in=ids, cancelled_at__isnull=True).select_related("zone"):
        found[row.zone.site_id].overrides[row.zone_id].append(row.as_override())
    periods = TargetPeriod.objects.filter(site__in=ids, cancelled_at__isnull=True).prefetch_related("zones")
    for period in periods:
        found[period.site_id].periods.append(period)
    for source in EnergySource.objects.filter(site__in=ids).select_related("monitor"):
        found[source.site_id].sources[source.pk] = source
    _load_miners(found, ids)
    _load_units(found, ids)
    for model in CONNECTIONS.values():
        for row in model.objects.filter(site__in=ids):
            found[row.site_id].connections[row.pk] = row
    for alarm in Alarm.objects.filter(Q(ended_at__isnull=True) | Q(told="shown"), site__in=ids):
        rows = found[alarm.site_id]
        (rows.alarms if alarm.ended_at is None else rows.untold).append(alarm)
    _load_memory(found, ids)
    return [found[pk] for pk in site_ids if pk in found]


def _load_miners(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    miners = Miner.objects.filter(site__in=ids).select_related("controller", "cutoff", "circuit", "desired")
    for miner in miners.prefetch_related("zones"):
        rows = found[miner.site_id]
        rows.miners[miner.pk] = miner
        if hasattr(miner, "desired"):
            rows.desired[miner.pk] = miner.desired
    for pool in PoolAccount.objects.filter(site__in=ids).only("site", "adapter_type", "reading", "read_at"):
        found[pool.site_id].pools.append(pool)
    requests = ManualRequest.objects.filter(miner__site__in=ids, cancelled_at__isnull=True).select_related("miner")
    for request in requests.order_by("created_at"):
        found[request.miner.site_id].requests[request.miner_id] = request


def _load_units(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    policies: set[UUID] = set()
    units = OptimizationUnit.objects.filter(site__in=ids, is_enabled=True).select_related("policy")
    for unit in units.prefetch_related("miners", "zones"):
        found[unit.site_id].units.append(unit)
        policies.add(unit.policy_id)
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for rule in Rule.objects.filter(policy__in=policies, enabled=True):
        rules[rule.policy_id].append(rule)
    for rows in found.values():
        rows.rules = rules


def _load_memory(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    """Memory as the last pass left it: from the store, else (after a restart) from the database."""
    live = {pk: store().get(memory_key(pk)) for pk in ids}
    # One statement whether or not a site needs it: the count stays the same for every chunk.
    saved = {state.site_id: state.memory for state in PassState.objects.filter(site__in=ids)}
    for pk, rows in found.items():
        rows.memory = Memory.from_json(live[pk] if live[pk] is not None else saved.get(pk))
        rows.has_saved_state = pk in saved
        if live[pk] is None:
            # Nobody looked while the program was down: what went off meanwhile was no hand that we saw.
            rows.memory.shell["silent"] = [str(miner_id) for miner_id in rows.miners]
        for row in rows.connections.values():
            if isinstance(row, SimulatedHouse):
                state = store().get(house_key(row.pk))
                if state is not None:
                    row.state = state


def memory_key(site_id: UUID) -> str:
    return f"memory:{site_id}"


def house_key(house_id: UUID) -> str:
    return f"house:{house_id}"


def compile_policy(
    policy: Policy, rules: Iterable[Rule], zones: Iterable[ClimateZone]
) -> tuple[CompiledPolicy | None, str]:
    """The policy ready to be asked, or None and the sentence why not."""
    documents = tuple(
        (str(rule.pk), rule.kind, rule.name, rule.priority, json.dumps(rule.conditions, sort_keys=True))
        for rule in rules
    )
    names = tuple(sorted((zone.slug, zone.name) for zone in zones))
    return _compiled(policy.name, documents, names)


@lru_cache(maxsize=512)
def _compiled(
    name: str, documents: tuple[tuple[str, str, str, int, str], ...], zones: tuple[tuple[str, str], ...]
) -> tuple[CompiledPolicy | None, str]:
    fields = _fields(zones)
    compiled: dict[str, list] = {"start": [], "stop": []}
    for pk, kind, rule_name, priority, conditions in documents:
        try:
            rule = compile_rule(
                json.loads(conditions), fields, kind=kind, name=rule_name, priority=priority, rule_id=pk, stored=True
            )
        except RuleErrors as error:
            return None, f"The policy ‘{name}’ cannot be used: the rule ‘{rule_name}’ is wrong ({error})."
        compiled[kind].append(rule)
    return CompiledPolicy(compiled["start"], compiled["stop"]), ""


@lru_cache(maxsize=256)
def _fields(zones: tuple[tuple[str, str], ...]) -> FieldTree:
    return FieldTree.for_zones(zones)
