"""Which rule fields can have a value in a home at all, by what is set up there: a rule that needs another one is never
true, whatever happens.

Asked of the very functions that build a decisional context, with stand-ins for what sensors and devices say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

from climate.models import ClimateMonitor, ClimateZone
from climate.state import SensorHealth, Target, ZoneState
from energy import balance
from energy.models import EnergySource
from energy.state import EnergySnapshot
from miners.earnings.pools.performance import performance
from miners.models import Miner, PoolAccount
from miners.state import MinerSnapshot, MinerStatus
from sites.models import Site

from . import sun
from .control import context
from .models import OptimizationUnit
from .rules import CompiledRule, FieldTree
from .rules.nodes import Leaf, can_be_true, leaves
from .site_plan.compiling import source_facts

_NOW = datetime(2026, 6, 21, 12, tzinfo=UTC)
#: Values of every part that contradict each other in nothing.
_ENERGY = EnergySnapshot(
    production_w=500.0,
    household_w=200.0,
    grid_w=-300.0,
    battery_w=0.0,
    battery_soc_percent=50.0,
    battery_remaining_wh=1000.0,
    observed_at=_NOW,
)
_MINER = MinerSnapshot(
    status=MinerStatus.HEATING,
    power_w=1.0,
    power_is_measured=True,
    hash_rate_th_s=1.0,
    chip_temperature_celsius=1.0,
    board_temperature_celsius=1.0,
    average_chip_temperature_celsius=1.0,
    average_board_temperature_celsius=1.0,
    inlet_temperature_celsius=1.0,
    outlet_temperature_celsius=1.0,
    fan_rpm=1.0,
    uptime_seconds=1.0,
    blocks_found=1,
)
_TOLD = [name for name in MinerSnapshot.__slots__ if type(getattr(_MINER, name)) in (int, float)]
_MEASURED = [name for name in EnergySnapshot.__slots__ if type(getattr(_ENERGY, name)) is float]

#: A person may set one any time.
_ANY_MINIMUM = 16.0

Paths = frozenset[str]


@dataclass(frozen=True, slots=True)
class Combination:
    """A miner and one of its zones, with an energy source: the paths that can have a value there."""

    paths: Paths

    def lacks(self, leaf: Leaf) -> bool:
        return not leaf.missing and not self.paths.issuperset(leaf.paths)


class Home:
    """What is set up in one site, loaded once however many rules are asked about."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def of_unit(self, unit: OptimizationUnit) -> list[Combination]:
        """One for each miner of the unit and each room it heats."""
        members = {miner.pk for miner in unit.miners.all()}
        miners = [miner for miner in self.miners if miner.pk in members]
        return self._combinations([unit.energy_source], miners, list(unit.zones.all()))

    @cached_property
    def units(self) -> list[OptimizationUnit]:
        rows = self.site.units.select_related("energy_source__monitor")
        return list(rows.prefetch_related("miners", "zones"))

    @cached_property
    def _of_any(self) -> list[Combination]:
        """As if one unit could have any of the site's sources, miners and zones."""
        sources = list(EnergySource.objects.filter(site=self.site).select_related("monitor"))
        return self._combinations(sources or [None], self.miners, [])

    def of_policy(self, policy_id: UUID) -> list[Combination]:
        """Those of the site's units that use it; without any, as for any unit."""
        units = [unit for unit in self.units if unit.policy_id == policy_id]
        return [one for unit in units for one in self.of_unit(unit)] or self._of_any

    @cached_property
    def miners(self) -> list[Miner]:
        rows = Miner.objects.filter(site=self.site).select_related("controller", "cutoff")
        return list(rows.prefetch_related("zones"))

    @cached_property
    def zones(self) -> dict[UUID, ZoneState]:
        """Every zone as its sensors can show it."""
        return {zone.pk: _zone(zone) for zone in self._zone_rows}

    @cached_property
    def fields(self) -> FieldTree:
        """The field tree its rules are checked against."""
        return FieldTree.for_zones([(zone.slug, zone.name, str(zone.pk)) for zone in self._zone_rows])

    @cached_property
    def _zone_rows(self) -> list[ClimateZone]:
        return list(ClimateZone.objects.filter(site=self.site).prefetch_related("monitors"))

    @cached_property
    def shared(self) -> Paths:
        """What belongs to the site whatever the unit."""
        site = self.site
        accounts = [pool.account for pool in PoolAccount.objects.filter(site=site)]
        # A pool that tells something may tell it any time, and where the sun does not set today it may tomorrow.
        sometimes = {
            **sun.values(_NOW, site.latitude, site.longitude, site.tz),
            **context.mining_performance(performance(accounts, _NOW), site.tz),
        }
        values = {**context.timestamp(_NOW), **dict.fromkeys(sometimes, 1)}
        if ClimateMonitor.objects.filter(site=site, is_outdoor=True).exists():
            values |= context.outdoor(1.0)
        return _known(values) | self._named

    @cached_property
    def _named(self) -> Paths:
        """`climate.zones.<slug>.*` of every zone."""
        return frozenset(
            path for path in _known(context.climate(list(self.zones.values()), _ANY_MINIMUM)) if path.count(".") > 1
        )

    def _combinations(
        self, sources: Sequence[EnergySource | None], miners: Sequence[Miner], chosen: Sequence[ClimateZone]
    ) -> list[Combination]:
        heated = {zone.pk for miner in miners for zone in miner.zones.all()}
        unit_zones = [self.zones[pk] for pk in ({zone.pk for zone in chosen} or heated) if pk in self.zones]
        extremes = _known(context.climate(unit_zones)) - self._named if miners else _EXTREMES
        shared = [self.shared | _energy(source) | extremes for source in sources]
        return [Combination(paths | own) for paths in shared for own in self._own(miners)]

    def _own(self, miners: Sequence[Miner]) -> list[Paths]:
        """What belongs to a miner and one of its zones. Without miners: to one that may tell anything, in any zone."""
        found: set[Paths] = set()
        for miner in miners:
            states = [self.zones[zone.pk] for zone in miner.zones.all() if zone.pk in self.zones]
            found.update(_known(one.own) for one in context.of_miner({}, _miner(miner), states, _ANY_MINIMUM))
        states = list(self.zones.values()) or [_anything()]
        return (
            list(found)
            if miners
            else [_known(one.own) for one in context.of_miner({}, _miner(None), states, _ANY_MINIMUM)]
        )


