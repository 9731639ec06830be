"""What `celery worker` and `celery beat` need as processes of their own (several machines, with Redis)."""

from __future__ import annotations

import os
import sys

from celery import signals
from django.conf import settings

from optimization.watchdog import watchdog

from .checks import memory_broker_problem
from .engine import EXIT_LATE


@signals.celeryd_init.connect
@signals.beat_init.connect
def refuse_to_do_nothing(**kwargs) -> None:
    """End at once where no message would ever arrive."""
    problem = memory_broker_problem(sys.argv, settings.CELERY_BROKER_URL)
    if problem:
        sys.exit(problem)


@signals.celeryd_after_setup.connect
def start_watchdog(sender: str, **kwargs) -> None:
    """Watch the passes of this worker; `sender` is its name on the network."""
    from optimization.passes import late  # models are not loaded when this module is

    marker = settings.DATA_DIR / f"watchdog-{sender}.json"
    end = lambda: os._exit(EXIT_LATE)  # noqa: E731
    watchdog.start(marker, end=end, tell=late.raise_alarms_in_time, is_excused=late.is_excused)
