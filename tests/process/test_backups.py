"""Which backups are made by themselves and which are kept, whatever the clock says; and when none can be made."""

from __future__ import annotations

import os
import shutil
import threading
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemining import backup, backups, prepare
from edgemining.instance import CannotStart
from sites.models import ActivityLog, Alarm
from sites.store import store

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Usage = namedtuple("Usage", "total used free")


def days_ago(*numbers: float) -> list[datetime]:
    return [NOW - number * DAY for number in numbers]


@pytest.mark.parametrize(
    ("made", "due"),
    [
        ([], True),
        (days_ago(1), True),
        (days_ago(0.5), False),
        (days_ago(0.5, 1, 2), False),
        (days_ago(-0.5), False),  # dated this evening: a clock that was set back a little
        (days_ago(-40), True),  # dated in July: no word on today
        (days_ago(-40, 0.5), False),
    ],
)
def test_one_is_due_when_none_is_a_day_old_as_far_as_dates_are_believed(made, due):
    assert backups.is_due(made, NOW) is due


def test_after_half_a_year_there_are_seven_days_and_a_quarter_of_weeks():
    kept: list[datetime] = []
    for number in range(180, -1, -1):
        now = NOW - number * DAY
        kept.append(now)
        kept = [at for at in kept if at not in backups.superseded(kept, now)]
    ages = [(NOW - at).days for at in kept]
    assert ages[-7:] == [6, 5, 4, 3, 2, 1, 0]
    assert len(ages) == 7 + backups.WEEKS_KEPT
    assert all(at.weekday() == 6 for at in kept[:-8])  # the newest of each week that is over
    assert 84 <= max(ages) <= 98


def test_several_of_one_day_are_one():
    made = [NOW - hours * timedelta(hours=1) for hours in (0, 1, 2)] + days_ago(1, 2)
    assert backups.superseded(made, NOW) == sorted(made[1:3])


times = st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), max_size=40)


@given(times, st.datetimes(datetime(1970, 1, 2), datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_no_clock_makes_it_delete_what_it_has_too_few_of(made, now):
    """Whatever the clock says: the one just made stays, and so do seven days where there are seven."""
    made = [*made, now]
    gone = backups.superseded(made, now)
    left = set(made) - set(gone)
    assert now in left
    assert {at for at in made if at > now + DAY} <= left
    believed = {at.date() for at in made if at <= now + DAY}
    assert len({at.date() for at in left if at <= now + DAY}) >= min(len(believed), backups.DAYS_KEPT)
    assert len([at for at in left if at <= now + DAY]) <= backups.DAYS_KEPT + backups.WEEKS_KEPT


@pytest.fixture
def folder(settings, tmp_path, monkeypatch) -> Path:
    """A data folder where making a backup is writing its file."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(backup, "make", lambda target: target.touch())
    return tmp_path / "backups"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_before_migrations_seven_are_kept_and_the_one_just_made_with_an_odd_clock_too(folder):
    for day in range(1, 10):
        made = backups.make_before_migration(NOW + day * DAY)
    assert len(names(folder)) == backups.BEFORE_MIGRATIONS_KEPT
    assert made.name == "before-migration-20260610-030000.tar.gz"
    with_old_clock = backups.make_before_migration(datetime(1970, 1, 1, tzinfo=UTC))
    assert with_old_clock.exists()
    assert len(names(folder)) == backups.BEFORE_MIGRATIONS_KEPT + 1


@pytest.mark.django_db
def test_no_two_of_one_run_within_a_day_whatever_the_clock_does(folder):
    assert backups.make_if_due(NOW) is not None
    for later in (timedelta(hours=1), 3 * DAY, -30 * DAY):
        assert backups.make_if_due(NOW + later) is None
    store().delete("daily-backup")  # a day later, or after a restart
    assert backups.make_if_due(NOW + DAY) is not None
    assert names(folder) == ["daily-20260601-030000.tar.gz", "daily-20260602-030000.tar.gz"]


def test_other_files_of_the_folder_are_left_alone(folder):
    folder.mkdir()
    (folder / "mine.tar.gz").touch()
    (folder / "daily-20269999-000000.tar.gz").touch()
    backups.make_before_migration(NOW)
    assert {"mine.tar.gz", "daily-20269999-000000.tar.gz"} <= set(names(folder))


# --- a disk without room ----------------------------------------------------------------------------


@pytest.fixture
def full(settings, tmp_path, monkeypatch) -> Path:
    """A database of 30 MB and 100 MB free: less than its copy, its archive and the reserve."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(backup, "_database_bytes", lambda: 30_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 100_000_000))
    return tmp_path


@pytest.mark.django_db
def test_without_room_none_is_made_and_every_home_says_so_until_one_is(full, home, monkeypatch):
    assert backups.make_if_due(NOW) is None
    assert backups.make_if_due(NOW) is None
    alarm = Alarm.objects.get(ended_at=None)
    assert alarm.text == (
        f"No backup was made: it needs 124\u202fMB in {full}/backups, and 100\u202fMB are free. Free some space there."
    )
    assert ActivityLog.objects.filter(text__startswith="No backup:").count() == 1
    assert not list((full / "backups").iterdir())
    monkeypatch.setattr(backup, "make", lambda target: target.touch())
    assert backups.make_if_due(NOW) is not None
    assert not Alarm.objects.filter(ended_at=None).exists()


def test_an_update_without_room_for_its_backup_is_a_sentence(full):
    with pytest.raises(CannotStart, match=r"Before its update the database is backed up.* Free some space there\."):
        prepare._back_up_first()


def test_copies_left_by_a_killed_process_are_removed_others_are_not(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    killed, running = tmp_path / "backup-4194305-abc", tmp_path / f"backup-{os.getpid()}-abc"
    for folder in (killed, running):
        folder.mkdir()
    backup._remove_what_was_killed()
    assert [killed.exists(), running.exists()] == [False, True]


def test_a_backup_that_reads_back_otherwise_is_none(tmp_path, monkeypatch):
    part, target = tmp_path / "secret_key", tmp_path / "b.tar.gz"
    part.write_text("the key")
    verify = backup._verify

    def with_a_bad_disk(file, parts):
        part.write_text("another")  # as if the archive held something else
        verify(file, parts)

    monkeypatch.setattr(backup, "_verify", with_a_bad_disk)
    with pytest.raises(backup.BackupError, match="cannot be read back"):
        backup._archive([part], target)
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_the_work_is_done_at_a_lower_priority_and_ours_stays():
    seen = []

    def work() -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    backups.in_the_background(work)
    assert seen == [backups._NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
