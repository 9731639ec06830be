"""Reading back what was remembered as JSON: anything may stand there, damage is no memory. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any


def number(value: Any, low: float = -math.inf, high: float = math.inf) -> float | None:
    """A finite number from `low` to `high`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high and abs(value) < math.inf else None


def time(text: Any) -> datetime | None:
    """The aware time in ISO `text`; None for anything else."""
    try:
        value = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if value is not None and value.tzinfo is not None else None


def past(text: Any, now: datetime) -> datetime | None:
    """The same if it has been."""
    at = time(text)
    return at if at is not None and at <= now else None
