"""Python's search for cyclic garbage, put off while much is made that lives only for a moment."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waiting = 0


@contextmanager
def collected_later() -> Iterator[None]:
    """What is made meanwhile is freed as it is let go, without cycles: searching among it only costs.

    For some seconds; several threads may do so at once.
    """
    global _waiting
    with _lock:
        if _waiting == 0 and not gc.isenabled():
            is_ours = False  # somebody else keeps it off
        else:
            is_ours, _waiting = True, _waiting + 1
            gc.disable()
    try:
        yield
    finally:
        if is_ours:
            with _lock:
                _waiting -= 1
                if _waiting == 0:
                    gc.enable()
