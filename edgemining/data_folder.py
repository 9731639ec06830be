"""The data folder as found at a start: made, private, and whole; or one sentence that says what is wrong with it.

Standard library only but for Django's own kind of error: the settings read it first of all.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from sites import commands

KEY_NAME, BACKUPS_NAME = "secret_key", "backups"
#: A database that cannot be checked within this time is taken as it is: a large one on a slow card.
CHECK_SECONDS = 5.0
_TIME = re.compile(r"\d{8}-\d{6}")
_RESERVE_NAME, _RESERVE_BYTES = "reserve", 1_000_000
_COMPANIONS = ("", "-wal", "-shm", "-journal")


def make(folder: Path) -> None:
    """The folder, for its owner alone. Raises ImproperlyConfigured."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        why = "it is a file" if isinstance(error, FileExistsError) else _reason(error)
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {why}. "
            "Name a folder this user may write with DATA_DIR=/some/folder."
        ) from None


def secret_key(folder: Path) -> str:
    """The key kept in the folder, made on the first start. Raises ImproperlyConfigured."""
    path = folder / KEY_NAME
    try:
        if not path.exists():
            _make_key(path)
        raw = path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(unusable(folder, path, error)) from None
    try:
        key = raw.decode().strip()
    except UnicodeDecodeError:
        key = ""
    if not key or not key.isprintable():
        what = "is empty" if not raw.strip() else "is damaged"
        raise ImproperlyConfigured(
            f"The secret key {path} {what}. {_restore(folder)} Without a backup, delete the file: "
            "a new key is made, and stored passwords and tokens must be entered again."
        )
    return key


def key_for_restoring() -> str:
    """A key for the one command that brings the right one back; nothing is signed or encrypted with it."""
    return secrets.token_urlsafe(50)


def _make_key(path: Path) -> None:
    """Written whole or not at all, whatever a power cut does; the first of two programs wins."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink()


def make_private(database: Path) -> None:
    """The database file and what SQLite puts beside it are for their owner alone; made empty where there is none.

    SQLite gives its other files the rights of the database, so making it first is enough for a new one.
    """
    if database.name.startswith((":memory:", "file:")):
        return
    with suppress(OSError):  # a folder that cannot be written is told by `check_database`, with the remedy
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT, 0o600))
    for companion in _COMPANIONS:
        path = database.with_name(database.name + companion)
        with suppress(OSError):
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)


def take_reserve(folder: Path) -> None:
    """Room that is given up when a full disk would keep the database from being opened."""
    path = folder / _RESERVE_NAME
    with suppress(OSError):
        if not path.exists() and shutil.disk_usage(folder).free > 10 * _RESERVE_BYTES:
            path.write_bytes(bytes(_RESERVE_BYTES))


def database_problem(database: Path, folder: Path) -> str | None:
    """What is wrong with the SQLite file, in a sentence with the remedy; None: it can be used."""
    problem, is_full = _problem(database, folder)
    if is_full and (folder / _RESERVE_NAME).exists():
        # SQLite makes files beside the database to read it, and removes them at a clean stop.
        (folder / _RESERVE_NAME).unlink()
        problem, _ = _problem(database, folder)
    return problem


def _problem(database: Path, folder: Path) -> tuple[str | None, bool]:
    """The same, and whether a full disk keeps it from being opened."""
    try:
        if database.stat().st_size == 0 and any(_backups(folder)):
            return f"The database {database} is empty, though there are backups of it. {_restore(folder)}", False
        with closing(sqlite3.connect(database, timeout=0.2)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            answer = _quick_check(connection)
    except OSError as error:
        return unusable(folder, database, error), False
    except sqlite3.OperationalError as error:
        text, is_full = str(error), shutil.disk_usage(folder).free == 0
        if "locked" in text or "full" in text or is_full:
            return None, is_full  # neither is damage, and both end without a hand on this folder
        return unusable(folder, database, OSError(None, "it is read-only" if "readonly" in text else text)), False
    except sqlite3.DatabaseError as error:
        return damaged(database, folder, str(error)), False
    return (None if answer in (None, "ok") else damaged(database, folder, answer)), False


def damaged(database: Path, folder: Path, error: str) -> str:
    """What to say of a database that SQLite cannot read."""
    return f"The database {database} is damaged ({error.splitlines()[0]}). {_restore(folder)}"


def newest_backup(folder: Path) -> Path | None:
    return max(_backups(folder), key=lambda path: "".join(_TIME.findall(path.name)), default=None)


def _backups(folder: Path) -> Iterator[Path]:
    return (folder / BACKUPS_NAME).glob("*.tar.gz")


def _quick_check(connection: sqlite3.Connection) -> str | None:
    """SQLite's own short check of every page; None when it took too long to end."""
    until = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    try:
        return connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise


def _restore(folder: Path) -> str:
    backup = newest_backup(folder)
    if backup is None:
        return f"Restore it from a backup: {commands.anywhere('restore FILE')}"
    return f"Restore the newest backup: {commands.anywhere(f'restore {shlex.quote(str(backup))}')}"


def unusable(folder: Path, path: Path, error: OSError) -> str:
    """What to say of a file of the folder that cannot be opened, read or written."""
    return (
        f"{path} cannot be used: {_reason(error)}. Give the user of Edge Mining the right to read and write the folder "
        f"{folder} and everything in it; if the disk was mounted read-only after an error, check it first."
    )


def _reason(error: OSError) -> str:
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
