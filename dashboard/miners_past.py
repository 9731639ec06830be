"""What all miners of a home drew together, W by time, at the same times as the home's energy is recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from miners.models import Miner, MinerReading
from miners.rollup import MINERS, MinerMinute

from .past import buckets


def minutes_w(site_id: UUID, begin: datetime, end: datetime) -> dict[datetime, float]:
    """The sum of each minute."""
    rows = MinerReading.objects.filter(miner__in=_ids(site_id), at__gte=begin, at__lte=end)
    return _summed(
        (minute.at, minute.drawn_w) for minute in (MinerMinute(*row) for row in rows.values_list(*MinerMinute._fields))
    )


def means_w(site_id: UUID, begin: datetime, end: datetime) -> dict[datetime, float]:
    """The sum of the means of each quarter or hour, whichever fits the time."""
    return _summed(
        (at, of["energy_wh"] * 60 / of["minutes"])
        for miner_id in _ids(site_id)
        for at, of in buckets(MINERS, miner_id, begin, end, ["energy_wh"])
    )


def _ids(site_id: UUID) -> list[Any]:
    return list(Miner.objects.filter(site=site_id).values_list("pk", flat=True))


def _summed(parts: Iterator[tuple[datetime, float]]) -> dict[datetime, float]:
    found: dict[datetime, float] = defaultdict(float)
    for at, watts in parts:
        found[at] += watts
    return dict(found)
