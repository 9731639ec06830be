"""Waiting less long for the database than usual: whoever has another way must not wait for a lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.db import connection, transaction

from .faults import DATABASE_ERRORS, fault_of

#: As in the settings.
USUAL_SECONDS = 20.0


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Statements in here wait so long for what somebody else has locked; the usual time applies again afterwards."""
    _wait(seconds)
    try:
        yield
    finally:
        # The connection may be gone, or its transaction broken; a new one begins with the usual time.
        with suppress(*DATABASE_ERRORS, sqlite3.Error):
            _wait(USUAL_SECONDS)


def if_possible(write: Callable[[], object], seconds: float) -> None:
    """Write what may go unwritten where the database does not take it within this time."""
    try:
        with waiting_at_most(seconds), transaction.atomic():
            write()
    except DATABASE_ERRORS as error:
        if fault_of(error) is None:
            raise


def _wait(seconds: float) -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        return
    with connection.cursor() as cursor:
        # 0: no limit, as PostgreSQL has it by itself.
        cursor.execute(f"SET lock_timeout = {0 if seconds == USUAL_SECONDS else round(seconds * 1000)}")
