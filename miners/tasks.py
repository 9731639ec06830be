"""Background work of `miners`: pools and prices are asked here, and only here."""

from celery import shared_task
from django.utils import timezone

from .discovery_job import discover  # noqa: F401 (Celery looks for tasks here)


@shared_task(ignore_result=True)
def refresh_value() -> None:
    """Ask the pools and price services that are due."""
    from .refresh import refresh

    refresh(timezone.now())


@shared_task(ignore_result=True)
def record_earnings() -> None:
    """What each miner earned and cost in the hours just past."""
    from .earnings import record

    record(timezone.now())


@shared_task(ignore_result=True)
def compare_connections() -> None:
    """Whether connections to Home Assistant lead to the same one."""
    from .aliases import compare_all

    compare_all()
