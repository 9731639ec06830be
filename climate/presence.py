"""Whether somebody is in a room: nobody for 30 min lowers its target, somebody raises it at once. Pure.

What does not say counts as somebody there: a cold room is worse than a warm one nobody is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered

ABSENT_AFTER = timedelta(minutes=30)
MEMORY_TIMES = ("absent_since",)


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody is there (None: nobody knows); nobody for long enough to matter; whether anything tells at all."""

    is_occupied: bool | None = None
    nobody_there: bool = False
    is_told: bool = False


def judge(words: Sequence[bool | None], memory: Mapping[str, Any], now: datetime) -> tuple[Presence, dict[str, Any]]:
    """The room's presence at `now`, and what to remember (`absent_since`, ISO).

    `words`: what each presence sensor of the room says, None: it does not say.
    """
    if not words:
        return Presence(), {}
    if None in words or any(words):
        return Presence(True if any(words) else None, is_told=True), {}
    since = remembered.past(memory.get("absent_since"), now) or now
    return Presence(False, now - since >= ABSENT_AFTER, is_told=True), {"absent_since": since.isoformat()}
