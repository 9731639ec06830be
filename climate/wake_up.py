"""How often sleeping sensors report by their maker's word: from what they say themselves, else by their name. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from integrations.registry import Advice

from .reports import USUAL_LIMIT, suiting, words

#: Wake-up periods as delivered: Shelly H&T of the first generation 12 h, of later ones 2 h.
_BY_TOPIC = (
    (re.compile(r"(^|/)shellyht-", re.IGNORECASE), 12 * 3600.0),
    (re.compile(r"(^|/)shelly(plusht|htg3)", re.IGNORECASE), 2 * 3600.0),
)
_LONGEST_SECONDS = 86_400.0


def reports_every_by_topic(topic: str) -> float | None:
    return next((seconds for pattern, seconds in _BY_TOPIC if pattern.search(topic)), None)


def reports_every_seconds(parsed: Any) -> float | None:
    """The wake-up period in a Shelly's status; None where it says none."""
    for path in (("params", "sys", "wakeup_period"), ("sys", "wakeup_period"), ("wakeup_period",)):
        found = parsed
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found <= _LONGEST_SECONDS:
            return float(found)
    return None


def age_advice(every_seconds: float | None) -> Advice | None:
    """The limit of age for a device that reports so seldom; None where the usual one suits it."""
    every = timedelta(seconds=every_seconds or 0)
    limit = suiting(every)
    if limit <= USUAL_LIMIT:
        return None
    text = f"It wakes up every {words(every)}: a ‘silent after’ of {words(limit)} suits it."
    return Advice(text, fields={"stale_after_seconds": int(limit.total_seconds()), "long_silence_confirmed": True})
