"""Background work of `miners`: pools and prices are asked here, and only here."""

from celery import shared_task
from django.utils import timezone

from miners.discovery.job import discover  # noqa: F401 (Celery looks for tasks here)


@shared_task(ignore_result=True)
def refresh_value() -> None:
    """Ask the pools and price services that are due."""
    from miners.earnings.refresh import refresh

    refresh(timezone.now())


@shared_task(ignore_result=True)
def record_earnings() -> None:
    """What each miner earned and cost in the hours just past."""
    from miners.earnings.hourly import record

    record(timezone.now())


@shared_task(ignore_result=True)
def compare_connections() -> None:
    """Which controllers switch the same device: also rows that were written past the models, connections that lead to
    one Home Assistant, plugs that are asked directly as well, and devices that are set up by name.
    """
    from miners.identity import aliases, devices, host_names

    devices.note_all()
    aliases.compare_all()
    aliases.note_macs()
    host_names.note_names()
