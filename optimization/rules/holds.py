"""`for: 3m`: how long a condition has been true without a break.

Timers are inputs: a dict of key → epoch seconds since when the node is true. A key names the rule,
the node's place and a checksum of its condition, so it survives a restart, and editing the condition
starts it anew.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping

MIN_SECONDS, MAX_SECONDS = 1, 24 * 3600
_DURATION = re.compile(r"([0-9]{1,6})\s*(s|m|h)")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(value: object) -> int | None:
    """`"3m"`, `"90s"`, `"1h"` or integer seconds as seconds; None if it is none of these or out of bounds."""
    if isinstance(value, str) and (found := _DURATION.fullmatch(value[:20].strip())):
        value = int(found[1]) * _UNITS[found[2]]
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if MIN_SECONDS <= value <= MAX_SECONDS else None


def timer_key(kind: str, rule: str, place: str, signature: list) -> str:
    """The stable key of one timer; `signature` says what its node asks."""
    return f"{kind}:{rule}:{place}#{zlib.crc32(json.dumps(signature).encode()):08x}"


def key_in(key: str, context_key: str) -> str:
    """The key of a timer as seen from one of a miner's several zones."""
    return f"{key}@{context_key}" if context_key else key


def since(holds: Mapping[str, float], key: str, now: float) -> float | None:
    """Since when the timer runs (epoch seconds); a time in the future counts as now, garbage as not running."""
    start = holds.get(key)
    if isinstance(start, bool) or not isinstance(start, (int, float)) or start - start != 0:
        return None
    return min(start, now)


def elapsed(holds: Mapping[str, float], key: str, now: float) -> float:
    """Seconds the timer has been running, 0 if it is not."""
    start = since(holds, key, now)
    return 0.0 if start is None else now - start
