"""Plain builders of rows for tests: every argument has a default, keywords override."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from django.contrib.auth import get_user_model

from climate.models import ClimateMonitor, ClimateZone, TargetPeriod
from energy.models import EnergyMonitor, EnergySource
from integrations.models import HomeAssistant, MqttBroker, SimulatedHouse
from miners.models import HashPriceSource, Miner, MinerController, PoolAccount
from optimization.models import OptimizationUnit, Policy, Rule
from sites.models import Site

_numbers = count(1)


def user(username: str | None = None, *, staff: bool = True):
    name = username or f"user{next(_numbers)}"
    return get_user_model().objects.create_user(name, password="a long password 1", is_staff=staff, is_superuser=staff)


def site(**kwargs) -> Site:
    defaults = {"name": f"Home {next(_numbers)}", "time_zone": "Europe/Zurich", "latitude": 47.37, "longitude": 8.54}
    return Site.objects.create(**{**defaults, **kwargs})


def home_assistant(site: Site, **kwargs) -> HomeAssistant:
    defaults = {"url": "http://127.0.0.1:1", "token": "secret-token-of-a-test"}
    return HomeAssistant.objects.create(site=site, **{**defaults, **kwargs})


def simulated_house(site: Site, **kwargs) -> SimulatedHouse:
    return SimulatedHouse.objects.create(site=site, **kwargs)


def mqtt_broker(site: Site, **kwargs) -> MqttBroker:
    return MqttBroker.objects.create(site=site, **{"host": "127.0.0.1", "port": 1, **kwargs})


def climate_monitor(site: Site, **kwargs) -> ClimateMonitor:
    defaults = {"name": f"Sensor {next(_numbers)}", "adapter_type": "dummy"}
    return ClimateMonitor.objects.create(site=site, **{**defaults, **kwargs})


def zone(site: Site, name: str = "Living room", *, monitor: ClimateMonitor | None = None, **kwargs) -> ClimateZone:
    row = ClimateZone.objects.create(site=site, name=name, **{"default_target_celsius": 21.0, **kwargs})
    if monitor is not None:
        row.monitors.add(monitor)
    return row


def target_period(site: Site, *, zones=(), **kwargs) -> TargetPeriod:
    """Planned for a time long to come, so that it changes nothing today."""
    defaults = {"name": "holiday", "preset": "away", "starts_at": datetime(2040, 8, 1, 12, tzinfo=UTC)}
    row = TargetPeriod.objects.create(site=site, **{**defaults, **kwargs})
    row.zones.set(zones)
    return row


def energy_monitor(site: Site, **kwargs) -> EnergyMonitor:
    defaults = {"name": f"Meter {next(_numbers)}", "adapter_type": "dummy"}
    return EnergyMonitor.objects.create(site=site, **{**defaults, **kwargs})


def energy_source(site: Site, **kwargs) -> EnergySource:
    """Solar: in tests at the hour of the day, `type="other"` gives something at night, too."""
    defaults = {"name": "Roof", "has_battery": True, "battery_capacity_wh": 10_000, "nominal_power_w": 8000}
    return EnergySource.objects.create(site=site, **{**defaults, **kwargs})


def controller(site: Site, **kwargs) -> MinerController:
    defaults = {"name": f"Plug {next(_numbers)}", "adapter_type": "dummy"}
    return MinerController.objects.create(site=site, **{**defaults, **kwargs})


def miner(site: Site, name: str = "Avalon", *, zones=(), controller: MinerController | None = None, **kwargs) -> Miner:
    row = Miner.objects.create(site=site, name=name, controller=controller, **{"nominal_power_w": 1000, **kwargs})
    row.zones.set(zones)
    return row


def pool(site: Site, **kwargs) -> PoolAccount:
    return PoolAccount.objects.create(
        site=site, **{"name": f"Pool {next(_numbers)}", "adapter_type": "simulated", **kwargs}
    )


def hash_price(site: Site, **kwargs) -> HashPriceSource:
    config = {"sat_per_th_s_day": 45, "currency_per_btc": 60_000}
    return HashPriceSource.objects.create(
        site=site, **{"name": "Hash price", "adapter_type": "typed", "config": config, **kwargs}
    )


def policy(site: Site | None = None, rules: list[tuple[str, dict]] | None = None, **kwargs) -> Policy:
    """`rules`: (kind, conditions) pairs; the default is "keep the room warm"."""
    row = Policy.objects.create(site=site, **{"name": f"Policy {next(_numbers)}", **kwargs})
    if rules is None:
        rules = [
            ("start", {"field": "climate.zone.below_target", "operator": "eq", "value": True}),
            ("stop", {"field": "climate.zone.above_target", "operator": "eq", "value": True}),
        ]
    for number, (kind, conditions) in enumerate(rules):
        Rule.objects.create(policy=row, kind=kind, name=f"{kind} {number}", priority=-number, conditions=conditions)
    return row


def unit(site: Site, *, miners=(), policy: Policy | None = None, enabled: bool = True, **kwargs) -> OptimizationUnit:
    row = OptimizationUnit.objects.create(
        site=site, policy=policy, is_enabled=enabled, **{"name": f"Unit {next(_numbers)}", **kwargs}
    )
    row.miners.set(miners)
    return row
