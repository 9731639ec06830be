"""Many people changing one home, and many homes adding one plug, at the same moment: run by `test_at_once` against
PostgreSQL.

Prints one JSON line: what became of each change, and what holds afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from functools import partial

import django

django.setup()

from django.core.exceptions import ValidationError  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from climate import schedule, services  # noqa: E402
from optimization.adding import NewRoom  # noqa: E402
from optimization.demo import ensure_shipped_policies  # noqa: E402
from optimization.setup import create_home  # noqa: E402
from sites.models import Site  # noqa: E402
from tests import factories  # noqa: E402
from tests.plans import home_plan, plug  # noqa: E402

ROUNDS = 4


def outcome(change: Callable[[], object]) -> str:
    try:
        change()
    except ValidationError:
        return "refused"
    except Exception as error:
        return repr(error)[:200]
    finally:
        connection.close()
    return "done"


def changes(site, zone, number: int) -> list[tuple[str, Callable[[], object]]]:
    """What everybody does at once; the two plans of a round claim the same days."""
    start = timezone.now() + timedelta(days=10 * number + 1)
    slots = [schedule.Slot(schedule.ALL_DAYS, time(6), time(8), 21.0)]

    def end_taps() -> None:
        for period in services.open_periods(site, timezone.now()):
            if not period.is_planned:
                services.end_period(period, by="ben")

    def plan() -> None:
        services.start_period(site, preset="away", starts_at=start, ends_at=start + timedelta(days=5), by="ada")

    every = {
        "plan": plan,
        "tap": lambda: services.start_period(site, preset="eco", by="ada"),
        "end": end_taps,
        "hand": lambda: services.set_override(zone, 21.0, until=None, by="ben"),
        "week": lambda: services.replace_schedule(zone, slots, by="ben"),
        "copy": lambda: services.copy_day(zone, 0, [1, 2], by="ada"),
    }
    order = ["plan", "plan", "tap", "tap", "end", "hand", "hand", "week", "copy", "week", "tap", "hand"]
    return [(name, every[name]) for name in order]


def devices() -> list[dict]:
    """Several homes add the same plug at once, each in another spelling of the same Home Assistant."""
    results = []
    for number in range(ROUNDS):
        urls = [f"http://ha{number}.local:8123", f"https://HA{number}.local:8123/", f"http://ha{number}.local.:8123"]
        homes = [
            partial(
                create_home,
                home_plan(
                    url,
                    "t",
                    [NewRoom("Hall", "sensor.hall", 21.0)],
                    [plug("Avalon", "switch.plug", rooms=["Hall"])],
                    name=f"Home {number} {index}",
                ),
            )
            for index, url in enumerate(urls)
        ]
        with ThreadPoolExecutor(len(homes)) as pool:
            outcomes = list(pool.map(outcome, homes))
        results.append({"outcomes": outcomes, "homes": Site.objects.filter(name__startswith=f"Home {number} ").count()})
    return results


def targets() -> list[dict]:
    site = factories.site()
    zone, results = factories.zone(site), []
    for number in range(ROUNDS):
        names, calls = zip(*changes(site, zone, number), strict=True)
        with ThreadPoolExecutor(len(calls)) as pool:
            outcomes = list(pool.map(outcome, calls))
        open_periods = list(services.open_periods(site, timezone.now()))
        results.append(
            {
                "outcomes": list(zip(names, outcomes, strict=True)),
                "taps": sum(not period.is_planned for period in open_periods),
                "hands": len(services.open_overrides(zone, timezone.now())),
                "overlap": bool(schedule.find_overlap([slot.as_slot() for slot in zone.slots.all()])),
            }
        )
    return results


def main() -> None:
    call_command("migrate", verbosity=0)
    ensure_shipped_policies()
    print(json.dumps({"targets": targets(), "devices": devices()}))


if __name__ == "__main__":
    main()
