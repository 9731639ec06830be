"""A home as the pages see it: rows, a published snapshot, a signed-in client."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from climate.models import ZoneReading
from miners import power
from miners.models import MinerController
from miners.power import Level, PowerModel
from sites import live
from sites.models import Alarm
from tests import factories

from .screens import Screen

AVALON = PowerModel(
    (Level("eco", 800.0, 52.0), Level("standard", 1300.0, 80.0), Level("super", 1600.0, 90.0)),
    min_write_gap_seconds=600,
    device_class="avalon",
)


class SeenHome:
    """A home with a cold living room and its miner; `publish` says what the last pass saw."""

    def __init__(self, site):
        self.site = site
        self.zone = factories.zone(site, "Living room", monitor=factories.climate_monitor(site))
        self.miner = factories.miner(site, "Avalon", zones=[self.zone], controller=factories.controller(site))
        self.source = factories.energy_source(site, monitor=factories.energy_monitor(site))
        self.unit = factories.unit(
            site, miners=[self.miner], policy=factories.policy(site), energy_source=self.source, name="Ground floor"
        )

    def publish(self, *, zone=None, miner=None, energy=None, at=None) -> None:
        now = at or timezone.now()
        live.publish(
            self.site.pk,
            {
                "at": now.isoformat(),
                "period_s": 10,
                "zones": {str(self.zone.pk): zone_live(now, **(zone or {}))},
                "miners": {str(self.miner.pk): miner_live(now, **(miner or {}))},
                "energy": {str(self.source.pk): energy_live(now, **(energy or {}))},
            },
        )

    def record(self, minutes: int = 60) -> None:
        """Minute rows of the last `minutes`, rising towards now."""
        now = timezone.now().replace(second=0, microsecond=0)
        ZoneReading.objects.bulk_create(
            ZoneReading(
                zone=self.zone,
                at=now - timedelta(minutes=age),
                temperature_celsius=20 - age / 60,
                target_celsius=21,
                heating_w=800 if age < 10 else 0,
            )
            for age in range(minutes)
        )

    def record_day_before(self, kwh: float) -> None:
        """An hour of heating, 8 hours ago, of which so much heat came."""
        hour = (timezone.now() - timedelta(hours=9)).replace(minute=0, second=0, microsecond=0)
        ZoneReading.objects.bulk_create(
            ZoneReading(zone=self.zone, at=hour + timedelta(minutes=minute), heating_w=1000 * kwh)
            for minute in range(60)
        )


def zone_live(now, **changes):
    return {
        "temperature_celsius": 20.4,
        "humidity_percent": 44,
        "target_celsius": 21.0,
        "requested_celsius": 21.0,
        "target_reason": "default target",
        "sensor": "ok",
        "problem": "",
        "observed_at": now.isoformat(),
        "trend_celsius_per_hour": 0.3,
        "heating_w": 0,
        "heating": False,
    } | changes


def miner_live(now, **changes):
    return {
        "status": "off",
        "power_w": 0.0,
        "power_is_measured": True,
        "drawn_w": 0.0,
        "desired_w": 0,
        "observed_at": now.isoformat(),
        "problem": "",
        "confirmed": True,
        "reason": "The room is warm enough.",
    } | changes


def energy_live(now, **changes):
    return {
        "production_w": 3000.0,
        "household_w": 400.0,
        "grid_w": -1600.0,
        "battery_w": 1000.0,
        "battery_soc_percent": 82.0,
        "surplus_w": 2600.0,
        "observed_at": now.isoformat(),
        "problem": "",
        "has_production": True,
        "has_battery": True,
        "has_grid": True,
    } | changes


@pytest.fixture
def seen_home(home) -> SeenHome:
    return SeenHome(home)


@pytest.fixture
def anna(db, settings):
    # The real hasher is slow on purpose; no test here is about it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return factories.user("anna")


@pytest.fixture
def signed_in(client, anna):
    client.force_login(anna)
    return client


@pytest.fixture
def give_levels(seen_home):
    """`give_levels(model)`: the home's miner is one of these levels, as its device said."""

    def give(model: PowerModel = AVALON) -> None:
        identity = {"model": "Avalon Q", "firmware": "cgminer", "version": "25052801", "serial": "0203040506",
                    "limits": ["After a power cut it heats again."], "power": power.to_json(model)}  # fmt: skip
        MinerController.objects.filter(pk=seen_home.miner.controller_id).update(identity=identity)
        type(seen_home.miner).objects.filter(pk=seen_home.miner.pk).update(
            nominal_power_w=round(model.max_w), device_class=model.device_class
        )
        seen_home.miner.refresh_from_db()

    return give


@pytest.fixture
def screen(browser, live_server, client, anna, request):
    """`screen(width=…, scheme=…)`: a signed-in page."""
    client.force_login(anna)
    contexts = []

    def open_screen(width: int = 360, height: int = 780, scheme: str = "light", **options) -> Screen:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        return Screen(context.new_page(), live_server.url)

    yield open_screen
    for context in contexts:
        context.close()


@pytest.fixture
def full_home(seen_home):
    """A home with something of everything on its cards."""
    Alarm.objects.create(
        site=seen_home.site, kind="k", subject=f"miner:{seen_home.miner.pk}", text="The Avalon cannot be switched off.",
        did="It is told again.", remedy="Pull its plug.",
    )  # fmt: skip
    seen_home.record(400)
    seen_home.publish(
        zone={"heating": True, "heating_w": 800, "observed_at": (timezone.now() - timedelta(hours=1)).isoformat()},
        miner={"status": "heating", "power_w": 800.0, "problem": "It is slow."},
    )
    return seen_home
