"""`integrations.http`: every fault of a server is a clear error within the deadline, without secrets."""

from __future__ import annotations

import socket

import pytest

from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded, Unreachable
from integrations.http import Http
from tests.servers.process import free_port, soon

from .faults import CONTENT, EXCHANGE, SHORT_SECONDS


def device(url: str) -> Http:
    return Http(url, name="The heater", headers={"Authorization": "Bearer s3cret"})


def echo(request, wire):
    wire.answer(200, {"path": request.path, "method": request.method, "sent": request.json() if request.body else None})


def test_answers_over_one_kept_connection(stub):
    server = stub(echo)
    http = device(server.url + "/base/")
    for number in range(3):
        answer = http.request("POST", "/api/x", json={"n": number}, deadline=soon())
        assert answer.json() == {"path": "/base/api/x", "method": "POST", "sent": {"n": number}}
    ports = {request.headers["authorization"] for request in server.requests}
    assert ports == {"Bearer s3cret"}
    assert len(http._session.get_adapter("http://").poolmanager.pools) == 1


@pytest.mark.parametrize("fault", EXCHANGE, ids=str)
def test_faults_of_the_exchange(stub, fault):
    http = device(stub(fault.behave).url)
    with pytest.raises(fault.error) as caught:
        http.request("GET", "/api/states", deadline=fault.deadline())
    assert fault.word in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "token=" not in str(caught.value)


@pytest.mark.parametrize("fault", CONTENT[:4], ids=str)
def test_what_is_no_json_is_refused(stub, fault):
    answer = device(stub(fault.behave).url).request("GET", "/", deadline=soon())
    with pytest.raises(BadAnswer, match="JSON"):
        answer.json()


def test_refused_connection():
    with pytest.raises(Unreachable, match="refuses the connection"):
        device(f"http://127.0.0.1:{free_port()}").request("GET", "/", deadline=soon())


def test_unknown_name():
    with pytest.raises(Unreachable, match=r"nowhere\.invalid"):
        device("http://nowhere.invalid:8123").request("GET", "/", deadline=soon())


def test_a_server_that_does_not_accept():
    """The backlog is full: the connection itself hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(DeadlineExceeded):
            device(f"http://127.0.0.1:{port}").request("GET", "/", deadline=soon(SHORT_SECONDS))
        for filler in fillers:
            filler.close()


def test_plain_server_asked_for_https(stub):
    server = stub(echo)
    with pytest.raises(Unreachable, match="certificate"):
        device(server.url.replace("http:", "https:")).request("GET", "/", deadline=soon())


def test_a_deadline_in_the_past_asks_nothing(stub):
    server = stub(echo)
    with pytest.raises(DeadlineExceeded):
        device(server.url).request("GET", "/", deadline=soon(-1))
    assert server.requests == []


def test_recovers_after_a_late_answer(stub):
    server = stub(lambda request, wire: wire.hang())
    http = device(server.url)
    with pytest.raises(DeadlineExceeded):
        http.request("GET", "/", deadline=soon(SHORT_SECONDS))
    server.behave = echo
    assert http.request("GET", "/again", deadline=soon()).json()["path"] == "/again"


def test_no_proxy_from_the_environment(stub, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    assert device(stub(echo).url).request("GET", "/", deadline=soon()).status == 200


@pytest.mark.parametrize(
    "url", ["", "homeassistant.local:8123", "ftp://x", "http://", "http://x:notaport", "http://[::1", "file:///etc"]
)
def test_unusable_addresses(url):
    with pytest.raises(BadAnswer, match="looks like http"):
        device(url)


def test_addresses_with_credentials_are_refused_without_showing_them():
    with pytest.raises(AdapterError) as caught:
        device("http://me:hunter2@heater.local/")
    assert "hunter2" not in str(caught.value)
    assert "password" in str(caught.value)
