"""A damaged data folder: one sentence with the remedy, exit code 78, and nobody starts it again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from edgemining import data_folder, prepare
from edgemining.instance import CannotStart, hold_data_folder
from edgemining.supervisor import EXIT_GIVE_UP
from integrations.models import HomeAssistant
from miners.models import MinerController
from tests import factories
from tests.servers.disk import fill

from .program import Program
from .test_doors import run


def database_of(folder: Path) -> Path:
    return folder / "edgemining.sqlite3"


def _key(raw: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "secret_key").write_bytes(raw)


def _not_a_database(folder: Path) -> None:
    database_of(folder).write_bytes(b"no database at all" * 1000)


def _malformed(folder: Path) -> None:
    """Half of its pages are overwritten, as by a card that dies; the first one is whole."""
    with database_of(folder).open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size // 2)
        file.write(b"\xa5" * (size // 2))


def _emptied(folder: Path) -> None:
    database_of(folder).write_bytes(b"")
    (folder / "backups").mkdir()
    (folder / "backups" / "daily-20260101-000000.tar.gz").touch()


DAMAGES = {
    "key empty": (_key(b""), "secret_key is empty. Restore", "manage.py restore"),
    "key of NULs": (_key(b"\0" * 67), "secret_key is damaged. Restore", "manage.py restore"),
    "key not UTF-8": (_key(b"\xff\xfe\x00 no text"), "secret_key is damaged. Restore", "manage.py restore"),
    "not a database": (_not_a_database, "edgemining.sqlite3 is damaged (file is not a database)", "manage.py restore"),
    "malformed": (_malformed, "edgemining.sqlite3 is damaged (", "manage.py restore"),
    "emptied": (_emptied, "is empty, though there are backups", "backups/daily-20260101-000000.tar.gz"),
}


@pytest.fixture
def folder(tmp_path, migrated_database) -> Path:
    shutil.copy(migrated_database, database_of(tmp_path))
    return tmp_path


@pytest.mark.process
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_told_once_with_the_remedy(folder, damage):
    harm, what, remedy = DAMAGES[damage]
    harm(folder)
    program = Program(folder)
    program.launch()
    try:
        assert program.ends() == EXIT_GIVE_UP
    finally:
        program.kill()
    lines = program.output.splitlines()
    assert len(lines) == 1, program.output
    assert what in lines[0]
    assert remedy in lines[0]


@pytest.mark.parametrize(
    "command", [("-m", "celery", "-A", "edgemining", "worker"), ("-c", "import edgemining.wsgi")], ids=["worker", "web"]
)
def test_the_processes_of_a_fleet_say_it_in_one_sentence_too(tmp_path, command):
    _key(b"")(tmp_path)
    done = run(*command, data_dir=tmp_path)
    assert done.returncode == EXIT_GIVE_UP
    assert done.stderr.count("\n") == 1
    assert "secret_key is empty. Restore" in done.stderr


@pytest.fixture
def read_only(folder) -> Path:
    """The folder as a card shows it whose file system was mounted read-only after an error."""
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_folder_mounted_read_only_is_told(read_only):
    with pytest.raises(ImproperlyConfigured, match=r"secret_key\S* cannot be used: read-only file system\. Give"):
        data_folder.secret_key(read_only)
    with pytest.raises(CannotStart, match=r"up\.lock cannot be used: read-only file system"):
        hold_data_folder(read_only)
    problem = data_folder.database_problem(database_of(read_only), read_only)
    assert "edgemining.sqlite3 cannot be used: " in problem
    assert "if the disk was mounted read-only after an error, check it first" in problem


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"file cannot be used: it is a file\. Name a folder"):
        data_folder.make(tmp_path / "file")
    with pytest.raises(ImproperlyConfigured, match="cannot be used: not a directory"):
        data_folder.make(tmp_path / "file" / "below")


def test_a_sound_database_has_no_problem_and_is_left_as_it_is(folder):
    before = database_of(folder).read_bytes()
    assert data_folder.database_problem(database_of(folder), folder) is None
    assert database_of(folder).read_bytes() == before


def test_a_locked_database_is_not_damaged(folder):
    with closing(sqlite3.connect(database_of(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert data_folder.database_problem(database_of(folder), folder) is None


def test_a_full_disk_is_no_damage_and_the_reserve_is_given_up_for_reading(small_disk, migrated_database):
    """After a clean stop SQLite must make files beside the database before it reads it."""
    disk = small_disk
    shutil.copy(migrated_database, database_of(disk))
    with closing(sqlite3.connect(database_of(disk))) as database:
        database.execute("PRAGMA journal_mode=WAL")
    data_folder.take_reserve(disk)
    fill(disk)
    with closing(sqlite3.connect(database_of(disk))) as database, pytest.raises(sqlite3.OperationalError):
        database.execute("SELECT count(*) FROM sites_site")
    assert data_folder.database_problem(database_of(disk), disk) is None
    assert not (disk / "reserve").exists()
    with closing(sqlite3.connect(database_of(disk))) as database:
        assert database.execute("SELECT count(*) FROM sites_site").fetchone() == (0,)
    fill(disk)
    assert data_folder.database_problem(database_of(disk), disk) is None  # nothing to give up: told when it is opened


def test_a_check_that_takes_too_long_is_broken_off(folder, monkeypatch):
    monkeypatch.setattr(data_folder, "CHECK_SECONDS", -1.0)
    assert data_folder.database_problem(database_of(folder), folder) is None


def test_the_newest_backup_is_named_whatever_it_was_made_for(tmp_path):
    (tmp_path / "backups").mkdir()
    for name in ("before-migration-20260103-000000", "daily-20260105-010203", "weekly-20260104-000000"):
        (tmp_path / "backups" / f"{name}.tar.gz").touch()
    assert data_folder.newest_backup(tmp_path).name == "daily-20260105-010203.tar.gz"


# --- another key than the one that encrypted --------------------------------------------------------


@pytest.fixture
def encrypted(home):
    """A connection with a token and a miner with a password."""
    connection = factories.home_assistant(home, token="the token")
    controller = factories.controller(
        home, adapter_type="braiins", config={"host": "10.0.0.9", "password": "the password"}
    )
    return connection, controller


def test_with_the_right_key_nothing_is_said(encrypted):
    prepare.check_key()


def test_another_key_is_told_with_the_remedy(encrypted, settings):
    settings.SECRET_KEY = "another key than before"
    with pytest.raises(CannotStart, match=r"encrypted with another key .* SECRET_KEY_FALLBACKS.*forget_secrets"):
        prepare.check_key()


def test_an_old_key_named_as_fallback_is_enough(encrypted, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    prepare.check_key()


def test_one_secret_entered_since_is_enough(encrypted, settings):
    settings.SECRET_KEY = "another key than before"
    encrypted[0].token = "entered again"
    encrypted[0].save()
    prepare.check_key()


def test_an_installation_without_secrets_takes_any_key(home, settings):
    settings.SECRET_KEY = "another key than before"
    prepare.check_key()


def test_what_a_lost_key_encrypted_can_be_forgotten(encrypted, settings, capsys):
    settings.SECRET_KEY = "another key than before"
    call_command("forget_secrets")
    said = capsys.readouterr().out
    assert all(str(row) in said for row in encrypted)
    prepare.check_key()
    assert HomeAssistant.objects.get().token == ""
    assert MinerController.objects.get().config == {"host": "10.0.0.9"}
    call_command("forget_secrets")
    assert "nothing was removed" in capsys.readouterr().out


# --- private files ----------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name.startswith("e")}


def test_a_database_of_an_older_version_becomes_private_with_its_companions(tmp_path):
    for name in ("e.sqlite3", "e.sqlite3-wal", "e.sqlite3-shm"):
        (tmp_path / name).touch(0o644)
    data_folder.make_private(tmp_path / "e.sqlite3")
    assert set(modes(tmp_path).values()) == {0o600}


def test_a_new_database_is_private_with_all_that_sqlite_puts_beside_it(tmp_path):
    data_folder.make_private(tmp_path / "e.sqlite3")
    with closing(sqlite3.connect(tmp_path / "e.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        assert modes(tmp_path) == {"e.sqlite3": 0o600, "e.sqlite3-wal": 0o600, "e.sqlite3-shm": 0o600}


def test_a_database_in_memory_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data_folder.make_private(Path(":memory:"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_the_suites_own_database_is_left_alone():
    assert connection.is_in_memory_db()
    prepare.check_database()
