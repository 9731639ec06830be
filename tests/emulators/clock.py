"""The time a device lives in: stands still until advanced, or runs faster than ours."""

from __future__ import annotations

import threading
import time


class Clock:
    """Unix seconds. `speed` 0: frozen, moves by `advance` alone; 60: a minute of the device's in each of our seconds.

    `offset_seconds`: how far the device's clock is wrong when it starts.
    """

    def __init__(self, *, speed: float = 0.0, offset_seconds: float = 0.0) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._from = time.time() + offset_seconds
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._from + (time.monotonic() - self._began) * self._speed

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._from += seconds
