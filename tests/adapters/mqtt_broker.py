"""Brokers that the tests need beside the plain Mosquitto: one with passwords, and one that misbehaves byte by byte."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.process import PATIENT_SECONDS, Server, require

USER, PASSWORD = "edgemining", "correct horse"


class GuardedMosquitto(Server):
    """A Mosquitto that lets only `USER` with `PASSWORD` in."""

    def __init__(self) -> None:
        binary = require("mosquitto", "mosquitto")
        super().__init__("mosquitto-guarded")
        passwords, config = self.folder / "passwords", self.folder / "mosquitto.conf"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, USER, PASSWORD], check=True, capture_output=True)
        passwords.chmod(0o644)
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            "persistence false\nlog_dest stdout\n"
        )
        self.start([binary, "-c", config])


class Publisher:
    """A sensor: publishes and returns when the broker has it."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENT_SECONDS)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


#: What a misbehaving broker does with a connection; its end closes it.
Behaviour = Callable[[socket.socket, threading.Event], None]
ACCEPTED = bytes([0x20, 2, 0, 0])


def saying(*parts: bytes, then_closes: bool = False) -> Behaviour:
    """Answers each packet it gets with the next of `parts`, then keeps silent or closes."""

    def behave(connection: socket.socket, stopping: threading.Event) -> None:
        for part in parts:
            connection.recv(65_536)
            connection.sendall(part)
        if not then_closes:
            stopping.wait(PATIENT_SECONDS)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each connection gets the next behaviour, and the last one for ever."""
    left = list(behaviours)

    def behave(connection: socket.socket, stopping: threading.Event) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection, stopping)

    return behave


def publishing(topic: str, payload: bytes, *, retained: bool = False) -> bytes:
    """PUBLISH with QoS 0, of up to 127 bytes."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + payload
    return bytes([0x31 if retained else 0x30, len(body)]) + body


def acknowledging(code: int) -> bytes:
    """SUBACK of the first subscription with one topic."""
    return bytes([0x90, 3, 0, 1, code])


def closing(connection: socket.socket, stopping: threading.Event) -> None:
    connection.recv(65_536)


class BadBroker:
    """A TCP server on loopback that does `behave` with every connection; it may be replaced at any time."""

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.stopping = stopping = threading.Event()
        broker = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    broker.behave(self.request, stopping)
                except OSError:
                    return

        self._listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._listener.daemon_threads = True
        self._listener.block_on_close = False
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.stopping.set()
        self._listener.shutdown()
        self._listener.server_close()
