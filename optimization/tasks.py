"""Celery's side of the pass: the tick finds due sites and runs them in chunks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from sites import heartbeat, said
from sites.faults import fault_of

from .passes import held_orders
from .passes.due import due_sites
from .passes.run import CHUNK_SITES, run_sites
from .site_plan import cache
from .watchdog import watchdog

log = logging.getLogger(__name__)


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """No pass without what it reads from; the watchdog acts, and what is missing is a line in the log."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        said.say(log, fault, f"no pass runs: {fault.text} ({' '.join(str(error).split())})")


@shared_task(ignore_result=True)
def tick() -> None:
    """Run every due site; more than one chunk is spread over the workers of the queue `control`."""
    with _told_in_one_line():
        held_orders.store_all()
        due = due_sites(timezone.now(), settings.TICK_SECONDS)
        watchdog.keep_only({str(pk) for pk in due.every})
        cache.forget(keep=due.every)
        chunks = [due.now[start : start + CHUNK_SITES] for start in range(0, len(due.now), CHUNK_SITES)]
        for chunk in chunks[1:]:
            run_chunk.apply_async(([str(pk) for pk in chunk],), expires=settings.TICK_SECONDS * 10)
        if chunks:
            held_orders.let_go(run_sites(chunks[0]).completed)
        # A site where no pass ends any more is no sign of life; one whose passes fail is told and restarts nothing.
        if not watchdog.stuck_sites():
            heartbeat.completed_tick(due.longest_period_seconds)


@shared_task(ignore_result=True)
def run_chunk(site_ids: list[str]) -> None:
    """One pass of these sites."""
    with _told_in_one_line():
        held_orders.let_go(run_sites(UUID(pk) for pk in site_ids).completed)
