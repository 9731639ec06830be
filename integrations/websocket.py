"""A short conversation by WebSocket, in JSON texts, over before its deadline.

The protocol is that of the library `websockets`, without its I/O: so a conversation has one hard end, a limit of size,
no redirect and no proxy, as everything in `integrations.http`, and believes the same certificates.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from . import tls
from .errors import AdapterError, BadAnswer, Unreachable
from .http import checked_address, plain_words

_LARGEST_MESSAGE_BYTES = 64_000
_READ_BYTES = 65_536


class WebSocket:
    """Open from `with` to its end. Raises `AdapterError`: `BadAnswer` where no WebSocket answers.

    `base_url` is http or https, as the same server's; `name` is how sentences call it.
    """

    def __init__(
        self,
        base_url: str,
        path: str,
        *,
        name: str,
        deadline: float,
        certificate: str = "",
        limit_bytes: int = _LARGEST_MESSAGE_BYTES,
    ) -> None:
        self._base, self._place = checked_address(base_url, name)
        self._limit_bytes = limit_bytes
        self._path, self._name, self._deadline, self._certificate = path, name, deadline, certificate
        self._sock: socket.socket | None = None
        self._protocol: Any = None
        self._events: list[Any] = []

    def __enter__(self) -> WebSocket:
        try:
            # Here, because most of the program never needs it.
            from websockets.client import ClientProtocol
            from websockets.uri import parse_uri

            self._sock = self._connected()
            address = "ws" + self._base.removeprefix("http") + self._path
            self._protocol = ClientProtocol(parse_uri(address), max_size=self._limit_bytes)
            self._protocol.send_request(self._protocol.connect())
            self._flush()
            self._next_event()  # the answer to the handshake
        except Exception as error:
            self._close()
            raise self._plain(error) from None
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def send(self, value: Any) -> None:
        try:
            self._protocol.send_text(json.dumps(value).encode())
            self._flush()
        except Exception as error:
            raise self._plain(error) from None

    def receive(self) -> Any:
        """The next text as JSON."""
        try:
            parts = []
            while True:
                frame = self._next_event()
                parts.append(bytes(frame.data))
                if frame.fin:
                    return json.loads(b"".join(parts))
        except Exception as error:
            raise self._plain(error) from None

    # -- bytes ---------------------------------------------------------------------------------

    def _connected(self) -> socket.socket:
        parts = urlsplit(self._base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        plain = socket.create_connection((parts.hostname, port), timeout=self._left())
        if parts.scheme != "https":
            return plain
        try:
            return tls.context(self._certificate).wrap_socket(plain, server_hostname=parts.hostname)
        except BaseException:
            plain.close()
            raise

    def _next_event(self) -> Any:
        """The next text frame, or the answer to the handshake; control frames are answered by the protocol."""
        while True:
            while self._events:
                event = self._events.pop(0)
                opcode = getattr(event, "opcode", None)
                if opcode is None or opcode in (0, 1, 2):  # no frame; text, its continuation, binary
                    return event
            self._sock.settimeout(self._left())
            data = self._sock.recv(_READ_BYTES)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._flush()
            self._events += self._protocol.events_received()
            if self._protocol.handshake_exc is not None:
                raise self._protocol.handshake_exc
            if not data and not self._events:
                raise ConnectionResetError

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._sock.settimeout(self._left())
                self._sock.sendall(data)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()

    def _plain(self, error: Exception) -> AdapterError:
        if isinstance(error, AdapterError):
            return error
        if isinstance(error, OSError):
            return plain_words(error, self._name, self._place, self._base, self._deadline)
        if isinstance(error, ImportError):
            return Unreachable("The package websockets is not installed. Install what requirements.txt names.")
        return BadAnswer(f"{self._name} at {self._place} does not answer as a WebSocket does.")
