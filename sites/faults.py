"""What the program needs and does not get at the moment: a database that answers and takes what is written, Redis.

One place says which error means what, in words for a person.
"""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, NotSupportedError, ProgrammingError

#: A page asks again after this long.
RETRY_AFTER_SECONDS = 15


class StoreUnavailable(Exception):
    """Redis does not answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`what`: a sentence; `remedy`: what a person can do; `reads`: what is stored can still be read."""

    key: str
    what: str
    remedy: str
    reads: bool

    @property
    def text(self) -> str:
        return f"{self.what} {self.remedy}"


FULL = Fault("full", "The disk is full.", "Free some space where the data lie.", reads=True)
LOCKED = Fault(
    "locked",
    "The database is locked by another program.",
    "It ends by itself when that program is done: a backup tool, or somebody who has the file open.",
    reads=True,
)
READ_ONLY = Fault(
    "read_only",
    "The database cannot be written: it is read-only.",
    "Check the disk and the rights of the data folder.",
    reads=True,
)
DAMAGED = Fault("damaged", "The database is damaged.", "Stop the program and restore a backup.", reads=False)
DISK = Fault("disk", "The disk fails when it is read or written.", "Check the disk or the memory card.", reads=False)
NO_TABLES = Fault(
    "tables",
    "The database has no tables of this version.",
    "Run ./run manage prepare in the folder of Edge Mining.",
    reads=False,
)
NO_REDIS = Fault("redis", "Redis does not answer.", "Check that it runs and that REDIS_URL is right.", reads=True)
_SQLITE = Fault("database", "The database does not answer.", "Check the disk it lies on.", reads=False)
_POSTGRES = Fault(
    "database", "PostgreSQL does not answer.", "Check that it runs and that DATABASE_URL is right.", reads=False
)

#: Whatever Django raises of a database.
DATABASE_ERRORS = (DatabaseError, InterfaceError)
#: A row or a statement is at fault there, not the database.
_OF_A_ROW = (DataError, IntegrityError, ProgrammingError, NotSupportedError)
#: By PostgreSQL's own codes, then by SQLite's words.
_BY_CODE = {"53100": FULL, "55P03": LOCKED, "25006": READ_ONLY}
_BY_WORDS = (
    ("disk is full", FULL),
    ("no space left", FULL),
    ("locked", LOCKED),
    ("readonly", READ_ONLY),
    ("read-only", READ_ONLY),
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
    ("no such table", NO_TABLES),
)


def fault_of(error: BaseException | None) -> Fault | None:
    """What is not available, or None when `error` is about something else."""
    if isinstance(error, StoreUnavailable) or _is_of_the_broker(error):
        return NO_REDIS
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return FULL
    if not isinstance(error, DATABASE_ERRORS) or isinstance(error, _OF_A_ROW):
        return None
    if type(error) is DatabaseError and error.__cause__ is None:
        return None  # Django's own word on rows, not the database's
    code = getattr(error.__cause__, "sqlstate", None)
    if code in _BY_CODE:
        return _BY_CODE[code]
    text = str(error)
    found = next((fault for words, fault in _BY_WORDS if words in text), None)
    if found is not None:
        return found
    if "disk I/O error" in text:
        return FULL if is_full() else DISK
    return _SQLITE if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3") else _POSTGRES


def is_full() -> bool:
    """Nothing is left where the data lie."""
    try:
        return shutil.disk_usage(settings.DATA_DIR).free == 0
    except OSError:
        return False


def _is_of_the_broker(error: BaseException | None) -> bool:
    """A message could not be sent; the package is not loaded for it where no message is ever sent."""
    kind = type(error)
    return kind.__name__ == "OperationalError" and kind.__module__.startswith("kombu")
