"""A server that says exactly the bytes a test wants, as slowly or wrongly as it wants."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .process import PATIENT_SECONDS


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


#: Answers a request on an open socket; returning False closes the connection.
Behaviour = Callable[[Request, "Wire"], Any]


class Wire:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(
        self,
        status: int,
        body: Any = b"",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        """A complete HTTP answer; anything but bytes is sent as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"Content-Type": content_type, "Content-Length": str(len(raw)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + raw)

    def drip(self, data: bytes, seconds_between: float = 0.05) -> None:
        """Send byte by byte, until the other side or the server ends it; whoever waits for the end gets an answer."""
        for i in range(len(data)):
            self.send(data[i : i + 1])
            if self.stopping.wait(seconds_between):
                return

    def hang(self) -> None:
        """Say nothing for as long as the server lives; whoever waits for the end sees the connection closed."""
        self.stopping.wait(PATIENT_SECONDS)


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        stub = self.server.stub
        try:
            sock = stub.tls.wrap_socket(self.request, server_side=True) if stub.tls else self.request
            wire, reader = Wire(sock, stub.stopping), sock.makefile("rb")
            while request := _read(reader):
                stub.requests.append(request)
                if stub.behave(request, wire) is False:
                    return
        except OSError:
            return


def _read(reader: Any) -> Request | None:
    line = reader.readline().decode()
    if not line.strip():
        return None
    method, path, _ = line.split(" ", 2)
    headers = {}
    while (header := reader.readline().decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, reader.read(int(headers.get("content-length", 0))))


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    stub: Stub


class Stub:
    """The running server; `behave` may be replaced at any time, `requests` is what came. `tls`: it speaks https."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behave, self.tls = behave, tls
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), _Handler)
        self._listener.stub = self
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.stopping.set()
        self._listener.shutdown()
        self._listener.server_close()
