"""Requests that lower heat and are not stored (yet): in force from memory, and kept until they can be stored.

They live in the shared store, in this process where the store does not answer, and, where one process is the whole
program, in a file whose room was taken while there was some: writing over it needs none on a full disk.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from django.utils import timezone

from .faults import StoreUnavailable
from .store import MemoryStore, store

log = logging.getLogger(__name__)

_KEY = "held"
#: About a hundred requests.
_FILE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Order:
    """One request of one home: what it means for the next pass, and how it is stored. Plain JSON throughout.

    `what`: in words, “All miners off”. `off`: miners to be off at once; `watts`: what miners are to take at most by
    hand, until `until` (ISO; None: until resumed); `targets`: °C by room; `inactive`, `units`: set aside, disabled.
    `do`: dotted name of what stores it, with `arguments`; empty: it is stored, and control does not run.
    """

    site_id: str
    what: str
    by: str = ""
    off: tuple[str, ...] = ()
    watts: dict[str, int] = field(default_factory=dict)
    until: str | None = None
    targets: dict[str, float] = field(default_factory=dict)
    inactive: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    do: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    #: What was done at once, in a sentence.
    result: str = ""
    at: str = field(default_factory=lambda: timezone.now().isoformat())
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Order:
        known = {one.name for one in fields(cls)}
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        return cls(**{name: value for name, value in values.items() if name in known})


_lock = threading.Lock()
_own: dict[str, Order] = {}
#: Kept while the store did not answer: what it says of others does not speak of these.
_unshared: set[str] = set()
_file: Path | None = None


def keep(order: Order) -> bool:
    """In force from now on; False: a restart of this program would forget it."""
    with _lock:
        _read()
        _own[order.id] = order
        return _write()


def drop(order: Order) -> None:
    """It is stored, or over."""
    with _lock:
        _read()
        if _own.pop(order.id, None) is not None:
            _write()


def orders(site_id: object | None = None) -> list[Order]:
    """Those in force, the oldest first; of one home or of all."""
    with _lock:
        _read()
        found = sorted(_own.values(), key=lambda one: one.at)
    return [one for one in found if site_id is None or one.site_id == str(site_id)]


def forget() -> None:
    """As a process that has just begun (tests)."""
    global _file
    with _lock:
        _own.clear()
        _unshared.clear()
        _file = None


def keep_in(path: Path) -> None:
    """Keep them in this file, too, and take over what the last process left there."""
    global _file
    left = _stored_in(path)
    with suppress(OSError), os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        if file.seek(0, os.SEEK_END) < _FILE_BYTES:
            file.write(b" " * (_FILE_BYTES - file.tell()))
            file.flush()
            os.fsync(file.fileno())
    with _lock:
        _file = path
        _read()
        _own.update({one.id: one for one in left})
        _write()


def _read() -> None:
    """Take over what other processes kept or dropped, where the store answers and knows of any."""
    try:
        told = store().get(_KEY)
    except StoreUnavailable:
        return
    if told is None:
        return  # it has forgotten: what this process has stands
    mine = {pk: one for pk, one in _own.items() if pk in _unshared}
    _own.clear()
    _own.update({one["id"]: Order.from_json(one) for one in told} | mine)
    if mine:
        _write()


def _write() -> bool:
    """Tell the others; True when a restart of this program would find it again."""
    data = [asdict(one) for one in _own.values()]
    try:
        store().set(_KEY, data)
        _unshared.clear()
        is_shared = not isinstance(store(), MemoryStore)
    except StoreUnavailable:
        _unshared.update(_own)
        is_shared = False
    return _write_file(data) or is_shared


def _write_file(data: list[dict[str, Any]]) -> bool:
    if _file is None:
        return False
    text = json.dumps(data).encode().ljust(_FILE_BYTES)
    if len(text) > _FILE_BYTES:
        log.error("too many requests wait to be stored: a restart would forget them")
        return False
    try:
        with _file.open("r+b") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        log.error("requests that wait to be stored could not be kept in %s: %s", _file, error)
        return False
    return True


def _stored_in(path: Path) -> list[Order]:
    try:
        return [Order.from_json(one) for one in json.loads(path.read_bytes().strip() or b"[]")]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
