"""Setting up an MQTT broker and a sensor on it by hand: the password is typed, kept, and never shown."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from climate.models import ClimateMonitor
from integrations import ask
from integrations.models import MqttBroker
from optimization.passes.load import load
from optimization.passes.observe import observe
from tests import factories

PASSWORD = "a secret of this test"


@pytest.fixture(autouse=True)
def _fresh():
    """No client of a pass outlives its test."""
    ask.forget()
    yield
    ask.forget()


@pytest.fixture
def page(client, db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a strong one takes 0.3 s a test
    client.force_login(factories.user())
    return client


def posted(home, **changes) -> dict:
    typed = {"name": "Broker", "host": "mqtt.local", "port": "1883", "username": "anna", "password": PASSWORD}
    return {"site": str(home.pk), **typed, **changes}


def stored(home) -> MqttBroker:
    return factories.mqtt_broker(home, host="mqtt.local", port=1883, username="anna", password=PASSWORD)


def test_a_broker_is_stored_with_its_password_encrypted(page, home):
    assert page.post(reverse("admin:integrations_mqttbroker_add"), posted(home)).status_code == 302
    row = MqttBroker.objects.get()
    assert (row.host, row.port, row.tls, row.password) == ("mqtt.local", 1883, False, PASSWORD)
    assert PASSWORD not in repr(row.password)
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM integrations_mqttbroker")
        assert PASSWORD not in cursor.fetchone()[0]


def test_the_password_is_never_shown_and_stays_when_left_empty(page, home):
    row = stored(home)
    url = reverse("admin:integrations_mqttbroker_change", args=[row.pk])
    shown = page.get(url).content.decode()
    assert PASSWORD not in shown
    assert "A password is stored. Leave this empty to keep it. Another address needs it again." in shown
    assert page.post(url, posted(home, username="ben", password="")).status_code == 302
    row.refresh_from_db()
    assert (row.username, row.password) == ("ben", PASSWORD)
    page.post(url, posted(home, username="", password=""))
    row.refresh_from_db()
    assert (row.username, row.password) == ("", "")


@pytest.mark.parametrize("host", ["a b", "user@mqtt.local", "mqtt local/x"])
def test_a_host_that_is_none_is_refused_in_words(page, home, host):
    response = page.post(reverse("admin:integrations_mqttbroker_add"), posted(home, host=f"{host}x"))
    assert "Only the name or address of the computer" in response.content.decode()
    assert not MqttBroker.objects.exists()


def test_a_sensor_is_stored_with_its_broker(page, home):
    broker = stored(home)
    data = {
        "site": str(home.pk),
        "name": "Hall",
        "adapter_type": "mqtt",
        "stale_after_seconds": "3600",
        "max_jump_k": "5",
    }
    data |= {"mqtt_broker": str(broker.pk), "mqtt__topic": "zigbee2mqtt/hall", "mqtt__json_path": "temperature"}
    response = page.post(reverse("admin:climate_climatemonitor_add"), data | {"mqtt__unit": "°C"})
    assert response.status_code == 302
    row = ClimateMonitor.objects.get()
    assert (row.connection, row.settings.topic, row.settings.trust_retained) == (broker, "zigbee2mqtt/hall", False)


def test_a_pass_asks_the_broker_for_what_its_sensors_want(home):
    broker = factories.mqtt_broker(home)  # nobody listens there
    sensor = factories.climate_monitor(home, adapter_type="mqtt", config={"topic": "a/b"}, mqtt_broker=broker)
    factories.zone(home, monitor=sensor)
    seen = observe(load([home.pk]), 2.0, timezone.now())
    assert seen.asked == {broker.pk}
    assert "refuses the connection. Is it running?" in seen.errors[sensor.pk]
