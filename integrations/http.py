"""HTTP with a hard end: one way to ask a device, used by every adapter that speaks HTTP.

`requests` alone ends a call only when a *single* read takes too long; a server that drips one
byte a second keeps its caller for hours. Here the whole exchange, header and body, ends at an
absolute `time.monotonic()` deadline, an answer has a size limit, redirects are not followed, and
every failure is an `AdapterError` whose sentence holds neither a token nor a password.
(Resolving a name cannot be interrupted; `integrations.ask` gives such a call up.)
"""

from __future__ import annotations

import io
import json
import math
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import tls
from .errors import AdapterError, BadAnswer, DeadlineExceeded, Unreachable
from .text import excerpt, text_of

MEGABYTE = 1_000_000
_CHUNK_BYTES = 65_536
#: The deadline of the exchange that the current thread is in.
_exchange = threading.local()


class _DeadlineReader(io.RawIOBase):
    """The raw bytes of a socket; every read may take only what is left until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(_exchange.deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse


class _SecureConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _DeadlineAdapter(HTTPAdapter):
    """Connections of ours; those by https believe what `certificate` says (see `integrations.tls`)."""

    def __init__(self, certificate: str, *, is_secure: bool) -> None:
        self._certificate, self._is_secure = certificate, is_secure
        super().__init__(pool_connections=1, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._is_secure:
            kwargs["ssl_context"] = tls.context(self._certificate)
            kwargs["assert_fingerprint"] = tls.pin_of(self._certificate) or None
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context alone says whom to believe; requests would add its own list."""
        conn.cert_reqs = "CERT_NONE" if tls.pin_of(self._certificate) else "CERT_REQUIRED"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of any status; what a status means is the caller's to say."""

    status: int
    body: bytes
    name: str
    #: The `Retry-After` header as it came; empty without one.
    retry_after: str = ""
    #: How it wants to be told who asks (`WWW-Authenticate`); empty without one.
    challenge: str = ""
    #: What the other side's clock showed (`Date`); empty without one.
    date: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises `BadAnswer` for anything else, NaN and infinities included."""
        try:
            return json.loads(text_of(self.body), parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            seen = excerpt(self.body)
            raise BadAnswer(f"{self.name} answered with something that is not valid JSON: ‘{seen}’.") from None


class Http:
    """One device: its address, its headers and a connection that is kept alive between calls.

    `name` is how sentences call it; `certificate` whom https believes (see `integrations.tls`). Raises `BadAnswer` for
    an address that cannot be used.
    """

    def __init__(
        self, base_url: str, *, name: str, headers: Mapping[str, str] | None = None, certificate: str = ""
    ) -> None:
        self.name = name
        self._base, self.place = checked_address(base_url, name)
        self._session = requests.Session()
        # No proxy, no .netrc: what the environment says about the internet is wrong for a device at home.
        self._session.trust_env = False
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "edgemining", **(headers or {})})
        scheme = "https://" if self._base.startswith("https") else "http://"
        self._session.mount(scheme, _DeadlineAdapter(certificate, is_secure=scheme == "https://"))

    def request(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = MEGABYTE,
    ) -> Answer:
        """Exchange one request for its complete answer before `deadline` (`time.monotonic()`).

        `headers`: of this request alone, beside those of all.
        Raises `DeadlineExceeded`, `Unreachable` or `BadAnswer` (too large, cut short, compressed,
        a redirect, not HTTP).
        """
        try:
            _exchange.deadline = deadline
            with self._session.request(
                method,
                self._base + path,
                json=json,
                headers=headers,
                timeout=_left(deadline),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._body(response, deadline, limit_bytes)
                said = response.headers
                return Answer(
                    response.status_code,
                    body,
                    self.name,
                    retry_after=said.get("Retry-After", ""),
                    challenge=said.get("WWW-Authenticate", ""),
                    date=said.get("Date", ""),
                )
        except AdapterError:
            raise
        except TimeoutError:
            raise _too_late(self.name, self.place) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._plain(error, deadline) from None

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _body(self, response: requests.Response, deadline: float, limit_bytes: int) -> bytes:
        if response.is_redirect:
            target = urlsplit(response.headers.get("Location", ""))
            there = f"{target.scheme}://{target.hostname or ''}" if target.hostname else "another page"
            raise BadAnswer(f"{self.name} at {self.place} sends us on to {there}. Enter the address it really has.")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadAnswer(f"{self.name} at {self.place} answered compressed although asked not to.")
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > limit_bytes:
            raise self._too_large(limit_bytes)
        parts, size = [], 0
        for part in response.raw.stream(_CHUNK_BYTES, decode_content=False):
            parts.append(part)
            size += len(part)
            if size > limit_bytes:
                raise self._too_large(limit_bytes)
            _left(deadline)  # bytes that keep arriving in time are late all the same
        return b"".join(parts)

    def _too_large(self, limit_bytes: int) -> BadAnswer:
        return BadAnswer(f"{self.name} at {self.place} answered with more than {limit_bytes / MEGABYTE:g} MB.")

    def _plain(self, error: BaseException, deadline: float) -> AdapterError:
        return plain_words(error, self.name, self.place, self._base, deadline)


def plain_words(error: BaseException, name: str, place: str, base_url: str, deadline: float) -> AdapterError:
    """The error of a library as one of ours; its own text may hold an address with secrets.

    `name` is how sentences call the device, `place` its host and port.
    """
    causes = list(_causes(error))
    refusal = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if refusal is not None or any(
        isinstance(cause, requests.exceptions.SSLError | urllib3.exceptions.SSLError) for cause in causes
    ):
        parts = urlsplit(base_url)
        who = f"{name} at {place}"
        about = tls.explained(refusal, who, parts.hostname or "", parts.port or 443)
        return about or Unreachable(f"{who} has no certificate this computer trusts, or speaks plain http only.")
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError | socket.gaierror) for cause in causes):
        return Unreachable(f"The name in {place} is not known in this network. Check the address of {name}.")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreachable(f"{name} at {place} refuses the connection. Is it running?")
    if time.monotonic() >= deadline or any(
        isinstance(cause, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError) for cause in causes
    ):
        return _too_late(name, place)
    if any(isinstance(cause, ConnectionError) for cause in causes):
        return Unreachable(f"{name} at {place} closed the connection before its answer was complete.")
    if any(isinstance(cause, IncompleteRead | urllib3.exceptions.InvalidChunkLength) for cause in causes):
        return BadAnswer(f"{name} at {place} broke off in the middle of its answer.")
    if any(isinstance(cause, HTTPException | ValueError) for cause in causes):
        return BadAnswer(f"{name} at {place} does not answer as a web server does. Check address and port.")
    return Unreachable(f"{name} at {place} cannot be reached.")


def _too_late(name: str, place: str) -> DeadlineExceeded:
    return DeadlineExceeded(f"{name} at {place} did not answer in time.")


def _left(deadline: float) -> float:
    """Seconds left; `TimeoutError` when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def checked_address(base_url: str, name: str) -> tuple[str, str]:
    """The address without a trailing slash, and `host:port` for sentences."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = parts = None
    if parts is None or parts.scheme not in ("http", "https") or not host:
        raise BadAnswer(f"The address of {name} cannot be used. It looks like http://192.168.1.20:8123.")
    if parts.username is not None or parts.password is not None:
        raise BadAnswer(f"The address of {name} holds a user name or password. Leave out everything before the @.")
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{port}" if port else shown
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}", place


def _causes(error: BaseException | None) -> Any:
    """`error`, what it was raised from, and what libraries wrapped into its arguments."""
    queue, seen = [error], set()
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value
