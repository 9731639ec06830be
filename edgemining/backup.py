"""Backups of the whole installation: consistent while it runs, restored only while it does not.

A backup is one gzip'ed tar file: the database (SQLite: a copy made by `VACUUM INTO`, which sees one moment
and needs no pause; PostgreSQL: `pg_dump`'s custom format) and the generated secret key, without
which stored tokens cannot be read. It is as secret as the data folder itself: readable by its owner.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection, connections

from sites.words import THIN

from . import data_folder
from .instance import CannotStart, hold_data_folder

#: What stays free whatever a backup needs: the passes write there, too.
RESERVE_BYTES = 64_000_000
_SQLITE_NAME, _POSTGRES_NAME, _KEY_NAME = "edgemining.sqlite3", "edgemining.pgdump", "secret_key"


class BackupError(Exception):
    """`str(error)` says what is wrong and what to do."""


def make(target: Path) -> None:
    """Write a backup to `target`, whole and readable or not at all. Raises BackupError."""
    _remove_what_was_killed()
    _check_space(target)
    try:
        with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=f"backup-{os.getpid()}-") as folder:
            parts = [_dump(Path(folder))]
            key = settings.DATA_DIR / _KEY_NAME
            if key.exists():
                parts.append(key)
            _archive(parts, target)
    except OSError as error:
        raise BackupError(f"‘{target}’ cannot be written: {error.strerror}. Choose another place.") from None


def _archive(parts: list[Path], target: Path) -> None:
    partial = target.with_name(target.name + ".part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                for part in parts:
                    archive.add(part, arcname=part.name)
            file.flush()
            os.fsync(file.fileno())
        _verify(partial, parts)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _remove_what_was_killed() -> None:
    """Copies left by a process that did not live to remove them."""
    for folder in settings.DATA_DIR.glob("backup-*-*"):
        process = folder.name.split("-")[1]
        if process.isdecimal() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _check_space(target: Path) -> None:
    """There is room for the copy of the database and for its archive, and something is left. Raises BackupError."""
    size, folder = _database_bytes(), target.parent
    if not folder.exists():
        return  # told when it is written
    if folder.stat().st_dev == settings.DATA_DIR.stat().st_dev:
        needed = {folder: 2 * size}
    else:
        needed = {settings.DATA_DIR: size, folder: size}
    for place, size_bytes in needed.items():
        free, wanted = shutil.disk_usage(place).free, size_bytes + RESERVE_BYTES
        if free < wanted:
            raise BackupError(
                f"No backup was made: it needs {_mb(wanted)} in {place}, and {_mb(free)} are free. "
                "Free some space there."
            )


def _mb(size_bytes: float) -> str:
    return f"{max(size_bytes, 0) / 1e6:.0f}{THIN}MB"


def _database_bytes() -> int:
    if connection.vendor == "sqlite":
        name = Path(_database_name())
        return sum(path.stat().st_size for path in (name, name.with_name(name.name + "-wal")) if path.exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return cursor.fetchone()[0]


def _verify(file: Path, parts: list[Path]) -> None:
    """Every part can be read back as it was put in. Raises BackupError."""
    with tarfile.open(file, "r:gz") as archive:
        for part in parts:
            stored = archive.extractfile(part.name)
            with part.open("rb") as original:
                if hashlib.file_digest(stored, "sha256").digest() != hashlib.file_digest(original, "sha256").digest():
                    raise BackupError(f"‘{file}’ cannot be read back as it was written. Check the disk.")


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
        try:
            with closing(sqlite3.connect(_database_name(), timeout=20)) as source:
                source.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error as error:
            raise BackupError(f"The database cannot be copied: {error}. Nothing was written.") from None
        problem = _problem_of(target)
        if problem:
            raise BackupError(f"The copy of the database is damaged ({problem}). Nothing was written.")
        return target
    target = folder / _POSTGRES_NAME
    _postgres("pg_dump", "--format=custom", f"--file={target}")
    _run("pg_restore", "--list", str(target))  # it can be read
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
    problem = _problem_of(copy)
    if problem:
        raise BackupError(f"The backup's database is damaged ({problem}). Nothing was changed.")
    connections.close_all()
    name = Path(_database_name())
    for companion in ("-wal", "-shm"):
        name.with_name(name.name + companion).unlink(missing_ok=True)
    os.replace(copy, name)
    data_folder.make_private(name)


def _problem_of(database: Path) -> str:
    """What is wrong with a copy of the database; empty: nothing."""
    try:
        with closing(sqlite3.connect(database)) as check:
            answer = check.execute("PRAGMA integrity_check").fetchone()[0]
            check.execute("SELECT count(*) FROM django_migrations")
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if answer == "ok" else answer


def _database_name() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _postgres(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on the configured database. Raises BackupError."""
    database = settings.DATABASES["default"]
    environment = {**os.environ, "PGPASSWORD": str(database.get("PASSWORD") or "")}
    where = {"--host": database.get("HOST"), "--port": database.get("PORT"), "--username": database.get("USER")}
    options = [f"{option}={value}" for option, value in where.items() if value]
    _run(program, *options, f"--dbname={database['NAME']}", "--no-password", *arguments, env=environment)


def _run(program: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    try:
        subprocess.run([program, *arguments], env=env, check=True, capture_output=True, timeout=3600)
    except FileNotFoundError:
        raise BackupError(f"‘{program}’ is not installed here. Install PostgreSQL's client tools.") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{program} failed: {lines[-1] if lines else error.returncode}") from None
