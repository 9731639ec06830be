"""Who was let in by this process lately, in memory: so that “All off” works while nobody can be looked up.

Only digests are kept. It opens nothing else: whoever reads or changes anything is looked up.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict

_FOR_SECONDS = 12 * 3600.0
_MOST = 500

_lock = threading.Lock()
_seen: OrderedDict[bytes, tuple[str, float]] = OrderedDict()


def note(credential: str | None, name: str) -> None:
    """This session or token has just been found good."""
    if not credential:
        return
    with _lock:
        _seen[_digest(credential)] = (name, time.monotonic())
        _seen.move_to_end(_digest(credential))
        while len(_seen) > _MOST:
            _seen.popitem(last=False)


def forget(credential: str | None) -> None:
    """It is no longer good."""
    with _lock:
        _seen.pop(_digest(credential or ""), None)


def who(credential: str | None) -> str | None:
    """Whose it was when it was last looked up; None: not known here, or too long ago."""
    with _lock:
        name, at = _seen.get(_digest(credential or ""), ("", float("-inf")))
    return name if time.monotonic() - at < _FOR_SECONDS else None


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
