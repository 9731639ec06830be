"""Backups of the whole installation: consistent while it runs, restored only while it does not.

A backup is one gzip'ed tar file: the database (SQLite: a copy made by `VACUUM INTO`, which sees one moment
and needs no pause; PostgreSQL: `pg_dump`'s custom format) and the generated secret key, without
which stored tokens cannot be read. It is as secret as the data folder itself: readable by its owner.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, connections

from . import data_folder
from .instance import CannotStart, hold_data_folder

KEPT = 7
_SQLITE_NAME, _POSTGRES_NAME, _KEY_NAME = "edgemining.sqlite3", "edgemining.pgdump", "secret_key"


class BackupError(Exception):
    """`str(error)` says what is wrong and what to do."""


def make(target: Path) -> None:
    """Write a backup to `target`, whole or not at all. Raises BackupError."""
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="backup-") as folder:
        database = _dump(Path(folder))
        partial = target.with_name(target.name + ".part")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz") as archive:
                    archive.add(database, arcname=database.name)
                    key = settings.DATA_DIR / _KEY_NAME
                    if key.exists():
                        archive.add(key, arcname=_KEY_NAME)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise BackupError(f"‘{target}’ cannot be written: {error.strerror}. Choose another place.") from None


def make_before_migration() -> Path:
    """A backup by itself before the database changes; the last seven are kept."""
    folder = settings.DATA_DIR / "backups"
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / f"before-migration-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"
    make(target)
    for old in sorted(folder.glob("before-migration-*.tar.gz"))[:-KEPT]:
        old.unlink()
    return target


def restore(source: Path) -> None:
    """Put the backup in place of the database. The program must not run. Raises BackupError."""
    try:
        hold_data_folder(settings.DATA_DIR)
    except CannotStart:
        raise BackupError("Edge Mining is running here. Stop it first (Ctrl-C), then restore.") from None
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="restore-") as name:
        folder = Path(name)
        _unpack(source, folder)
        _load(folder)
        key = folder / _KEY_NAME
        if key.exists():
            key.chmod(0o600)
            os.replace(key, settings.DATA_DIR / _KEY_NAME)


def _unpack(source: Path, folder: Path) -> None:
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive.getmembers():
                if member.name in (_SQLITE_NAME, _POSTGRES_NAME, _KEY_NAME) and member.isfile():
                    archive.extract(member, folder, filter="data")
    except FileNotFoundError:
        raise BackupError(f"There is no file ‘{source}’.") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"‘{source}’ is not a backup of Edge Mining, or it is damaged ({error}).") from None


def _dump(folder: Path) -> Path:
    if connection.vendor == "sqlite":
        target = folder / _SQLITE_NAME
        with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=20)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
        return target
    target = folder / _POSTGRES_NAME
    _postgres("pg_dump", "--format=custom", f"--file={target}")
    return target


def _load(folder: Path) -> None:
    if connection.vendor == "sqlite":
        _load_sqlite(folder / _SQLITE_NAME)
        return
    dump = folder / _POSTGRES_NAME
    if not dump.exists():
        raise BackupError("This backup is of SQLite, but DATABASE_URL names PostgreSQL.")
    connections.close_all()
    _postgres("pg_restore", "--clean", "--if-exists", "--single-transaction", str(dump))


def _load_sqlite(copy: Path) -> None:
    if not copy.exists():
        raise BackupError("This backup is of PostgreSQL or empty; it does not fit this installation.")
    try:
        with closing(sqlite3.connect(copy)) as check:
            answer = check.execute("PRAGMA integrity_check").fetchone()[0]
            check.execute("SELECT count(*) FROM django_migrations")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The backup's database is damaged ({error}). Nothing was changed.") from None
    if answer != "ok":
        raise BackupError(f"The backup's database is damaged ({answer}). Nothing was changed.")
    connections.close_all()
    name = Path(settings.DATABASES["default"]["NAME"])
    for companion in ("-wal", "-shm"):
        name.with_name(name.name + companion).unlink(missing_ok=True)
    os.replace(copy, name)
    data_folder.make_private(name)


def _postgres(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on the configured database. Raises BackupError."""
    database = settings.DATABASES["default"]
    environment = {**os.environ, "PGPASSWORD": str(database.get("PASSWORD") or "")}
    where = {"--host": database.get("HOST"), "--port": database.get("PORT"), "--username": database.get("USER")}
    options = [f"{option}={value}" for option, value in where.items() if value]
    try:
        subprocess.run(
            [program, *options, f"--dbname={database['NAME']}", "--no-password", *arguments],
            env=environment,
            check=True,
            capture_output=True,
            timeout=3600,
        )
    except FileNotFoundError:
        raise BackupError(f"‘{program}’ is not installed here. Install PostgreSQL's client tools.") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{program} failed: {lines[-1] if lines else error.returncode}") from None
