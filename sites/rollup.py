"""Minute rows folded into quarters and hours: one helper for every kind of reading.

A bucket (15 or 60 minutes, by UTC) is always made anew from all its minute rows and replaces the
stored one, so nothing is ever counted twice, however often and wherever a run was killed. Which
buckets to make is told by the rows' ids: rows inserted since the last run, however late, have
larger ones. That mark is committed with the buckets and only saves work: without it all minutes
there are would be folded again, into the same buckets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from django.db import models

from .models import HistoryMark

HOUR = timedelta(hours=1)
#: Rows this far apart follow each other: whether a heater started is told by the row before.
NEIGHBOUR = timedelta(minutes=3)
#: Made anew in every run: a wall clock set back replaces minutes without new ids.
_RECENT = timedelta(hours=2)
_NEW_ROWS_A_BATCH = 20_000
_OWNERS_A_QUERY = 500


class Bucket(models.Model):
    """15 or 60 minutes of a reading's owner, from `at` (UTC). Subclasses add the owner and what was measured."""

    at = models.DateTimeField(help_text="Where it begins.")
    minutes = models.PositiveSmallIntegerField(help_text="Minute rows it was made of.")

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Series:
    """One kind of reading and its buckets.

    `owner` names the key both have; `columns` are read from the minute rows (`at` first) and become
    a `minute`; `fold(minutes, before)` makes the values of a bucket of one owner's minutes in order,
    `before` being the last minute row before them or None.
    """

    name: str
    owner: str
    readings: type[models.Model]
    quarters: type[Bucket]
    hours: type[Bucket]
    columns: tuple[str, ...]
    minute: Callable[..., Any]
    fold: Callable[[Sequence[Any], Any | None], dict[str, Any]]

    @property
    def owners(self) -> models.QuerySet:
        return self.readings._meta.get_field(self.owner).related_model.objects.all()

    def minutes_of(self, owner_ids: Iterable[Any], begin: datetime, end: datetime) -> Iterator[tuple[Any, list[Any]]]:
        """(owner id, its minutes with `begin` ≤ at < `end` in order) of every owner that has some."""
        rows = (
            self.readings.objects.filter(**{f"{self.owner}__in": owner_ids}, at__gte=begin, at__lt=end)
            # By id: by its name, rows of namesakes in two homes would lie between each other.
            .order_by(f"{self.owner}_id", "at")
            .values_list(f"{self.owner}_id", *self.columns)
        )
        for owner_id, group in groupby(rows, key=itemgetter(0)):
            yield owner_id, [self.minute(*row[1:]) for row in group]


def floor(at: datetime, width_minutes: int) -> datetime:
    """The beginning of the bucket of 1, 15 or 60 minutes that `at` (UTC) falls into."""
    return at.replace(minute=at.minute - at.minute % width_minutes, second=0, microsecond=0)


def folded(series: Series, minutes: Sequence[Any], width_minutes: int) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """(beginning, values) of each bucket of one owner's minutes in order; `values` has `minutes` too."""
    before = None
    for begin, group in groupby(minutes, key=lambda minute: floor(minute.at, width_minutes)):
        inside = list(group)
        yield begin, {"minutes": len(inside), **series.fold(inside, before)}
        before = inside[-1]


def count_starts(minutes: Sequence[Any], before: Any | None, is_on: Callable[[Any], bool]) -> int:
    """How often it went from off to on. Behind a hole nobody knows: what is on there did not start there."""
    chain = minutes if before is None else [before, *minutes]
    return sum(
        is_on(one) and not is_on(previous) and one.at - previous.at <= NEIGHBOUR for previous, one in pairwise(chain)
    )


