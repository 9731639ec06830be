"""The child's end of the supervisor's lifeline: "expect my next line within so many seconds"."""

from __future__ import annotations

import os
from collections.abc import Callable

from .supervisor import LIFELINE_VARIABLE


class Lifeline:
    """Writes to the supervisor; calls `on_orphaned` once the supervisor is gone."""

    def __init__(self, descriptor: int, on_orphaned: Callable[[], None]) -> None:
        self._descriptor: int | None = descriptor
        self._on_orphaned = on_orphaned
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, False)

    @classmethod
    def from_environment(cls, on_orphaned: Callable[[], None]) -> Lifeline:
        return cls(int(os.environ[LIFELINE_VARIABLE]), on_orphaned)

    def expect_within(self, seconds: float) -> None:
        """Promise the next line within `seconds`; the supervisor kills this process otherwise."""
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, b"%.1f\n" % seconds)
        except BlockingIOError:
            pass  # the supervisor is stopped and the pipe full: it has lines enough to read
        except BrokenPipeError:
            self._descriptor = None
            self._on_orphaned()
