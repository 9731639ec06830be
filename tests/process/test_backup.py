"""Backup while it runs, restore while it does not."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import subprocess
import sys
import tarfile

import pytest

from .program import environment_of

#: One installation, and one backup of it, for all.
pytestmark = pytest.mark.xdist_group("backup")


def manage(folder, *arguments: str) -> subprocess.CompletedProcess:
    environment = environment_of(folder)
    return subprocess.run([sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True)


def names(folder) -> list[str]:
    with sqlite3.connect(folder / "edgemining.sqlite3") as database:
        return [name for (name,) in database.execute("SELECT name FROM sites_site ORDER BY name")]


@pytest.fixture(scope="module")
def installation(migrated_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("backup")
    shutil.copy(migrated_database, folder / "edgemining.sqlite3")
    code = "from sites.models import Site; Site.objects.create(name='Before')"
    assert manage(folder, "shell", "-v0", "-c", code).returncode == 0
    return folder


@pytest.fixture(scope="module")
def made(installation, tmp_path_factory):
    """A backup of the installation."""
    file = tmp_path_factory.mktemp("made") / "b.tar.gz"
    done = manage(installation, "backup", str(file))
    assert done.returncode == 0, done.stderr
    return file


def test_what_was_there_is_there_again_with_its_key(installation, made):
    assert made.stat().st_mode & 0o077 == 0  # it holds tokens
    with tarfile.open(made) as archive:
        assert sorted(archive.getnames()) == ["edgemining.sqlite3", "secret_key"]
    with sqlite3.connect(installation / "edgemining.sqlite3") as database:
        database.execute("UPDATE sites_site SET name = 'After'")
    database.close()
    key = installation / "secret_key"
    (key_before, _) = key.read_text(), key.unlink()
    done = manage(installation, "restore", str(made), "--yes")
    assert done.returncode == 0, done.stderr
    assert names(installation) == ["Before"]
    assert key.read_text() == key_before
    assert {path.stat().st_mode & 0o777 for path in (key, installation / "edgemining.sqlite3")} == {0o600}


def test_a_damaged_key_does_not_keep_the_backup_that_holds_the_right_one_away(installation, made):
    key = installation / "secret_key"
    before = key.read_bytes()
    key.write_bytes(b"")
    assert "secret_key is empty" in manage(installation, "check").stderr
    done = manage(installation, "restore", str(made), "--yes")
    assert done.returncode == 0, done.stderr
    assert key.read_bytes() == before


def test_a_writer_in_the_middle_of_a_transaction_does_not_stop_a_backup(installation, tmp_path):
    writer = sqlite3.connect(installation / "edgemining.sqlite3", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE sites_site SET name = 'Half written'")
    try:
        done = manage(installation, "backup", str(tmp_path / "b.tar.gz"))
    finally:
        writer.execute("ROLLBACK")
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        archive.extract("edgemining.sqlite3", tmp_path, filter="data")
    assert names(tmp_path) == ["Before"]


def test_nothing_is_restored_under_a_running_program(installation, made):
    with open(installation / "up.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = manage(installation, "restore", str(made), "--yes")
    assert done.returncode != 0
    assert "Stop it first" in done.stderr


@pytest.mark.parametrize("damage", ["missing", "garbage", "cut short", "not a database"])
def test_a_bad_file_changes_nothing(installation, made, tmp_path, damage):
    file = tmp_path / "b.tar.gz"
    if damage == "garbage":
        file.write_bytes(b"no archive at all")
    elif damage == "cut short":
        file.write_bytes(made.read_bytes()[:2000])
    elif damage == "not a database":
        (tmp_path / "edgemining.sqlite3").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
        with tarfile.open(file, "w:gz") as archive:
            archive.add(tmp_path / "edgemining.sqlite3", arcname="edgemining.sqlite3")
    done = manage(installation, "restore", str(file), "--yes")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert names(installation) == ["Before"]


def test_a_place_that_cannot_be_written_is_named(installation, tmp_path):
    done = manage(installation, "backup", str(tmp_path / "no such folder" / "b.tar.gz"))
    assert done.returncode != 0
    assert "cannot be written" in done.stderr


def test_the_daily_backup_is_made_once_a_day_private_and_with_its_key(installation):
    """By the task as beat sends it, of a program that runs."""
    code = "from edgemining.tasks import back_up; back_up(); back_up()"
    done = manage(installation, "shell", "-v0", "-c", code)
    assert done.returncode == 0, done.stderr
    (file,) = (installation / "backups").glob("daily-*.tar.gz")
    assert (file.stat().st_mode & 0o777, (installation / "backups").stat().st_mode & 0o777) == (0o600, 0o700)
    with tarfile.open(file) as archive:
        assert sorted(archive.getnames()) == ["edgemining.sqlite3", "secret_key"]
    again = manage(installation, "shell", "-v0", "-c", code)
    assert again.returncode == 0, again.stderr
    assert list((installation / "backups").glob("daily-*")) == [file]
    assert not list(installation.glob("backup-*"))
