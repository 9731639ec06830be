"""A device on a loopback port: one connection after the other, with every fault there is.

A family adds `read_request(reader)`, `is_write(request)`, `answer(request, act)` and
`garbage()`; how a fault looks on the wire is the same for all.
"""

from __future__ import annotations

import json
import select
import socket
import socketserver
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, BinaryIO

from tests.servers.process import PATIENT_SECONDS

from .clock import Clock
from .faults import Fault, Faults
from .rig import Rig

_HUGE_BYTES = 10_000_000
_DRIP_SECONDS = 0.05


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128  # many miners may share one in benchmarks
    daemon_threads = True
    block_on_close = False
    device: Emulator


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.server.device.serve(self.request)
        except OSError:
            return  # the other side went


_ESTABLISHED = 1


def _is_open(sock: socket.socket) -> bool:
    """The other side has not closed it, though we may be slow to notice (the kernel's state of the connection)."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    except OSError:
        return False


class Emulator(ABC):
    """One device: its truth (`rig`), its time (`clock`), what goes wrong (`faults`), and what was asked of it.

    `commands`: the writes that reached it, whether it obeyed or not. `most_at_once`: connections open at a time.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.faults = Faults()
        self.commands: list[str] = []
        self.most_at_once = 0
        #: How often a fault ended by itself, as none does for a caller that gives up in time.
        self.outwaited = 0
        #: What its firmware counts, where the family tells it.
        self.blocks_found = 2
        self._open: set[socket.socket] = set()
        self._frozen: dict[Any, bytes] = {}
        #: What becomes of each answer's bytes on the way (tests of odd answers).
        self.tamper: Callable[[bytes], bytes] | None = None
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self.port = 0
        self.listen()

    @property
    def clock(self) -> Clock:
        return self.rig.clock

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    # What a family says.

    @abstractmethod
    def read_request(self, reader: BinaryIO) -> Any:
        """One request, hashable by its `repr`; None when the other side has said all."""

    @abstractmethod
    def is_write(self, request: Any) -> bool: ...

    @abstractmethod
    def answer(self, request: Any, act: bool) -> bytes:
        """The complete answer, bytes on the wire. Not `act`: say so, and do nothing."""

    @abstractmethod
    def denial(self, request: Any) -> bytes:
        """The answer that says "not done"."""

    @abstractmethod
    def garbage(self) -> bytes:
        """An answer of the right protocol that holds nothing of sense."""

    keeps_connection = False

    # Life.

    def listen(self) -> None:
        self._listener = _Listener(("127.0.0.1", self.port), _Handler)
        self._listener.device = self
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.01,), name="emulator", daemon=True).start()

    def close(self) -> None:
        """Off the network, for good."""
        self.stopping.set()
        self._unlisten()

    def refuse(self, refuses: bool) -> None:
        """Whether connections are refused, as by a host whose program is not running."""
        if refuses and self._listener is not None:
            self._unlisten()
        elif not refuses and self._listener is None:
            self.listen()

    def cut_mains(self) -> None:
        self.settle()
        self.rig.cut_mains()
        self.refuse(True)

    def restore_mains(self) -> None:
        self.rig.restore_mains()
        self.lost_power()
        self.refuse(False)

    def settle(self) -> Rig:
        """The truth of now. Families with schedules of their own carry them out here."""
        return self.rig.settle()

    def lost_power(self) -> None:
        """What the family keeps in memory only is gone. Families with more than their rig add to it."""

    def fail(self, fault: Fault | None, **how: Any) -> None:
        """From now on this fault, or none."""
        self.refuse(fault is Fault.REFUSE)
        self._frozen.clear()
        self.faults.set(None if fault is Fault.REFUSE else fault, **how)

    def _unlisten(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown()
            listener.server_close()

    # One connection.

    def serve(self, sock: socket.socket) -> None:
        with self._lock:
            self._open = {other for other in self._open if _is_open(other)} | {sock}
            self.most_at_once = max(self.most_at_once, len(self._open))
        try:
            reader = sock.makefile("rb")
            while (request := self.read_request(reader)) is not None:
                if not self._exchange(sock, request) or not self.keeps_connection:
                    return
        finally:
            with self._lock:
                self._open.discard(sock)

    def _exchange(self, sock: socket.socket, request: Any) -> bool:
        """Answer one request; False when the connection is over."""
        is_write = self.is_write(request)
        fault = self.faults.of(is_write)
        if is_write:
            self.commands.append(str(request))
        with self.rig.lock:
            self.settle()
            if not self.rig.has_mains:
                return False  # a connection that was open when the power went
            match fault:
                case Fault.DROP | Fault.HANG | Fault.GARBAGE | Fault.TRUNCATE | Fault.DRIP | Fault.SLOW | Fault.HUGE:
                    reply = self.answer(request, act=False)
                case Fault.WRONG_ACK:
                    self.answer(request, act=True)
                    reply = self.denial(request)
                case Fault.ACK_NOT_DONE:
                    reply = self.answer(request, act=False)
                case Fault.FROZEN if not is_write:
                    reply = self._frozen.setdefault(repr(request), self.answer(request, act=False))
                case _:
                    reply = self.answer(request, act=True)
        return self._send(sock, self.tamper(reply) if self.tamper else reply, fault)

    def _send(self, sock: socket.socket, reply: bytes, fault: Fault | None) -> bool:
        match fault:
            case Fault.DROP | Fault.DONE_NOT_ACKED:
                return False
            case Fault.HANG | Fault.SLOW:
                self._wait_until_given_up(sock)
                if fault is Fault.HANG:
                    return False
            case Fault.DRIP:
                return self._drip(sock, reply)
            case Fault.GARBAGE:
                reply = self.garbage()
            case Fault.TRUNCATE:
                sock.sendall(reply[: len(reply) // 2])
                return False
            case Fault.HUGE:
                reply = self.huge(reply)
        sock.sendall(reply)
        return True

    def _wait_until_given_up(self, sock: socket.socket) -> None:
        """Silence until the other side closes, or says something else on this connection."""
        end = time.monotonic() + PATIENT_SECONDS
        while not self.stopping.is_set() and not select.select([sock], [], [], 0.02)[0]:
            if time.monotonic() > end:
                self.outwaited += 1
                return

    def _drip(self, sock: socket.socket, reply: bytes) -> bool:
        for i in range(len(reply)):
            sock.sendall(reply[i : i + 1])
            if self.stopping.wait(_DRIP_SECONDS):
                return False
        self.outwaited += 1
        return False

    def huge(self, reply: bytes) -> bytes:
        return b'{"a":"' + b"1" * _HUGE_BYTES + b'"}'


class LineEmulator(Emulator):
    """Speaks cgminer's protocol: one request a connection, as a JSON line or as `command|parameter`; JSON back.

    `answers[command]` makes the answer's members from the parameter; commands in `writes` change something.
    """

    #: What stands in STATUS.Description.
    description = "cgminer 4.11.1"
    writes: frozenset[str] = frozenset()

    def read_request(self, reader: BinaryIO) -> tuple[str, str] | None:
        text = reader.readline(65_536).decode().strip()
        if not text:
            return None
        if text.startswith("{"):
            asked = json.loads(text)
            return str(asked["command"]), str(asked.get("parameter", ""))
        command, _, parameter = text.partition("|")
        return command, parameter

    def is_write(self, request: tuple[str, str]) -> bool:
        return request[0] in self.writes

    @abstractmethod
    def reply(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        """The members of the answer; `status(...)` makes its first."""

    def answer(self, request: tuple[str, str], act: bool) -> bytes:
        return json.dumps({**self.reply(*request, act), "id": 1}).encode() + b"\0"

    def denial(self, request: tuple[str, str]) -> bytes:
        return json.dumps({**self.status("E", 45, "ASC 0 set failed"), "id": 1}).encode() + b"\0"

    def garbage(self) -> bytes:
        return b"\x16\x03\x01 this is no answer\xff\x00"

    def status(self, status: str, code: int, message: str) -> dict[str, Any]:
        return {
            "STATUS": [
                {
                    "STATUS": status,
                    "When": int(self.clock.now()),
                    "Code": code,
                    "Msg": message,
                    "Description": self.description,
                }
            ]
        }


class HttpRequest:
    """Method, path without query, query, headers (lower case) and body."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes, query: str = "") -> None:
        self.method, self.path, self.headers, self.body, self.query = method, path, headers, body, query

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def __str__(self) -> str:
        asked = f"?{self.query}" if self.query else ""
        return f"{self.method} {self.path}{asked} {self.body.decode('utf-8', 'replace')}".strip()

    def __repr__(self) -> str:
        return str(self)


class HttpEmulator(Emulator):
    """Speaks HTTP/1.1 and keeps the connection; a family adds `respond(request, act) -> (status, body)`.

    A body that is not bytes is sent as JSON.
    """

    keeps_connection = True

    @abstractmethod
    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]: ...

    def read_request(self, reader: BinaryIO) -> HttpRequest | None:
        line = reader.readline(65_536).decode()
        if not line.strip():
            return None
        method, path, _ = line.split(" ", 2)
        headers: dict[str, str] = {}
        while (header := reader.readline(65_536).decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        place, _, query = path.partition("?")
        return HttpRequest(method, place, headers, reader.read(int(headers.get("content-length", 0))), query)

    def is_write(self, request: HttpRequest) -> bool:
        return request.method != "GET"

    def answer(self, request: HttpRequest, act: bool) -> bytes:
        return http_bytes(*self.respond(request, act))

    def denial(self, request: HttpRequest) -> bytes:
        return http_bytes(500, {"error": "failed"})

    def garbage(self) -> bytes:
        return http_bytes(200, b"<html>Welcome to your router</html>", "text/html")

    def huge(self, reply: bytes) -> bytes:
        return http_bytes(200, super().huge(reply))


def http_bytes(status: int, body: Any, content_type: str = "application/json") -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw
