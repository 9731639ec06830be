"""A person who may set up everything, and a home with one row of everything."""

from __future__ import annotations

from datetime import UTC, datetime, time
from types import SimpleNamespace

import pytest

from climate.models import TemperatureSlot
from miners.models import Circuit, CommandLog, ManualRequest
from optimization.models import Decision
from sites import live
from sites.models import ActivityLog, Alarm, ApiToken
from sites.services import create_api_token
from tests import factories

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TOKEN = "secret-token-of-a-test"


@pytest.fixture
def staff(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a strong one takes 0.3 s a test
    return factories.user("anna")


@pytest.fixture
def page(client, staff):
    """A signed-in client."""
    client.force_login(staff)
    return client


@pytest.fixture
def filled(home, staff):
    """One row of every kind, linked as in a real home, and what a pass last said about it."""
    assistant = factories.home_assistant(home, token=TOKEN)
    house = factories.simulated_house(home)
    broker = factories.mqtt_broker(home, username="anna", password=TOKEN)
    sensor = factories.climate_monitor(home, name="Thermometer", config={"temperature_celsius": 20.4})
    zone = factories.zone(home, monitor=sensor)
    slot = TemperatureSlot.objects.create(zone=zone, start_time=time(6), end_time=time(9), target_celsius=21.5)
    controller = factories.controller(home, name="Plug")
    circuit = Circuit.objects.create(site=home, name="Line 1", limit_w=2000)
    miner = factories.miner(home, zones=[zone], controller=controller, circuit=circuit)
    meter = factories.energy_monitor(home)
    source = factories.energy_source(home, monitor=meter)
    policy = factories.policy(home, name="Mine")
    unit = factories.unit(home, miners=[miner], policy=policy, energy_source=source, name="Ground floor")
    decision = Decision.objects.create(
        site=home,
        unit=unit,
        miner=miner,
        action="start",
        intent_w=1000,
        command_w=1000,
        origin="policy",
        reason="Living room is 0.6° below target, so the Avalon runs.",
        reason_code="rule",
        rule_name="Room is cold",
        target_celsius=21.0,
        saw={"Living room": {"climate.zone.temperature_celsius": 20.4, "energy_state.surplus_power": None}},
        explanation=EXPLANATION,
    )
    live.publish(home.pk, snapshot(home, zone, miner, source, assistant))
    create_api_token("phone", staff)
    return SimpleNamespace(
        home=home,
        assistant=assistant,
        house=house,
        broker=broker,
        sensor=sensor,
        zone=zone,
        slot=slot,
        period=factories.target_period(home),
        controller=controller,
        circuit=circuit,
        miner=miner,
        pool=factories.pool(home),
        price=factories.hash_price(home),
        meter=meter,
        source=source,
        policy=policy,
        unit=unit,
        decision=decision,
        activity=ActivityLog.objects.create(site=home, text="Avalon started."),
        alarm=Alarm.objects.create(site=home, kind="lost", subject="zone:1", text="The sensor is silent."),
        command=CommandLog.objects.create(miner=miner, power_w=1000, outcome="sent"),
        wish=ManualRequest.objects.create(miner=miner, power_w=0, by="ben", created_at=LONG_AGO, cancelled_at=LONG_AGO),
        token=ApiToken.objects.get(),
        user=staff,
    )


EXPLANATION = {
    "rule": "Room is cold",
    "kind": "start",
    "truth": "true",
    "contexts": [
        {
            "key": "Living room",
            "truth": "true",
            "conditions": {
                "place": "conditions",
                "node": "all_of",
                "truth": "true",
                "children": [
                    {
                        "place": "conditions.all_of[0]",
                        "node": "leaf",
                        "truth": "true",
                        "comparison": "true",
                        "field": "climate.zone.temperature_celsius",
                        "label": "temperature",
                        "type": "number",
                        "operator": "lt",
                        "symbol": "<",
                        "value": 20.4,
                        "unit": "°C",
                        "expected": 20.5,
                        "expected_label": "lower bound",
                        "value_ref": "climate.zone.lower_bound",
                    }
                ],
            },
        }
    ],
}


def snapshot(site, zone, miner, source, assistant) -> dict:
    """What `sites.live` holds after a pass."""
    now = "2026-01-15T06:00:00+00:00"
    return {
        "at": now,
        "period_s": 10,
        "zones": {
            str(zone.pk): {
                "temperature_celsius": 20.4,
                "target_celsius": 21.0,
                "target_reason": "default target",
                "sensor": "ok",
                "problem": "",
                "observed_at": now,
                "heating_w": 800.0,
                "heating": True,
            }
        },
        "miners": {str(miner.pk): {"status": "heating", "power_w": 812.0, "power_is_measured": True}},
        "energy": {str(source.pk): {"surplus_w": 1500.0, "production_w": 2300.0, "grid_w": -700.0, "problem": ""}},
        "connections": {str(assistant.pk): {"ok": False, "code": "unreachable", "problem": "It does not answer."}},
    }
