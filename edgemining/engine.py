"""Celery inside one process: beat and one worker per queue, each a thread.

A real worker and real beat run the same tasks and the same schedule as they do as processes of
their own; with `memory://` the messages merely never leave this process.
"""

from __future__ import annotations

import platform
import threading

from celery import Celery
from celery.beat import Service
from celery.worker import WorkController

from .beat import MonotonicScheduler
from .celery import app, make_app

#: Passes stopped completing and the watchdog ended the process (EX_TEMPFAIL of sysexits.h).
EXIT_LATE = 75
#: Passes have workers of their own: hung background jobs make no pass late.
THREADS_BY_QUEUE = {"control": 2, "background": 2}


class WorkerThread(threading.Thread):
    """A Celery worker of one queue with a pool of threads."""

    def __init__(self, queue: str, concurrency: int) -> None:
        super().__init__(name=f"worker-{queue}", daemon=True)
        # An app selects its queues for all its workers, so each worker has an app of its own.
        self._worker = WorkController(
            app=make_app(f"edgemining-{queue}", set_as_current=False),
            hostname=f"{queue}@{platform.node()}",
            queues=[queue],
            pool_cls="threads",
            concurrency=concurrency,
            use_eventloop=False,
            # Talk between workers, of no use to a worker that nobody looks for.
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )

    def run(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Take no more tasks and wait for those that run; from any thread."""
        self._worker.stop()


class BeatThread(threading.Thread):
    """Celery beat."""

    def __init__(self, app: Celery) -> None:
        super().__init__(name="beat", daemon=True)
        self._service = Service(app, scheduler_cls=MonotonicScheduler, remote_control=False)

    def run(self) -> None:
        self._service.start()

    def stop(self) -> None:
        """Send nothing any more; returns at once."""
        self._service.stop()


class Engine:
    """Beat and the workers."""

    def __init__(self) -> None:
        self._beat = BeatThread(app)
        self._workers = [WorkerThread(queue, threads) for queue, threads in THREADS_BY_QUEUE.items()]

    def start(self) -> None:
        for thread in (*self._workers, self._beat):
            thread.start()

    def dead_thread(self) -> str | None:
        """The name of a thread that has ended though nobody stopped it."""
        return next((thread.name for thread in (self._beat, *self._workers) if not thread.is_alive()), None)

    def stop(self, seconds: float) -> None:
        """Send and take no more tasks; wait at most `seconds` for those that run."""
        self._beat.stop()
        stopping = [threading.Thread(target=worker.stop, daemon=True) for worker in self._workers]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join(seconds)
