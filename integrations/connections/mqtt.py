"""An MQTT broker: one client per broker listens all the time, and a question is answered from what it heard.

The client lives in a thread of its own: it connects, subscribes to the topics that were asked for,
keeps what says anything of each (`mqtt_heard`), and connects again with a growing pause. `ask` starts it, waits for
the first connection (never beyond its deadline) and otherwise does no I/O. The thread ends when
its session is closed or forgotten, or when nobody has asked for a while. MQTT 3.1.1, clean
sessions, QoS 0: nothing old is queued for us, so a live message is as young as its arrival. A
*retained* one came with the subscription and may be of any age.
"""

from __future__ import annotations

import logging
import re
import secrets
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Collection
from copy import copy
from datetime import UTC, datetime
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from ..errors import AdapterError, BadAnswer, DeadlineExceeded, Unauthorized, Unreachable
from ..refusals import Refusals, Waits
from ..registry import ConnectionKind, opener
from ..tls import context, explained
from .mqtt_heard import LARGEST_MESSAGE_BYTES, Message, MqttAnswers, Topic, Want

log = logging.getLogger(__name__)

_LONGEST_TOPIC = 255
_KEEPALIVE_SECONDS = 10
_CONNECT_SECONDS = 5.0
#: How long the thread sleeps when nothing comes; new topics are subscribed to in between.
_LOOP_SECONDS = 0.25
#: Pauses between attempts: the first, and the longest (doubling).
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
#: How often it is looked whether a refused password may be shown again (`integrations.refusals`): brokers log it, some
#: ban for it.
_REFUSED_PAUSE_SECONDS = 30.0
#: Retained messages follow the subscription's acknowledgement within this time (s).
_RETAINED_SECONDS = 0.5
#: Who waits patiently for a report stops so long before the deadline, to say in time that nothing came.
_BEFORE_THE_DEADLINE_SECONDS = 0.3
#: Nobody asked for so long: the client ends (its broker was removed, or its sensors).
_IDLE_SECONDS = 900.0
#: MQTT 5 reason codes that paho gives for the refusals 4 and 5 of MQTT 3.1.1.
_BAD_PASSWORD, _NOT_AUTHORIZED = 134, 135


def is_topic(text: str) -> bool:
    """One topic to subscribe to: no wildcards, nothing that cannot be printed."""
    return 0 < len(text) <= _LONGEST_TOPIC and text.isprintable() and re.search(r"[+#]", text) is None


def _wants(keys: Collection[str | Want]) -> list[Want]:
    wants = [Want(key) if isinstance(key, str) else key for key in keys]
    for want in wants:
        if not is_topic(want.topic):
            raise BadAnswer(f"‘{want.topic[:80]}’ is no single topic; one looks like zigbee2mqtt/living_room.")
    return wants


class MqttSession:
    """A broker to ask; safe to use from several threads. All deadlines are `time.monotonic()`."""

    may_block = True
    #: It knows what came before it was asked, so “Read now” asks the one that passes have.
    listens = True

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        username: str = "",
        password: str = "",
        certificate: str = "",
    ) -> None:
        self._listener = _Listener(host, port, tls, username, password, certificate)
        # The thread holds the listener, not this session: whoever forgets the session ends the thread.
        weakref.finalize(self, self._listener.stop)

    def ask(self, keys: Collection[str | Want], deadline: float) -> MqttAnswers:
        """What was last heard on topics. Raises `AdapterError` while there is no connection."""
        return self._listener.ask(_wants(keys), deadline)

    def ask_patiently(self, keys: Collection[str | Want], deadline: float) -> MqttAnswers:
        """The same, but where nothing has come yet, a report is waited for as long as the deadline allows."""
        return self._listener.ask(_wants(keys), deadline, is_patient=True)

    def check(self, deadline: float) -> str:
        """One sentence on what is there, for a person: a refused password is tried, too. Raises `AdapterError`."""
        self._listener.is_asked_by_a_person = True
        self._listener.ask((), deadline)
        return f"The MQTT broker {self._listener.place} answers and lets us in."

    def close(self) -> None:
        self._listener.stop()


@opener(ConnectionKind.MQTT)
def open_mqtt(row: Any) -> MqttSession:
    """The session of an `MqttBroker` row; no I/O yet."""
    return MqttSession(
        row.host,
        row.port,
        tls=row.tls,
        username=row.username,
        password=str(row.password),
        certificate=row.certificate,
    )


