"""History on SQLite: a minute written, an hour folded, charts read, bytes on disk.

A home of 20 rooms with 20 miners after a year, on a file of its own with the settings of the
embedded run: 30 days of minutes, a year of quarters and hours, in the order they would have come.
Times are of the processor, as those of the passes: what else the machine does is not measured.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.rows import Row, row

ROOMS = 20
YEAR_DAYS, MINUTES_DAYS = 365, 30
CHARTS = {"6 h": 6, "24 h": 24, "7 d": 7 * 24, "30 d": 30 * 24}
CHART_TARGET_MS = 50.0
#: 60 commits an hour are the pass's own; these must not show beside them.
WRITE_TARGET_MS = 50.0
ROLL_UP_TARGET_MS = 500.0
#: With these a home of 20 rooms is below 1 GB after two years, and grows by 50 MB a year from then on.
MINUTES_TARGET_MB, QUARTERS_TARGET_MB, HOURS_TARGET_MB = 20.0, 10.0, 2.5

_STEPS = "WITH RECURSIVE step(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n < %s - 1) "
_MINUTES = (
    _STEPS
    + """INSERT INTO climate_zonereading
  (zone_id, at, temperature_celsius, observed_at, low_celsius, high_celsius,
   humidity_percent, target_celsius, heating_w, sensor, window_open, outdoor_celsius)
SELECT zone.id, datetime(%s, n || ' minutes'), 20 + t, datetime(%s, n || ' minutes') || '.123456', 19.95 + t, 20.05 + t,
  45.5, 21.0, CASE WHEN n / 30 %% 2 THEN 812.5 ELSE 0.0 END, 'ok', 0, 3.5
FROM (SELECT n, n %% 97 / 61.0 AS t FROM step) CROSS JOIN climate_climatezone zone ORDER BY n, zone.id"""
)
_BUCKETS = (
    _STEPS
    + """INSERT INTO {table}
  (zone_id, at, minutes, mean_celsius, low_celsius, high_celsius, target_celsius, heating_wh,
   below_target_degree_minutes, in_band_minutes, lost_minutes, window_minutes, outdoor_celsius,
   heating_minutes, starts)
SELECT zone.id, datetime(%s, (n * {width}) || ' minutes'), {width}, 20 + t, 19.9 + t, 20.1 + t, 21.0, 13 * t, 7 * t,
  n %% {width}, 0, 0, 3.5, n %% {width}, n %% 2
