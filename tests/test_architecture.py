"""The house as drawn: floors, style, tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent


def _run(*command: str) -> None:
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_run_downward_only():
    _run("lint-imports", "--no-cache")


def test_ruff_finds_nothing():
    _run("ruff", "check", "--no-cache", ".")


def test_the_code_is_formatted():
    _run("ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)
