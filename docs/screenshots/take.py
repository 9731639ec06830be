"""Take the pictures of the README again: `.venv/bin/python docs/screenshots/take.py`.

The simulated home lives through half a winter day in a scratch data folder, by whole passes on a
clock that moves when told; then its pages are served and photographed. Needs Chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
#: Early afternoon in Turin: the sun has filled the battery and the rooms are warm.
NOON_AND_AFTER = datetime(2026, 2, 5, 12, 40, tzinfo=UTC)
HISTORY, STEP_SECONDS = timedelta(hours=14), 60
MOST_BYTES = 150_000


@contextmanager
def scratch_installation() -> Iterator[None]:
    """A migrated, empty installation in a folder of its own."""
    sys.path.insert(0, str(FOLDER.parents[1]))
    with tempfile.TemporaryDirectory(prefix="edgemining-pictures-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "edgemining.settings", "LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield


def live_through_a_day(now: datetime) -> None:
    """The simulated home from some hours ago until `now`."""
    from optimization.demo import create_demo_home, ensure_shipped_policies
    from optimization.passes.run import run_sites
    from sites.clock import ManualClock

    site = create_demo_home()
    site.units.update(policy=ensure_shipped_policies()["keep_the_room_warm"])  # warm at night, too
    clock = ManualClock(now - HISTORY)
    while clock.at < now:
        clock.advance(STEP_SECONDS)
        run_sites([site.pk], clock=clock)


@contextmanager
def served() -> Iterator[str]:
    """The address of the pages."""
    import socket

    from edgemining.web import WebThread

    listener = socket.create_server(("127.0.0.1", 0))
    web = WebThread(listener)
    web.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    web.stop()


def session_cookie(address: str) -> dict[str, str]:
    """The cookie of a signed-in person."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("anna", password=None))
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}


def photograph(address: str) -> None:
    from django.urls import reverse
    from playwright.sync_api import sync_playwright

    from climate.models import ClimateZone
    from miners.models import Miner
    from optimization.passes.run import run_sites
    from sites.models import Site

    room = ClimateZone.objects.get(name="Living room")
    zone, week = reverse("zone", args=[room.pk]), reverse("week", args=[room.pk])
    miner = reverse("miner", args=[Miner.objects.get(name="Avalon").pk])
    cookie = session_cookie(address)
    (site,) = Site.objects.all()
    pictures = (
        ("home-light", "/", 1200, 660, "light", 1),
        ("home-dark-phone", "/", 360, 780, "dark", 1.5),
        ("zone-light", zone, 1200, 1000, "light", 1),
        ("week-light", week, 1200, 900, "light", 1),
        ("miner-light", miner, 1200, 820, "light", 1),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, width, height, scheme, scale in pictures:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
            )
            context.add_cookies([cookie])
            page = context.new_page()
            run_sites([site.pk])  # the last look was just now
            page.goto(address + path, wait_until="networkidle")
            file = FOLDER / f"{name}.png"
            page.screenshot(path=file)
            if file.stat().st_size > MOST_BYTES:
                sys.exit(f"{file.name} has {file.stat().st_size} bytes; at most {MOST_BYTES} are wanted.")
            context.close()
        browser.close()


def main() -> None:
    with scratch_installation():
        import time_machine

        with time_machine.travel(NOON_AND_AFTER, tick=True):
            live_through_a_day(NOON_AND_AFTER)
            with served() as address:
                photograph(address)


if __name__ == "__main__":
    main()
