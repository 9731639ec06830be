"""Background work of `sites`."""

from celery import shared_task


@shared_task
def keep_history() -> None:
    """Fold new minutes into quarters and hours; drop rows older than their keeping time."""
    from .history import keep

    keep()
