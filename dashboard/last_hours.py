"""The minute rows of the last hours, as pages draw them: read once, and from then on only what is new.

Minutes are written once each. What was stored late, after a time without a database, is seen at the next whole reading.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from climate.models import ZoneReading

from .sparkline import HOURS, Row

#: A page that asks every 5 s need not read rows that come once a minute (s); all are read again after so long (s).
NEWER_AFTER_SECONDS, ALL_AFTER_SECONDS = 20, 600
#: The minute that is written now may still change.
_OVERLAP = timedelta(minutes=2)
#: Homes, and single rooms, that somebody looks at.
_MOST = 32

Rows = dict[UUID, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """`read_at`, `all_read_at`: seconds of the monotonic clock."""

    zone_ids: frozenset[UUID]
    rows: Rows
    read_at: float
    all_read_at: float


_kept: dict[UUID, _Kept] = {}
_lock = threading.Lock()


def of_zones(key: UUID, zone_ids: Sequence[UUID], now: datetime) -> Rows:
    """By zone, oldest first. `key`: what the zones are of, the home or one zone.

    A zone without new rows has the very tuple of the time before.
    """
    asked_at = time.monotonic()
    with _lock:
        kept = _kept.get(key)
    if kept is None or kept.zone_ids != frozenset(zone_ids) or asked_at - kept.all_read_at >= ALL_AFTER_SECONDS:
        kept = _Kept(frozenset(zone_ids), _read(zone_ids, now - timedelta(hours=HOURS)), asked_at, asked_at)
    elif asked_at - kept.read_at >= NEWER_AFTER_SECONDS:
        kept = _Kept(kept.zone_ids, _continued(kept.rows, zone_ids, now), asked_at, kept.all_read_at)
    else:
        return kept.rows
    with _lock:
        _kept.pop(key, None)
        _kept[key] = kept
        while len(_kept) > _MOST:
            _kept.pop(next(iter(_kept)))
    return kept.rows


def _continued(before: Rows, zone_ids: Sequence[UUID], now: datetime) -> Rows:
    newest = max((rows[-1].at for rows in before.values()), default=now - timedelta(hours=HOURS))
    since, oldest = newest - _OVERLAP, now - timedelta(hours=HOURS)
    found = dict(before)
    for pk, new in _read(zone_ids, since).items():
        rows = before.get(pk, ())
        if rows[len(rows) - len(new) :] != new:
            found[pk] = tuple(row for row in rows if oldest <= row.at < since) + new
    return found


def _read(zone_ids: Sequence[UUID], since: datetime) -> Rows:
    found: dict[UUID, list[Row]] = defaultdict(list)
    # The index is (zone, at): naming the zones keeps the database from scanning every row there is.
    rows = ZoneReading.objects.filter(zone__in=zone_ids, at__gte=since).order_by("zone", "at")
    for zone_id, *values in rows.values_list("zone_id", "at", "temperature_celsius", "target_celsius", "heating_w"):
        found[zone_id].append(Row(*values))
    return {pk: tuple(rows) for pk, rows in found.items()}


def forget() -> None:
    """Nothing is kept any more."""
    with _lock:
        _kept.clear()