class _Listener:
    """The client's thread and what it heard. Everything shared is read and written under `_news`."""

    def __init__(self, host: str, port: int, tls: bool, username: str, password: str, certificate: str) -> None:
        self.place = f"at [{host}]:{port}" if ":" in host else f"at {host}:{port}"
        self._address = (host, port)
        self._tls, self._username, self._password, self._certificate = tls, username, password, certificate
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked_at = 0.0
        self._connected = False
        self._refusals = Refusals("MQTT", host, str(port), str(tls), username, password)
        #: A refused password is tried all the same.
        self.is_asked_by_a_person = False
        #: Why there is no connection (None: there is, or the first attempt is under way); what the broker said to us.
        self._problem: AdapterError | None = None
        self._rejection: AdapterError | None = None
        self._topics: dict[str, Topic] = {}
        #: Topics subscribed to on this connection, and those of them that were acknowledged or refused.
        self._subscribed: set[str] = set()
        self._acknowledged: set[str] = set()
        self._refused: set[str] = set()
        self._pending: dict[int, list[str]] = {}
        #: Until when the first retained message of a topic is waited for.
        self._patience: dict[str, float] = {}

    def ask(self, wants: Collection[Want], deadline: float, *, is_patient: bool = False) -> MqttAnswers:
        """What was last heard; waits for the first connection and the first retained messages, no longer.

        `is_patient`: waits for a message of each topic until shortly before the deadline.
        """
        topics = {want.topic for want in wants}
        with self._news:
            self._asked_at = time.monotonic()
            for want in wants:
                self._topics.setdefault(want.topic, Topic()).want(want)
            self._start()
            self._news.wait_for(lambda: self._is_settled(topics), _left(deadline))
            if self._problem is not None:
                raise copy(self._problem)  # several may raise it, each with a traceback of its own
            if not self._connected:
                raise DeadlineExceeded(f"The MQTT broker {self.place} did not answer in time.")
            patience = max((self._patience.get(topic, 0.0) for topic in topics), default=0.0)
            if is_patient and topics - self._refused:
                patience = deadline - _BEFORE_THE_DEADLINE_SECONDS
            self._news.wait_for(lambda: self._has_heard(wants), _left(min(deadline, patience)))
            kept = {topic: found for topic in topics if (found := self._topics[topic].kept())}
            return MqttAnswers(
                {topic: found[0] for topic, found in kept.items()},
                at=datetime.now(UTC),
                earlier={topic: tuple(found[1:]) for topic, found in kept.items()},
                refused=frozenset(self._refused),
            )

    def _has_heard(self, wants: Collection[Want]) -> bool:
        return all(self._topics[want.topic].has_reading(want) for want in wants)

    def stop(self) -> None:
        """End the thread, within a moment; nothing is asked afterwards."""
        self._stopped.set()

    def _is_settled(self, topics: Collection[str]) -> bool:
        return self._problem is not None or (self._connected and self._acknowledged.issuperset(topics))

    # -- the thread ----------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._problem = None
            self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._is_over():
            was_accepted = self._connection()
            pause = _FIRST_PAUSE_SECONDS if was_accepted else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            is_refused = isinstance(self._problem, Unauthorized)
            self._stopped.wait(max(pause, _REFUSED_PAUSE_SECONDS) if is_refused else pause)

    def _is_over(self) -> bool:
        """Told to stop, or idle: then what was heard is forgotten, and the next question starts anew."""
        with self._news:
            is_idle = time.monotonic() - self._asked_at > _IDLE_SECONDS
            if is_idle:
                self._thread = None
                self._topics.clear()
                self._patience.clear()
            return is_idle or self._stopped.is_set()

    def _connection(self) -> bool:
        """One connection from its start to its end. True when the broker let us in."""
        client, was_accepted, problem, was_refused = None, False, None, False
        self._rejection = None
        try:
            was_refused = self._may_try()
            client = self._client()
            client.connect(*self._address, keepalive=_KEEPALIVE_SECONDS)
            while problem is None and self._is_in_use():
                problem = self._ending(client.loop(_LOOP_SECONDS))
                was_accepted = was_accepted or self._connected
                self._subscribe(client)
        except AdapterError as error:
            problem = error
        except (OSError, ValueError) as error:  # a host name that is none is a ValueError
            problem = self._plain(error)
        except Exception:
            # Whatever the library stumbles over must not end the listening for good.
            log.exception("the MQTT client failed in a way it must not")
            problem = BadAnswer(f"The MQTT broker {self.place} sends what the program does not understand.")
        finally:
            if client is not None:
                client.disconnect()
        if was_refused and not was_accepted and not isinstance(problem, Unauthorized):
            self._refusals.unanswered()
        with self._news:
            self._connected = False
            self._problem = problem
            self._news.notify_all()
        return was_accepted

    def _may_try(self) -> bool:
        """Whether the password was refused before. Raises `Unauthorized` while it is not to be shown again."""
        if self.is_asked_by_a_person:
            return self._refusals.count > 0
        try:
            return self._refusals.before()
        except Waits as waits:
            raise Unauthorized(self._refused_words(), waits.until) from None

    def _is_in_use(self) -> bool:
        return not self._stopped.is_set() and time.monotonic() - self._asked_at <= _IDLE_SECONDS

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"edgemining-{secrets.token_hex(6)}", reconnect_on_failure=False
        )
        client.connect_timeout = _CONNECT_SECONDS
        if self._username:
            client.username_pw_set(self._username, self._password)
        if self._tls:
            client.tls_set_context(context(self._certificate))
        client.on_connect, client.on_subscribe, client.on_message = (
            self._on_connect,
            self._on_subscribe,
            self._on_message,
        )
        return client

    def _subscribe(self, client: Client) -> None:
        with self._news:
            new = sorted(self._topics.keys() - self._subscribed) if self._connected else []
            if new:
                _, packet_id = client.subscribe([(topic, 0) for topic in new])
                self._pending[packet_id] = new
                self._subscribed.update(new)

    # -- what the library calls, in the thread -------------------------------------------------

    def _on_connect(self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        rejection = self._refusal(reason) if reason.is_failure else None
        if rejection is None:
            self._refusals.accepted()
        with self._news:
            for state in (self._subscribed, self._acknowledged, self._refused, self._pending):
                state.clear()
            self._connected, self._rejection = rejection is None, rejection
            self._problem = None
            self._news.notify_all()

    def _on_subscribe(self, client: Client, userdata: Any, packet_id: int, reasons: list[Any], properties: Any) -> None:
        with self._news:
            for topic, reason in zip(self._pending.pop(packet_id, ()), reasons, strict=False):
                self._acknowledged.add(topic)
                if reason.is_failure:
                    self._refused.add(topic)
                else:
                    self._patience.setdefault(topic, time.monotonic() + _RETAINED_SECONDS)
            self._news.notify_all()

    def _on_message(self, client: Client, userdata: Any, heard: MQTTMessage) -> None:
        with self._news:
            topic = self._topics.get(heard.topic)
            if topic is not None:
                payload = bytes(heard.payload[: LARGEST_MESSAGE_BYTES + 1])
                topic.hear(Message(payload, datetime.now(UTC), bool(heard.retain)))
            self._news.notify_all()

    # -- what went wrong, in plain words -------------------------------------------------------

    def _ending(self, code: MQTTErrorCode) -> AdapterError | None:
        """Why the connection has ended; None while it has not."""
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        if code == MQTTErrorCode.MQTT_ERR_KEEPALIVE:
            return DeadlineExceeded(f"The MQTT broker {self.place} did not answer in time.")
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return BadAnswer(f"What is {self.place} does not answer as an MQTT broker does. Check address and port.")
        return self._rejection or Unreachable(f"The MQTT broker {self.place} closed the connection.")

    def _refusal(self, reason: Any) -> AdapterError:
        if reason.value in (_BAD_PASSWORD, _NOT_AUTHORIZED):
            return Unauthorized(self._refused_words(), self._refusals.refused())
        return Unreachable(f"The MQTT broker {self.place} refuses the connection ({str(reason)[:60]}).")

    def _refused_words(self) -> str:
        who = f"the user ‘{self._username[:40]}’ or the password" if self._username else "clients without a user"
        return f"The MQTT broker {self.place} refuses {who}. Enter what is set up there."

    def _plain(self, error: Exception) -> AdapterError:
        """The error of an attempt to connect as one of ours."""
        about = explained(error, f"the MQTT broker {self.place}", *self._address)
        if about is not None:
            return about
        if isinstance(error, ssl.SSLError) or (self._tls and isinstance(error, ConnectionResetError)):
            return Unreachable(
                f"The MQTT broker {self.place} has no certificate this computer trusts, or speaks without TLS."
            )
        if isinstance(error, socket.gaierror | ValueError):
            return Unreachable(f"The name of the MQTT broker {self.place} is not known in this network. Check it.")
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"The MQTT broker {self.place} refuses the connection. Is it running?")
        if isinstance(error, TimeoutError):
            return DeadlineExceeded(f"The MQTT broker {self.place} did not answer in time.")
        return Unreachable(f"The MQTT broker {self.place} cannot be reached.")


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
