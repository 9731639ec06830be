"""Backup and restore by PostgreSQL's own tools."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.postgres
def test_postgres_is_dumped_and_restored_by_its_own_tools(postgres, tmp_path):
    postgres.query("CREATE DATABASE backup")
    url = postgres.url.removesuffix("edgemining") + "backup"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": url}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True
        )

    create = (
        "from django.core.management import call_command; from sites.models import Site;"
        "call_command('migrate', verbosity=0); Site.objects.create(name='Before')"
    )
    assert run("shell", "-v0", "-c", create).returncode == 0
    done = run("backup", str(tmp_path / "b.tar.gz"))
    assert done.returncode == 0, done.stderr
    change = "from sites.models import Site; Site.objects.update(name='Changed'); Site.objects.create(name='After')"
    assert run("shell", "-v0", "-c", change).returncode == 0
    done = run("restore", str(tmp_path / "b.tar.gz"), "--yes")
    assert done.returncode == 0, done.stderr
    shown = run("shell", "-v0", "-c", "from sites.models import Site; print([s.name for s in Site.objects.all()])")
    assert shown.stdout.strip() == "['Before']"
