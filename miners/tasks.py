"""Background work of `miners`: pools and prices are asked here, and only here."""

from celery import shared_task
from django.utils import timezone


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
def discover(search_id: str, addresses: list[str]) -> None:
    """Look for miners where a person said (`discovery_job`)."""
    from .discovery_job import run

    run(search_id, addresses)