FROM (SELECT n, n %% 97 / 61.0 AS t FROM step) CROSS JOIN climate_climatezone zone ORDER BY n, zone.id"""
)


def rows() -> list[Row]:
    """All figures, measured by a process of its own: settings and database are chosen once per process."""
    with tempfile.TemporaryDirectory(prefix="edgemining-bench-") as folder:
        environment = os.environ | {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{Path(folder) / 'year.sqlite3'}"}
        environment |= {"DJANGO_SETTINGS_MODULE": "edgemining.settings"}
        command = [sys.executable, "-m", "benchmarks.history"]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return [row(*figure) for figure in json.loads(done.stdout)]


def _measured() -> list[tuple[str, float, str, float]]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    now = timezone.now().replace(second=0, microsecond=0)
    zones, miners = _home()
    sizes = _fill(now)
    return [
        (
            f"history: write a minute of {ROOMS} rooms and miners (CPU)",
            _write_ms(zones, miners, now),
            "ms",
            WRITE_TARGET_MS,
        ),
        (f"history: fold an hour of {ROOMS} rooms and miners, prune (CPU)", _roll_up_ms(now), "ms", ROLL_UP_TARGET_MS),
        *(
            (f"history: chart of {words}, server time (CPU)", milliseconds, "ms", CHART_TARGET_MS)
            for words, milliseconds in _chart_ms(zones).items()
        ),
        *sizes,
    ]


def _home() -> tuple[list, list]:
    from climate.models import ClimateZone
    from miners.models import Miner
    from sites.models import Site

    site = Site.objects.create(name="bench")
    zones = [ClimateZone.objects.create(site=site, name=f"Room {number}") for number in range(ROOMS)]
    miners = [Miner.objects.create(site=site, name=f"Miner {number}") for number in range(ROOMS)]
    for zone, miner in zip(zones, miners, strict=True):
        miner.zones.add(zone)
    return zones, miners


def _fill(now: datetime) -> list[tuple[str, float, str, float]]:
    """A year of history by bulk SQL, all folded; the MB that a room takes of each kind."""
    from django.db import connection

    def megabytes() -> float:
        with connection.cursor() as cursor:
            pages, size = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return pages * size / 1e6

    def load(statement: str, steps: int, *begins: datetime) -> float:
        before = megabytes()
        with connection.cursor() as cursor:
            cursor.execute(statement, [steps, *(f"{begin:%Y-%m-%d %H:%M:%S}" for begin in begins)])
        return (megabytes() - before) / ROOMS

    hour = now.replace(minute=0)
    month, year = hour - timedelta(days=MINUTES_DAYS), hour - timedelta(days=YEAR_DAYS)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    minutes_mb = load(_MINUTES, MINUTES_DAYS * 24 * 60, month, month)
    quarters_mb = load(_BUCKETS.format(table="climate_zonequarter", width=15), YEAR_DAYS * 24 * 4, year)
    hours_mb = load(_BUCKETS.format(table="climate_zonehour", width=60), YEAR_DAYS * 24, year)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO sites_historymark SELECT 'zones', max(id) FROM climate_zonereading")
    connection.close()  # opens again as the embedded run does: every commit reaches the disk
    return [
        ("history: disk, a room's minutes (30 days, then constant)", minutes_mb, "MB", MINUTES_TARGET_MB),
        ("history: disk, a room's quarters, a year", quarters_mb, "MB", QUARTERS_TARGET_MB),
        ("history: disk, a room's hours, a year", hours_mb, "MB", HOURS_TARGET_MB),
    ]


def _write_ms(zones: list, miners: list, now: datetime) -> float:
    """The middle of 60 minutes, written as the pass does: the rows of the hour that is folded next."""
    from django.db import transaction

    from climate.models import ZoneReading
    from miners.models import MinerReading
    from optimization.passes.minutes import save

    times = []
    for number in range(60):
        at = now.replace(minute=0) + timedelta(minutes=number)
        values = {"temperature_celsius": 20.4, "low_celsius": 20.4, "high_celsius": 20.5, "target_celsius": 21.0}
        rooms = [ZoneReading(zone=zone, at=at, observed_at=at, heating_w=800.0, **values) for zone in zones]
        heaters = [MinerReading(miner=miner, at=at, status="heating", power_w=800.0) for miner in miners]
        began = time.process_time()
        with transaction.atomic():
            save(rooms, [], heaters)
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def _roll_up_ms(now: datetime) -> float:
    from sites.history import keep

    began = time.process_time()
    written, dropped = keep(now + timedelta(hours=1))
    milliseconds = (time.process_time() - began) * 1000
    assert written >= 2 * ROOMS * 5, written
    assert dropped >= ROOMS * 60, dropped
    return milliseconds


def _chart_ms(zones: list) -> dict[str, float]:
    """Milliseconds a chart takes from request to answer, sign-in included: the middle of all rooms."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse

    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.create_user("bench"))
    found = {}
    for words, hours in CHARTS.items():
        times = []
        for zone in zones:
            began = time.process_time()
            answer = client.get(reverse("zone-chart", args=[zone.pk]), {"hours": hours})
            times.append((time.process_time() - began) * 1000)
            assert len(answer.json()["t"]) > 300, answer.content[:200]
        found[words] = statistics.median(times)
    return found


if __name__ == "__main__":
    json.dump(_measured(), sys.stdout)
