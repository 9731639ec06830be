"""How long a pass takes for 1, 10, 100 and 1000 units on simulated adapters, and its SQL statements.

One unit a site: the shape of a fleet. Runs on an in-memory database of its own, and once more on PostgreSQL and Redis
where these are installed. Beside it stands a bare loop: the same houses, read and held by hysteresis, and nothing that
makes control safe, explained or kept.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from benchmarks.rows import Row, row, where_there

#: Said to the process that measures on PostgreSQL and Redis.
_FLEET = "fleet"
_IS_FLEET = sys.argv[1:] == [_FLEET]
#: CPU a pass may take, by units (ms). 1000 homes at 10 s must leave nine tenths of one core free.
TARGETS_MS = {1: 10.0, 10: 20.0, 100: 100.0, 1000: 1000.0}
#: The same for each unit from a hundred on (ms); in a worker on PostgreSQL and Redis.
UNIT_TARGET_MS, FLEET_UNIT_TARGET_MS = 1.0, 2.5
#: SELECTs of a quiet pass and chunk.
SELECTS_TARGET = 8
#: What the guards may cost per miner and pass, and staging per room with four miners.
GUARDS_TARGET_US = 20.0
STAGING_TARGET_US = 100.0


def prepare_database() -> None:
    if not _IS_FLEET:
        os.environ["DATABASE_URL"] = "sqlite://:memory:"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    import django
    from django.conf import settings

    if not settings.configured or not django.apps.apps.ready:
        django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _homes(count: int) -> list:
    """`count` sites, each with a zone, a simulated plug heater and "keep the room warm"."""
    from climate.models import ClimateMonitor, ClimateZone
    from integrations.models import SimulatedHouse
    from miners.models import Miner, MinerController
    from optimization.demo import ensure_shipped_policies
    from optimization.models import OptimizationUnit, Policy
    from sites.models import Site

    ensure_shipped_policies()
    policy = Policy.objects.get(shipped_key="solar_surplus_room_heating")
    ids = []
    for number in range(count):
        site = Site.objects.create(name=f"bench {number}", time_zone="Europe/Rome", latitude=45.0, longitude=7.7)
        house = SimulatedHouse.objects.create(site=site, seed=number)
        monitor = ClimateMonitor.objects.create(
            site=site, name="s", adapter_type="simulated", simulated_house=house, config={"room": "living_room"}
        )
        zone = ClimateZone.objects.create(site=site, name="Living room")
        zone.monitors.add(monitor)
        controller = MinerController.objects.create(
            site=site, name="c", adapter_type="simulated", simulated_house=house, config={"miner": "avalon"}
        )
        miner = Miner.objects.create(site=site, name="Avalon", controller=controller, nominal_power_w=1600)
        miner.zones.add(zone)
        unit = OptimizationUnit.objects.create(site=site, name="u", policy=policy, is_enabled=True)
        unit.miners.add(miner)
        ids.append(site.pk)
    return ids


def _timed(ids: list, passes: int) -> tuple[float, set[int]]:
    """CPU milliseconds of the middle pass, and the statement counts seen in quiet passes of one chunk."""
    from datetime import UTC, datetime

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from optimization.passes.run import CHUNK_SITES, run_sites
    from sites.clock import ManualClock

    clock = ManualClock(datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    run_sites(ids, clock=clock)
    times, statements = [], set()
    for _ in range(passes):
        clock.advance(10)
        began = time.process_time()
        with CaptureQueriesContext(connection) as captured:
            run_sites(ids, clock=clock)
        times.append((time.process_time() - began) * 1000)
        chunks = -(-len(ids) // CHUNK_SITES)
        reads = [query for query in captured if query["sql"].startswith("SELECT")]
        statements.add(len(reads) // chunks)
    return sorted(times)[len(times) // 2], statements


def _bare_loop_ms(count: int, passes: int = 9) -> float:
    """CPU milliseconds of the middle pass of the bare loop."""
    from datetime import UTC, datetime, timedelta

    import simulation

    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    houses = [simulation.demo_house(seed, now) for seed in range(count)]
    on, shown = [False] * count, {}
    times = []
    for _ in range(passes):
        now += timedelta(seconds=10)
        began = time.process_time()
        for number, house in enumerate(houses):
            house = simulation.step(house, now)
            celsius = simulation.room(house, "living_room").temperature_celsius
            wanted = celsius < 20.5 if not on[number] else celsius < 21.5
            if wanted is not on[number]:
                house, on[number] = simulation.set_power(house, "avalon", 1600.0 if wanted else 0.0), wanted
            houses[number] = house
            shown[number] = {"celsius": celsius, "watts": simulation.miner(house, "avalon").power_w}
        times.append((time.process_time() - began) * 1000)
    return sorted(times)[len(times) // 2]


def _fleet_rows() -> list[Row]:
    """The same in a process of its own with PostgreSQL and Redis."""
    import subprocess

    from tests.servers.databases import Postgres, Redis

    postgres = Postgres()
    try:
        redis = Redis()
        try:
            env = os.environ | {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.passes", _FLEET], env=env, capture_output=True, text=True, check=True
            )
        finally:
            redis.stop()
    finally:
        postgres.stop()
    name = "pass, one of 100 units on PostgreSQL and Redis (CPU of the worker)"
    return [row(name, float(done.stdout.splitlines()[-1]), "ms", FLEET_UNIT_TARGET_MS)]


def _best_us(call: Callable[[], object], loops: int = 20_000) -> float:
    """Microseconds of CPU a call takes, at its best."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(loops):
            call()
        best = min(best, (time.process_time() - began) / loops * 1e6)
    return best


