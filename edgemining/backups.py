"""The backups made by themselves: one a day and one before each migration, and which of them are kept.

Kept are the newest seven days, then the newest of each week for a quarter. Files are counted, ages are not: a clock
that jumps ahead makes no file old. One dated later than tomorrow was made by a clock that was ahead: it is neither
counted nor deleted, and does not pass for today's.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections

from sites.alarms import KINDS
from sites.services import end_alarms_everywhere, raise_alarm_everywhere
from sites.store import store

from . import backup, data_folder

log = logging.getLogger(__name__)

DAYS_KEPT, WEEKS_KEPT, BEFORE_MIGRATIONS_KEPT = 7, 13, 7
#: Looked at every hour: a backup that is this old has a successor within the day.
EVERY = timedelta(hours=23, minutes=30)
#: Whatever the clock and the folder say, no two within this time of one run of the program.
_AT_LEAST_SECONDS = 20 * 3600.0
_NICENESS = 15
_FORMAT = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"(?P<kind>daily|before-migration)-(?P<time>\d{8}-\d{6})\.tar\.gz")
_ALARM = "backup_missing"
_MADE_KEY = "daily-backup"


def make_if_due(now: datetime | None = None) -> Path | None:
    """The backup of today, unless there is one; a failure is an alarm until a backup succeeds."""
    now = now or datetime.now(UTC)
    if not is_due(_times("daily"), now) or store().get(_MADE_KEY) is not None:
        return None
    try:
        target = _made("daily", now)
    except backup.BackupError as error:
        log.error("%s", error)
        raise_alarm_everywhere(KINDS[_ALARM], str(error))
        return None
    store().set(_MADE_KEY, now.isoformat(), _AT_LEAST_SECONDS)
    for old in superseded(_times("daily"), now):
        _path("daily", old).unlink(missing_ok=True)
    end_alarms_everywhere(_ALARM)
    return target


def make_before_migration(now: datetime | None = None) -> Path:
    """A backup before the database changes; of these the newest seven are kept. Raises BackupError."""
    now = now or datetime.now(UTC)
    target = _made("before-migration", now)
    for old in _believed(_times("before-migration"), now)[:-BEFORE_MIGRATIONS_KEPT]:
        _path("before-migration", old).unlink(missing_ok=True)
    return target


def in_the_background(do: Callable[[], object]) -> None:
    """Run `do` in a thread of lower priority and wait for it: what controls goes first."""

    def run() -> None:
        # Linux: of this thread alone, and its disk accesses follow. It ends with it, for nobody may raise it again.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        try:
            do()
        except Exception:
            log.exception("a job in the background failed")
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name="niced", daemon=True)
    thread.start()
    thread.join()


def is_due(made: Iterable[datetime], now: datetime) -> bool:
    """None was made within a day, as far as their dates are believed. Pure."""
    believed = _believed(made, now)
    return not believed or now - believed[-1] >= EVERY


def superseded(made: Iterable[datetime], now: datetime) -> list[datetime]:
    """Which daily backups are no longer kept. Pure."""
    newest_first = _believed(made, now)[::-1]
    if not newest_first:
        return []
    days: dict[object, datetime] = {}
    for at in newest_first:
        days.setdefault(at.date(), at)
    daily = list(days.values())[:DAYS_KEPT]
    weeks: dict[object, datetime] = {}
    for at in newest_first:
        if at < daily[-1]:
            weeks.setdefault(at.isocalendar()[:2], at)
    kept = {*daily, *list(weeks.values())[:WEEKS_KEPT]}
    return sorted(at for at in newest_first if at not in kept)


def _believed(made: Iterable[datetime], now: datetime) -> list[datetime]:
    return sorted(at for at in made if at <= now + timedelta(days=1))


def _made(kind: str, now: datetime) -> Path:
    try:
        _folder().mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise backup.BackupError(f"No backup was made: {_folder()} cannot be made: {error.strerror}.") from None
    target = _path(kind, now)
    backup.make(target)
    return target


def _times(kind: str) -> list[datetime]:
    found = (_NAME.fullmatch(path.name) for path in _folder().glob("*.tar.gz"))
    texts = [match["time"] for match in found if match and match["kind"] == kind]
    return [at for text in texts if (at := _time(text)) is not None]


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _path(kind: str, at: datetime) -> Path:
    return _folder() / f"{kind}-{at:{_FORMAT}}.tar.gz"


def _folder() -> Path:
    return settings.DATA_DIR / data_folder.BACKUPS_NAME
