"""The `mqtt` climate monitor: what it makes of messages, and the whole way from a sensor to a zone's judgement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from climate.models import ClimateMonitor
from climate.monitors.mqtt.monitor import MqttClimateMonitor
from climate.state import ClimateReading
from integrations import ask
from integrations.ask import AskRequest, ask_connections
from integrations.connections import mqtt
from integrations.connections.mqtt_heard import LARGEST_MESSAGE_BYTES, Message, MqttAnswers, Want
from integrations.errors import AdapterError, BadAnswer, NotFound, Unauthorized, Unreachable
from integrations.models import MqttBroker
from integrations.probe import probe
from tests.servers.process import PATIENT_SECONDS, wait_until

from .mqtt_broker import Publisher

TOPIC = "zigbee2mqtt/hall"
#: Inputs that failed at owners of such devices, byte for byte.
CASES = Path(__file__).parent / "cases"
NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
#: Zigbee2MQTT's usual message of a room sensor.
ZIGBEE = b'{"battery":100,"humidity":44.72,"linkquality":120,"temperature":20.34,"voltage":3000}'
#: Tasmota's `tele/…/SENSOR` (its documentation of the AM2301).
TASMOTA = b'{"Time":"2019-01-01T00:00:00","AM2301":{"Temperature":24.6,"Humidity":58.2},"TempUnit":"C"}'
#: Shelly Plus H&T, `…/events/rpc` (a published capture, shortened).
SHELLY = (
    b'{"src":"shellyplusht-b8d61a8b17cc","dst":"shellyplusht-b8d61a8b17cc/events","method":"NotifyFullStatus",'
    b'"params":{"ts":1680962879.62,"humidity:0":{"id":0,"rh":42.2},"temperature:0":{"id":0,"tC":19.8,"tF":67.6}}}'
)


def read(payload: bytes, *, age_seconds: float = 40, retained: bool = False, **config) -> ClimateReading:
    """The reading at `NOW` of a message that arrived `age_seconds` ago."""
    heard = Message(payload, NOW - timedelta(seconds=age_seconds), retained)
    settings = MqttClimateMonitor.Config.model_validate({"topic": TOPIC, **config})
    return MqttClimateMonitor.read(settings, MqttAnswers({TOPIC: heard}, at=NOW))


@pytest.mark.parametrize(
    ("payload", "config", "temperature", "humidity"),
    [
        (ZIGBEE, {"json_path": "temperature", "humidity_path": "humidity"}, 20.34, 44.72),
        (TASMOTA, {"json_path": "AM2301.Temperature", "humidity_path": "AM2301.Humidity"}, 24.6, 58.2),
        (SHELLY, {"json_path": "params.temperature:0.tC", "humidity_path": "params.humidity:0.rh"}, 19.8, 42.2),
        (b"20.5", {}, 20.5, None),
        (b"68", {"unit": "°F"}, 20.0, None),
        (b"293.15", {"unit": "K"}, 20.0, None),
        *[(line, {}, 21.5, None) for line in (CASES / "numbers_with_units.txt").read_bytes().splitlines()],
        ((CASES / "latin1.json").read_bytes(), {"json_path": "t"}, 21.5, None),
        (b'{"t":"21,5 \xb0C"}', {"json_path": "t"}, 21.5, None),
    ],
)
def test_reads_messages_with_the_time_they_came(payload, config, temperature, humidity):
    seen = read(payload, **config)
    assert replace(seen, number=None, unit="") == ClimateReading(temperature, humidity, NOW - timedelta(seconds=40))


WINDOW, PEOPLE = "zigbee2mqtt/hall_window", "home/hall/people"
#: Zigbee2MQTT's usual message of a door contact: `contact` is true while it is closed.
CONTACT = b'{"battery":100,"battery_low":false,"contact":false,"linkquality":98}'
SHUT = CONTACT.replace(b'"contact":false', b'"contact":true')


def with_more(payload=b"20.5", more=None, retained=False, **config) -> ClimateReading:
    """The reading where other topics said something, too."""
    heard = {topic: Message(said, NOW, retained) for topic, said in (more or {}).items()}
    settings = MqttClimateMonitor.Config.model_validate({"topic": TOPIC, **config})
    return MqttClimateMonitor.read(settings, MqttAnswers({TOPIC: Message(payload, NOW, False), **heard}, at=NOW))


@pytest.mark.parametrize(
    ("said", "config", "is_open"),
    [
        (CONTACT, {"window_path": "contact", "window_open_values": "false"}, True),
        (
            CONTACT.replace(b':false,"link', b':true,"link'),
            {"window_path": "contact", "window_open_values": "False"},
            False,
        ),
        (b"ON", {}, True),
        (b"OFF", {}, False),
        (b"open", {}, True),
        (b"closed", {}, False),
        (b"1", {}, True),
        (b"0", {}, False),
        (b"true", {}, True),
        (b'"open"', {}, True),
        (b"tilted", {"window_open_values": "open, tilted"}, True),
    ],
)
@pytest.mark.parametrize("retained", [True, False])  # a contact only speaks when it changes
def test_a_window_contact_on_a_topic_of_its_own(said, config, is_open, retained):
    seen = with_more(more={WINDOW: said}, retained=retained, window_topic=WINDOW, **config)
    assert (seen.window_open, seen.window_problem) == (is_open, "")


def test_window_and_presence_in_the_message_of_the_room():
    seen = with_more(
        b'{"t":20.5,"contact":true,"occupancy":false}',
        json_path="t",
        window_path="contact",
        window_open_values="false",
        presence_path="occupancy",
    )
    assert (seen.temperature_celsius, seen.window_open, seen.is_occupied) == (20.5, False, False)


@pytest.mark.parametrize(("said", "is_there"), [(b"home", True), (b"not_home", False), (b"occupied", True)])
def test_presence_on_a_topic_of_its_own(said, is_there):
    assert with_more(more={PEOPLE: said}, presence_topic=PEOPLE).is_occupied is is_there


@pytest.mark.parametrize(
    ("more", "config", "words"),
    [
        ({}, {}, "Nothing has come on ‘zigbee2mqtt/hall_window’ yet."),
        ({WINDOW: b"unavailable"}, {}, "‘zigbee2mqtt/hall_window’ does not say at present."),
        ({WINDOW: b"null"}, {}, "does not say at present."),
        ({WINDOW: CONTACT}, {"window_path": "kontakt"}, "has no ‘kontakt’"),
        ({WINDOW: CONTACT}, {}, "has no single value"),
        ({WINDOW: b"ON"}, {"window_path": "contact"}, "says ‘ON’, which is not valid JSON"),
    ],
)
def test_a_contact_that_does_not_say_takes_nothing_with_it(more, config, words):
    seen = with_more(more=more, window_topic=WINDOW, **config)
    assert (seen.temperature_celsius, seen.window_open) == (20.5, None)
    assert words in seen.window_problem


@pytest.mark.parametrize("config", [{"window_topic": "a/#"}, {"window_path": "a..b"}, {"window_open_values": " , "}])
def test_a_contact_that_cannot_be_is_refused(config):
    with pytest.raises(ValidationError):
        MqttClimateMonitor.Config.model_validate({"topic": TOPIC, **config})


def test_every_topic_is_asked_for_once():
    config = MqttClimateMonitor.Config(topic=TOPIC, window_topic=WINDOW, presence_topic=WINDOW)
    assert MqttClimateMonitor.wants(config) == (Want(TOPIC, ("",)), Want(WINDOW, ("",), is_word=True))


def test_a_time_in_the_message_counts_retained_or_not():
    seen = read(SHELLY, retained=True, json_path="params.temperature:0.tC", timestamp_path="params.ts")
    assert seen.observed_at == datetime(2023, 4, 8, 14, 7, 59, 620000, tzinfo=UTC)


def test_a_retained_message_without_a_time_waits_for_a_live_one():
    with pytest.raises(Unreachable, match=r"old value of unknown age \(20.5 °C, kept by the broker\)"):
        read(b"20.5", retained=True)
    assert read(b"20.5", retained=True, trust_retained=True).observed_at == NOW - timedelta(seconds=40)


def test_what_has_expired_is_dropped():
    assert read(b"20.5", age_seconds=60, expire_after_seconds=60).temperature_celsius == 20.5
    with pytest.raises(Unreachable, match="has said nothing for 61 s; it expires after 60 s"):
        read(b"20.5", age_seconds=61, expire_after_seconds=60)
    with pytest.raises(Unreachable, match="it expires after 60 s"):
        read(b'{"t":20,"at":1700000000}', json_path="t", timestamp_path="at", expire_after_seconds=60)


@pytest.mark.parametrize(
    ("payload", "error", "words"),
    [
        (b"warm", BadAnswer, "‘warm’; a number is needed"),
        (b"{warm", BadAnswer, "‘{warm’, which is not valid JSON"),
        (b"21.5 \x80C", BadAnswer, "not valid JSON"),
        (b"true", BadAnswer, "a number is needed"),
        (b"1.234,5", BadAnswer, "leave out separators of thousands"),
        (b"NaN", BadAnswer, "a finite number is needed"),
        (b"1e999", BadAnswer, "a finite number is needed"),
        (b"null", Unreachable, "has no value at present"),
        (b'{"t":20}', BadAnswer, "a number is needed"),
        (b"-300", BadAnswer, "no room has that temperature"),
        (b"1" * (LARGEST_MESSAGE_BYTES + 1), BadAnswer, "larger than 64 kB"),
    ],
)
def test_what_is_no_temperature_is_refused(payload, error, words):
    with pytest.raises(error, match=words):
        read(payload)


def test_silent_and_forbidden_topics():
    settings = MqttClimateMonitor.Config(topic=TOPIC)
    with pytest.raises(NotFound, match="Nothing has come"):
        MqttClimateMonitor.read(settings, MqttAnswers(at=NOW))
    with pytest.raises(Unauthorized, match="does not let this user read"):
        MqttClimateMonitor.read(settings, MqttAnswers(at=NOW, refused={TOPIC}))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"topic": ""},
        {"topic": "home/#"},
        {"topic": "home/+/t"},
        {"topic": "t", "expire_after_seconds": 5},
        {"topic": "t", "unit": "°R"},
        {"topic": "t", "json_path": "a..b"},
    ],
)
def test_settings_that_cannot_work_are_refused(config):
    with pytest.raises(ValidationError):
        MqttClimateMonitor.Config.model_validate(config)


@pytest.fixture
def row(mosquitto):
    """A monitor of a real broker with nothing retained; sessions opened for it end with the test."""
    mosquitto.restart()
    ask.forget()
    broker = MqttBroker(name="Mosquitto", host="127.0.0.1", port=mosquitto.port)
    config = {"topic": TOPIC, "json_path": "temperature", "humidity_path": "humidity"}
    yield ClimateMonitor(name="Hall", adapter_type="mqtt", config=config, mqtt_broker=broker)
    ask.forget()


@pytest.fixture
def sensor(row, mosquitto):
    publisher = Publisher(mosquitto.port)
    yield publisher
    publisher.close()


def asked(row: ClimateMonitor) -> ClimateReading | AdapterError:
    """As a pass does it: one question per connection, read from the answers."""
    outcome = ask_connections([AskRequest(row.connection, row.adapter.wants(row.settings))], PATIENT_SECONDS)[
        row.connection.pk
    ]
    if outcome.error is not None:
        return outcome.error
    try:
        return row.adapter.read(row.settings, outcome.answers)
    except AdapterError as error:
        return error


def test_from_the_sensor_through_the_broker_to_a_reading(row, sensor, monkeypatch):
    monkeypatch.setattr(mqtt, "_RETAINED_SECONDS", PATIENT_SECONDS)
    sensor.say(TOPIC, ZIGBEE, retain=True)
    assert "unknown age" in str(asked(row))
    before = datetime.now(UTC)
    sensor.say(TOPIC, ZIGBEE.replace(b"20.34", b"20.5"), retain=True)
    seen = wait_until(lambda: isinstance(found := asked(row), ClimateReading) and found, "the live message")
    assert (seen.temperature_celsius, seen.humidity_percent) == (20.5, 44.72)
    assert before <= seen.observed_at <= datetime.now(UTC)
    assert asked(row) == seen  # a value does not become younger by being asked for


def test_a_new_password_or_address_opens_a_new_session(row):
    first = ask.open_session(row.mqtt_broker)
    assert ask.open_session(row.mqtt_broker) is first
    for change in ({"password": "new"}, {"username": "anna"}, {"tls": True}, {"port": 1}, {"host": "localhost"}):
        for name, value in change.items():
            setattr(row.mqtt_broker, name, value)
        last, first = first, ask.open_session(row.mqtt_broker)
        assert first is not last


def test_test_connection_and_read_now(row, sensor, monkeypatch, time_machine):
    time_machine.move_to(datetime.now(UTC), tick=False)
    monkeypatch.setattr(mqtt, "_RETAINED_SECONDS", PATIENT_SECONDS)
    sensor.say(TOPIC, ZIGBEE, retain=True)
    place = f"127.0.0.1:{row.mqtt_broker.port}"
    assert probe(row.mqtt_broker).sentence == f"The MQTT broker at {place} answers and lets us in."
    assert "unknown age (20.3 °C" in probe(row).sentence
    row.config = {**row.config, "trust_retained": True}
    seen = probe(row)
    assert (seen.ok, seen.sentence) == (True, "20.3 °C, 45 % humidity, reported 0 s ago.")
    row.mqtt_broker.port = 1
    assert "Is it running?" in probe(row).sentence
