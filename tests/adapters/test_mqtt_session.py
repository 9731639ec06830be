"""The MQTT session against a real Mosquitto, and against brokers that misbehave."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from integrations.connections import mqtt
from integrations.connections.mqtt import MqttSession
from integrations.connections.mqtt_heard import LARGEST_MESSAGE_BYTES, message
from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded, NotFound, Unauthorized, Unreachable
from tests.servers.process import PATIENT_SECONDS, free_port, soon, wait_until

from .mqtt_broker import (
    ACCEPTED,
    PASSWORD,
    USER,
    BadBroker,
    GuardedMosquitto,
    Publisher,
    acknowledging,
    closing,
    in_turn,
    publishing,
    saying,
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(mqtt, "_FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(mqtt, "_LOOP_SECONDS", 0.02)
    monkeypatch.setattr(mqtt, "_RETAINED_SECONDS", 0.2)


@pytest.fixture
def surely_retained(monkeypatch):
    """What the broker keeps is waited for, however busy the machine."""
    monkeypatch.setattr(mqtt, "_RETAINED_SECONDS", PATIENT_SECONDS)


@pytest.fixture(scope="module")
def guarded():
    server = GuardedMosquitto()
    yield server
    server.stop()


@pytest.fixture
def broker(mosquitto):
    """The plain broker with nothing retained."""
    mosquitto.restart()
    return mosquitto


@pytest.fixture
def sensor(broker):
    publisher = Publisher(broker.port)
    yield publisher
    publisher.close()


@pytest.fixture
def opened():
    """`opened(port, …)` is a session that ends with the test."""
    sessions = []
    if clients():
        gc.collect()  # an error's traceback still holds their session
    wait_until(lambda: not clients(), "no client of another test left")

    def open_(port: int, **kwargs) -> MqttSession:
        sessions.append(MqttSession("127.0.0.1", port, **kwargs))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()
    sessions.clear()
    wait_until(lambda: not clients(), "all clients ended")


@pytest.fixture
def bad():
    """`bad(behave)` is a broker that does what `behave` says."""
    brokers = []

    def start(behave) -> BadBroker:
        brokers.append(BadBroker(behave))
        return brokers[-1]

    yield start
    for one in brokers:
        one.close()


def clients() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mqtt"]


@contextmanager
def never_waiting(session: MqttSession):
    """Within, no question may wait for news."""

    def wait(seconds: float) -> None:
        assert seconds <= 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session._listener._news, "wait", wait)
        yield


def heard(session: MqttSession, topic: str, payload: bytes):
    """The message, as soon as it is `payload`."""

    def there():
        found = session.ask([topic], soon()).get(topic)
        return found if found is not None and found.payload == payload else None

    return wait_until(there, f"{payload!r} on {topic}")


def test_a_retained_message_is_there_at_the_first_question_and_says_so(sensor, broker, opened, surely_retained):
    sensor.say("home/hall", "20.5", retain=True)
    before = datetime.now(UTC)
    found = opened(broker.port).ask(["home/hall"], soon())["home/hall"]
    assert (found.payload, found.is_retained) == (b"20.5", True)
    assert before <= found.arrived_at <= datetime.now(UTC)


def test_a_live_message_replaces_it(sensor, broker, opened):
    sensor.say("home/hall", "20.5", retain=True)
    session = opened(broker.port)
    session.ask(["home/hall"], soon())
    sensor.say("home/hall", "20.6", retain=True)
    assert heard(session, "home/hall", b"20.6").is_retained is False


def test_a_withdrawn_message_is_gone(sensor, broker, opened):
    sensor.say("home/hall", "20.5", retain=True)
    session = opened(broker.port)
    wait_until(lambda: session.ask(["home/hall"], soon()), "it is there")
    sensor.say("home/hall", b"", retain=True)
    wait_until(lambda: not session.ask(["home/hall"], soon()), "withdrawn")


def test_only_the_first_question_about_a_topic_waits(broker, opened):
    session = opened(broker.port)
    assert session.ask(["home/nobody"], soon()) == {}
    with never_waiting(session):
        for _ in range(50):
            session.ask(["home/nobody"], soon())


def test_a_new_topic_is_taken_on_while_connected(sensor, broker, opened):
    sensor.say("home/bath", "23.0", retain=True)
    session = opened(broker.port)
    session.ask(["home/hall"], soon())
    wait_until(lambda: set(session.ask(["home/hall", "home/bath"], soon())) == {"home/bath"}, "the new one is heard")


def test_many_ask_at_once_and_one_client_answers(sensor, broker, opened, surely_retained):
    sensor.say("home/hall", "20.5", retain=True)
    session, seen = opened(broker.port), []
    threads = [threading.Thread(target=lambda: seen.append(session.ask(["home/hall"], soon()))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [set(answers) for answers in seen] == [{"home/hall"}] * 20
    assert len(clients()) == 1


def test_a_broker_that_dies_is_unreachable_at_once_and_asked_again_by_itself(sensor, broker, opened):
    session = opened(broker.port)
    session.ask(["home/hall"], soon())
    sensor.say("home/hall", "20.5")
    before = heard(session, "home/hall", b"20.5")
    broker.kill()
    wait_until(lambda: "Is it running" in refused(session), "the loss is seen")
    with never_waiting(session), pytest.raises(Unreachable):
        session.ask(["home/hall"], soon())
    broker.restart()
    wait_until(lambda: not refused(session), "connected again")
    assert session.ask(["home/hall"], soon())["home/hall"] == before  # what it was last told, with its own time
    late = Publisher(broker.port)
    late.say("home/hall", "20.7")
    assert heard(session, "home/hall", b"20.7").is_retained is False
    late.close()


def refused(session: MqttSession) -> str:
    try:
        session.ask([], soon())
    except AdapterError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("kept", "is_retained"), [(b"20.5", False), (b"20.9", True)])
def test_a_reconnect_makes_no_message_younger(bad, opened, kept, is_retained):
    """What the broker repeats keeps the time it was heard; what changed meanwhile is of unknown age."""
    live = acknowledging(0) + publishing("home/hall", b"20.5")
    again = acknowledging(0) + publishing("home/hall", kept, retained=True)
    gate = threading.Event()
    first, second = saying(ACCEPTED, live), saying(ACCEPTED, again)

    def lost(connection, stopping):
        first(connection, gate)

    session = opened(bad(in_turn(lost, second)).port)
    before = heard(session, "home/hall", b"20.5")
    gate.set()
    wait_until(lambda: refused(session), "lost")
    wait_until(lambda: not refused(session), "connected again")
    after = heard(session, "home/hall", kept)
    assert (after.is_retained, after.arrived_at == before.arrived_at) == (is_retained, not is_retained)


def test_passwords(guarded, opened):
    right = opened(guarded.port, username=USER, password=PASSWORD)
    assert right.check(soon()) == f"The MQTT broker at 127.0.0.1:{guarded.port} answers and lets us in."
    with pytest.raises(Unauthorized, match=f"refuses the user ‘{USER}’ or the password") as refusal:
        opened(guarded.port, username=USER, password="wrong horse").check(soon())
    assert "wrong horse" not in str(refusal.value)
    with pytest.raises(Unauthorized, match="refuses clients without a user"):
        opened(guarded.port).check(soon())


NOT_AUTHORISED = bytes([0x20, 2, 0, 5])


def test_a_refused_password_is_tried_again_as_seldom_as_a_token_but_a_person_may_ask(bad, opened, monkeypatch):
    monkeypatch.setattr("integrations.connections.mqtt._REFUSED_PAUSE_SECONDS", 0.01)
    shown = []

    def refuse(sock, stopping) -> None:
        shown.append(sock.recv(1000))
        sock.sendall(NOT_AUTHORISED)

    broker = bad(refuse)
    sessions = [opened(broker.port, username=USER, password="wrong") for _ in range(3)]
    with pytest.raises(Unauthorized):
        sessions[0].ask(["home/hall"], soon())
    for _ in range(20):
        for session in sessions:
            with pytest.raises(Unauthorized, match="refuses the user") as refused:
                session.ask(["home/hall"], soon())
    assert len(shown) == 1
    assert refused.value.next_try_at is not None
    with pytest.raises(Unauthorized):
        opened(broker.port, username=USER, password="wrong").check(soon())
    assert len(shown) == 2
    with pytest.raises(Unauthorized):
        opened(broker.port, username=USER, password="changed").ask(["home/hall"], soon())
    assert len(shown) == 3


def test_a_password_that_is_right_again_is_found_by_the_test_of_a_person(bad, opened, monkeypatch):
    monkeypatch.setattr("integrations.connections.mqtt._REFUSED_PAUSE_SECONDS", 0.01)
    broker = bad(saying(NOT_AUTHORISED))
    asking = opened(broker.port, username=USER, password="right")
    with pytest.raises(Unauthorized):
        asking.ask(["home/hall"], soon())
    broker.behave = saying(ACCEPTED)
    opened(broker.port, username=USER, password="right").check(soon())
    wait_until(lambda: not refused(asking), "the listener is let in, too")


@pytest.mark.parametrize(
    ("behave", "error", "words"),
    [
        (saying(), DeadlineExceeded, "did not answer in time"),
        (closing, Unreachable, "closed the connection"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), DeadlineExceeded, "did not answer in time"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", then_closes=True), Unreachable, "closed the connection"),
        (saying(b"\xff" * 64), BadAnswer, "does not answer as an MQTT broker does"),
        (saying(bytes([0x20, 2, 0, 3])), Unreachable, "refuses the connection"),
        (saying(bytes([0x20, 2, 0, 4])), Unauthorized, "refuses"),
        (saying(ACCEPTED, b"\x30\xff\xff\xff\xff\xff\xff"), BadAnswer, "does not answer as an MQTT broker does"),
        (saying(ACCEPTED), NotFound, "Nothing has come"),
    ],
)
def test_every_fault_is_a_clear_error_within_the_deadline(bad, opened, behave, error, words):
    session = opened(bad(behave).port)
    if error is NotFound:
        session.check(soon())
    deadline = soon(0.5) if error in (DeadlineExceeded, NotFound) else soon()
    with pytest.raises(error, match=words) as raised:
        message(session.ask(["home/hall"], deadline), "home/hall")
    assert str(raised.value).isprintable()


def test_a_topic_the_broker_does_not_let_us_read(bad, opened):
    session = opened(bad(saying(ACCEPTED, acknowledging(0x80))).port)
    with pytest.raises(Unauthorized, match="does not let this user read ‘home/hall’"):
        message(session.ask(["home/hall"], soon()), "home/hall")


def test_a_huge_message_is_not_kept(sensor, broker, opened):
    session = opened(broker.port)
    session.ask(["home/hall"], soon())
    sensor.say("home/hall", b"1" * 10_000_000)
    answers = wait_until(lambda: session.ask(["home/hall"], soon()) or None, "it came")
    assert len(answers["home/hall"].payload) == LARGEST_MESSAGE_BYTES + 1
    with pytest.raises(BadAnswer, match="larger than 64 kB"):
        message(answers, "home/hall")


def test_nobody_there(opened):
    with pytest.raises(Unreachable, match="Is it running"):
        opened(free_port()).check(soon())


@pytest.mark.parametrize("host", ["no-such-broker.invalid", "a..b", "x" * 64])
def test_a_name_that_is_none(host):
    session = MqttSession(host, 1883)
    with pytest.raises(Unreachable, match="is not known in this network"):
        session.check(soon())


def test_tls_to_a_broker_without(broker, opened):
    with pytest.raises(Unreachable, match="no certificate this computer trusts, or speaks without TLS"):
        opened(broker.port, tls=True).check(soon())


@pytest.mark.parametrize("topic", ["", "home/#", "home/+/t", "a\x00b", "x" * 300])
def test_what_is_no_single_topic_is_refused_before_anything_is_sent(opened, topic):
    with pytest.raises(BadAnswer, match="is no single topic"):
        opened(1).ask([topic], soon())
    assert not clients()


def test_a_silent_topic_says_what_to_do(broker, opened):
    with pytest.raises(NotFound, match="Nothing has come on ‘home/nobody’ yet"):
        message(opened(broker.port).ask(["home/nobody"], soon()), "home/nobody")


def test_a_forgotten_session_ends_its_client(broker):
    session = MqttSession("127.0.0.1", broker.port)
    session.check(soon())
    assert len(clients()) == 1
    del session
    gc.collect()
    wait_until(lambda: not clients(), "the client ended")


def test_a_client_nobody_asks_ends_and_begins_anew_when_asked(sensor, broker, opened, monkeypatch):
    session = opened(broker.port)
    session.ask(["home/hall"], soon())
    sensor.say("home/hall", "20.5")
    heard(session, "home/hall", b"20.5")
    monkeypatch.setattr(mqtt, "_IDLE_SECONDS", 0.0)
    wait_until(lambda: not clients(), "the idle client ended")
    monkeypatch.setattr(mqtt, "_IDLE_SECONDS", 900.0)
    assert session.ask(["home/hall"], soon()) == {}  # what came meanwhile was not heard: nothing is made up
