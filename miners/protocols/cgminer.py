"""cgminer's protocol, as LuxOS and Avalon speak it: one JSON line over TCP, one JSON answer, the end.

Every exchange is a connection of its own, ends at one absolute `time.monotonic()` deadline and has
a size limit; every failure is an `AdapterError`.
"""

from __future__ import annotations

import json
import math
import socket
import time
from datetime import UTC, datetime
from typing import Any

from integrations.errors import BadAnswer, DeadlineExceeded, Refused, Unreachable
from integrations.text import text_of

from .address import Place, place

PORT = 4028
_LIMIT_BYTES = 1_000_000
_CHUNK_BYTES = 65_536


class Cgminer:
    """One device on its TCP port. One connection at a time: exchanges follow each other."""

    def __init__(self, address: str, name: str, deadline: float) -> None:
        self.name = name
        self._deadline = deadline
        self._place: Place = place(address, PORT, name)

    @property
    def called(self) -> str:
        return f"{self.name} at {self._place.shown}"

    def ask(self, command: str, parameter: str = "") -> dict[str, Any]:
        """The answer to a command. Raises `Refused` when its STATUS says error, and every other `AdapterError`."""
        answer = self._parsed(self._exchange(command, parameter))
        said = status_of(answer)
        if said.get("STATUS") in ("E", "F"):
            raise Refused(f"{self.called} refused ‘{command}’: {str(said.get('Msg', 'no reason given'))[:100]!a}.")
        if said.get("STATUS") not in ("S", "I", "W"):
            raise BadAnswer(f"{self.called} answered ‘{command}’ without saying whether it worked.")
        return answer

    def text(self, command: str) -> str:
        """The answer as it came, whatever its shape: to be looked at by who does not know who is there."""
        return self._exchange(command, "").decode("utf-8", "replace")

    def _exchange(self, command: str, parameter: str) -> bytes:
        asked: dict[str, str] = {"command": command}
        if parameter:
            asked["parameter"] = parameter
        try:
            with socket.create_connection((self._place.ip, self._place.port), self._left()) as sock:
                sock.settimeout(self._left())
                sock.sendall(json.dumps(asked).encode() + b"\n")
                return self._all(sock)
        except ConnectionRefusedError:
            raise Unreachable(f"{self.called} refuses the connection. Is it powered, and its API allowed?") from None
        except TimeoutError:
            raise DeadlineExceeded(f"{self.called} did not answer in time.") from None
        except OSError:
            raise Unreachable(f"{self.called} cannot be reached, or broke off.") from None

    def _all(self, sock: socket.socket) -> bytes:
        """All bytes up to a NUL or the end."""
        parts, size = [], 0
        while True:
            sock.settimeout(self._left())
            part = sock.recv(_CHUNK_BYTES)
            head, nul, _ = part.partition(b"\0")
            parts.append(head)
            size += len(head)
            if size > _LIMIT_BYTES:
                raise BadAnswer(f"{self.called} answered with more than {_LIMIT_BYTES // 1_000_000} MB.")
            if nul or not part:
                return b"".join(parts)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _parsed(self, raw: bytes) -> dict[str, Any]:
        if not raw.strip():
            raise Unreachable(f"{self.called} closed the connection without an answer.")
        try:
            answer = json.loads(text_of(raw), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            seen = ascii(raw[:30].decode("ascii", "replace"))
            raise BadAnswer(f"{self.called} answered with something that is not valid JSON: {seen}.") from None
        if not isinstance(answer, dict):
            raise BadAnswer(f"{self.called} answered with JSON of another shape than a miner’s.")
        return answer


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def status_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The first STATUS member, empty when there is none."""
    return first(answer, "STATUS")


def first(answer: dict[str, Any], section: str) -> dict[str, Any]:
    """The first object of a section (`{"SUMMARY": [{…}]}`), empty when there is none."""
    rows = answer.get(section)
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


def rows(answer: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """All objects of a section."""
    found = answer.get(section)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def number(value: Any, low: float = -1e9, high: float = 1e9) -> float | None:
    """`value` as a finite number within the limits (text that is one counts), else None: unknown, never 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and low <= found <= high else None


def count(value: Any) -> int | None:
    """`value` as a whole number of things, else None."""
    found = number(value, 0, 1e9)
    return int(found) if found is not None and found == int(found) else None


def mean(values: list[float]) -> float | None:
    """None of none."""
    return sum(values) / len(values) if values else None


def device_time(answer: dict[str, Any]) -> datetime | None:
    """`STATUS.When`, the device's own clock; None where it is none of this century (never set)."""
    when = number(status_of(answer).get("When"), 1_600_000_000, 4_102_444_800)
    return None if when is None else datetime.fromtimestamp(when, UTC)