@dataclass
class Batch:
    """Buckets of one series that changed, not yet written. `is_last`: no more rows are waiting.

    `days` (UTC) are those of the new minutes.
    """

    series: Series
    last_reading_id: int
    is_last: bool
    changed: dict[type[Bucket], list[Bucket]] = field(default_factory=lambda: defaultdict(list))
    days: set[date] = field(default_factory=set)

    def save(self) -> int:
        """Write the buckets and how far they reach; returns how many. In the caller's transaction."""
        owner_key = f"{self.series.owner}_id"
        # Whoever was deleted since the batch was made takes no history with it.
        owners = set(self.series.owners.values_list("pk", flat=True)) if self.changed else set()
        written = 0
        for model, buckets in self.changed.items():
            kept = [bucket for bucket in buckets if getattr(bucket, owner_key) in owners]
            model.objects.bulk_create(
                kept, update_conflicts=True, unique_fields=[self.series.owner, "at"], update_fields=_values_of(model)
            )
            written += len(kept)
        mark = HistoryMark.objects.filter(series=self.series.name, last_reading_id=self.last_reading_id)
        if not mark.exists():
            HistoryMark(series=self.series.name, last_reading_id=self.last_reading_id).save()
        return written


def rolled_up_to(series: Series) -> int:
    """The id of the last minute row that its buckets have seen."""
    mark = HistoryMark.objects.filter(series=series.name).values_list("last_reading_id", flat=True)
    return mark.first() or 0


def prepare(series: Series, now: datetime) -> Batch:
    """The next batch: buckets with minutes inserted since the last one, and those of the last two hours.

    Reads and folds outside any transaction, so that nobody waits for it.
    """
    mark = rolled_up_to(series)
    new = list(
        series.readings.objects.filter(pk__gt=mark)
        .order_by("pk")
        .values_list("pk", f"{series.owner}_id", "at")[:_NEW_ROWS_A_BATCH]
    )
    batch = Batch(series, new[-1][0] if new else mark, is_last=len(new) < _NEW_ROWS_A_BATCH)
    batch.days = {at.astimezone(UTC).date() for _, _, at in new}
    for hour, owner_ids in sorted(_hours_to_make(series, new, now).items()):
        for owners in _chunks(sorted(owner_ids)):
            _make(batch, hour, owners)
    return batch


def _hours_to_make(series: Series, new: Iterable[tuple], now: datetime) -> Mapping[datetime, set[Any]]:
    """Owner ids by the hour that has to be made anew."""
    hours: dict[datetime, set[Any]] = defaultdict(set)
    for _, owner_id, at in new:
        hours[floor(at, 60)].add(owner_id)
        # A late minute also says whether the next one was a start.
        hours[floor(at + NEIGHBOUR, 60)].add(owner_id)
    everyone = set(series.owners.values_list("pk", flat=True))
    hour = floor(now - _RECENT, 60)
    while hour <= now:
        hours[hour] |= everyone
        hour += HOUR
    return hours


def _make(batch: Batch, hour: datetime, owner_ids: Sequence[Any]) -> None:
    """Fold one hour of these owners; what differs from what is stored goes into the batch."""
    series = batch.series
    stored = {
        model: _stored(series, model, hour, owner_ids, _values_of(model)) for model in (series.quarters, series.hours)
    }
    for owner_id, minutes in series.minutes_of(owner_ids, hour - NEIGHBOUR, hour + HOUR):
        for model, width in ((series.quarters, 15), (series.hours, 60)):
            for at, values in folded(series, minutes, width):
                if at >= hour and _is_news(values, stored[model].get((owner_id, at))):
                    batch.changed[model].append(model(**{f"{series.owner}_id": owner_id}, at=at, **values))


def _stored(
    series: Series, model: type[Bucket], hour: datetime, owner_ids: Sequence[Any], names: list[str]
) -> dict[tuple[Any, datetime], dict[str, Any]]:
    rows = model.objects.filter(**{f"{series.owner}__in": owner_ids}, at__gte=hour, at__lt=hour + HOUR)
    return {
        (owner_id, at): dict(zip(names, values, strict=True))
        for owner_id, at, *values in rows.values_list(f"{series.owner}_id", "at", *names)
    }


def _is_news(values: dict[str, Any], stored: dict[str, Any] | None) -> bool:
    """Fewer minutes than before: they were pruned, and what was made of them all stays."""
    return stored is None or (stored["minutes"] <= values["minutes"] and stored != values)


def _values_of(model: type[Bucket]) -> list[str]:
    """The names of what a bucket holds, without its key."""
    return [
        column.name
        for column in model._meta.concrete_fields
        if column.name not in ("id", "at") and not column.is_relation
    ]


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _OWNERS_A_QUERY):
        yield items[start : start + _OWNERS_A_QUERY]