def _known(values: dict) -> Paths:
    return frozenset(path for path, value in values.items() if value is not None)


_EXTREMES = frozenset(f"climate.{which}_temperature" for which in ("min", "max", "avg"))


def _zone(zone: ClimateZone) -> ZoneState:
    monitors = [monitor for monitor in zone.monitors.all() if not monitor.is_outdoor]
    return _state(zone.slug, bool(monitors), lambda part: any(_may_fill(monitor.fills(), part) for monitor in monitors))


def _anything() -> ZoneState:
    return _state("", True, lambda part: True)


def _may_fill(parts: Collection[str] | None, part: str) -> bool:
    return parts is None or part in parts


def _state(slug: str, is_read: bool, tells: Callable[[str], bool]) -> ZoneState:
    return ZoneState(
        zone_id="",
        slug=slug,
        name=slug,
        temperature_celsius=20.0 if is_read else None,
        humidity_percent=50.0 if tells("humidity_percent") else None,
        target=Target(21.0, 21.0, ""),
        hysteresis_celsius=0.5,
        high_limit_celsius=28.0,
        frost_limit_celsius=7.0,
        sensor=SensorHealth.OK,
        problem="",
        observed_at=None,
        trend_celsius_per_hour=0.0 if is_read else None,
        is_occupied=True if tells("is_occupied") else None,
        tells_presence=tells("is_occupied"),
    )


def _energy(source: EnergySource | None) -> Paths:
    if source is None:
        return frozenset()
    snapshot = None
    if source.monitor is not None:
        parts = source.monitor.fills()
        lacking = [] if parts is None else [name for name in _MEASURED if name not in parts]
        snapshot = replace(_ENERGY, **dict.fromkeys(lacking))
    state = balance.build(
        source_facts(source),
        snapshot,
        "",
        stale_after=timedelta(days=1),
        now=_NOW,
        own_miners_w=0.0,
        other_miners_w=0.0,
        is_real=False,
    )
    return _known(context.energy(state))


def _miner(miner: Miner | None) -> dict:
    """What its driver can tell with these settings, and what a plug before it measures."""
    if miner is None:
        return context.miner("any", "any", 1, True, _MINER, 1.0)
    parts = miner.controller.fills() if miner.controller is not None else ()
    snapshot = _MINER
    if parts is not None:
        lacking = dict.fromkeys(name for name in _TOLD if name not in parts)
        measures = "power_w" in parts or miner.cutoff is not None
        snapshot = replace(_MINER, **{**lacking, "power_w": 1.0 if measures else None, "power_is_measured": measures})
    power = miner.detected_power
    hash_rates = [level.hash_rate_th_s for level in (power.levels if power is not None else ()) if level.hash_rate_th_s]
    return context.miner(miner.name, miner.model, 1, True, snapshot, max(hash_rates, default=None))


def never_true(rule: CompiledRule, combinations: Iterable[Combination]) -> str:
    """Why `rule` can never be true in any of these, as a sentence; empty: it can, or nobody knows."""
    found = list(combinations)
    if not found or any(can_be_true(rule.node, one.lacks) for one in found):
        return ""
    lacking = dict.fromkeys(
        field
        for leaf in leaves(rule.node)
        for field in (leaf.field, leaf.ref)
        if field is not None and not any(field.path in one.paths for one in found)
    )
    what = [_what(field) for field in lacking][:3] or ["all that it asks for in one and the same room"]
    return f"never true here: nothing in this home tells {_together(what)}"


def _what(field) -> str:
    if field.type == "boolean":
        return f"whether {field.label}"
    return field.label if field.label[:1].isupper() or field.label.startswith("the ") else f"the {field.label}"


def _together(parts: Sequence[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
