"""Background work of `sites`."""

from celery import shared_task


@shared_task
def prune_history() -> None:
    """Drop minute rows older than the keeping time."""
    from .history import prune

    prune()
