"""What a pass knows of its sites before it asks anything: their plans, and what changes by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from climate.models import TargetOverride
from climate.targets import Override
from integrations.models import SimulatedHouse
from miners import devices
from miners.models import DesiredState, ManualRequest, Miner, PoolAccount
from miners.pools.performance import Account
from miners.pools.reading import from_json
from optimization.control.memory import Memory
from optimization.models import PassState
from optimization.site_plan import cache
from optimization.site_plan.plan import (
    ConnectionPlan,
    HousePlan,
    MinerPlan,
    SensorPlan,
    SitePlan,
    SourcePlan,
    UnitPlan,
    ZonePlan,
)
from sites.models import Alarm
from sites.store import store

from . import held_orders, unrecorded
from .requests import Request


@dataclass(slots=True)
class House:
    """A simulated house as it is now; for its session, the row of it."""

    plan: HousePlan
    #: The house, or the JSON of it as it was stored.
    state: Any = field(default_factory=dict)
    at: datetime | None = None

    @property
    def pk(self) -> UUID:
        return self.plan.pk

    @property
    def kind(self) -> Any:
        return self.plan.kind

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def seed(self) -> int:
        return self.plan.seed

    def __str__(self) -> str:
        return self.plan.name


@dataclass(slots=True)
class SiteRows:
    """One site in a pass: its plan, which nobody changes, and what the pass works on."""

    site: SitePlan
    next_pass_at: datetime | None = None
    #: Off by a request that is not stored yet, or in its settings.
    is_active: bool = True
    memory: Memory = field(default_factory=Memory)
    has_saved_state: bool = False
    zones: Mapping[UUID, ZonePlan] = field(default_factory=dict)
    #: The sensor outdoors, if the home has one.
    outdoor: SensorPlan | None = None
    overrides: dict[UUID, list[Override]] = field(default_factory=lambda: defaultdict(list))
    sources: Mapping[UUID, SourcePlan] = field(default_factory=dict)
    miners: Mapping[UUID, MinerPlan] = field(default_factory=dict)
    desired: dict[UUID, DesiredState] = field(default_factory=dict)
    #: By miner: since when its upstream plug is cut.
    cut_at: dict[UUID, datetime] = field(default_factory=dict)
    #: Miners that are not to be used by a request that is not stored yet.
    inactive: set[UUID] = field(default_factory=set)
    pools: list[Account] = field(default_factory=list)
    requests: dict[UUID, Request] = field(default_factory=dict)
    units: Sequence[UnitPlan] = ()
    connections: dict[UUID, ConnectionPlan | House] = field(default_factory=dict)
    #: By miner: what switches it belongs to another miner, too.
    doubled: dict[UUID, devices.Doubled] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    #: Miners asked to be off by requests that are not stored yet.
    asked_off: set[UUID] = field(default_factory=set)
    #: Ended alarms that still stand in Home Assistant.
    untold: list[Alarm] = field(default_factory=list)

    def set_cut(self, miner_pk: UUID, at: datetime | None) -> None:
        """Its upstream plug is cut since `at`; None: not any more."""
        if at is None:
            self.cut_at.pop(miner_pk, None)
        else:
            self.cut_at[miner_pk] = at

    @classmethod
    def of(cls, plan: SitePlan, next_pass_at: datetime | None = None) -> SiteRows:
        """A site of which nothing but the plan is known."""
        return cls(
            plan,
            next_pass_at,
            plan.is_active,
            zones=plan.zones,
            outdoor=plan.outdoor,
            sources=plan.sources,
            miners=plan.miners,
            units=plan.units,
            connections={pk: House(one) if isinstance(one, HousePlan) else one for pk, one in plan.connections.items()},
            doubled={pk: one.doubled for pk, one in plan.miners.items() if one.doubled is not None},
        )


def load(site_ids: Sequence[UUID]) -> list[SiteRows]:
    """The sites with what changes by itself, in 8 statements; more where a plan or a memory has to be read."""
    found = {one.plan.pk: SiteRows.of(one.plan, one.next_pass_at) for one in cache.current(site_ids)}
    ids = list(found)
    _load_overrides(found, ids)
    _load_miners(found, ids)
    _load_pools(found, ids)
    for alarm in Alarm.objects.filter(Q(ended_at__isnull=True) | Q(told="shown"), site__in=ids):
        rows = found[alarm.site_id]
        (rows.alarms if alarm.ended_at is None else rows.untold).append(alarm)
    _load_memory(found, ids)
    return [found[pk] for pk in site_ids if pk in found]


def _load_overrides(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    stored = TargetOverride.objects.filter(zone__site__in=ids, cancelled_at__isnull=True)
    columns = ("zone__site_id", "zone_id", "preset", "target_celsius", "until", "created_at")
    for site_id, zone_id, preset, celsius, until, created_at in stored.values_list(*columns):
        zone = found[site_id].zones.get(zone_id)
        if zone is not None:
            one = Override(zone.celsius_of(preset, celsius), until, preset, created_at)
            found[site_id].overrides[zone_id].append(one)


_DESIRED = [field.attname for field in DesiredState._meta.concrete_fields]


def _load_miners(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    columns = ("site_id", "pk", "cut_at", *(f"desired__{name}" for name in _DESIRED))
    for site_id, pk, cut_at, *desired in Miner.objects.filter(site__in=ids).order_by().values_list(*columns):
        rows = found[site_id]
        if pk not in rows.miners:
            continue  # added since the plan was read
        if cut_at is not None:
            rows.cut_at[pk] = cut_at
        if desired[0] is not None:
            rows.desired[pk] = DesiredState.from_db(None, _DESIRED, desired)
    for pk, one in devices.doubled_miners(devices.doubled_at(ids)).items():
        for rows in found.values():
            if pk in rows.miners:
                rows.doubled[pk] = one
    stored = ManualRequest.objects.filter(miner__site__in=ids, cancelled_at__isnull=True).order_by("created_at")
    columns = ("miner__site_id", "miner_id", "power_w", "until", "created_at", "by", "origin")
    for site_id, miner_id, *request in stored.values_list(*columns):
        found[site_id].requests[miner_id] = Request(*request)


def _load_pools(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    stored = PoolAccount.objects.filter(site__in=ids)
    for site_id, pk, reading, read_at in stored.values_list("site_id", "pk", "reading", "read_at"):
        plan = found[site_id].site.pools.get(pk)
        if plan is not None:
            found[site_id].pools.append(Account(plan.tells, from_json(reading), read_at))


def _load_memory(found: dict[UUID, SiteRows], ids: list[UUID]) -> None:
    """Memory as the last pass left it: from the store, else (after a restart) from the database."""
    live = {pk: store().get(memory_key(pk)) for pk in ids}
    # One statement whether or not a site needs it: the count stays the same for every chunk.
    known = set(PassState.objects.filter(site__in=ids).values_list("site_id", flat=True))
    lost = [pk for pk in ids if live[pk] is None and pk in known]
    saved = dict(PassState.objects.filter(site__in=lost).values_list("site_id", "memory")) if lost else {}
    houses: list[House] = []
    for pk, rows in found.items():
        rows.memory = Memory.from_json(live[pk] if live[pk] is not None else saved.get(pk))
        rows.has_saved_state = pk in known
        if live[pk] is None:
            # Nobody looked while the program was down: what went off meanwhile was no hand that we saw.
            rows.memory.shell["silent"] = [miner.key for miner in rows.miners.values()]
        houses += [one for one in rows.connections.values() if isinstance(one, House)]
        unrecorded.restore(rows)
    _load_houses(houses)
    held_orders.apply(found)


def _load_houses(houses: Sequence[House]) -> None:
    """Simulated houses as the last pass left them; a house that no pass of this program has seen is read."""
    unknown: dict[UUID, House] = {}
    for house in houses:
        state = store().take(house_key(house.pk), lambda stored: stored)
        if state is None:
            unknown[house.pk] = house
        else:
            house.state = state
    if unknown:
        for pk, state, at in SimulatedHouse.objects.filter(pk__in=unknown).values_list("pk", "state", "at"):
            unknown[pk].state, unknown[pk].at = state, at


def memory_key(site_id: UUID) -> str:
    return f"memory:{site_id}"


def house_key(house_id: UUID) -> str:
    return f"house:{house_id}"
