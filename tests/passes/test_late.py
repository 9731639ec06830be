"""Control that is late is an alarm: told once, ended by the next completed pass."""

import threading

import pytest
from django.db import OperationalError

from optimization.passes import late
from optimization.watchdog import Watchdog
from sites.alarms import KINDS
from sites.models import Alarm, Site
from sites.services import end_alarms_everywhere, raise_alarm_everywhere
from tests.servers.process import PATIENT_SECONDS


def test_a_late_home_has_an_alarm_until_a_pass_completes(bench_home):
    bench_home.go()
    late.raise_alarms([str(bench_home.site.pk)])
    late.raise_alarms([str(bench_home.site.pk)])
    assert bench_home.open_alarms == ["passes_late"]
    alarm = Alarm.objects.get()
    assert alarm.text.startswith(f"No control pass of {bench_home.site.name} has completed since ")
    assert len([text for text in bench_home.activity if text.startswith("Control is late")]) == 1
    bench_home.go()
    assert bench_home.open_alarms == []
    assert bench_home.activity[-1].startswith("Over: Control is late.")


def test_an_alarm_that_no_pass_finds_is_ended_by_none(bench_home):
    bench_home.go()
    raise_alarm_everywhere(KINDS["backup_missing"], "No backup was made: the disk is full.")
    raise_alarm_everywhere(KINDS["backup_missing"], "No backup was made: the disk is nearly full.")
    bench_home.go(2)
    assert Alarm.objects.get(ended_at=None).text == "No backup was made: the disk is nearly full."
    end_alarms_everywhere("backup_missing")
    assert bench_home.open_alarms == []


def test_a_home_set_aside_or_gone_has_none(bench_home):
    Site.objects.update(is_active=False)
    late.raise_alarms([str(bench_home.site.pk), "00000000-0000-0000-0000-000000000000"])
    assert not Alarm.objects.exists()


def test_a_database_that_refuses_keeps_nobody_waiting(bench_home, monkeypatch, caplog):
    def refuse(site_ids):
        raise OperationalError("database is locked")

    monkeypatch.setattr(late, "raise_alarms", refuse)
    late.raise_alarms_in_time([str(bench_home.site.pk)])
    assert "could not be told" in caplog.text


def test_a_database_that_hangs_keeps_the_program_from_ending_no_longer_than_that(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(late, "RAISE_SECONDS", 0.05)
    monkeypatch.setattr(late, "raise_alarms", lambda site_ids: over.wait(PATIENT_SECONDS))
    late.raise_alarms_in_time(["home"])
    assert not over.is_set()
    over.set()


def test_a_process_that_waited_for_what_passes_need_gives_them_time_when_it_is_back(tmp_path):
    now, is_gone, ended = [1000.0], [True], []
    dog = Watchdog(lambda: now[0])
    dog.arm(tmp_path / "marker", end=lambda: ended.append(True), is_excused=lambda: is_gone[0])
    dog.completed("home", 10, [])
    for _ in range(300):
        now[0] += 1
        dog.look()
    is_gone[0] = False
    for _ in range(60):
        now[0] += 1
        dog.look()
    assert ended == []
    now[0] += 1
    dog.look()
    assert ended == [True]  # it is there, and still no pass ends


@pytest.mark.parametrize("fails", [False, True])
def test_the_watchdog_tells_once_after_switching_off_and_ends_the_program_all_the_same(tmp_path, fails):
    now, happened = [1000.0], []

    def tell(site_ids):
        happened.append(list(site_ids))
        if fails:
            raise OperationalError("database is locked")

    dog = Watchdog(lambda: now[0])
    dog.arm(tmp_path / "marker", end=lambda: happened.append("end"), tell=tell)
    dog.completed("home", 10, [])
    now[0] += 60
    dog.look()
    assert happened == []
    now[0] += 1
    dog.look()
    assert happened == [["home"], "end"]
    now[0] += 11
    dog.look()
    assert happened == [["home"], "end", "end"]
