"""From an event to the write that switches off: sensor loss, high limit, "All off".

Ticks, due sites and whole passes on a manual clock, one home at the default period; the event comes
at every second between two passes and the slowest counts. What the passes themselves take is added.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

from benchmarks.passes import prepare_database
from benchmarks.rows import Row, row

PERIOD_S = 10
#: A written off may come one period and a second after the event; a lost sensor is held for two minutes before.
AT_ONCE_S, SENSOR_HELD_S = PERIOD_S + 1.0, 120.0
_GIVE_UP_S = 300


class _Home:
    """A heated room on dummies and the clock of its ticks."""

    def __init__(self) -> None:
        from django.utils import timezone

        from climate.models import ClimateMonitor, ClimateZone
        from miners.models import Miner, MinerController
        from optimization.demo import ensure_shipped_policies
        from optimization.models import OptimizationUnit
        from sites import store
        from sites.clock import ManualClock
        from sites.models import Site

        self.clock = ManualClock(datetime.now(UTC))
        store.store.cache_clear()
        store.time = SimpleNamespace(monotonic=self.clock.monotonic)
        timezone.now = self.clock.now
        Site.objects.all().delete()
        self.site = Site.objects.create(name="bench", control_period_seconds=PERIOD_S)
        self.sensor = ClimateMonitor.objects.create(site=self.site, name="s", adapter_type="dummy")
        zone = ClimateZone.objects.create(site=self.site, name="Room", default_target_celsius=21.0)
        zone.monitors.add(self.sensor)
        controller = MinerController.objects.create(site=self.site, name="c", adapter_type="dummy")
        self.miner = Miner.objects.create(
            site=self.site, name="Avalon", controller=controller, min_on_seconds=600, min_off_seconds=0
        )
        self.miner.zones.add(zone)
        policy = ensure_shipped_policies()["keep_the_room_warm"]
        unit = OptimizationUnit.objects.create(site=self.site, name="u", policy=policy, is_enabled=True)
        unit.miners.add(self.miner)

    def second(self) -> None:
        """One second of the program's life, and what its passes really took."""
        from django.conf import settings

        from optimization.passes.due import due_sites
        from optimization.passes.run import run_sites

        self.clock.advance(1)
        if self.clock.elapsed % settings.TICK_SECONDS == 0:
            began = time.perf_counter()
            run_sites(due_sites(self.clock.now(), settings.TICK_SECONDS).now, clock=self.clock)
            self.pass_seconds = time.perf_counter() - began

    def is_on(self) -> bool:
        from miners.drivers.dummy.driver import DummyMiner

        return DummyMiner.read_alone(DummyMiner.Config(), time.monotonic() + 1).status.is_on

    def say(self, **config) -> None:
        self.sensor.config = config
        self.sensor.save()

    def lose_sensor(self) -> None:
        self.say(fail="unavailable")

    def overheat(self) -> None:
        self.say(temperature_celsius=28.5)

    def all_off(self) -> None:
        from miners.services import all_off

        all_off([self.site], by="bench")


def _seconds_to_write(event: Callable[[_Home], None], phase_s: int) -> float:
    """Seconds from the event, `phase_s` after a pass, to the off at the device."""
    home = _Home()
    while not home.is_on():
        home.second()
    for _ in range(2 * PERIOD_S + phase_s):
        home.second()
    event(home)
    for seconds in range(1, _GIVE_UP_S):
        home.second()
        if not home.is_on():
            return seconds + home.pass_seconds
    return float("inf")


def rows() -> list[Row]:
    from django.utils import timezone

    prepare_database()
    from sites import store

    real_time, real_now = store.time, timezone.now
    figures = (
        ("sensor lost", _Home.lose_sensor, SENSOR_HELD_S + AT_ONCE_S),
        ("high limit", _Home.overheat, AT_ONCE_S),
        ("“All off”", _Home.all_off, AT_ONCE_S),
    )
    result = []
    try:
        for name, event, target_s in figures:
            slowest = max(_seconds_to_write(event, phase) for phase in range(PERIOD_S))
            result.append(row(f"{name} to the write", slowest, "s", target_s))
            result.append(row(f"{name} to the write, in periods", slowest / PERIOD_S, "", target_s / PERIOD_S))
    finally:
        store.time, timezone.now = real_time, real_now
        store.store.cache_clear()
    return result


if __name__ == "__main__":
    for one in rows():
        print(one)
