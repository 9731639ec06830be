"""Topics with several kinds of messages: what says nothing leaves the last reading to age. Devices that are gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from climate.models import ClimateMonitor
from climate.monitors.mqtt.monitor import MqttClimateMonitor
from climate.state import ClimateReading
from integrations import ask
from integrations.ask import AskRequest, ask_connections
from integrations.connections.mqtt_availability import suggested_topics
from integrations.connections.mqtt_heard import LARGEST_MESSAGE_BYTES, Message, MqttAnswers, Topic, Want
from integrations.errors import AdapterError, BadAnswer, NotFound, Unreachable
from integrations.models import MqttBroker
from tests.servers.process import wait_until

from .mqtt_broker import Publisher

CASES = Path(__file__).parent / "cases"
NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOPIC = "home/hall"


def replay(*said: bytes | tuple[bytes, bool], want: Want, late_want: bool = False) -> MqttAnswers:
    """One message a minute until `NOW`, `(payload, True)` a retained one; wanted from the start, or only at the end."""
    topic = Topic()
    if not late_want:
        topic.want(want)
    for left, one in zip(range(len(said) - 1, -1, -1), said, strict=True):
        payload, retained = one if isinstance(one, tuple) else (one, False)
        topic.hear(Message(payload, NOW - left * MINUTE, retained))
    if late_want:
        topic.want(want)
    kept = topic.kept()
    if not kept:
        return MqttAnswers(at=NOW)
    return MqttAnswers({want.topic: kept[0]}, at=NOW, earlier={want.topic: tuple(kept[1:])})


def read(*said, late_want: bool = False, **config) -> ClimateReading:
    settings = MqttClimateMonitor.Config.model_validate({"topic": TOPIC, "json_path": "t", **config})
    return MqttClimateMonitor.read(settings, replay(*said, want=MqttClimateMonitor.wants(settings)[0]))


GOOD = b'{"t":20.3}'


@pytest.mark.parametrize(
    "other",
    [
        b'{"mqtt":{"connected":true}}',
        b'{"t":null}',
        b'{"t":"unknown"}',
        b'{"t":{}}',
        b"online",
        b"{cut off",
        b"[]",
        b"\x80\x81",
        b"1" * (LARGEST_MESSAGE_BYTES + 1),
        (b'{"t":18.0}', True),
        (b"online", True),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_reading_leaves_the_last_one_to_age(other):
    for said in ([GOOD, other], [GOOD, other, other]):
        seen = read(*said)
        assert (seen.temperature_celsius, seen.observed_at) == (20.3, NOW - (len(said) - 1) * MINUTE)
    assert read(GOOD, other, b'{"t":21.0}').temperature_celsius == 21.0
    with pytest.raises(Unreachable, match="expires after 30 s"):
        read(GOOD, other, expire_after_seconds=30)


@pytest.mark.parametrize(
    "other", [b'{"t":"nan"}', b'{"t":NaN}', b'{"t":"defect"}', b'{"t":"unavailable"}', b'{"t":true}']
)
def test_what_the_sensor_says_there_is_not_passed_over(other):
    with pytest.raises(AdapterError, match=r"number is needed|says that it is unavailable"):
        read(GOOD, other)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ([b'{"a":1}', b'{"b":1}'], BadAnswer, "has no ‘t’ .path ‘t’.. There is: b."),
        ([b'{"t":null}'], Unreachable, "has no value at present"),
        ([b"online"], BadAnswer, "‘online’, which is not valid JSON"),
        ([GOOD, b""], NotFound, "Nothing has come"),
        ([(GOOD, True)], Unreachable, "old value of unknown age"),
    ],
)
def test_without_any_reading_the_newest_message_is_explained(said, error, words):
    with pytest.raises(error, match=words):
        read(*said)


def test_a_bare_number_outlives_birth_messages_and_says_when_it_is_gone():
    assert read(b"20.3", b"online", json_path="").temperature_celsius == 20.3
    with pytest.raises(Unreachable, match="says that it is offline"):
        read(b"20.3", b"offline", json_path="")


def test_a_message_without_the_time_is_no_reading_either():
    at = (NOW - timedelta(hours=1)).isoformat()
    said = json.dumps({"t": 20.3, "last_seen": at}).encode()
    assert read(said, b'{"t":20.4}', timestamp_path="last_seen").observed_at == NOW - timedelta(hours=1)
    with pytest.raises(BadAnswer, match="has no ‘last_seen’"):
        read(b'{"t":20.4}', timestamp_path="last_seen")


@pytest.mark.parametrize(("trusted", "celsius"), [(False, 20.3), (True, 18.0)])
def test_what_the_broker_kept_counts_beside_a_live_one_only_where_it_is_trusted(trusted, celsius):
    assert read(GOOD, (b'{"t":18.0}', True), trust_retained=trusted).temperature_celsius == celsius


@pytest.mark.parametrize(("kept_minutes", "celsius"), [(5, 20.3), (0.5, 18.0)])
def test_of_a_live_and_a_kept_message_with_times_the_later_counts(kept_minutes, celsius):
    live = json.dumps({"t": 20.3, "at": (NOW - MINUTE).timestamp()}).encode()
    kept = json.dumps({"t": 18.0, "at": (NOW - kept_minutes * MINUTE).timestamp()}).encode()
    assert read(live, (kept, True), timestamp_path="at").temperature_celsius == celsius


def test_a_contact_keeps_its_word_beside_other_messages():
    settings = MqttClimateMonitor.Config(
        topic="t", window_topic=TOPIC, window_path="contact", window_open_values="false"
    )
    want = MqttClimateMonitor.wants(settings)[1]
    answers = replay(b'{"contact":false}', b'{"battery":90}', b'{"contact":null}', want=want)
    answers["t"] = Message(b"20.5", NOW, False)
    assert MqttClimateMonitor.read(settings, answers).window_open is True


_said = st.tuples(st.sampled_from([GOOD, b'{"t":21}', b'{"t":null}', b'{"x":1}', b"online", b"", b"{"]), st.booleans())


@given(st.lists(_said, max_size=12), st.booleans())
def test_what_is_kept_stays_small_and_loses_no_reading(said, late_want):
    """However much comes: at most three messages are kept, and the last live reading is among them."""
    want = Want(TOPIC, ("t",))
    answers = replay(*said, want=want, late_want=late_want)
    kept = [*answers.values(), *answers.earlier.get(TOPIC, ())]
    assert len(kept) <= 3
    assert sorted(kept, key=lambda one: one.arrived_at, reverse=True) == kept
    after_withdrawal = said[max((at + 1 for at, (payload, _) in enumerate(said) if not payload), default=0) :]
    live = [payload for payload, retained in after_withdrawal if b"2" in payload and not retained]
    if live and not late_want:
        assert live[-1] in [one.payload for one in kept if not one.is_retained]


# -- availability -----------------------------------------------------------------------------

LWT, BRIDGE = "tele/hall/LWT", "zigbee2mqtt/bridge/state"


def with_availability(*, said: dict[str, bytes], **config) -> ClimateReading:
    settings = MqttClimateMonitor.Config.model_validate(
        {"topic": TOPIC, "availability_topics": f"{LWT}, {BRIDGE}", **config}
    )
    heard = {topic: Message(payload, NOW - timedelta(days=3), True) for topic, payload in said.items()}
    return MqttClimateMonitor.read(settings, MqttAnswers({TOPIC: Message(b"20.5", NOW, False), **heard}, at=NOW))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {LWT: b"Online"},
        {LWT: b"true"},
        {LWT: b"ready"},
        {LWT: b"online", BRIDGE: b'{"state":"online"}'},
        {BRIDGE: b'{"state": "online", "since": 3}'},
        {BRIDGE: b'{"connected":true}'},
    ],
)
def test_a_device_that_is_there(said):
    assert with_availability(said=said).temperature_celsius == 20.5


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({LWT: b"Offline"}, "‘tele/hall/LWT’ says ‘Offline’, so its device is not available"),
        ({LWT: b"false"}, "says ‘false’"),
        ({LWT: b"0"}, "says ‘0’"),
        ({LWT: b"Online", BRIDGE: b'{"state":"offline"}'}, "‘zigbee2mqtt/bridge/state’ says ‘offline’"),
        ({BRIDGE: b'{"x":1}'}, "says ‘[?]’"),
        ({LWT: b"weg"}, "says ‘weg’.*add it to the available values"),
    ],
)
def test_a_device_that_is_gone_is_not_believed_at_once(said, words):
    with pytest.raises(Unreachable, match=words):
        with_availability(said=said)


def test_words_of_its_own():
    assert with_availability(said={LWT: b"da"}, available_values="da").temperature_celsius == 20.5


@pytest.mark.parametrize("topics", ["a/#", "a, b, c, d, e", "a/+/x"])
def test_availability_topics_that_cannot_be(topics):
    with pytest.raises(ValueError):
        MqttClimateMonitor.Config(topic=TOPIC, availability_topics=topics)


@pytest.mark.parametrize(
    ("topic", "parsed", "suggested"),
    [
        ("zigbee2mqtt/hall", {}, ("zigbee2mqtt/hall/availability", "zigbee2mqtt/bridge/state")),
        ("z2m/up/hall", {"linkquality": 90}, ("z2m/up/hall/availability", "z2m/up/bridge/state")),
        ("tele/plug7/SENSOR", None, ("tele/plug7/LWT",)),
        ("weather/sensor/outside_temperature/state", 20.5, ("weather/status",)),
        ("shellies/shelly1-AA/ext_temperature/0", 20.5, ("shellies/shelly1-AA/online",)),
        ("shelly1minig3-aa/status/temperature:100", {}, ("shelly1minig3-aa/online",)),
        ("shellyplusht-aa/events/rpc", {}, ()),
        ("shellies/shellyht-AA/sensor/temperature", 20.5, ()),
        ("home/hall", 20.5, ()),
    ],
)
def test_where_a_device_most_likely_tells_whether_it_is_there(topic, parsed, suggested):
    assert suggested_topics(topic, parsed) == suggested


# -- through a real broker --------------------------------------------------------------------


@pytest.fixture
def broker(mosquitto):
    mosquitto.restart()
    ask.forget()
    yield MqttBroker(name="Mosquitto", host="127.0.0.1", port=mosquitto.port)
    ask.forget()


@pytest.fixture
def device(broker):
    """A device with a last will; `device.die()` cuts its connection."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.will_set(LWT, "Offline", qos=1, retain=True)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(LWT, "Online", qos=1, retain=True).wait_for_publish(5)
    yield client
    client.loop_stop()


