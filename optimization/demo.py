"""The simulated home a new installation shows, and the shipped policies it and real homes use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from math import ceil

from django.core.exceptions import ValidationError
from django.db import transaction

from climate.models import ClimateMonitor, ClimateZone
from climate.monitors.simulated import OUTDOORS
from climate.schedule import ALL_DAYS, Slot
from climate.services import replace_schedule
from climate.targets import Preset
from energy.models import EnergyMonitor, EnergySource
from integrations.models import SimulatedHouse
from miners import power
from miners.models import Miner, MinerController
from simulation import HouseSpec, MinerSpec, RoomSpec, demo_spec
from simulation.demo import TURIN
from sites.models import Site
from sites.services import log_activity

from . import shipped
from .models import OptimizationUnit, Policy, Rule, RuleKind

NAME = "Simulated home"
POLICY_KEY = "solar_surplus_room_heating"
SEED = 1
#: By room: its warm hours at “comfort” (°C), and the target outside of them, also its “eco” (°C).
_TARGETS = {
    "living_room": (Slot(ALL_DAYS, time(6), time(22, 30), 21.0, Preset.COMFORT), 18.5),
    "bedroom": (Slot(ALL_DAYS, time(19), time(8), 19.0, Preset.COMFORT), 18.0),
}


def ensure_first_home() -> Site | None:
    """The simulated home, where there never was a site. The shipped policies are the mark that there
    was: they come with the first home and stay when it goes."""
    with transaction.atomic():
        is_new = not Site.objects.exists() and not Policy.objects.exclude(shipped_key="").exists()
        ensure_shipped_policies()
        return create_demo_home() if is_new else None


def ensure_shipped_policies() -> dict[str, Policy]:
    """The shipped policies as rows, by key: created, or brought to this version's text and rules."""
    with transaction.atomic():
        return {raw["key"]: _ensure_policy(raw) for raw in shipped.load()}


def _ensure_policy(raw: dict) -> Policy:
    shipped_now = Policy(shipped_key=raw["key"], name=raw["name"], description=raw["description"])
    rules = [_rule(RuleKind.START, rule) for rule in raw["start_rules"]]
    rules += [_rule(RuleKind.STOP, rule) for rule in raw["stop_rules"]]
    policy = Policy.objects.filter(shipped_key=raw["key"]).first()
    if policy is None:
        policy = shipped_now
    elif _content(policy, policy.rules.all()) == _content(shipped_now, rules):
        return policy
    else:
        policy.name, policy.description = shipped_now.name, shipped_now.description
        policy.version += 1
        policy.rules.all().delete()
    policy.save()
    for rule in rules:
        rule.policy = policy
    Rule.objects.bulk_create(rules)
    return policy


def _rule(kind: RuleKind, raw: dict) -> Rule:
    fields = ("name", "description", "priority", "conditions")
    return Rule(kind=kind, **{field: raw[field] for field in fields})


def _content(policy: Policy, rules: Iterable[Rule]) -> tuple:
    """What a shipped policy says, to compare two of them."""
    said = [(r.kind, r.priority, r.name, r.description, r.enabled, r.conditions) for r in rules]
    return policy.name, policy.description, sorted(said, key=lambda rule: rule[:3])


def create_demo_home() -> Site:
    """A home of pure physics: two rooms, PV, battery and grid, two miners of different kind, one unit."""
    spec = demo_spec(SEED)
    with transaction.atomic():
        latitude, longitude = TURIN
        site = Site.objects.create(
            name=_free_name(), is_demo=True, time_zone="Europe/Rome", latitude=latitude, longitude=longitude
        )
        house = SimulatedHouse.objects.create(site=site, seed=SEED)
        _sensor(site, house, "Outdoor sensor", OUTDOORS, is_outdoor=True)
        zones = {room.key: _zone(site, house, room, position) for position, room in enumerate(spec.rooms)}
        miners = [_miner(site, house, miner, zones) for miner in spec.miners]
        unit = OptimizationUnit.objects.create(
            site=site,
            name="Whole home",
            policy=ensure_shipped_policies()[POLICY_KEY],
            energy_source=_energy_source(site, house, spec),
            strategy=shipped.strategy_of(POLICY_KEY),
            is_enabled=True,
        )
        unit.miners.set(miners)
        log_activity(site, "A simulated home was set up to look around in. Nothing in it is real.")
        site.wake()
    return site


