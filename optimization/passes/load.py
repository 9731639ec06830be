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
from miners import devices
from miners.models import DesiredState, ManualRequest, Miner, PoolAccount
from optimization.control.memory import Memory
from optimization.models import OptimizationUnit, PassState, Policy, Rule
from optimization.rules import CompiledPolicy, FieldTree, RuleErrors, about_no_zone, compile_rule
from sites.kept import kept
from sites.models import Alarm, Site
from sites.store import store

from . import held_orders, unrecorded


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
    #: By miner: what switches it belongs to another miner, too.
    doubled: dict[UUID, devices.Doubled] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    #: Miners asked to be off by requests that are not stored yet.
    asked_off: set[UUID] = field(default_factory=set)
    #: Ended alarms that still stand in Home Assistant.
    untold: list[Alarm] = field(default_factory=list)


_sites = kept(lambda ids: Site.objects.filter(pk__in=ids))
_zones = kept(lambda ids: ClimateZone.objects.filter(site__in=ids).prefetch_related("slots", "monitors"))
_outdoor = kept(lambda ids: ClimateMonitor.objects.filter(site__in=ids, is_outdoor=True))
_overrides = kept(
    lambda ids: TargetOverride.objects.filter(zone__site__in=ids, cancelled_at__isnull=True).select_related("zone")
)
_periods = kept(
    lambda ids: TargetPeriod.objects.filter(site__in=ids, cancelled_at__isnull=True).prefetch_related("zones")
)
_sources = kept(lambda ids: EnergySource.objects.filter(site__in=ids).select_related("monitor"))
_miners = kept(
    lambda ids: (
        Miner.objects.filter(site__in=ids)
        .select_related("controller", "cutoff", "circuit", "desired")
        .prefetch_related("zones")
    )
)
_doubled = kept(devices.doubled_at)
_pools = kept(lambda ids: PoolAccount.objects.filter(site__in=ids).only("site", "adapter_type", "reading", "read_at"))
_requests = kept(
    lambda ids: (
        ManualRequest.objects.filter(miner__site__in=ids, cancelled_at__isnull=True)
        .select_related("miner")
        .order_by("created_at")
    )
)
_units = kept(
    lambda ids: (
        OptimizationUnit.objects.filter(site__in=ids, is_enabled=True)
        .select_related("policy")
        .prefetch_related("miners", "zones")
    )
)
_rules = kept(lambda policy_ids: Rule.objects.filter(policy__in=policy_ids, enabled=True))
_connections = [kept(lambda ids, model=model: model.objects.filter(site__in=ids)) for model in CONNECTIONS.values()]
_alarms = kept(lambda ids: Alarm.objects.filter(Q(ended_at__isnull=True) | Q(told="shown"), site__in=ids))
_saved = kept(lambda ids: PassState.objects.filter(site__in=ids))


def load(site_ids: Sequence[UUID]) -> list[SiteRows]:
    """The rows of these sites, in 23 statements."""
    found = {site.pk: SiteRows(site) for site in _sites(site_ids)}
    ids = list(found)
    for zone in _zones(ids):
        found[zone.site_id].zones[zone.pk] = zone
    for monitor in _outdoor(ids):
        found[monitor.site_id].outdoor = monitor
    for row in _overrides(ids):
        found[row.zone.site_id].overrides[row.zone_id].append(row.as_override())
    for period in _periods(ids):
        found[period.site_id].periods.append(period)
    for source in _sources(ids):
        found[source.site_id].sources[source.pk] = source
    _load_miners(found, ids)
    _load_units(found, ids)
    for rows_of_kind in _connections:
        for row in rows_of_kind(ids):
            found[row.site_id].connections[row.pk] = row
    for alarm in _alarms(ids):
        rows = found[alarm.site_id]
        (rows.alarms if alarm.ended_at is None else rows.untold).append(alarm)
    _load_memory(found, ids)
    return [found[pk] for pk in site_ids if pk in found]


def _load_miners(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    for miner in _miners(ids):
        rows = found[miner.site_id]
        rows.miners[miner.pk] = miner
        if hasattr(miner, "desired"):
            rows.desired[miner.pk] = miner.desired
    doubled = devices.doubled_miners(_doubled(ids))
    for rows in found.values():
        rows.doubled = devices.shared_rows(rows.miners.values())
        rows.doubled |= {pk: one for pk, one in doubled.items() if pk in rows.miners}
    for pool in _pools(ids):
        found[pool.site_id].pools.append(pool)
    for request in _requests(ids):
        found[request.miner.site_id].requests[request.miner_id] = request


def _load_units(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    policies: set[UUID] = set()
    for unit in _units(ids):
        found[unit.site_id].units.append(unit)
        policies.add(unit.policy_id)
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for rule in _rules(sorted(policies - {None})):
        rules[rule.policy_id].append(rule)
    for rows in found.values():
        rows.rules = rules


def _load_memory(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    """Memory as the last pass left it: from the store, else (after a restart) from the database."""
    live = {pk: store().get(memory_key(pk)) for pk in ids}
    # One statement whether or not a site needs it: the count stays the same for every chunk.
    saved = {state.site_id: state.memory for state in _saved(ids)}
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
        unrecorded.restore(rows)
    held_orders.apply(found)


def memory_key(site_id: UUID) -> str:
    return f"memory:{site_id}"


def house_key(house_id: UUID) -> str:
    return f"house:{house_id}"


#: One encoder for all: `json.dumps` with arguments makes one for each call.
_sorted_text = json.JSONEncoder(sort_keys=True).encode


#: The zones that the names of a rule mean: (name, id) pairs.
_Bound = tuple[tuple[str, str], ...]
_Document = tuple[str, str, str, int, str, _Bound]


def compile_policy(
    policy: Policy, rules: Iterable[Rule], zones: Iterable[ClimateZone]
) -> tuple[CompiledPolicy | None, str]:
    """The policy ready to be asked, or None and the sentence why not."""
    documents = tuple(
        (
            str(rule.pk),
            rule.kind,
            rule.name,
            rule.priority,
            _sorted_text(rule.conditions),
            tuple(sorted(rule.zone_ids.items())),
        )
        for rule in rules
    )
    named = tuple(sorted((zone.slug, zone.name, str(zone.pk)) for zone in zones))
    return _compiled(policy.name, documents, named)


@lru_cache(maxsize=512)
def _compiled(
    name: str, documents: tuple[_Document, ...], zones: tuple[tuple[str, str, str], ...]
) -> tuple[CompiledPolicy | None, str]:
    fields = _fields(zones)
    compiled: dict[str, list] = {"start": [], "stop": []}
    for pk, kind, rule_name, priority, conditions, bound in documents:
        try:
            rule = compile_rule(
                json.loads(conditions),
                fields,
                kind=kind,
                name=rule_name,
                priority=priority,
                rule_id=pk,
                stored=True,
                bound=dict(bound),
            )
        except RuleErrors as error:
            return None, f"The policy ‘{name}’ cannot be used: the rule ‘{rule_name}’ is wrong ({error})."
        if rule.missing_fields:
            return (
                None,
                f"The policy ‘{name}’ cannot be used. {about_no_zone(rule_name, rule.missing_fields, dict(bound))}",
            )
        compiled[kind].append(rule)
    return CompiledPolicy(compiled["start"], compiled["stop"]), ""


@lru_cache(maxsize=256)
def _fields(zones: tuple[tuple[str, str, str], ...]) -> FieldTree:
    return FieldTree.for_zones(zones)