def asked(row: ClimateMonitor) -> ClimateReading | AdapterError:
    outcome = ask_connections([AskRequest(row.connection, row.adapter.wants(row.settings))], 3)[row.connection.pk]
    try:
        return row.adapter.read(row.settings, outcome.answers)
    except AdapterError as error:
        return error


def test_the_messages_of_a_shelly_as_they_come(broker):
    """Byte for byte: the full status, and 1.3 s later one of the connection alone."""
    full, other = (
        json.loads(line) for line in (CASES / "mqtt_other_message_on_the_topic.jsonl").read_text().splitlines()
    )
    config = {"topic": full["topic"], "json_path": full["path"], "humidity_path": "params.humidity:0.rh"}
    row = ClimateMonitor(name="Hall", adapter_type="mqtt", config=config, mqtt_broker=broker)
    asked(row)
    publisher = Publisher(broker.port)
    publisher.say(full["topic"], json.dumps(full["payload"]))
    first = wait_until(lambda: isinstance(seen := asked(row), ClimateReading) and seen, "the status")
    for _ in range(3):
        publisher.say(other["topic"], json.dumps(other["payload"]))
    publisher.say("shellyplusht-aa/events/rpc", "end")
    session = ask.open_session(broker)
    wait_until(lambda: session.ask([full["topic"]], 1e9)[full["topic"]].payload == b"end", "all of it came")
    assert asked(row) == first == ClimateReading(20.3, 44.0, first.observed_at, number=20.3, unit="°C")
    publisher.close()


def test_a_last_will_is_heard_at_once(broker, device):
    config = {"topic": TOPIC, "availability_topics": LWT}
    row = ClimateMonitor(name="Hall", adapter_type="mqtt", config=config, mqtt_broker=broker)
    asked(row)
    device.publish(TOPIC, "20.5", qos=1).wait_for_publish(5)
    wait_until(lambda: isinstance(asked(row), ClimateReading), "it reports")
    device.socket().close()
    wait_until(lambda: "says ‘Offline’" in str(asked(row)), "it is gone")
