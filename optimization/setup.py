"""A whole home in one step: what the set-up wizard asked, as rows of one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from climate.models import ClimateMonitor, ClimateZone
from energy.models import EnergyMonitor, EnergySource, SourceType
from integrations.models import AdapterRow, HomeAssistant
from miners.models import Miner, MinerController
from sites.models import Site
from sites.services import log_activity

from . import shipped
from .demo import ensure_shipped_policies
from .models import Dosing, OptimizationUnit
from .services import enable_unit


@dataclass(frozen=True)
class RoomPlan:
    """A room, the entity that reads it, and its target (°C)."""

    name: str
    entity_temperature: str
    target_celsius: float


@dataclass(frozen=True)
class MinerPlan:
    """A miner behind a plug: what switches it, what measures it (or ""), W, rooms heated, the plug's own timer."""

    name: str
    entity_switch: str
    entity_power: str
    nominal_power_w: int
    rooms: tuple[str, ...]
    auto_off_minutes: int | None = None


@dataclass(frozen=True)
class HomePlan:
    """A home on a Home Assistant. `energy`: config of the `home_assistant` energy monitor, {} for none."""

    name: str
    time_zone: str
    url: str
    token: str
    rooms: tuple[RoomPlan, ...]
    miners: tuple[MinerPlan, ...]
    policy_key: str
    energy: dict = field(default_factory=dict)
    latitude: float | None = None
    longitude: float | None = None
    currency: str = "EUR"
    certificate: str = ""
    never_below_celsius: float | None = None


def create_home(plan: HomePlan, *, by: str = "") -> Site:
    """The site with everything in it and its unit enabled. Raises ValidationError; then nothing was created."""
    with transaction.atomic():
        site = _checked(
            Site(
                name=plan.name,
                time_zone=plan.time_zone,
                latitude=plan.latitude,
                longitude=plan.longitude,
                currency=plan.currency,
            )
        )
        connection = _checked(HomeAssistant(site=site, url=plan.url, token=plan.token, certificate=plan.certificate))
        zones = {room.name: _zone(site, connection, room, position) for position, room in enumerate(plan.rooms)}
        miners = [_miner(site, connection, miner, zones) for miner in plan.miners]
        unit = OptimizationUnit.objects.create(
            site=site,
            name="Whole home",
            policy=_policy(plan.policy_key),
            energy_source=_energy_source(site, connection, plan.energy) if plan.energy else None,
            dosing=shipped.dosing_of(plan.policy_key) if plan.energy else Dosing.NEED,
            never_below_celsius=plan.never_below_celsius,
        )
        unit.miners.set(miners)
        log_activity(site, f"{site.name} was set up: {len(zones)} rooms, {len(miners)} miners.", actor=by)
        if miners:
            enable_unit(unit, by=by)
    return site


def _checked(row):
    row.full_clean()
    row.save()
    return row


def _adapter(row: AdapterRow) -> AdapterRow:
    """Saved after its config was checked and its defaults filled in."""
    row.full_clean()
    row.config = row.settings.model_dump()
    row.save()
    return row


def _policy(key: str):
    policies = ensure_shipped_policies()
    if key not in policies:
        raise ValidationError({"policy": f"‘{key}’ is no shipped policy; there are: {', '.join(policies)}."})
    return policies[key]


def _zone(site: Site, connection: HomeAssistant, room: RoomPlan, position: int) -> ClimateZone:
    monitor = _adapter(
        ClimateMonitor(
            site=site,
            name=f"{room.name} sensor",
            adapter_type="home_assistant",
            config={"entity_temperature": room.entity_temperature},
            home_assistant=connection,
        )
    )
    zone = ClimateZone(site=site, name=room.name, default_target_celsius=room.target_celsius, position=position)
    zone.full_clean(exclude=["slug"])
    zone.save()
    zone.monitors.add(monitor)
    return zone


def _miner(site: Site, connection: HomeAssistant, plan: MinerPlan, zones: dict[str, ClimateZone]) -> Miner:
    controller = _adapter(
        MinerController(
            site=site,
            name=f"{plan.name} plug",
            adapter_type="home_assistant_switch",
            config={
                "entity_switch": plan.entity_switch,
                "entity_power": plan.entity_power,
                "auto_off_minutes": plan.auto_off_minutes,
            },
            home_assistant=connection,
        )
    )
    miner = Miner(
        site=site,
        name=plan.name,
        controller=controller,
        nominal_power_w=plan.nominal_power_w,
        heats_no_room=not plan.rooms,
    )
    miner.full_clean(exclude=["slug"])
    miner.save()
    miner.zones.set([zones[name] for name in plan.rooms])
    return miner


def _energy_source(site: Site, connection: HomeAssistant, config: dict) -> EnergySource:
    monitor = _adapter(
        EnergyMonitor(site=site, name="Energy", adapter_type="home_assistant", config=config, home_assistant=connection)
    )
    has_sun, has_grid, has_battery = (
        any(value for name, value in config.items() if name.startswith(f"entity_{part}"))
        for part in ("production", "grid", "battery")
    )
    parts = [name for name, here in (("solar", has_sun), ("battery", has_battery), ("grid", has_grid)) if here]
    return EnergySource.objects.create(
        site=site,
        name=" and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]])).capitalize() or "Home",
        type=SourceType.SOLAR if has_sun else SourceType.GRID,
        has_battery=has_battery,
        has_grid=has_grid,
        monitor=monitor,
    )
