"""What pages and the API cost: CPU of one request in a home of 100 rooms, and how long answers take beside passes.

A request goes through the whole program but the socket. Beside it stands the same list as Django and its JSON encoder
give it with nothing around it: no sign-in, no checks, no paging.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

from benchmarks.rows import Row, row
from tests.process.program import Program

ROOMS, UNITS = 100, 100
LIST_TARGET_MS, HOME_TARGET_MS, P99_TARGET_MS = 2.5, 40.0, 100.0
#: What such a list cost each time before answers were kept.
BEFORE_MS = 21.0
_LIST = "/api/v1/climate-zones?limit=100"
#: What each caller asks for in turn while passes run, and how often.
_ASKED = (_LIST, "/api/v1/miners?limit=20", "/healthz")
_ASKED_TIMES, _CALLERS = 200, 2


def rows() -> list[Row]:
    """The figures of one home, then those of the running program with a hundred homes."""
    from benchmarks.passes import prepare_database

    prepare_database()
    return [*_of_a_home(), *_beside_passes()]


def _cpu_ms(ask: Callable[[], object], times: int) -> float:
    """The middle of `times`, after three that warm up (ms of CPU)."""
    taken = []
    for number in range(times + 3):
        began = time.process_time()
        ask()
        if number >= 3:
            taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)


def _of_a_home() -> list[Row]:
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from climate.models import ClimateZone
    from optimization.passes.run import run_sites
    from sites.clock import ManualClock

    site, person, token = _home()
    clock = ManualClock(timezone.now())
    for _ in range(3):
        run_sites([site.pk], clock=clock)
        clock.advance(10)
    api = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    pages = Client(SERVER_NAME="localhost")
    pages.force_login(person)
    tag, positions = api.get(_LIST).headers["ETag"], count(ROOMS)

    def changed() -> None:
        ClimateZone.objects.filter(name="Room 0").update(position=next(positions))
        assert api.get(_LIST).status_code == 200

    def unchanged() -> None:
        assert api.get(_LIST, headers={"If-None-Match": tag}).status_code == 304

    def bare() -> None:
        zones = ClimateZone.objects.prefetch_related("monitors")
        json.dumps([[str(one.pk), one.name, [str(sensor.pk) for sensor in one.monitors.all()]] for one in zones])

    def home() -> None:
        assert pages.get(reverse("home")).status_code == 200

    name = f"requests: list of {ROOMS} rooms"
    return [
        row(f"{name}, asked again", _cpu_ms(lambda: api.get(_LIST), 40), "ms", LIST_TARGET_MS),
        row(f"{name}, unchanged since (304)", _cpu_ms(unchanged, 40), "ms", LIST_TARGET_MS),
        row(f"{name}, after a change of settings", _cpu_ms(changed, 20), "ms", BEFORE_MS),
        row(f"{name}, bare ORM and JSON", _cpu_ms(bare, 20), "ms", BEFORE_MS),
        row(f"requests: home page of {ROOMS} rooms", _cpu_ms(home, 20), "ms", HOME_TARGET_MS),
    ]


def _home() -> tuple:
    """A home of `ROOMS` rooms with six hours of minutes, one in ten with a miner; an account and a token."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from climate.models import ClimateMonitor, ClimateZone, ZoneReading
    from integrations.models import SimulatedHouse
    from miners.models import Miner, MinerController
    from sites.models import Site
    from sites.services import create_api_token

    now = timezone.now().replace(second=0, microsecond=0)
    site = Site.objects.create(name="Many rooms", time_zone="Europe/Rome", latitude=45.0, longitude=7.7)
    house = SimulatedHouse.objects.create(site=site, seed=1)
    for number in range(ROOMS):
        zone = ClimateZone.objects.create(site=site, name=f"Room {number}", position=number)
        zone.monitors.add(
            ClimateMonitor.objects.create(
                site=site, name=f"Sensor {number}", adapter_type="simulated", simulated_house=house,
                config={"room": "living_room"},
            )
        )  # fmt: skip
        ZoneReading.objects.bulk_create(
            ZoneReading(zone=zone, at=now - timedelta(minutes=minute), temperature_celsius=20 + minute / 400,
                        target_celsius=21.0, heating_w=800.0 * (minute % 60 < 30))
            for minute in range(1, 361)
        )  # fmt: skip
        if number % 10 == 0:
            controller = MinerController.objects.create(site=site, name=f"c{number}", adapter_type="dummy")
            miner = Miner.objects.create(site=site, name=f"Miner {number}", controller=controller, nominal_power_w=1000)
            miner.zones.add(zone)
    person = get_user_model().objects.create_superuser("bench", password="a password of no account")
    return site, person, create_api_token("bench", person)


def _beside_passes() -> list[Row]:
    """Two callers of the running program, whose passes heat `UNITS` homes: the slowest of a hundred answers (wall)."""
    with tempfile.TemporaryDirectory(prefix="edgemining-bench-") as folder:
        program = Program(Path(folder), DEMO="0")
        program.manage("migrate")
        made = program.manage("shell", "-c", f"from benchmarks.requests import furnish; furnish({UNITS})")
        if made.returncode != 0:
            raise RuntimeError(made.stderr)
        token = made.stdout.split()[-1]
        try:
            program.start()
            time.sleep(15.0)  # the first passes read and compile
            waits = _asked(program, token)
        finally:
            program.kill()
    p99_ms = statistics.quantiles(waits, n=100)[-1]
    return [row(f"requests: 99 of 100 answers beside passes of {UNITS} units", p99_ms, "ms", P99_TARGET_MS)]


def furnish(count: int) -> None:
    """In the process of `manage.py shell`: homes with a unit each; prints a token."""
    from django.contrib.auth import get_user_model

    from benchmarks.passes import _homes
    from sites.services import create_api_token

    _homes(count)
    person = get_user_model().objects.create_superuser("bench", password="a password of no account")
    sys.stdout.write(f"\n{create_api_token('bench', person)}\n")


def _asked(program: Program, token: str) -> list[float]:
    """How long each answer took, ms of wall time."""
    waits: list[float] = []

    def ask() -> None:
        for number in range(_ASKED_TIMES):
            path = _ASKED[number % len(_ASKED)]
            request = urllib.request.Request(program.url + path, headers={"Authorization": f"Bearer {token}"})
            began = time.monotonic()
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            waits.append(1000 * (time.monotonic() - began))
            time.sleep(0.15)

    callers = [threading.Thread(target=ask) for _ in range(_CALLERS)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    return waits
