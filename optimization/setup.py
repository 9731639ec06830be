"""A whole home in one step: what the set-up wizard asked, as rows of one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.core.exceptions import ValidationError
from django.db import transaction

from energy.models import EnergyMonitor, EnergySource, SourceType
from integrations.models import HomeAssistant
from sites.models import Site
from sites.services import log_activity

from . import shipped
from .adding import Additions, add_to_home, saved
from .demo import ensure_shipped_policies
from .models import OptimizationUnit, Strategy
from .services import enable_unit


@dataclass(frozen=True)
class HomePlan:
    """A home. `energy`: config of the `home_assistant` energy monitor, {} for none. Its miners are in one unit."""

    name: str
    time_zone: str
    contents: Additions
    policy_key: str
    energy: dict = field(default_factory=dict)
    latitude: float | None = None
    longitude: float | None = None
    currency: str = "EUR"
    never_below_celsius: float | None = None


def create_home(plan: HomePlan, *, by: str = "") -> Site:
    """The site with everything in it and its unit enabled. Raises ValidationError; then nothing was created."""
    with transaction.atomic():
        site = Site(
            name=plan.name,
            time_zone=plan.time_zone,
            latitude=plan.latitude,
            longitude=plan.longitude,
            currency=plan.currency,
        )
        site.full_clean()
        site.save()
        unit = OptimizationUnit.objects.create(
            site=site,
            name="Whole home",
            policy=_policy(plan.policy_key),
            strategy=shipped.strategy_of(plan.policy_key) if plan.energy else Strategy.POLICY_NEED,
            never_below_celsius=plan.never_below_celsius,
        )
        # One unit decides for all of them, once everything is there.
        miners = [replace(miner, unit_id=None) for miner in plan.contents.miners]
        added = add_to_home(site, replace(plan.contents, miners=miners), by=by)
        if plan.energy:
            unit.energy_source = _energy_source(site, added.connection, plan.energy)
            unit.save()
        unit.miners.set(added.miners)
        log_activity(site, f"{site.name} was set up: {len(added.zones)} rooms, {len(miners)} miners.", actor=by)
        if miners:
            enable_unit(unit, by=by)
    return site


def check_home(plan: HomePlan) -> None:
    """Raises the ValidationError `create_home` would; nothing stays written."""
    with transaction.atomic():
        create_home(plan)
        transaction.set_rollback(True)


def _policy(key: str):
    policies = ensure_shipped_policies()
    if key not in policies:
        raise ValidationError({"policy": f"‘{key}’ is no shipped policy; there are: {', '.join(policies)}."})
    return policies[key]


def _energy_source(site: Site, connection: HomeAssistant | None, config: dict) -> EnergySource:
    monitor = saved(
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
