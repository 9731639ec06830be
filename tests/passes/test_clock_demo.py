"""The simulated home while somebody sets the clock: it comes back by itself, and nothing is told of its battery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from climate.models import ClimateZone
from integrations.models import SimulatedHouse
from optimization.demo import create_demo_home
from optimization.passes.run import run_sites
from sites import live, store
from sites.clock import ManualClock
from sites.models import Alarm

pytestmark = pytest.mark.django_db
DAYS_S = 40 * 86_400


class Demo:
    def __init__(self):
        self.site = create_demo_home()
        self.clock = ManualClock(timezone.now())

    def go(self, passes):
        for _ in range(passes):
            self.clock.advance(10)
            assert run_sites([self.site.pk], clock=self.clock).completed == [self.site.pk]

    @property
    def zones(self):
        return live.read(self.site.pk)["zones"]


@pytest.fixture
def demo():
    home = Demo()
    home.go(3)
    return home


@pytest.mark.parametrize("steps", [(DAYS_S, -DAYS_S), (-DAYS_S, DAYS_S), (7200, -7200)])
def test_it_comes_back_from_a_clock_that_jumped_and_jumped_back(demo, steps):
    before = {pk: zone["temperature_celsius"] for pk, zone in demo.zones.items()}
    for step_seconds in steps:
        demo.clock.step_wall(step_seconds)
        demo.go(4)
        for pk, zone in demo.zones.items():
            assert zone["sensor"] == "ok"
            assert zone["temperature_celsius"] == pytest.approx(before[pk], abs=1.0)
    assert not Alarm.objects.exists()


def test_it_comes_back_when_the_clock_went_back_while_the_program_was_down(demo):
    demo.clock.step_wall(DAYS_S)
    demo.go(7)
    demo.clock.step_wall(-DAYS_S)
    demo.clock.boot_name, demo.clock.elapsed = "another boot", 5.0
    store.store.cache_clear()
    demo.go(2)
    assert {zone["sensor"] for zone in demo.zones.values()} == {"ok"}
    assert SimulatedHouse.objects.get().at <= demo.clock.now() + timedelta(minutes=1)


def test_a_simulated_sensor_has_no_battery_to_check(demo):
    room = ClimateZone.objects.exclude(miners=None).first()
    room.monitors.update(config={"room": "attic"})
    demo.go(15)
    alarm = Alarm.objects.get(kind="sensor_lost")
    assert "battery" not in alarm.remedy
    assert "simulated" in alarm.remedy