def _decision_us() -> tuple[float, float]:
    """Microseconds the guards take for one running miner with one zone, and staging for four miners of that zone."""
    from datetime import UTC, datetime

    from climate.state import SensorHealth, Target, ZoneState
    from miners.power import Level, PowerModel
    from miners.state import MinerSnapshot, MinerStatus
    from optimization.control.dosing import staged
    from optimization.control.guards import Guarded, lowest_ceiling
    from optimization.control.memory import ZoneTrip
    from optimization.control.situation import Intent, MinerSituation, UnitSituation

    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    target = Target(21.0, 21.0, "default target")
    zone = ZoneState("z", "z", "Z", 20.8, None, target, 0.5, 28.0, 7.0, SensorHealth.OK, "", now, 20.8, 20.8)
    snapshot = MinerSnapshot(MinerStatus.HEATING, 1000.0, True)
    levels = PowerModel(tuple(Level(str(watts), watts, watts / 20) for watts in (400.0, 700.0, 1000.0)))
    miners = tuple(
        MinerSituation(key, key, 1000, (zone,), False, snapshot, 1000, "policy", True, power=levels) for key in "mnop"
    )
    intent = Intent(1000, "policy", "hold_on", "…")
    case = Guarded(miners[0], intent, {"z": ZoneTrip()}, now)
    unit, intents = UnitSituation("u", "U", None, "", miners), dict.fromkeys("mnop", intent)
    return _best_us(lambda: lowest_ceiling(case)), _best_us(lambda: staged(unit, intents, {}, now), 4000)


def rows() -> list[Row]:
    prepare_database()
    from sites.models import Site

    result, statements = [], set()
    for count, target in TARGETS_MS.items():
        Site.objects.all().delete()
        milliseconds, seen = _timed(_homes(count), 9 if count <= 100 else 3)
        statements |= seen
        result.append(row(f"pass, {count} units (CPU)", milliseconds, "ms", target))
        if count >= 100:
            result.append(row(f"pass, one of {count} units (CPU)", milliseconds / count, "ms", UNIT_TARGET_MS))
            bare = _bare_loop_ms(count, 5) / count
            result.append(row(f"a bare loop, one of {count} units (CPU)", bare, "ms", UNIT_TARGET_MS))
    result.append(
        row("SELECT statements a pass and chunk: spread over 1…1000 units", max(statements) - min(statements), "", 0)
    )
    result.append(row("SELECT statements a pass and chunk", max(statements), "", SELECTS_TARGET))
    result += where_there("pass on PostgreSQL and Redis", _fleet_rows)
    guards_us, staging_us = _decision_us()
    result.append(row("guards, one miner", guards_us, "µs", GUARDS_TARGET_US))
    result.append(row("staging, four miners of one room", staging_us, "µs", STAGING_TARGET_US))
    return result


if __name__ == "__main__":
    if _IS_FLEET:
        prepare_database()
        print(_timed(_homes(100), 9)[0] / 100)
    else:
        for one in rows():
            print(one)
