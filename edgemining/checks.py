"""A worker or beat of its own needs a broker between processes; with `memory://` it would do nothing.

`edgemining.fleet` ends such a process: Celery runs the checks, but looks at no result.
"""

from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings
from django.core import checks

_ALONE = ("worker", "beat")


def memory_broker_problem(arguments: list[str], broker_url: str) -> str | None:
    """What is wrong with this command line, or None."""
    if not broker_url.startswith("memory:") or not arguments or "celery" not in Path(arguments[0]).parts[-2:]:
        return None
    command = next((word for word in arguments[1:] if word in _ALONE), None)
    if command is None:
        return None
    return (
        f"`celery {command}` would do nothing: without REDIS_URL tasks stay in the memory of the process that "
        "sends them. Start everything with `./run`, or set REDIS_URL for every process."
    )


@checks.register()
def check_broker(app_configs, **kwargs) -> list[checks.Error]:
    problem = memory_broker_problem(sys.argv, settings.CELERY_BROKER_URL)
    return [checks.Error(problem, id="edgemining.E001")] if problem else []
