"""Keeping of what was measured: minutes for 30 days, quarters for two years, hours for ever.

One run folds new minutes (`sites.rollup`) and drops old rows, in one transaction: an SD card is
written once. A run that finds more than fits a batch goes on with the next one, committed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from .rollup import Series, floor, prepare, rolled_up_to

MINUTES_KEPT = timedelta(days=30)
QUARTERS_KEPT = timedelta(days=2 * 366)
ACTIVITY_KEPT = timedelta(days=365)
#: The floors above own what is kept, so it is named here, not imported.
_SERIES = ("climate.rollup.ZONES", "energy.rollup.SOURCES", "miners.rollup.MINERS")
_RECORDS = (
    ("sites.ActivityLog", "at", ACTIVITY_KEPT),
    ("miners.CommandLog", "at", ACTIVITY_KEPT),
    ("optimization.Decision", "last_confirmed_at", ACTIVITY_KEPT),
)
_BATCH_ROWS = 5000
_OWNERS_A_QUERY = 500


def keep(now: datetime | None = None) -> tuple[int, int]:
    """Fold every minute inserted since the last run, drop what is old; returns (buckets written, rows dropped).

    May be killed anywhere and run anywhere twice: what was committed stands, the rest is done again.
    """
    now = now or timezone.now()
    written = dropped = 0
    while True:
        batches = [prepare(series, now) for series in _all_series()]
        with transaction.atomic():
            written += sum(batch.save() for batch in batches)
            pieces = list(_prune(now))
        dropped += sum(pieces)
        if all(batch.is_last for batch in batches) and max(pieces) < _BATCH_ROWS:
            return written, dropped


def _all_series() -> list[Series]:
    return [import_string(name) for name in _SERIES]


def _prune(now: datetime) -> Iterator[int]:
    """Delete what is older than its keeping time, at most 5000 rows of a table; yields how many of each."""
    # By whole hours, so that no hour is ever left with a part of its minutes.
    oldest_minute, oldest_quarter = floor(now - MINUTES_KEPT, 60), floor(now - QUARTERS_KEPT, 60)
    for series in _all_series():
        yield _prune_series(series, series.readings, oldest_minute, rolled_up_to(series))
        yield _prune_series(series, series.quarters, oldest_quarter)
    for label, column, kept in _RECORDS:
        model = apps.get_model(label)
        yield _delete(model, _ids(model.objects.filter(**{f"{column}__lt": now - kept}), _BATCH_ROWS))


def _prune_series(series: Series, model: type[models.Model], oldest: datetime, last_id: int | None = None) -> int:
    """Rows before `oldest`, those up to `last_id` only.

    By owner, for the only index begins with it; and the id is compared here, or SQLite would read the
    whole table by id every hour.
    """
    owners, deleted = list(series.owners.values_list("pk", flat=True)), 0
    for start in range(0, len(owners), _OWNERS_A_QUERY):
        some = owners[start : start + _OWNERS_A_QUERY]
        old = _ids(model.objects.filter(**{f"{series.owner}__in": some}, at__lt=oldest), _BATCH_ROWS - deleted)
        deleted += _delete(model, [pk for pk in old if last_id is None or pk <= last_id])
        if deleted >= _BATCH_ROWS:
            break
    return deleted


def _ids(rows: models.QuerySet, at_most: int) -> list[int]:
    return list(rows.order_by().values_list("pk", flat=True)[:at_most])


def _delete(model: type[models.Model], ids: list[int]) -> int:
    return model.objects.filter(pk__in=ids).delete()[0] if ids else 0
