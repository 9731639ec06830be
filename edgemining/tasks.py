"""Background work of the whole installation."""

from celery import shared_task

from . import backups


@shared_task(ignore_result=True)
def back_up() -> None:
    """The daily backup, when it is due."""
    backups.in_the_background(backups.make_if_due)
