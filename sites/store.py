"""Shared short-lived facts: leases, cadence, live snapshots.

In one process they live in its memory and expire on the monotonic clock (a wall-clock step
changes nothing); with `REDIS_URL` they live in Redis and expire on its server's clock.
Nothing here needs to survive a restart: what must is in the database.
"""

from __future__ import annotations

import json
import marshal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

from .faults import StoreUnavailable


class Store(Protocol):
    """Values are JSON; `ttl_seconds` None keeps a value until deleted."""

    def add(self, key: str, value: Any, ttl_seconds: float) -> bool:
        """Set unless there; True when it was set (atomic between all workers)."""

    def set(self, key: str, value: Any, ttl_seconds: float | None = None) -> None: ...

    def get(self, key: str) -> Any | None: ...

    def put(self, key: str, value: Any, encode: Callable[[Any], Any]) -> None:
        """Keep an object that nobody changes; as `encode(value)`, JSON, where it leaves the process."""

    def take(self, key: str, decode: Callable[[Any], Any]) -> Any | None:
        """What was `put`, or `decode` of its JSON."""

    def delete_if(self, key: str, value: Any) -> bool:
        """Delete when it still holds `value` (atomic); True when it did."""

    def delete(self, key: str) -> None: ...


class MemoryStore:
    """The store of a single process. Whoever reads a value gets one of its own, as from any other store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, tuple[bytes, float | None]] = {}
        self._objects: dict[str, Any] = {}

    def _live(self, key: str) -> bytes | None:
        item = self._items.get(key)
        if item is None:
            return None
        text, expires = item
        if expires is not None and time.monotonic() >= expires:
            del self._items[key]
            return None
        return text

    def add(self, key: str, value: Any, ttl_seconds: float) -> bool:
        with self._lock:
            if self._live(key) is not None:
                return False
            self._items[key] = (_packed(value), time.monotonic() + ttl_seconds)
            return True

    def set(self, key: str, value: Any, ttl_seconds: float | None = None) -> None:
        with self._lock:
            self._items[key] = (_packed(value), None if ttl_seconds is None else time.monotonic() + ttl_seconds)

    def get(self, key: str) -> Any | None:
        with self._lock:
            packed = self._live(key)
        return None if packed is None else _unpacked(packed)

    def put(self, key: str, value: Any, encode: Callable[[Any], Any]) -> None:
        self._objects[key] = value

    def take(self, key: str, decode: Callable[[Any], Any]) -> Any | None:
        return self._objects.get(key)

    def delete_if(self, key: str, value: Any) -> bool:
        with self._lock:
            packed = self._live(key)
            # By value: the same may be packed in several ways.
            if packed is None or _unpacked(packed) != _unpacked(_packed(value)):
                return False
            del self._items[key]
            return True

    def delete(self, key: str) -> None:
        with self._lock:
            self._items.pop(key, None)
            self._objects.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self._objects.clear()


def _packed(value: Any) -> bytes:
    """Plain data as bytes, several times faster than as JSON; what only JSON knows (an enum) as that."""
    try:
        return marshal.dumps(value)
    except ValueError:
        return marshal.dumps(json.loads(json.dumps(value)))


_unpacked = marshal.loads


class RedisStore:
    """The store of a fleet. Raises `StoreUnavailable` where Redis does not answer."""

    _DELETE_IF = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"

    def __init__(self, url: str) -> None:
        import redis

        self._error = redis.RedisError
        self._redis = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2)

    def add(self, key: str, value: Any, ttl_seconds: float) -> bool:
        return bool(self._ask("set", f"em:{key}", json.dumps(value), nx=True, px=_milliseconds(ttl_seconds)))

    def set(self, key: str, value: Any, ttl_seconds: float | None = None) -> None:
        self._ask("set", f"em:{key}", json.dumps(value), px=None if ttl_seconds is None else _milliseconds(ttl_seconds))

    def get(self, key: str) -> Any | None:
        text = self._ask("get", f"em:{key}")
        return None if text is None else json.loads(text)

    def put(self, key: str, value: Any, encode: Callable[[Any], Any]) -> None:
        self.set(key, encode(value))

    def take(self, key: str, decode: Callable[[Any], Any]) -> Any | None:
        stored = self.get(key)
        return None if stored is None else decode(stored)

    def delete_if(self, key: str, value: Any) -> bool:
        return bool(self._ask("eval", self._DELETE_IF, 1, f"em:{key}", json.dumps(value)))

    def delete(self, key: str) -> None:
        self._ask("delete", f"em:{key}")

    def _ask(self, command: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._redis, command)(*arguments, **options)
        except self._error as error:
            raise StoreUnavailable(f"Redis does not answer: {error}") from error


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


@lru_cache(maxsize=1)
def store() -> Store:
    """The store of this process."""
    return RedisStore(settings.REDIS_URL) if settings.REDIS_URL else MemoryStore()


def remembered(key: str) -> Any | None:
    """What is kept under `key`; None also where the store does not answer, for those that must do without."""
    try:
        return store().get(key)
    except StoreUnavailable:
        return None


def remember(key: str, value: Any, ttl_seconds: float | None = None) -> None:
    """Keep `value` where the store answers."""
    with suppress(StoreUnavailable):
        store().set(key, value, ttl_seconds)
