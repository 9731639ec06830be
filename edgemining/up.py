"""The child of `manage.py up`: web server, Celery workers and beat in one process.

The main thread starts everything, then only waits: for a signal, for the supervisor's death, for
the death of a thread.
"""

from __future__ import annotations

import os
import signal
import threading

from django.conf import settings
from django.db import connection

from optimization.passes import late
from optimization.watchdog import GRACE_SECONDS, watchdog
from sites import heartbeat, held

from . import addresses, data_folder, instance, prepare
from .engine import EXIT_LATE, Engine
from .lifeline import Lifeline
from .prepare import say
from .web import WebThread

#: Migrating a year of readings on a slow card.
PREPARE_SECONDS = 900.0
#: How long a running pass may still take when the program stops.
LAST_PASS_SECONDS = 10.0
SWITCH_OFF_SECONDS = 20.0
LOOK_SECONDS = 1.0


def up() -> int:
    """Run until told to stop; returns the exit code."""
    stop = _StopRequest()
    lifeline = Lifeline.from_environment(on_orphaned=stop.request)
    lifeline.expect_within(PREPARE_SECONDS)
    instance.hold_data_folder(settings.DATA_DIR)
    listener = instance.listening_socket(settings.HOST, settings.PORT)
    first_sign_in = prepare.prepare()
    data_folder.take_reserve(settings.DATA_DIR)
    held.keep_in(settings.DATA_DIR / "held-requests")
    engine, web = Engine(), WebThread(listener)
    # The watchdog acts first: it can switch off, the supervisor can only kill.
    heartbeat.on_completed(lambda seconds: lifeline.expect_within(seconds + GRACE_SECONDS))
    lifeline.expect_within(heartbeat.LATE_AFTER_SECONDS + GRACE_SECONDS)
    watchdog.start(
        settings.DATA_DIR / "watchdog.json",
        end=lambda: os._exit(EXIT_LATE),
        tell=late.raise_alarms_in_time,
        is_excused=late.is_excused,
    )
    engine.start()
    web.start()
    _say_where(first_sign_in)
    # SQLite empties its write-ahead log whenever the last connection closes, and tasks close
    # theirs: this one stays open, which spares the card a sync every few seconds.
    connection.ensure_connection()
    dead = _wait(stop, engine, web)
    if dead:
        say(f"The thread {dead} has ended. The program ends too, to be started afresh.")
        return 1
    lifeline.expect_within(LAST_PASS_SECONDS + 2 * SWITCH_OFF_SECONDS)
    _stop_cleanly(engine, web)
    return 0


class _StopRequest:
    """Set by SIGTERM, SIGINT or the supervisor's death. Impatience is the supervisor's: it kills."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


def _wait(stop: _StopRequest, engine: Engine, web: WebThread) -> str | None:
    """None when asked to stop; the name of a thread that died."""
    while not stop.wait(LOOK_SECONDS):
        dead = engine.dead_thread() or (None if web.is_alive() else web.name)
        if dead:
            return dead
    return None


def _stop_cleanly(engine: Engine, web: WebThread) -> None:
    """No new pass, every miner off and seen to be off, then no more pages."""
    from optimization.services import clean_stop

    say("Stopping: switching the miners off …")
    engine.stop(LAST_PASS_SECONDS)
    for unconfirmed in clean_stop(seconds=SWITCH_OFF_SECONDS):
        say(f"  {unconfirmed}")
    web.stop()
    say("Stopped.")


def _say_where(first_sign_in: prepare.FirstSignIn | None) -> None:
    urls = addresses.urls(settings.HOST, settings.PORT)
    say(f"Edge Mining runs at {' and '.join(urls)}")
    if first_sign_in is not None:
        say(first_sign_in.text(urls))
    say("Ctrl-C stops it and switches every miner off first.")
