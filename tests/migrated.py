"""One migrated database for all test processes of a run, and for the programs they start: migrating takes seconds.

What is tested of migrations themselves migrates by itself and uses nothing of this.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


def shared_by_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run; with `-n` the one that holds those of every process."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory) -> Path:
    """The SQLite file `manage.py migrate` makes in an empty data folder: whoever comes first makes it. Copy it."""
    folder = shared_by_all_processes(tmp_path_factory) / "migrated"
    folder.mkdir(exist_ok=True)
    file = folder / "migrated.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"],
                cwd=ROOT,
                env={**environment, "DATA_DIR": str(folder)},
                check=True,
            )
            (folder / "edgemining.sqlite3").rename(file)
    return file


@pytest.fixture(scope="session")
def django_db_modify_db_settings(migrated_database) -> Iterator[None]:
    """The test database in memory begins as a copy of the migrated one (on another engine it is migrated)."""
    if connection.vendor != "sqlite":
        yield
        return

    def create_test_db(*args, **kwargs) -> str:
        name = connection.creation._get_test_db_name()
        connection.close()
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
        connection.ensure_connection()
        source = sqlite3.connect(migrated_database)
        source.backup(connection.connection)
        source.close()
        return name

    patch = pytest.MonkeyPatch()
    patch.setattr(connection.creation, "create_test_db", create_test_db)
    yield
    patch.undo()
