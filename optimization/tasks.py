"""Celery's side of the pass: the tick finds due sites and runs them in chunks."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from sites import heartbeat

from .passes.due import due_sites
from .passes.run import CHUNK_SITES, run_sites
from .watchdog import watchdog


@shared_task(ignore_result=True)
def tick() -> None:
    """Run every due site; more than one chunk is spread over the workers of the queue `control`."""
    due = due_sites(timezone.now(), settings.TICK_SECONDS)
    watchdog.keep_only({str(pk) for pk in due.every})
    chunks = [due.now[start : start + CHUNK_SITES] for start in range(0, len(due.now), CHUNK_SITES)]
    for chunk in chunks[1:]:
        run_chunk.apply_async(([str(pk) for pk in chunk],), expires=settings.TICK_SECONDS * 10)
    if chunks:
        run_sites(chunks[0])
    # A site where no pass ends any more is no sign of life; one whose passes fail is told and restarts nothing.
    if not watchdog.stuck_sites():
        heartbeat.completed_tick(due.longest_period_seconds)


@shared_task(ignore_result=True)
def run_chunk(site_ids: list[str]) -> None:
    """One pass of these sites."""
    run_sites(UUID(pk) for pk in site_ids)
