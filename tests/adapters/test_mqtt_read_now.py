"""“Read now” over MQTT asks the client that passes have running, waits for a report, and says what would be better."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from climate.models import ClimateMonitor
from integrations import ask
from integrations.connections import mqtt
from integrations.models import MqttBroker
from integrations.probe import probe
from sites import live
from tests import factories
from tests.servers.process import wait_until

from .mqtt_broker import Publisher

TOPIC = "zigbee2mqtt/hall"


@pytest.fixture
def broker(mosquitto):
    mosquitto.restart()
    ask.forget()
    yield MqttBroker(name="Mosquitto", host="127.0.0.1", port=mosquitto.port)
    ask.forget()


@pytest.fixture
def sensor(broker):
    publisher = Publisher(broker.port)
    yield publisher
    publisher.close()


def row(broker: MqttBroker, topic: str = TOPIC, **config) -> ClimateMonitor:
    settings = {"topic": topic, "json_path": "temperature", **config}
    return ClimateMonitor(name="Hall", adapter_type="mqtt", config=settings, mqtt_broker=broker)


def running(broker: MqttBroker, *monitors: ClimateMonitor) -> mqtt.MqttSession:
    """The client as passes have it, listening for these sensors."""
    session = ask.open_session(broker)
    for monitor in monitors:
        session.ask(monitor.adapter.wants(monitor.settings), 1e9)
    return session


def test_what_came_before_the_question_is_known(broker, sensor):
    """Nothing is retained: a client that only just connects knows nothing."""
    hall = row(broker)
    session = running(broker, hall)
    sensor.say(TOPIC, '{"temperature":20.34,"last_seen":"2026-01-01T00:00:00Z"}')
    wait_until(lambda: session.ask([TOPIC], 1e9), "it came")
    seen = probe(hall)
    assert (seen.ok, seen.values["temperature_celsius"]) == (True, 20.34)
    assert ask.running_session(broker) is session  # it goes on listening
    session.check(1e9)


def test_another_address_is_asked_by_itself_and_leaves_the_running_client_alone(broker, sensor):
    session = running(broker, row(broker))
    other = MqttBroker(pk=broker.pk, name="Mosquitto", host="127.0.0.1", port=1)
    assert "Is it running?" in probe(row(other)).sentence
    assert ask.running_session(other) is None
    assert ask.running_session(broker) is session


def test_a_report_is_waited_for(broker, sensor):
    """Nobody listens yet and nothing is retained; the sensor reports while “Read now” waits."""
    stop = threading.Event()

    def report() -> None:
        while not stop.wait(0.1):
            sensor.say(TOPIC, '{"temperature":20.34}')

    thread = threading.Thread(target=report)
    thread.start()
    try:
        assert probe(row(broker)).sentence.startswith("20.3 °C")
    finally:
        stop.set()
        thread.join()


def test_nothing_came_is_said_in_time(broker, monkeypatch):
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 1.0)
    assert probe(row(broker)).sentence.startswith("Nothing has come on ‘zigbee2mqtt/hall’ yet.")


def test_where_control_runs_elsewhere_what_it_heard_is_told(broker, home, monkeypatch):
    """A fleet: the worker has the client, the web process only the live snapshot."""
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 1.0)
    hall = row(broker)
    hall.site = home
    at = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    monitors = {str(hall.pk): {"temperature_celsius": 20.34, "observed_at": at}}
    live.publish(home.pk, {"zones": {"z": {"monitors": monitors}}})
    sentence = probe(hall).sentence
    assert sentence.endswith("is the topic right? Control last read 20.3 °C, reported 20 min ago.")


def advice(monitor: ClimateMonitor) -> list[tuple[str, dict, dict]]:
    return [(one.sentence, dict(one.settings), dict(one.fields)) for one in probe(monitor).advice]


def test_what_zigbee2mqtt_has_is_offered(broker, sensor):
    at = datetime.now(UTC).isoformat()
    sensor.say(TOPIC, json.dumps({"temperature": 20.34, "linkquality": 90, "last_seen": at}), retain=True)
    sensor.say(f"{TOPIC}/availability", '{"state":"online"}', retain=True)
    sensor.say("zigbee2mqtt/bridge/state", '{"state":"online"}', retain=True)
    monitor = row(broker)
    (time_sentence, time_path, _), (there_sentence, topics, _) = advice(monitor)
    assert ("last_seen" in time_sentence, time_path) == (True, {"timestamp_path": "last_seen"})
    assert there_sentence.startswith("‘zigbee2mqtt/hall/availability’ and ‘zigbee2mqtt/bridge/state’ tell whether")
    monitor.config |= {**time_path, **topics}
    seen = probe(monitor)
    assert (seen.ok, seen.advice) == (True, ())


def test_zigbee2mqtt_without_a_time_says_where_to_switch_it_on(broker, sensor):
    sensor.say("z2m/hall", '{"temperature":20.34,"linkquality":90}', retain=True)
    ((sentence, settings, _),) = advice(row(broker, "z2m/hall"))
    assert "Switch on ‘Last seen’ in Zigbee2MQTT" in sentence
    assert settings == {}


def test_a_sleeper_gets_the_limit_that_suits_it(broker, sensor):
    said = {"sys": {"wakeup_period": 14_400}, "temperature": 20.3}
    sensor.say("shellyplusht-aa/status", json.dumps(said), retain=True)
    monitor = row(broker, "shellyplusht-aa/status", trust_retained=True)
    ((sentence, _, fields),) = advice(monitor)
    assert sentence == "It wakes up every 4 h: a ‘silent after’ of 5 h 5 min suits it."
    monitor.stale_after_seconds, monitor.long_silence_confirmed = 20_000, True
    assert fields["stale_after_seconds"] == 18_300
    assert advice(monitor) == []


def test_the_form_fills_in_what_is_advised(client, home, broker, sensor):
    client.force_login(factories.user())
    stored = factories.mqtt_broker(home, port=broker.port)
    sensor.say("tele/hall/SENSOR", '{"AM2301":{"Temperature":20.3}}', retain=True)
    sensor.say("tele/hall/LWT", "Online", retain=True)
    typed = {
        "adapter_type": "mqtt",
        "mqtt_broker": str(stored.pk),
        "mqtt__topic": "tele/hall/SENSOR",
        "mqtt__unit": "°C",
    }
    data = {"site": str(home.pk), "name": "Hall", "stale_after_seconds": "3600", "max_jump_k": "5", **typed}
    answer = client.post(
        "/admin/climate/climatemonitor/probe/",
        data | {"mqtt__json_path": "AM2301.Temperature", "mqtt__unit": "°C", "what": "reading"},
    ).json()
    assert answer["advice"][0]["fill"] == {"mqtt__availability_topics": "tele/hall/LWT"}
