"""Whole passes over energy meters that stand still or contradict each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from energy.models import EnergySource
from energy.state import EnergySnapshot
from optimization.models import OptimizationUnit
from optimization.passes.load import memory_key
from sites import live
from sites.clock import ManualClock
from sites.models import Alarm
from sites.store import store
from tests import factories

from . import bench as bench_module
from .bench import Home

NOON, NIGHT = datetime(2026, 1, 15, 11, 0, tzinfo=UTC), datetime(2026, 1, 15, 20, 0, tzinfo=UTC)
SURPLUS = [
    ("start", {"field": "energy_state.surplus_power", "operator": "gte", "value": 900}),
    ("stop", {"field": "energy_state.surplus_power", "operator": "lt", "value": 500}),
]


class Meters:
    """A home that heats with surplus, its meters and their times."""

    def __init__(self, at: datetime, *, has_battery: bool = True) -> None:
        self.home = Home(ManualClock(at))
        self.home.says(15.0)
        self.key = self.home.add_meter(0.0)
        EnergySource.objects.filter(site=self.home.site).update(has_battery=has_battery, type="solar")
        OptimizationUnit.objects.filter(pk=self.home.unit.pk).update(
            policy=factories.policy(rules=SURPLUS), strategy="policy"
        )
        self.frozen: dict[str, datetime] = {}

    def go(self, passes: int = 1, seconds: float = 10, **values: float) -> None:
        for _ in range(passes):
            now = self.home.now + timedelta(seconds=seconds)
            observed = {part: self.frozen.get(part, now) for part in values}
            sensors = {part: f"‘sensor.{part.partition('_')[0]}’" for part in values}
            bench_module._bench.meters[self.key] = EnergySnapshot(
                **values, household_includes_miners=True, observed_at=now, observed=observed, sensors=sensors
            )
            self.home.go(seconds=seconds)

    @property
    def energy(self) -> dict:
        return next(iter(live.read(self.home.site.pk)["energy"].values()))


def test_a_frozen_grid_meter_ends_the_heating(db, bench):
    meters = Meters(NOON, has_battery=False)
    meters.go(2, household_w=300.0, grid_w=-2000.0)
    assert meters.home.plug.on
    meters.frozen["grid_w"] = meters.home.now
    meters.go(38, 50, household_w=1300.0, grid_w=-1000.0)
    assert meters.energy["grid_w"] is None
    assert "‘sensor.grid’ has been silent for" in meters.energy["problem"]
    assert not meters.home.plug.on


def test_a_production_that_is_the_battery_starts_nothing_and_is_told_once(db, bench):
    """By day, so that only the balance gives it away."""
    meters = Meters(NOON)
    for second in range(0, 900, 50):
        meters.go(1, 50, production_w=3200.0 + second % 70, household_w=1200.0, grid_w=-2000.0, battery_w=-2000.0)
    assert not meters.home.plug.writes
    alarm = Alarm.objects.get(site=meters.home.site)
    assert (alarm.kind, alarm.severity) == ("meters_contradict", "warning")
    assert "‘sensor.production’ counted what ‘sensor.battery’ gives" in alarm.text
    assert timedelta(minutes=4) < alarm.since - NOON < timedelta(minutes=6)
    assert len([text for text in meters.home.activity if "contradict" in text]) == 1
    meters.go(8, 50, production_w=800.0, household_w=800.0, grid_w=0.0, battery_w=0.0)
    assert meters.home.open_alarms == []


def test_after_dark_a_hybrid_inverter_heats_nothing(db, bench):
    meters = Meters(NIGHT)
    meters.go(9, 50, production_w=2000.0, household_w=800.0, grid_w=0.0, battery_w=-1200.0)
    assert not meters.home.plug.writes
    assert (meters.energy["production_w"], meters.energy["surplus_w"]) == (None, -1200)
    assert "although the sun is down" in meters.home.alarm_text("meters_contradict")


def test_a_negative_load_is_noted_and_heating_goes_on(db, bench):
    meters = Meters(NOON, has_battery=False)
    meters.go(9, 50, production_w=1288.056, household_w=-266.115)
    assert meters.home.plug.on
    assert meters.energy["household_w"] == 0
    assert "0 W is used" in meters.energy["notes"][0]
    assert meters.energy["problem"] == ""


@pytest.mark.parametrize("damage", [[], {"x": 1}, "x"])
def test_damaged_memory_of_doubts_costs_nothing(db, bench, damage):
    meters = Meters(NOON)
    meters.go(1, production_w=500.0, household_w=800.0)
    kept = store().get(memory_key(meters.home.site.pk))
    kept["shell"]["energy_doubt"] = damage
    store().set(memory_key(meters.home.site.pk), kept)
    meters.go(1, production_w=500.0, household_w=800.0)
    assert meters.energy["surplus_w"] == -300


def test_an_adapters_wrong_times_are_no_reading(db, bench):
    meters = Meters(NOON)
    meters.go(1, production_w=2000.0, household_w=800.0)
    bad = replace(bench_module._bench.meters[meters.key], observed={"grid_w": "now"})
    bench_module._bench.meters[meters.key] = bad
    meters.home.go()
    assert "no time with a zone" in meters.energy["problem"]
