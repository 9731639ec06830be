"""The past of a source or a miner in quarters or hours: stored buckets, and the newest folded here and now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sites.rollup import NEIGHBOUR, Series, floor, folded

#: From here on hours say as much as quarters on any screen.
QUARTERS_UP_TO = timedelta(days=8)

Bucketed = tuple[datetime, dict[str, Any]]


def width_minutes(span: timedelta) -> int:
    """How long a bucket of a chart of this time lasts."""
    return 15 if span <= QUARTERS_UP_TO else 60


def buckets(
    series: Series, owner_id: Any, begin: datetime, end: datetime, names: Sequence[str], width: int | None = None
) -> list[Bucketed]:
    """(beginning, values by name with `minutes`) of the buckets within `begin` ≤ at < `end` (UTC), in order.

    `width`: 15 or 60 minutes; None: whichever fits the time.
    """
    width = width or width_minutes(end - begin)
    model, columns = (series.quarters if width == 15 else series.hours), ["minutes", *names]
    begin = floor(begin, width)
    rows = model.objects.filter(**{series.owner: owner_id}, at__gte=begin, at__lt=end).order_by("at")
    found = [(at, dict(zip(columns, values, strict=True))) for at, *values in rows.values_list("at", *columns)]
    # The last stored one may have got more minutes since, or lost some to pruning: the fuller one counts.
    last = found.pop() if found else None
    fresh = _fresh(series, owner_id, last[0] if last else begin, end, width)
    if last is not None and (not fresh or fresh[0][0] != last[0] or fresh[0][1]["minutes"] < last[1]["minutes"]):
        fresh = [last, *(one for one in fresh if one[0] != last[0])]
    return [*found, *fresh]


def _fresh(series: Series, owner_id: Any, begin: datetime, end: datetime, width: int) -> list[Bucketed]:
    return [
        bucket
        for _, minutes in series.minutes_of([owner_id], begin - NEIGHBOUR, end)
        for bucket in folded(series, minutes, width)
        if begin <= bucket[0] < end
    ]