def _free_name() -> str:
    taken = set(Site.objects.filter(name__startswith=NAME).values_list("name", flat=True))
    return next(name for name in (NAME, *(f"{NAME} {n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _sensor(site: Site, house: SimulatedHouse, name: str, place: str, **more: bool) -> ClimateMonitor:
    return ClimateMonitor.objects.create(
        site=site, name=name, adapter_type="simulated", config={"room": place}, simulated_house=house, **more
    )


def _zone(site: Site, house: SimulatedHouse, room: RoomSpec, position: int) -> ClimateZone:
    warm_hours, default_celsius = _TARGETS[room.key]
    monitor = _sensor(site, house, f"{room.name} sensor", room.key)
    zone = ClimateZone.objects.create(
        site=site,
        name=room.name,
        default_target_celsius=default_celsius,
        comfort_celsius=warm_hours.target_celsius,
        eco_celsius=default_celsius,
        position=position,
    )
    zone.monitors.add(monitor)
    replace_schedule(zone, [warm_hours])
    return zone


def _miner(site: Site, house: SimulatedHouse, spec: MinerSpec, zones: dict[str, ClimateZone]) -> Miner:
    controller = MinerController.objects.create(
        site=site,
        name=f"{spec.name} controller",
        adapter_type="simulated",
        config={"miner": spec.key},
        simulated_house=house,
        identity={"model": spec.name, "power": power.to_json(_power_of(spec))},
    )
    miner = Miner.objects.create(
        site=site, name=spec.name, controller=controller, nominal_power_w=round(max(spec.levels_w))
    )
    miner.zones.add(zones[spec.room])
    return miner


def _power_of(spec: MinerSpec) -> power.PowerModel:
    """The levels of a simulated machine, as a device of its kind would tell them."""
    pairs = zip(spec.levels_w, spec.hash_rates_th_s, strict=True)
    return power.PowerModel(
        tuple(power.Level(f"{watts:.0f} W", watts, hash_rate) for watts, hash_rate in pairs),
        standby_w=spec.standby_w,
        ramp_seconds=ceil(spec.start_seconds),
        off_survives_power_cut=spec.off_survives_power_cut,
        needs_pool=False,
    )


def _energy_source(site: Site, house: SimulatedHouse, spec: HouseSpec) -> EnergySource:
    monitor = EnergyMonitor.objects.create(
        site=site, name="Energy meter", adapter_type="simulated", simulated_house=house
    )
    return EnergySource.objects.create(
        site=site,
        name="Roof and battery",
        monitor=monitor,
        nominal_power_w=round(spec.pv.peak_w),
        has_battery=True,
        battery_capacity_wh=round(spec.battery.capacity_wh),
    )


def remove_demo_home(site: Site, *, by: str = "") -> None:
    """Delete a simulated home with everything in it. Raises ValidationError where something in it is real."""
    if not site.is_demo:
        raise ValidationError(f"‘{site}’ is not a simulated home. Delete it in Set-up.")
    real = [controller.name for controller in site.minercontrollers.all() if controller.is_real]
    if real:
        raise ValidationError(
            f"‘{real[0]}’ in this home drives a real device. Delete it first, so that it is switched off."
        )
    with transaction.atomic():
        # Units hold on to their policy and adapters to their connection: those go first.
        site.units.all().delete()
        for adapters in (site.climatemonitors, site.energymonitors, site.minercontrollers):
            adapters.all().delete()
        name = site.name
        site.delete()
        log_activity(None, f"{name}: removed.", actor=by)
