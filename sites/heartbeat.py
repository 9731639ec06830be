"""The heartbeat: the end of the last completed tick, on the monotonic clock.

The control task calls `completed_tick` when every pass that was due has completed (or none was
due). `/healthz` and the supervisor look at nothing else to tell whether control is alive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .store import store

#: Control is late after three periods, and never before this (design.md §5.9).
LATE_AFTER_SECONDS = 60.0
_KEY = "heartbeat"

_listeners: list[Callable[[float], None]] = []
_lock = threading.Lock()
_process_began = time.monotonic()
_last_tick: float | None = None
_last_limit_seconds = LATE_AFTER_SECONDS


def late_after_seconds(period_seconds: float) -> float:
    """How long after a tick the next one may complete: three periods, at least 60 s."""
    return max(LATE_AFTER_SECONDS, 3 * period_seconds)


def completed_tick(period_seconds: float = 0.0) -> None:
    """Note that a tick completed; `period_seconds` is the longest time until the next one will."""
    global _last_tick, _last_limit_seconds
    limit_seconds = late_after_seconds(period_seconds)
    with _lock:
        _last_tick, _last_limit_seconds = time.monotonic(), limit_seconds
    # For other processes: it expires on the store's own clock, so its presence means "not late".
    store().set(_KEY, time.time(), limit_seconds)
    for listener in tuple(_listeners):
        listener(limit_seconds)


def forget() -> None:
    """As a process that has just begun (tests)."""
    global _process_began, _last_tick, _last_limit_seconds
    with _lock:
        _process_began, _last_tick, _last_limit_seconds = time.monotonic(), None, LATE_AFTER_SECONDS


def still_alive() -> None:
    """Tell the listeners that this process lives although no tick completes, for what it needs is not there."""
    for listener in tuple(_listeners):
        listener(LATE_AFTER_SECONDS)


def on_completed(listener: Callable[[float], None]) -> Callable[[], None]:
    """Call `listener(seconds within which the next tick must complete)` after each; returns its removal."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def age_seconds() -> float | None:
    """Seconds since the last completed tick, of this process or of any with the same store; None: none known."""
    with _lock:
        last_tick = _last_tick
    if last_tick is not None:
        return time.monotonic() - last_tick
    at = store().get(_KEY)
    return None if at is None else max(0.0, time.time() - at)


def is_late() -> bool:
    """No tick has completed for longer than may be; a process that has just begun gets the same time."""
    with _lock:
        reference, limit_seconds = _last_tick, _last_limit_seconds
    if reference is None:
        if store().get(_KEY) is not None:
            return False
        reference = _process_began
    return time.monotonic() - reference > limit_seconds
