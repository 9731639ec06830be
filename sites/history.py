"""Keeping of minute rows: how long, and pruning in bounded pieces."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.utils import timezone

MINUTE_ROWS_KEPT = timedelta(days=30)
ACTIVITY_KEPT = timedelta(days=365)
#: (model, time column, how long): owners are above this floor, so they are named, not imported.
_KEPT = (
    ("climate.ZoneReading", "at", MINUTE_ROWS_KEPT),
    ("energy.EnergyReading", "at", MINUTE_ROWS_KEPT),
    ("miners.MinerReading", "at", MINUTE_ROWS_KEPT),
    ("sites.ActivityLog", "at", ACTIVITY_KEPT),
    ("miners.CommandLog", "at", ACTIVITY_KEPT),
    ("optimization.Decision", "last_confirmed_at", ACTIVITY_KEPT),
)
_BATCH_ROWS = 5000


def prune() -> int:
    """Delete what is older than its keeping time, at most 5000 rows a table and call; returns how many."""
    now, deleted = timezone.now(), 0
    for label, column, kept in _KEPT:
        model = apps.get_model(label)
        old = model.objects.filter(**{f"{column}__lt": now - kept}).order_by().values("pk")[:_BATCH_ROWS]
        deleted += model.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
    return deleted
