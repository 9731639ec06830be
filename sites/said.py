"""What is wrong for long, in the log once a minute: a line each second hides everything else."""

from __future__ import annotations

import logging
import time

from .faults import Fault

_EVERY_SECONDS = 60.0
_last: dict[tuple[str, str], float] = {}


def say(log: logging.Logger, fault: Fault, text: str) -> None:
    """Unless this logger has said it of this fault within a minute."""
    now, key = time.monotonic(), (log.name, fault.key)
    if now - _last.get(key, float("-inf")) >= _EVERY_SECONDS:
        _last[key] = now
        log.error("%s", text)


def forget() -> None:
    """As a process that has just begun (tests)."""
    _last.clear()
