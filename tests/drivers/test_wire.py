"""Addresses of this home, cgminer's bytes, and numbers that may be anything."""

from __future__ import annotations

import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from integrations.errors import BadAnswer, Unreachable
from miners.protocols.address import DeviceAddress, is_private, place
from miners.protocols.cgminer import Cgminer, device_time, first, number, rows
from tests.servers.process import soon

ADDRESS = TypeAdapter(DeviceAddress)


@pytest.mark.parametrize(
    "text", ["192.168.1.40", "10.0.0.7:4029", "avalon.local", "antminer:80", "[fd00::7]:4028", "fe80::1", "127.0.0.1:1"]
)
def test_addresses_of_a_home(text):
    assert ADDRESS.validate_python(text) == text


def test_an_address_pasted_from_a_browser():
    assert ADDRESS.validate_python(" http://root:x@192.168.1.40:8080/cgi-bin/a.cgi?b=1 ") == "192.168.1.40:8080"


@pytest.mark.parametrize(
    "ip",
    ["8.8.8.8", "224.0.0.1", "0.0.0.0", "2606:4700::1111", "::ffff:8.8.8.8", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
)
def test_what_is_not_in_a_home(ip):
    assert not is_private(ip)


@pytest.mark.parametrize(("ip", "error"), [("93.184.216.34", BadAnswer), (None, Unreachable)])
def test_a_name_is_looked_at_again_when_it_is_used(monkeypatch, ip, error):
    def resolve(host, port, **_):
        if ip is None:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(error, match=r"miner\.example"):
        place("miner.example", 4028, "The miner")


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
)
def test_a_number_is_finite_and_within_its_limits_or_unknown(value):
    found = number(value, 0, 5000)
    assert found is None or (math.isfinite(found) and 0 <= found <= 5000)
    assert not isinstance(value, bool | list | None) or found is None


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda one: st.lists(one, max_size=3)))
def test_sections_of_any_shape(value):
    assert isinstance(first({"A": value}, "A"), dict)
    assert rows({"A": value}, "A") == []


def test_a_clock_that_was_never_set_is_no_time():
    assert device_time({"STATUS": [{"When": 986}]}) is None
    assert device_time({"STATUS": [{"When": 1_764_000_000}]}).year == 2025


@pytest.mark.parametrize(
    ("reply", "error", "word"),
    [
        (b"[]\0", BadAnswer, "shape"),
        (b"[" * 100_000, BadAnswer, "JSON"),
        (b'{"STATUS":[{"STATUS":"S"}],"a":NaN}\0', BadAnswer, "JSON"),
        (b"{}\0", BadAnswer, "whether it worked"),
        (b'{"STATUS":"S"}', BadAnswer, "whether it worked"),
        (b"\0", Unreachable, "without an answer"),
        (b"1" * 1_100_000, BadAnswer, "more than 1 MB"),
    ],
)
def test_answers_that_are_none(answering, reply, error, word):
    with pytest.raises(error, match=word):
        Cgminer(answering(reply), "The miner", soon()).ask("summary")


@pytest.fixture
def answering():
    """`answering(reply)`: the address of a server that says just that to the next caller."""
    import threading

    listeners = []

    def start(reply: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            try:
                sock, _ = listener.accept()
                with sock:
                    sock.recv(1000)
                    sock.sendall(reply)
            except OSError:
                return  # the other side had enough

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()
