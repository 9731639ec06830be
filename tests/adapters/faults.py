"""What a server can do wrong, as behaviours of a `Stub`, and what must come of each within the deadline."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded, Unauthorized, Unreachable
from tests.servers.process import soon
from tests.servers.stub import Request, Wire

#: For a server that never answers in time: an end is reached only by giving up.
SHORT_SECONDS = 0.3


def garbage(request: Request, wire: Wire) -> bool:
    wire.send(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
    return False


def no_json(request: Request, wire: Wire) -> None:
    wire.answer(200, b"<html>Welcome to your router</html>", "text/html")


def not_a_number(request: Request, wire: Wire) -> None:
    wire.answer(200, b'[["sensor.a", NaN, "W", null, null, "2026-11-22T15:53:28+00:00", "A"]]')


def infinite(request: Request, wire: Wire) -> None:
    wire.answer(200, b"[1e999]")


def nested(request: Request, wire: Wire) -> None:
    wire.answer(200, b"[" * 200_000)


def wrong_shape(request: Request, wire: Wire) -> None:
    wire.answer(200, {"states": [1, 2, 3]})


def wrong_rows(request: Request, wire: Wire) -> None:
    wire.answer(200, [["sensor.a", 20.5], None, 7])


def announced_huge(request: Request, wire: Wire) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n")
    wire.hang()
    return False


def huge(request: Request, wire: Wire) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        wire.send(b"%x\r\n%s\r\n" % (100_000, b"1" * 100_000))
    wire.send(b"0\r\n\r\n")
    return False


def compressed(request: Request, wire: Wire) -> None:
    wire.answer(200, gzip.compress(b"0" * 5_000_000, 1), headers={"Content-Encoding": "gzip"})


def dripping_header(request: Request, wire: Wire) -> bool:
    wire.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)
    return False


def dripping_body(request: Request, wire: Wire) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    wire.drip(b"[" + b" " * 998 + b"]")
    return False


def hung(request: Request, wire: Wire) -> bool:
    wire.hang()
    return False


def truncated(request: Request, wire: Wire) -> bool:
    wire.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[["sensor.a", "20.5"')
    return False


def truncated_chunk(request: Request, wire: Wire) -> bool:
    wire.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n[["sensor.a", "20.5"')
    return False


def closing(request: Request, wire: Wire) -> bool:
    return False


def redirecting(request: Request, wire: Wire) -> None:
    wire.answer(302, headers={"Location": "http://elsewhere.example/login?token=abc"})


def wrong_token(request: Request, wire: Wire) -> None:
    wire.answer(401, b"401: Unauthorized", "text/plain")


def banned(request: Request, wire: Wire) -> None:
    wire.answer(403, b"403: Forbidden", "text/plain")


def starting(request: Request, wire: Wire) -> None:
    wire.answer(404, b"404: Not Found", "text/plain")


def broken(request: Request, wire: Wire) -> None:
    wire.answer(500, b"500 Internal Server Error", "text/plain")


def gateway(request: Request, wire: Wire) -> None:
    wire.answer(502, b"Bad Gateway", "text/plain")


@dataclass(frozen=True)
class Fault:
    """A behaviour, the error it must become, and a word its sentence must hold."""

    behave: object
    error: type[AdapterError]
    word: str

    def __str__(self) -> str:
        return self.behave.__name__

    def deadline(self) -> float:
        """When to give up: soon where nothing comes, else not before what comes has come."""
        return soon(SHORT_SECONDS) if self.error is DeadlineExceeded else soon()


#: Faults of the exchange: they look the same whatever was asked.
EXCHANGE = [
    Fault(garbage, BadAnswer, "web server"),
    Fault(announced_huge, BadAnswer, "more than"),
    Fault(compressed, BadAnswer, "compressed"),
    Fault(dripping_header, DeadlineExceeded, "in time"),
    Fault(dripping_body, DeadlineExceeded, "in time"),
    Fault(hung, DeadlineExceeded, "in time"),
    Fault(truncated, BadAnswer, "middle"),
    Fault(truncated_chunk, BadAnswer, "middle"),
    Fault(closing, Unreachable, "closed"),
    Fault(redirecting, BadAnswer, "http://elsewhere.example."),
    Fault(huge, BadAnswer, "more than"),
]
#: Faults of what the answer says.
CONTENT = [
    Fault(no_json, BadAnswer, "JSON"),
    Fault(not_a_number, BadAnswer, "JSON"),
    Fault(infinite, BadAnswer, "JSON"),
    Fault(nested, BadAnswer, "JSON"),
    Fault(wrong_shape, BadAnswer, "states"),
    Fault(wrong_rows, BadAnswer, "states"),
]
#: Statuses that Home Assistant, or what stands before it, answers.
STATUS = [
    Fault(wrong_token, Unauthorized, "refuses the token"),
    Fault(banned, Unauthorized, "banned"),
    Fault(starting, Unreachable, "starting"),
    Fault(broken, BadAnswer, "500"),
    Fault(gateway, Unreachable, "502"),
]
