"""Celery's side of the pass: the tick finds due sites and runs them in chunks."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from sites import heartbeat

from .passes.due import due_sites
from .passes.run import CHUNK_SITES, run_sites


@shared_task(ignore_result=True)
def tick() -> None:
    """Run every due site; more than one chunk is spread over the workers of the queue `control`."""
    due = due_sites(timezone.now(), settings.TICK_SECONDS)
    chunks = [due[start : start + CHUNK_SITES] for start in range(0, len(due), CHUNK_SITES)]
    for chunk in chunks[1:]:
        run_chunk.apply_async(([str(pk) for pk in chunk],), expires=settings.TICK_SECONDS * 10)
    if chunks:
        run_chunk([str(pk) for pk in chunks[0]])
    else:
        heartbeat.completed_tick()


@shared_task(ignore_result=True)
def run_chunk(site_ids: list[str]) -> None:
    """One pass of these sites; completing it is the heartbeat."""
    report = run_sites(UUID(pk) for pk in site_ids)
    if report.completed or not report.failed:
        heartbeat.completed_tick()
