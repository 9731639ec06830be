"""Programs of the tests' own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .program import Program


@pytest.fixture
def new_program(tmp_path) -> Iterator[Program]:
    """Never started: its first start makes the database and the simulated home."""
    made = Program(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def program(tmp_path, data_folder_without_homes) -> Iterator[Program]:
    """Not started; with no home, so that there is nothing to switch off when it stops."""
    shutil.copytree(data_folder_without_homes, tmp_path, dirs_exist_ok=True)
    made = Program(tmp_path)
    yield made
    made.kill()


@pytest.fixture(scope="session")
def data_folder_without_homes(migrated_database, tmp_path_factory) -> Path:
    """What is left when somebody has removed the simulated home."""
    folder = tmp_path_factory.mktemp("without-homes")
    shutil.copy(migrated_database, folder / "edgemining.sqlite3")
    policies = "from optimization.demo import *; ensure_shipped_policies()"
    done = Program(folder).manage("shell", "--no-imports", "-c", policies)
    assert done.returncode == 0, done.stderr
    return folder
