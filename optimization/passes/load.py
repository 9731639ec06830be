"""What a pass knows of its sites before it asks anything: their plans, and what changes by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from climate.targets import Override
from integrations.models import SimulatedHouse
from miners.earnings.pools.performance import Account
from miners.earnings.pools.reading import from_json
from miners.identity import devices
from miners.models import DesiredState
from miners.requests.in_force import Request
from optimization.control.memory import Memory
from optimization.models import PassState
from optimization.site_plan import cache, stored
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
    #: Requests by hand by miner, none of them cancelled.
    requests: dict[UUID, list[Request]] = field(default_factory=lambda: defaultdict(list))
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


_OVERRIDES = (
    "SELECT z.site_id, o.zone_id, o.preset, o.target_celsius, o.until, o.created_at "
    "FROM climate_targetoverride o JOIN climate_climatezone z ON z.id = o.zone_id "
    "WHERE z.site_id IN ({ids}) AND o.cancelled_at IS NULL"
)
_MINERS = (
    f"SELECT m.site_id, m.id, m.cut_at, {stored.columns(DesiredState, 'd')} "
    "FROM miners_miner m LEFT JOIN miners_desiredstate d ON d.miner_id = m.id WHERE m.site_id IN ({ids})"
)
_DESIRED = [one.attname for one in DesiredState._meta.concrete_fields]
_REQUESTS = (
    "SELECT m.site_id, r.miner_id, r.power_w, r.until, r.created_at, r.by, r.origin "
    "FROM miners_manualrequest r JOIN miners_miner m ON m.id = r.miner_id "
    "WHERE m.site_id IN ({ids}) AND r.cancelled_at IS NULL"
)
_POOLS = "SELECT site_id, id, reading, read_at FROM miners_poolaccount WHERE site_id IN ({ids}) ORDER BY name"
_ALARMS = (
    f"SELECT {stored.columns(Alarm, 'a')} FROM sites_alarm a "
    "WHERE a.site_id IN ({ids}) AND (a.ended_at IS NULL OR a.told = 'shown') ORDER BY a.since DESC"
)
_ALARM = [one.attname for one in Alarm._meta.concrete_fields]
_SAVED = "SELECT site_id FROM optimization_passstate WHERE site_id IN ({ids})"


def load(site_ids: Sequence[UUID]) -> list[SiteRows]:
    """The sites with what changes by itself, in 8 statements; more where a plan or a memory has to be read."""
    sites = [SiteRows.of(one.plan, one.next_pass_at) for one in cache.current(site_ids)]
    found, ids = {rows.site.pk.hex: rows for rows in sites}, [rows.site.pk for rows in sites]
    _load_overrides(found, ids)
    _load_miners(found, ids)
    _load_requests(found, ids)
    _load_pools(found, ids)
    _load_alarms(found, ids)
    _load_memory(found, ids)
    return sites


def _load_overrides(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    for site, zone, preset, celsius, until, created_at in stored.rows(_OVERRIDES, ids):
        rows = found[stored.hexadecimal(site)]
        plan = rows.zones.get(stored.uuid(zone))
        if plan is not None:
            one = Override(plan.celsius_of(preset, celsius), stored.time(until), preset, stored.time(created_at))
            rows.overrides[plan.pk].append(one)


def _load_miners(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    for site, miner, cut_at, *desired in stored.rows(_MINERS, ids):
        rows = found[stored.hexadecimal(site)]
        plan = rows.site.miner_of.get(stored.hexadecimal(miner))
        if plan is None:
            continue  # added since the plan was read
        if cut_at is not None:
            rows.cut_at[plan.pk] = stored.time(cut_at)
        if desired[0] is not None:
            desired[0] = plan.pk
            rows.desired[plan.pk] = DesiredState.from_db(None, _DESIRED, stored.values(DesiredState, desired))
    for pk, one in devices.doubled_miners(devices.doubled_at(ids)).items():
        for rows in found.values():
            if pk in rows.miners:
                rows.doubled[pk] = one


def _load_requests(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    for site, miner, power_w, until, created_at, by, origin in stored.rows(_REQUESTS, ids):
        request = Request(power_w, stored.time(until), stored.time(created_at), by, origin)
        found[stored.hexadecimal(site)].requests[stored.uuid(miner)].append(request)


def _load_pools(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    for site, pool, reading, read_at in stored.rows(_POOLS, ids):
        rows = found[stored.hexadecimal(site)]
        plan = rows.site.pools.get(stored.uuid(pool))
        if plan is not None:
            rows.pools.append(Account(plan.tells, from_json(stored.plain(reading)), stored.time(read_at)))


def _load_alarms(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    for row in stored.rows(_ALARMS, ids):
        alarm = Alarm.from_db(None, _ALARM, stored.values(Alarm, row))
        rows = found[alarm.site_id.hex]
        (rows.alarms if alarm.ended_at is None else rows.untold).append(alarm)


def _load_memory(found: dict[str, SiteRows], ids: list[UUID]) -> None:
    """Memory as the last pass left it: from the store, else (after a restart) from the database."""
    live = {pk.hex: store().get(memory_key(pk)) for pk in ids}
    # One statement whether or not a site needs it: the count stays the same for every chunk.
    known = {stored.hexadecimal(site) for (site,) in stored.rows(_SAVED, ids)}
    lost = [pk for pk in ids if live[pk.hex] is None and pk.hex in known]
    saved = dict(PassState.objects.filter(site__in=lost).values_list("site_id", "memory")) if lost else {}
    houses: list[House] = []
    for key, rows in found.items():
        memory = live[key]
        rows.memory = Memory.from_json(memory if memory is not None else saved.get(rows.site.pk))
        rows.has_saved_state = key in known
        if memory is None:
            # Nobody looked while the program was down: what went off meanwhile was no hand that we saw.
            rows.memory.shell["silent"] = [miner.key for miner in rows.miners.values()]
        houses += [one for one in rows.connections.values() if isinstance(one, House)]
        unrecorded.restore(rows)
    _load_houses(houses)
    held_orders.apply({rows.site.pk: rows for rows in found.values()})


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
