"""Keeping of what was measured: minutes for 30 days, quarters for two years, hours for ever.

One run folds new minutes (`sites.rollup`) and drops old rows, in one transaction: an SD card is
written once. A run that finds more than fits a batch goes on with the next one, committed by itself.

A clock that is 40 days ahead must not make all of that old. It is not believed while it is far from every row;
nor ever again by itself once it was far from the run before, for then passes may have recorded by it meanwhile:
from then on only what has so many *recorded* days after it is old (`HistoryDay`). And a run drops one day of a table
at most, so that whatever is wrong takes long to do harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from django.db import models, transaction
from django.db.models import Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from .models import HistoryDay, HistoryMark
from .rollup import Series, floor, prepare, rolled_up_to

MINUTES_KEPT = timedelta(days=30)
QUARTERS_KEPT = timedelta(days=2 * 366)
ACTIVITY_KEPT = timedelta(days=365)
#: A clock further than this from every row, or from the run before, is not believed.
FAR = timedelta(days=2)
#: Marks of this module: when the last run was, and when a clock leapt between two of them (epoch s).
_RUN, _LEAPT = "run of keeping", "clock leapt"
_BATCH_ROWS = 5000
_OWNERS_A_QUERY = 500

#: What is kept, named by the apps that own it when they are ready (`keep_series`, `keep_records`).
_series: list[Series] = []
_records: list[tuple[type[models.Model], str]] = []


def keep_series(series: Series) -> None:
    """Fold and drop the minutes of this table; once, however often it is named."""
    if series not in _series:
        _series.append(series)


def keep_records(model: type[models.Model], column: str) -> None:
    """Drop records of this table a year after the time in `column`."""
    if (model, column) not in _records:
        _records.append((model, column))


def keep(now: datetime | None = None) -> tuple[int, int]:
    """Fold every minute inserted since the last run, drop what is old; returns (buckets written, rows dropped).

    May be killed anywhere and run anywhere twice: what was committed stands, the rest is done again.
    """
    now = now or timezone.now()
    written = dropped = 0
    ends: dict[str, datetime | None] = {}
    while True:
        batches = [prepare(series, now) for series in _series]
        with transaction.atomic():
            written += sum(batch.save() for batch in batches)
            _note_days(set().union(*(batch.days for batch in batches)))
            ends = ends or _ends(now, is_believed=_is_believed(now))
            pieces = list(_prune(ends))
        dropped += sum(pieces)
        if all(batch.is_last for batch in batches) and max(pieces) < _BATCH_ROWS:
            return written, dropped


def _note_days(days: set[date]) -> None:
    if not HistoryDay.objects.exists():
        days = days | _days_of_hours()
    HistoryDay.objects.bulk_create([HistoryDay(day=day) for day in sorted(days)], ignore_conflicts=True)


def _days_of_hours() -> set[date]:
    """The days there are hours of: what a release recorded that noted no days."""
    days: set[date] = set()
    for series in _series:
        days.update(series.hours.objects.order_by().values_list(TruncDate("at", tzinfo=UTC), flat=True).distinct())
    return days


def _is_believed(now: datetime) -> bool:
    """Whether the clock is near some row, noting this run; one that leapt since the last one is remembered."""
    marks = dict(HistoryMark.objects.filter(series__in=(_RUN, _LEAPT)).values_list("series", "last_reading_id"))
    is_near = any(_has_rows_near(series, now) for series in _series) or not any(
        series.readings.objects.exists() for series in _series
    )
    epoch, last = int(now.timestamp()), marks.get(_RUN)
    if not is_near or (last is not None and abs(epoch - last) > FAR.total_seconds()):
        HistoryMark(series=_LEAPT, last_reading_id=epoch).save()
    HistoryMark(series=_RUN, last_reading_id=epoch).save()
    return is_near


def _has_rows_near(series: Series, now: datetime) -> bool:
    owners = {f"{series.owner}__in": list(series.owners.values_list("pk", flat=True))}
    return series.readings.objects.filter(**owners, at__gte=now - FAR, at__lte=now + FAR).exists()


def _ends(now: datetime, *, is_believed: bool) -> dict[str, datetime | None]:
    """By table, before when it is pruned in this run; None: nothing of it is old."""
    by_days = HistoryMark.objects.filter(series=_LEAPT).exists()
    old = {
        kept: _old_before(now, kept, by_days=by_days) if is_believed else None
        for kept in (MINUTES_KEPT, QUARTERS_KEPT, ACTIVITY_KEPT)
    }
    ends: dict[str, datetime | None] = {}
    for series in _series:
        for model, kept in ((series.readings, MINUTES_KEPT), (series.quarters, QUARTERS_KEPT)):
            rows = model.objects.filter(**{f"{series.owner}__in": list(series.owners.values_list("pk", flat=True))})
            ends[model._meta.label] = _end(rows, "at", old[kept])
    for model, column in _records:
        ends[model._meta.label] = _end(model.objects.all(), column, old[ACTIVITY_KEPT])
    return ends


def _old_before(now: datetime, kept: timedelta, *, by_days: bool) -> datetime | None:
    """Before this everything is old: by the clock and, `by_days`, with so many recorded days after it.

    By whole hours, so that no hour is ever left with a part of its minutes.
    """
    if not by_days:
        return floor(now - kept, 60)
    days = HistoryDay.objects.filter(day__lte=now.date()).order_by("-day").values_list("day", flat=True)
    oldest = days[kept.days : kept.days + 1]
    first = next(iter(oldest), None)
    if first is None:
        return None
    return min(floor(now - kept, 60), datetime.combine(first, time(), UTC) + timedelta(days=1))


def _end(rows: models.QuerySet, column: str, old_before: datetime | None) -> datetime | None:
    """The end of the oldest day of these rows that are old."""
    if old_before is None:
        return None
    oldest = rows.filter(**{f"{column}__lt": old_before}).order_by().aggregate(at=Min(column))["at"]
    if oldest is None:
        return None
    return min(old_before, datetime.combine(oldest.astimezone(UTC).date(), time(), UTC) + timedelta(days=1))


def _prune(ends: Mapping[str, datetime | None]) -> Iterator[int]:
    """Delete what is older than `ends`, at most 5000 rows of a table; yields how many of each."""
    for series in _series:
        yield _prune_series(series, series.readings, ends, rolled_up_to(series))
        yield _prune_series(series, series.quarters, ends)
    for model, column in _records:
        end = ends[model._meta.label]
        rows = model.objects.none() if end is None else model.objects.filter(**{f"{column}__lt": end})
        yield _delete(model, _ids(rows, _BATCH_ROWS))


def _prune_series(
    series: Series, model: type[models.Model], ends: Mapping[str, datetime | None], last_id: int | None = None
) -> int:
    """Rows before the end of its day, those up to `last_id` only.

    By owner, for the only index begins with it; and the id is compared here, or SQLite would read the
    whole table by id every hour.
    """
    end = ends[model._meta.label]
    if end is None:
        return 0
    owners, deleted = list(series.owners.values_list("pk", flat=True)), 0
    for start in range(0, len(owners), _OWNERS_A_QUERY):
        some = owners[start : start + _OWNERS_A_QUERY]
        old = _ids(model.objects.filter(**{f"{series.owner}__in": some}, at__lt=end), _BATCH_ROWS - deleted)
        deleted += _delete(model, [pk for pk in old if last_id is None or pk <= last_id])
        if deleted >= _BATCH_ROWS:
            break
    return deleted


def _ids(rows: models.QuerySet, at_most: int) -> list[int]:
    return list(rows.order_by().values_list("pk", flat=True)[:at_most])


def _delete(model: type[models.Model], ids: list[int]) -> int:
    return model.objects.filter(pk__in=ids).delete()[0] if ids else 0
