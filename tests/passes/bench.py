"""A test bench for whole passes: rooms, meters and plugs in memory, driven by a clock that moves when told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from climate.models import ClimateZone
from climate.state import ClimateReading
from energy.state import EnergySnapshot
from integrations import registry
from integrations.errors import AdapterError, Unreachable
from integrations.registry import Adapter, AdapterConfig, Kind
from miners.models import DesiredState, Miner
from miners.state import MinerSnapshot, MinerStatus
from optimization.models import OptimizationUnit
from optimization.passes.run import PassReport, run_sites
from sites import store
from sites.clock import ManualClock
from sites.models import ActivityLog, Alarm, Site
from tests import factories


@dataclass
class Plug:
    """A device: what it is, and how it misbehaves. `shows`: what it answers, whatever it is."""

    on: bool = False
    power_w: float = 0.0
    reachable: bool = True
    obeys: bool = True
    shows: Any = None
    writes: list[float] = field(default_factory=list)

    def read(self) -> Any:
        if not self.reachable:
            raise Unreachable("It does not answer.")
        if self.shows is not None:
            return self.shows
        status = MinerStatus.HEATING if self.on else MinerStatus.OFF
        return MinerSnapshot(status, self.power_w if self.on else 0.0, True)

    def write(self, power_w: float) -> None:
        self.writes.append(power_w)
        if not self.reachable:
            raise Unreachable("It does not answer.")
        if self.obeys:
            self.on, self.power_w = power_w > 0, power_w


@dataclass
class Bench:
    """What the adapters of the bench say: a value to answer, or an error to raise."""

    rooms: dict[str, Any] = field(default_factory=dict)
    meters: dict[str, Any] = field(default_factory=dict)
    plugs: dict[str, Plug] = field(default_factory=dict)


_bench = Bench()


class _Config(AdapterConfig):
    key: str


def _answer(value: Any) -> Any:
    if isinstance(value, AdapterError):
        raise value
    return value


class BenchRoom(Adapter):
    kind, key, label, is_real, Config = Kind.CLIMATE_MONITOR, "bench", "Bench", True, _Config

    @classmethod
    def read_alone(cls, config, deadline):
        value = _answer(_bench.rooms[config.key])
        return ClimateReading(value) if isinstance(value, int | float) else value


class BenchMeter(Adapter):
    kind, key, label, is_real, Config = Kind.ENERGY_MONITOR, "bench", "Bench", True, _Config

    @classmethod
    def read_alone(cls, config, deadline):
        return _answer(_bench.meters[config.key])


class BenchPlug(Adapter):
    kind, key, label, is_real, Config = Kind.MINER_CONTROLLER, "bench", "Bench", True, _Config

    @classmethod
    def read_alone(cls, config, deadline):
        return _bench.plugs[config.key].read()

    @classmethod
    def write(cls, config, session, power_w, deadline):
        _bench.plugs[config.key].write(power_w)


ADAPTERS = (BenchRoom, BenchMeter, BenchPlug)


def install() -> Bench:
    """An empty bench, its adapters in the registry."""
    global _bench
    _bench = Bench()
    for adapter in ADAPTERS:
        registry.register(adapter)
    return _bench


def remove() -> None:
    for adapter in ADAPTERS:
        registry._adapters.pop(registry._Key(adapter.kind, adapter.key), None)


class Home:
    """A site on the bench with one room of 20 °C where 21 ± 0.5 °C are wanted, and one miner of 1000 W."""

    def __init__(self, clock: ManualClock | None = None, **miner: Any) -> None:
        self.clock = clock or ManualClock(timezone.now().replace(second=0, microsecond=0))
        self.site = factories.site()
        self.zone, self.room = self.add_room("Hall")
        self.miner = self.add_miner("Avalon", self.zone, **miner)
        self.unit = factories.unit(self.site, miners=[self.miner], policy=factories.policy())

    def add_room(self, name: str, celsius: float = 20.0, **kwargs) -> tuple[ClimateZone, str]:
        key = f"{self.site.pk}-{name}"
        _bench.rooms[key] = celsius
        monitor = factories.climate_monitor(self.site, name=f"{name} sensor", adapter_type="bench", config={"key": key})
        return factories.zone(self.site, name, monitor=monitor, **kwargs), key

    def add_miner(self, name: str, *zones: ClimateZone, **kwargs) -> Miner:
        row = factories.controller(self.site, name=f"{name} plug", adapter_type="bench", config={"key": ""})
        row.config = {"key": str(row.pk)}
        row.save()
        _bench.plugs[str(row.pk)] = Plug()
        defaults = {"min_on_seconds": 0, "min_off_seconds": 0, "max_starts_per_hour": 99}
        return factories.miner(self.site, name, zones=zones, controller=row, **{**defaults, **kwargs})

    def add_meter(self, surplus_w: float | None) -> str:
        """An energy source for the unit with this surplus."""
        key = f"{self.site.pk}-meter"
        self.set_surplus(surplus_w, key)
        monitor = factories.energy_monitor(self.site, adapter_type="bench", config={"key": key})
        source = factories.energy_source(self.site, monitor=monitor, has_battery=False, type="other")
        OptimizationUnit.objects.filter(pk=self.unit.pk).update(energy_source=source)
        return key

    def set_surplus(self, surplus_w: float | None, key: str = "") -> None:
        value = Unreachable("It is off.") if surplus_w is None else EnergySnapshot(surplus_w, 0.0)
        _bench.meters[key or f"{self.site.pk}-meter"] = value

    def plug_of(self, miner: Miner) -> Plug:
        return _bench.plugs[str(miner.controller_id)]

    @property
    def plug(self) -> Plug:
        return self.plug_of(self.miner)

    def says(self, celsius: Any) -> None:
        """What the hall's sensor says from now on: °C, a reading, an error, or garbage."""
        _bench.rooms[self.room] = celsius

    def becomes(self, celsius: float, **kwargs) -> None:
        """The hall gets there as a room does, no more than a kelvin from pass to pass; the last one sees it."""
        while (missing := celsius - _bench.rooms[self.room]) != 0:
            self.says(_bench.rooms[self.room] + max(-1.0, min(1.0, missing)))
            self.go(**kwargs)

    def go(self, passes: int = 1, seconds: float = 10, **kwargs) -> PassReport:
        """Time goes on and a pass is run, `passes` times."""
        for _ in range(passes):
            self.clock.advance(seconds)
            report = run_sites([self.site.pk], clock=self.clock, **kwargs)
        return report

    def restart(self) -> None:
        """The program starts afresh: only the database and the devices are as they were."""
        store.store.cache_clear()
        self.clock.boot_name += "'"

    @property
    def desired(self) -> DesiredState:
        return DesiredState.objects.get(miner=self.miner)

    @property
    def open_alarms(self) -> list[str]:
        return sorted(Alarm.objects.filter(site=self.site, ended_at__isnull=True).values_list("kind", flat=True))

    def alarm_text(self, kind: str) -> str:
        return Alarm.objects.get(site=self.site, kind=kind, ended_at__isnull=True).text

    @property
    def activity(self) -> list[str]:
        return list(ActivityLog.objects.filter(site=self.site).order_by("id").values_list("text", flat=True))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def fresh(self) -> Site:
        return Site.objects.get(pk=self.site.pk)
