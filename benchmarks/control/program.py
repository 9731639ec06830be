"""The program itself as a controller: rooms, sensors and miners as rows that no database holds, and whole passes.

Each step is what a pass does (`optimization.passes.run`): the situation from rows and readings, the decision, what is
due to be written, and what the device shows after it. Only loading, storing and showing are left out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.unstored import prepare_django

from .case import Case
from .plant import MINUTE_SECONDS, Look, MachineLook, Plant

prepare_django()

from climate.models import ClimateMonitor, ClimateZone, TemperatureSlot  # noqa: E402
from climate.state import ClimateReading  # noqa: E402
from miners import power  # noqa: E402
from miners.models import Miner, MinerController  # noqa: E402
from miners.state import MinerSnapshot, MinerStatus  # noqa: E402
from optimization import shipped  # noqa: E402
from optimization.models import OptimizationUnit, Policy, Rule, RuleKind  # noqa: E402
from optimization.passes import act, pending  # noqa: E402
from optimization.passes.load import SiteRows  # noqa: E402
from optimization.passes.observe import Observation  # noqa: E402
from optimization.passes.run import decide_site  # noqa: E402
from optimization.site_plan.compiling import Configuration, compiled  # noqa: E402
from sites.clock import ManualClock  # noqa: E402
from sites.models import Site  # noqa: E402

#: Minute 0 of every case.
MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC)
POLICY = "keep_the_room_warm"


class Program:
    """Drives one plant. `unit`: fields of its unit that differ from those of a new one."""

    def __init__(self, case: Case, period_seconds: int = 300, **unit: Any):
        self.period_seconds = period_seconds
        self.rows = home(case, period_seconds, unit)
        self._clock = ManualClock(MIDNIGHT)
        self._miners = list(self.rows.miners.values())

    def drive(self, plant: Plant) -> None:
        """One pass."""
        now = MIDNIGHT + timedelta(minutes=plant.minute)
        self._clock.at, self._clock.elapsed = now, float(plant.minute * MINUTE_SECONDS)
        observation = self._observed(plant.look(), now)
        work = decide_site(self.rows, None, observation, self._clock, now, frozenset())
        seen, acted = work.seen, work.acted
        for command in work.commands:
            plant.codes[self._place(command.miner_id)] = command.code
        writes = act.device_writes(self.rows, work.commands, seen, None, now)
        starts = [write.miner.pk for write in writes if write.is_start]
        pending.note_starts(seen.memory, starts, now)
        for write in writes:
            is_taken = plant.tell(self._place(write.miner.pk), write.told_w)
            act.note_write(self.rows, acted, write, None if is_taken else "it is busy", now)
        if writes:
            after = self._observed(plant.look(), now)
            for write in writes:
                pk = write.miner.pk
                seen.snapshots[pk] = pending.look(self.rows, seen.memory, write.miner, after, now)
                act.note_seen(self.rows, {pk: seen.snapshots[pk]}, acted, now)
        self.rows.memory = seen.memory

    def _place(self, miner_id: UUID | str) -> int:
        return next(place for place, miner in enumerate(self._miners) if str(miner.pk) == str(miner_id))

    def _observed(self, look: Look, now: datetime) -> Observation:
        """What sensors and miners say, as their adapters would."""
        observation = Observation(at=now)
        for zone, report in zip(self.rows.zones.values(), look.reports, strict=True):
            (monitor,) = zone.monitors
            if report is None:
                observation.errors[monitor.pk] = "cannot be read: it does not answer"
                continue
            at = MIDNIGHT + timedelta(minutes=report.minute)
            observation.readings[monitor.pk] = ClimateReading(report.celsius, observed_at=at)
        if self.rows.outdoor is not None and look.outdoor_celsius is not None:
            observation.readings[self.rows.outdoor.pk] = ClimateReading(look.outdoor_celsius, observed_at=now)
        for miner, machine in zip(self._miners, look.machines, strict=True):
            observation.readings[miner.controller_id] = _snapshot(machine, now)
        return observation


def _snapshot(machine: MachineLook, now: datetime) -> MinerSnapshot:
    return MinerSnapshot(
        MinerStatus(machine.phase),
        machine.power_w,
        power_is_measured=True,
        set_power_w=machine.told_w or None,
        observed_at=now,
    )


def home(case: Case, period_seconds: int, unit: dict[str, Any]) -> SiteRows:
    """The rows of a home with these rooms and machines, as its set-up would leave them."""
    site = Site(name=case.name, control_period_seconds=period_seconds)
    rows = Configuration(site)
    for number, room in enumerate(case.rooms):
        zone = _zone(case, site, f"{room.key}-{number}", room.name)
        rows.zones.append(zone)
    if case.has_outdoor_sensor:
        rows.outdoor = _monitor(site, "Outdoor sensor", "outdoors", is_outdoor=True)
    for number in range(len(case.machines)):
        miner = _miner(case, number, site, rows)
        rows.miners.append(miner)
    raw = next(one for one in shipped.load() if one["key"] == POLICY)
    policy = Policy(shipped_key=POLICY, name=raw["name"])
    rules = [
        Rule(policy=policy, kind=kind, **rule)
        for kind, those in ((RuleKind.START, raw["start_rules"]), (RuleKind.STOP, raw["stop_rules"]))
        for rule in those
    ]
    rows.rules = {policy.pk: rules}
    row = OptimizationUnit(site=site, name="Unit", slug="unit", is_enabled=True, policy=policy, **unit)
    _relate(row, miners=rows.miners, zones=[])
    rows.units = [row]
    return SiteRows.of(compiled(rows))


def _zone(case: Case, site: Site, slug: str, name: str) -> ClimateZone:
    schedule = case.schedule
    zone = ClimateZone(
        site=site,
        name=name,
        slug=slug,
        default_target_celsius=schedule.setback_celsius,
        comfort_celsius=schedule.comfort_celsius,
        eco_celsius=schedule.setback_celsius,
        hysteresis_celsius=case.hysteresis_k,
    )
    warm, cool = (schedule.comfort_from, schedule.comfort_until), (schedule.comfort_until, schedule.comfort_from)
    slots = [
        TemperatureSlot(zone=zone, preset=preset, start_time=start, end_time=end)
        for preset, (start, end) in (("comfort", warm), ("eco", cool))
    ]
    _relate(zone, slots=slots, monitors=[_monitor(site, f"{name} sensor", slug)])
    return zone


def _monitor(site: Site, name: str, room: str, **fields: Any) -> ClimateMonitor:
    return ClimateMonitor(site=site, name=name, adapter_type="simulated", config={"room": room}, **fields)


def _miner(case: Case, number: int, site: Site, rows: Configuration) -> Miner:
    machine = case.machines[number]
    identity = {}
    if len(machine.every_level_w) > 1:
        levels = tuple(power.Level(f"{watts:.0f} W", watts) for watts in machine.levels_w)
        model = power.PowerModel(levels, machine.step_w, device_class=machine.device_class)
        identity = {"power": power.to_json(model)}
    controller = MinerController(
        site=site, name=f"m{number}", adapter_type="simulated", config={"miner": f"m{number}"}, identity=identity
    )
    kind = power.DEVICE_CLASSES[machine.device_class]
    miner = Miner(
        site=site,
        name=f"Miner {number + 1}",
        slug=f"miner-{number + 1}",
        controller=controller,
        nominal_power_w=round(machine.full_w),
        device_class=machine.device_class,
        min_on_seconds=machine.min_on_seconds,
        min_off_seconds=machine.min_off_seconds,
        max_starts_per_hour=kind.max_starts_per_hour,
        max_starts_per_day=kind.max_starts_per_day,
    )
    _relate(miner, zones=[zone for zone, share in zip(rows.zones, machine.shares, strict=True) if share > 0])
    return miner


def _relate(row: Any, **related: list) -> None:
    """What is related to a row, as if it had been prefetched."""
    row._prefetched_objects_cache = dict(related)
