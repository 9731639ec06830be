"""How far back a drawing reaches: as far as asked, less while the history is young, so that it fills the drawing."""

from __future__ import annotations

from datetime import datetime, timedelta

SHORTEST = timedelta(minutes=30)


def window_start(first: datetime | None, end: datetime, longest: timedelta) -> datetime:
    """Where a drawing that ends at `end` begins. `first`: the oldest there is to show (None: nothing)."""
    return max(end - longest, min(first or end, end - SHORTEST))
