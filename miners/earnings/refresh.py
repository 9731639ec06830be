"""Asking pools and price services that are due, and keeping what they said: background only, never in a pass.

A service that fails keeps its last good answer, with its age, and is left alone longer and longer; one that says
how long it wants to be left alone gets that. Every request has a deadline, and a row is claimed before it is
asked: two workers never ask the same service.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from pydantic import ValidationError as ConfigError

from integrations.ask import Call, CallOutcome, call_all
from integrations.errors import AdapterError, BadAnswer, RateLimited
from integrations.models import config_messages
from miners.earnings.pools.reading import PoolWorker, to_json
from miners.models_pools import HashPriceHour, HashPriceSource, PoolAccount, PoolHour, Remote
from sites.rollup import floor

from . import backoff

#: All services of one run together (s).
DEADLINE_SECONDS = 20.0
#: A run asks no more; the rest waits for the next.
MOST_AT_ONCE = 50
#: While it is being asked nobody else asks it (s).
_CLAIM = timedelta(minutes=5)
#: Planned further ahead than this, the clock was set back since: due.
_FURTHEST_PLAN = timedelta(days=2)


@dataclass(slots=True)
class _Job:
    row: Remote
    for_workers: bool
    call: Call


def refresh(now: datetime, *, jitter: Callable[[], float] = random.random, seconds: float = DEADLINE_SECONDS) -> int:
    """Ask what is due at `now`, all at the same time; how many were asked."""
    jobs: dict[Any, _Job] = {}
    for row in _due(now):
        if not _claim(row, now):
            continue
        try:
            jobs["value", row.pk] = _job(row)
        except AdapterError as error:
            _keep_failure(row, error, now, jitter())
    names = {key: f"‘{job.row}’" for key, job in jobs.items()}
    for key, outcome in call_all({key: job.call for key, job in jobs.items()}, seconds, names=names).items():
        _keep(jobs[key], outcome, now, jitter())
    return len(jobs)


def _due(now: datetime) -> list[Remote]:
    when = Q(next_read_at__isnull=True) | Q(next_read_at__lte=now) | Q(next_read_at__gt=now + _FURTHEST_PLAN)
    found: list[Remote] = []
    for model in (PoolAccount, HashPriceSource):
        found += model.objects.filter(when).order_by("next_read_at", "pk")[: MOST_AT_ONCE - len(found)]
    return found


def _claim(row: Remote, now: datetime) -> bool:
    """Whether it is ours to ask: nobody else moved its time since it was read."""
    mine = type(row).objects.filter(pk=row.pk, next_read_at=row.next_read_at)
    return mine.update(next_read_at=now + _CLAIM) == 1


def _job(row: Remote) -> _Job:
    try:
        adapter, config = row.adapter, row.settings
    except LookupError as error:
        raise BadAnswer(f"{error.args[0]}.") from None
    except ConfigError as error:
        raise BadAnswer(" ".join(config_messages(error, row.secret_names()))) from None
    for_workers = isinstance(row, PoolAccount) and row.asks_workers_next
    read = adapter.read_workers if for_workers else adapter.read_alone
    return _Job(row, for_workers, lambda deadline: read(config, deadline))


def _keep(job: _Job, outcome: CallOutcome, now: datetime, jitter: float) -> None:
    try:
        if outcome.error is not None:
            raise outcome.error
        if job.for_workers:
            _keep_workers(job.row, outcome.value, now, jitter)
        else:
            _keep_reading(job.row, outcome.value, now, jitter)
    except AdapterError as error:
        _keep_failure(job.row, error, now, jitter, for_workers=job.for_workers)


def _keep_reading(row: Remote, reading: Any, now: datetime, jitter: float) -> None:
    if not isinstance(reading, row.reading_kind):
        raise BadAnswer(f"‘{row}’ gave something else than it should.")
    wait, more = backoff.after_success(row.adapter.refresh_seconds, jitter), {}
    if isinstance(row, PoolAccount):
        asks_workers = bool(getattr(row.adapter, "tells_workers", False))
        more = {"asks_workers_next": asks_workers}
        wait = backoff.BETWEEN_TWO_SECONDS if asks_workers else wait
    answer = {"reading": to_json(reading), "read_at": now, **more}
    if _store(row, now, wait, **answer, failures=0, problem=""):
        _remember(row, reading, now)


def _keep_workers(row: PoolAccount, workers: Any, now: datetime, jitter: float) -> None:
    if not isinstance(workers, tuple) or not all(isinstance(one, PoolWorker) for one in workers):
        raise BadAnswer(f"‘{row}’ gave something else than its machines.")
    wait = backoff.after_success(row.adapter.refresh_seconds, jitter)
    _store(row, now, wait, workers=[asdict(one) for one in workers], asks_workers_next=False, failures=0, problem="")


def _keep_failure(row: Remote, error: AdapterError, now: datetime, jitter: float, *, for_workers: bool = False) -> None:
    """`for_workers`: the list of machines failed; the account, which matters more, is asked next all the same."""
    failures = min(row.failures + 1, 30_000)
    asked_for = error.retry_after_seconds if isinstance(error, RateLimited) else None
    try:
        usual = row.adapter.refresh_seconds
    except LookupError:
        usual = 3600.0
    if isinstance(error, RateLimited) and asked_for is None:
        asked_for = usual
    asked_for = max(asked_for or 0.0, usual) if for_workers else asked_for
    more = {"asks_workers_next": False} if for_workers else {}
    wait = backoff.after_failure(failures, usual, jitter, asked_for)
    _store(row, now, wait, failures=failures, problem=str(error)[:300], **more)


def _store(row: Remote, now: datetime, wait_seconds: float, **values: Any) -> bool:
    """Write only these columns, and only while our claim stands: new settings forget it with all the rest."""
    mine = type(row).objects.filter(pk=row.pk, next_read_at=now + _CLAIM)
    return mine.update(next_read_at=now + timedelta(seconds=wait_seconds), **values) == 1


def _remember(row: Remote, reading: Any, now: datetime) -> None:
    """The hour's row of the history: its last good answer."""
    hour = floor(now.astimezone(UTC), 60)
    if isinstance(row, HashPriceSource):
        values = {"sat_per_th_s_day": reading.sat_per_th_s_day, "currency_per_btc": reading.currency_per_btc}
        HashPriceHour.objects.update_or_create(source=row, at=hour, defaults=values)
        return
    names = ("hash_rate_th_s", "unpaid_sat", "rewards_ever_sat", "workers_ok")
    PoolHour.objects.update_or_create(account=row, at=hour, defaults={name: getattr(reading, name) for name in names})
