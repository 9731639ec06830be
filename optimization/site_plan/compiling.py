"""From the rows of a site to its plan. What cannot be compiled is left out and named; its miners stay off.

Pure but for what the rows look up themselves; the rows come with everything related prefetched (`loading`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError as ConfigError

from climate.models import ClimateMonitor, ClimateZone, TargetPeriod
from climate.sensors import Limits
from climate.services import periods_of
from energy.balance import SourceFacts
from energy.models import EnergyMonitor, EnergySource
from integrations.errors import AdapterError
from integrations.models import AdapterRow, Connection, SimulatedHouse, config_messages
from miners.identity import devices
from miners.models import Miner, MinerController, PoolAccount
from miners.reality import reality_problem
from miners.status import upstream_plug
from optimization.models import OptimizationUnit, Rule
from sites.models import Site
from sites.words import ended

from .plan import (
    AdapterPlan,
    AddressPlan,
    CircuitPlan,
    ConnectionPlan,
    ControllerPlan,
    HousePlan,
    Id,
    MeterPlan,
    MinerPlan,
    PoolPlan,
    SensorPlan,
    SitePlan,
    SourcePlan,
    UnitPlan,
    ZonePlan,
)
from .policies import compile_policy

_Row = TypeVar("_Row")
_Plan = TypeVar("_Plan")


@dataclass(slots=True)
class Configuration:
    """The rows of one site that its plan is compiled from."""

    site: Site
    version: int = 0
    zones: list[ClimateZone] = field(default_factory=list)
    outdoor: ClimateMonitor | None = None
    periods: list[TargetPeriod] = field(default_factory=list)
    sources: list[EnergySource] = field(default_factory=list)
    miners: list[Miner] = field(default_factory=list)
    units: list[OptimizationUnit] = field(default_factory=list)
    rules: dict[UUID, list[Rule]] = field(default_factory=dict)
    pools: list[PoolAccount] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)


def compiled(rows: Configuration) -> SitePlan:
    """The plan of a site. Nothing in its rows makes this fail: what is wrong is named, and its miners stay off."""
    return _Compiler(rows).plan()


class _Compiler:
    """Compiles one site; adapters that several rows use are compiled once."""

    def __init__(self, rows: Configuration) -> None:
        self._rows = rows
        self._adapters: dict[UUID, AdapterPlan] = {}
        #: Why rows could not be compiled, by id, as sentences.
        self._wrong: dict[UUID, str] = {}

    def plan(self) -> SitePlan:
        rows, site = self._rows, self._rows.site
        tz = self._zone_info()
        zones = self._each(rows.zones, "the room", self._zone)
        outdoor = self._adapter(rows.outdoor, _sensor)
        sources = self._each(rows.sources, "the energy source", self._source)
        miners = self._each(rows.miners, "the miner", self._miner)
        usable = [miners.get(one.pk) or self._unusable(one) for one in rows.miners]
        miners = {one.pk: one for one in usable}
        miners = {pk: self._with_problem(miner, zones) for pk, miner in miners.items()}
        units = self._each(rows.units, "the unit", lambda one: self._unit(one, sources))
        pools = self._each(rows.pools, "the pool", _pool)
        connections = self._each(rows.connections, "the connection", _connection)
        zones = {pk: _with_miners(zone, miners) for pk, zone in zones.items()}
        return SitePlan(
            pk=Id(site.pk),
            key=str(site.pk),
            version=rows.version,
            name=site.name,
            time_zone=site.time_zone,
            tz=tz,
            latitude=site.latitude,
            longitude=site.longitude,
            control_period_seconds=site.control_period_seconds,
            power_limit_w=site.power_limit_w,
            is_active=site.is_active,
            is_test_bench=site.is_test_bench,
            zones=MappingProxyType(zones),
            outdoor=outdoor,
            sources=MappingProxyType(sources),
            miners=MappingProxyType(miners),
            units=tuple(units.values()),
            pools=MappingProxyType(pools),
            connections=MappingProxyType(connections),
            adapters=_used(zones.values(), outdoor, sources.values(), miners.values()),
            miner_of=MappingProxyType({key: one for pk, one in miners.items() for key in (str(pk), pk.hex)}),
            problems=tuple(self._wrong.values()),
        )

    def _each(self, rows: Iterable[_Row], noun: str, compile_one: Callable[[_Row], _Plan]) -> dict[UUID, _Plan]:
        """The plans by id; of a row that cannot be compiled only why."""
        found: dict[UUID, _Plan] = {}
        for row in rows:
            try:
                plan = compile_one(row)
                found[plan.pk] = plan
            except Exception as error:
                self._wrong[row.pk] = _cannot(noun, row, error)
        return found

    def _zone_info(self) -> ZoneInfo:
        site = self._rows.site
        try:
            return ZoneInfo(site.time_zone)
        except Exception as error:
            self._wrong[site.pk] = _cannot("the time zone of the home", site, error)
            return ZoneInfo("UTC")

    def _adapter(self, row: AdapterRow | None, make: Callable[[Any], AdapterPlan]) -> Any:
        if row is None:
            return None
        if row.pk not in self._adapters:
            self._adapters[row.pk] = make(row)
        return self._adapters[row.pk]

    def _zone(self, zone: ClimateZone) -> ZonePlan:
        monitors = tuple(self._adapter(one, _sensor) for one in zone.monitors.all())
        for slot in zone.slots.all():
            slot.zone = zone
        return ZonePlan(
            pk=Id(zone.pk),
            key=str(zone.pk),
            slug=zone.slug,
            name=zone.name,
            area_sqm=zone.area_sqm,
            default_target_celsius=zone.default_target_celsius,
            hysteresis_celsius=zone.hysteresis_celsius,
            high_limit_celsius=zone.high_limit_celsius,
            highest_target_celsius=zone.highest_target_celsius,
            comfort_celsius=zone.comfort_celsius,
            eco_celsius=zone.eco_celsius,
            away_celsius=zone.away_celsius,
            frost_limit_celsius=zone.frost_limit_celsius if zone.frost_protection else None,
            monitors=monitors,
            sensors=tuple(one for one in monitors if not one.is_outdoor),
            slots=tuple(slot.as_slot() for slot in zone.slots.all()),
            periods=tuple(periods_of(zone, self._rows.periods)),
        )

    def _source(self, source: EnergySource) -> SourcePlan:
        monitor = self._adapter(source.monitor, _meter)
        return SourcePlan(Id(source.pk), str(source.pk), source.name, source_facts(source), monitor)

    def _miner(self, miner: Miner) -> MinerPlan:
        rows = self._rows
        zone_ids = tuple(Id(zone.pk) for zone in miner.zones.all())
        controller = self._adapter(miner.controller, _controller)
        cutoff = self._adapter(miner.cutoff, _controller)
        detected, model = miner.detected_power, miner.power
        rates = [one.hash_rate_th_s for one in (detected.levels if detected else ()) if one.hash_rate_th_s is not None]
        circuit = miner.circuit
        has_plug = cutoff is not None and cutoff.adapter_class is not None
        heated = [zone for zone in rows.zones if zone.pk in zone_ids]
        return MinerPlan(
            pk=Id(miner.pk),
            key=str(miner.pk),
            site_id=miner.site_id,
            name=miner.name,
            model=miner.model,
            controller=controller,
            controller_id=None if controller is None else controller.pk,
            cutoff=cutoff,
            cutoff_id=None if cutoff is None else cutoff.pk,
            nominal_power_w=miner.nominal_power_w,
            zone_ids=zone_ids,
            heats_no_room=miner.heats_no_room,
            circuit=None if circuit is None else CircuitPlan(circuit.pk, circuit.name, circuit.limit_w),
            min_on_seconds=miner.min_on_seconds,
            min_off_seconds=miner.min_off_seconds,
            ramp_seconds=miner.ramp_seconds,
            max_starts_per_hour=miner.max_starts_per_hour,
            max_starts_per_day=miner.max_starts_per_day,
            quiet_from=miner.quiet_from,
            quiet_until=miner.quiet_until,
            quiet_max_w=miner.quiet_max_w,
            level_watts=MappingProxyType(dict(miner.level_watts)),
            noise_db=miner.noise_db,
            max_chip_celsius=miner.max_chip_celsius,
            max_board_celsius=miner.max_board_celsius,
            start_cost=miner.start_cost,
            leave_on=miner.leave_on,
            is_active=miner.is_active,
            told_power=None if miner.controller is None else miner.controller.power,
            detected_power=detected,
            power=model,
            most_w=miner.most_w,
            highest_hash_rate_th_s=max(rates, default=None),
            has_plug=has_plug,
            lacks_off=upstream_plug.is_switch(model) and not has_plug,
            reality_problem=reality_problem(miner.controller, heated, rows.site, miner.cutoff) or "",
            doubled=self._shared.get(miner.pk),
        )

    @property
    def _shared(self) -> dict[UUID, devices.Doubled]:
        """Miners that have one controller between them."""
        return devices.shared_rows(self._rows.miners)

    def _unusable(self, miner: Miner) -> MinerPlan:
        """A miner of which no more can be said than how it is switched off."""
        found = MinerPlan(Id(miner.pk), str(miner.pk), miner.site_id, miner.name, problem=self._wrong[miner.pk])
        for name in ("controller", "cutoff"):
            try:
                row = self._adapter(getattr(miner, name), _controller)
            except Exception:
                row = None
            found = replace(found, **{name: row, f"{name}_id": getattr(miner, f"{name}_id")})
        return replace(found, has_plug=found.cutoff is not None and found.cutoff.adapter_class is not None)

    def _with_problem(self, miner: MinerPlan, zones: dict[UUID, ZonePlan]) -> MinerPlan:
        """It stays off also where a room it heats, its unit, or its whole home could not be compiled."""
        units = [one.pk for one in self._rows.units if miner.pk in {member.pk for member in one.miners.all()}]
        sources = [one.energy_source_id for one in self._rows.units if one.pk in units]
        on = [self._rows.site.pk, *miner.zone_ids, *units, *sources]
        problem = miner.problem or next((self._wrong[pk] for pk in on if pk in self._wrong), "")
        return miner if problem == miner.problem else replace(miner, problem=problem)

    def _unit(self, unit: OptimizationUnit, sources: dict[UUID, SourcePlan]) -> UnitPlan:
        policy, problem = (
            (None, "")
            if unit.policy is None
            else compile_policy(unit.policy, self._rows.rules.get(unit.policy_id, []), self._rows.zones)
        )
        return UnitPlan(
            Id(unit.pk),
            str(unit.pk),
            unit.name,
            policy,
            problem,
            tuple(Id(one.pk) for one in unit.miners.all()),
            tuple(Id(one.pk) for one in unit.zones.all()),
            unit.energy_source_id,
            unit.strategy,
            unit.never_below_celsius,
        )


def source_facts(source: EnergySource) -> SourceFacts:
    """What a source has, by configuration."""
    return SourceFacts(
        source.name,
        source.type,
        source.nominal_power_w,
        source.has_production,
        source.has_battery,
        source.battery_capacity_wh,
        source.has_grid,
        source.contracted_power_w,
    )


def _cannot(noun: str, row: Any, error: Exception) -> str:
    """“The room ‘Hall’ cannot be used: TypeError: …”"""
    why = ended(f"{type(error).__name__}: {error}"[:200])
    return (
        f"{noun[0].upper()}{noun[1:]} ‘{row}’ cannot be used, so nothing of it is heated: {why} Correct it in Set-up."
    )


def _with_miners(zone: ZonePlan, miners: dict[UUID, MinerPlan]) -> ZonePlan:
    heated_by = tuple((pk, 1 / len(one.zone_ids)) for pk, one in miners.items() if zone.pk in one.zone_ids)
    installed_w = sum(part * miners[pk].nominal_power_w for pk, part in heated_by)
    return replace(zone, heated_by=heated_by, installed_w=installed_w)


def _used(
    zones: Iterable[ZonePlan],
    outdoor: SensorPlan | None,
    sources: Iterable[SourcePlan],
    miners: Iterable[MinerPlan],
) -> tuple[AdapterPlan, ...]:
    """Every monitor and controller something of the site uses, each once."""
    found: dict[UUID, AdapterPlan] = {one.pk: one for zone in zones for one in zone.monitors}
    others = [outdoor, *(one.monitor for one in sources)]
    others += [row for one in miners for row in (one.controller, one.cutoff)]
    found |= {one.pk: one for one in others if one is not None}
    return tuple(found.values())


# --- adapters and connections -----------------------------------------------------------------------


def adapter_plan(row: AdapterRow, kind: type[AdapterPlan] = AdapterPlan, **more: Any) -> AdapterPlan:
    """Any adapter row with its settings checked, whatever is wrong with them."""
    base: dict[str, Any] = {
        "pk": Id(row.pk),
        "key": str(row.pk),
        "site_id": row.site_id,
        "name": row.name,
        "adapter_kind": row.adapter_kind,
        "adapter_type": row.adapter_type,
        "is_real": row.is_real,
    }
    return kind(**base, **_settings(row), **more)


def _settings(row: AdapterRow) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        adapter = found["adapter_class"] = row.adapter
        found["connection_id"] = None if row.connection_id is None else Id(row.connection_id)
        found["fills"] = None if (parts := row.fills()) is None else frozenset(parts)
        found["checked"] = row.settings
        found["wants"] = frozenset(adapter.wants(found["checked"]))
    except LookupError as error:
        found["problem"] = f"cannot be read: {error}"
    except ConfigError as error:
        found["problem"] = f"is not set up correctly: {'; '.join(config_messages(error))}"
    except AdapterError as error:
        found["refusal"], found["problem"] = error, f"cannot be read: {error}"
    except Exception as error:  # an adapter's bug costs its own row, never the plan
        found["problem"] = f"cannot be read: its adapter failed ({type(error).__name__})"
    return found


def _sensor(row: ClimateMonitor) -> SensorPlan:
    limits = Limits(row.limit_of_age, row.plausible_range_celsius, row.max_jump_k, row.is_outdoor)
    return adapter_plan(
        row, SensorPlan, is_outdoor=row.is_outdoor, limits=limits, confirmed_by_hand=row.confirmed_by_hand
    )


def _meter(row: EnergyMonitor) -> MeterPlan:
    limits = MappingProxyType(row.part_limits)
    return adapter_plan(row, MeterPlan, stale_after=timedelta(seconds=row.stale_after_seconds), part_limits=limits)


def _controller(row: MinerController) -> ControllerPlan:
    return adapter_plan(row, ControllerPlan, rearm_seconds=_rearm_seconds(row))


def _rearm_seconds(row: MinerController) -> float | None:
    try:
        return row.adapter.rearm_seconds(row.settings)
    except Exception:
        return None  # the pass and the pages say what is wrong with it


def _pool(row: PoolAccount) -> PoolPlan:
    return PoolPlan(Id(row.pk), row.account.tells)


def _connection(row: Connection) -> ConnectionPlan:
    base = {"pk": Id(row.pk), "site_id": row.site_id, "kind": row.kind, "name": row.name}
    if isinstance(row, SimulatedHouse):
        return HousePlan(**base, seed=row.seed)
    names = ("url", "token", "certificate", "host", "port", "tls", "username", "password")
    withheld = None
    try:
        row.refuse_moved()
    except AdapterError as error:
        withheld = error
    return AddressPlan(**base, withheld=withheld, **{name: getattr(row, name) for name in names if hasattr(row, name)})
