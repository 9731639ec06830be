"""Passes while nothing can be stored: only offs and reductions, ten minutes at most, nothing forgotten afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from miners.models import CommandLog, ManualRequest, MinerController
from optimization import tasks
from optimization.control.memory import Memory, parse_time
from optimization.models import Decision, PassState
from optimization.passes import due, last_resort, late, unrecorded
from optimization.services import switch_off
from optimization.watchdog import Watchdog
from sites import heartbeat, live, recording
from sites.faults import StoreUnavailable
from sites.models import ActivityLog
from sites.store import store
from tests.passes.test_levels import AVALON, by_hand, stepped  # noqa: F401

FULL, LOCKED = "database or disk is full", "database is locked"


@contextmanager
def nothing_stored(text: str = FULL):
    """Reading goes on; full: no row is written, locked: no transaction begins."""
    words = ("BEGIN", "SAVEPOINT") if text == LOCKED else ("INSERT", "UPDATE", "DELETE")

    def refuse(execute, sql, params, many, context):
        if sql.lstrip().partition(" ")[0].upper() in words:
            raise OperationalError(text)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def warm(bench_home):
    """It heats, seen and recorded."""
    bench_home.go(3)
    assert bench_home.plug.on
    return bench_home


@pytest.mark.parametrize("text", [FULL, LOCKED])
def test_an_off_is_written_at_once_and_stored_when_it_can_be(warm, text):
    warm.becomes(21.4)
    with nothing_stored(text):
        warm.says(22.0)
        report = warm.go()
        assert (warm.plug.on, report.completed, report.failed) == (False, [warm.site.pk], [])
        assert warm.desired.power_w == 1000  # nobody could note it
        warm.go(5)
        assert warm.plug.writes == [1000, 0]
    warm.go()
    row = warm.desired
    assert (row.power_w, row.seen_on, row.confirmed_at is not None) == (0, False, True)
    assert not ManualRequest.objects.exists()  # nobody is taken to have switched it off
    assert recording.state() is None


def test_nothing_starts_and_nothing_of_a_start_is_left(bench_home):
    bench_home.says(22.0)
    bench_home.go(2)
    bench_home.says(20.0)
    with nothing_stored():
        bench_home.go(10)
        assert bench_home.plug.writes == []
        shown = live.read(bench_home.site.pk)["miners"][str(bench_home.miner.pk)]
        assert (shown["guard"], shown["desired_w"]) == ("unrecorded", 0)
        assert shown["reason"] == "The disk is full. Nothing can be stored, so Avalon is not started."
    bench_home.go(2)
    assert bench_home.plug.writes == [1000]
    assert len(bench_home.desired.starts) == 1


def test_the_pass_that_finds_out_shows_no_start_that_it_did_not_make(bench_home):
    bench_home.says(22.0)
    bench_home.go(2)
    bench_home.becomes(20.6)
    bench_home.says(20.0)
    with nothing_stored():
        bench_home.go()
        shown = live.read(bench_home.site.pk)["miners"][str(bench_home.miner.pk)]
    assert (shown["action"], shown["desired_w"], shown["reason_code"]) == ("keep_off", 0, "guard_unrecorded")


def test_what_runs_is_held_ten_minutes_whatever_its_minimum_on_time(warm):
    type(warm.miner).objects.update(min_on_seconds=7200)
    with nothing_stored():
        stored = parse_time(store().get(f"memory:{warm.site.pk}")["shell"]["stored_at"])
        while warm.now - stored < timedelta(seconds=590):
            warm.go()
            assert warm.plug.on
        warm.go()
        assert not warm.plug.on
        assert live.read(warm.site.pk)["miners"][str(warm.miner.pk)]["reason"] == (
            "The disk is full. Nothing has been stored for 10 min, so Avalon is switched off."
        )
        warm.go(30)
        assert warm.plug.writes == [1000, 0]
    warm.go(2)
    assert warm.plug.on


@pytest.mark.parametrize("step", [7200, -7200])
def test_a_clock_that_jumps_makes_the_ten_minutes_no_longer(warm, step):
    with nothing_stored():
        warm.go(5)
        warm.clock.step_wall(step)
        warm.go(55)
        assert not warm.plug.on


def test_a_timer_in_the_plug_is_kept_running_while_it_is_held(warm, monkeypatch):
    monkeypatch.setattr("optimization.passes.act.rearm_seconds", lambda controller: 120)
    with nothing_stored():
        warm.go(30)
        assert warm.plug.on
        assert warm.plug.writes.count(1000) >= 3
        warm.go(40)
        assert not warm.plug.on
        told = len(warm.plug.writes)
        warm.go(10)
        assert len(warm.plug.writes) == told


def test_a_start_that_was_noted_and_not_written_waits_too(warm):
    """It went off by itself while nothing can be stored: another “on” would be a start."""
    with nothing_stored():
        warm.go()
        warm.plug.on = False
        warm.go(20)
    assert warm.plug.writes == [1000]


def test_a_level_goes_down_and_not_up(stepped):  # noqa: F811
    home = stepped(AVALON)
    home.says(21.0)
    by_hand(home, 1300)
    home.go(2)
    with nothing_stored():
        home.go()
    by_hand(home, 1600)
    with nothing_stored():
        home.go(62)
        assert home.plug.writes[-1] == 0  # ten minutes are over
        assert 1600 not in home.plug.writes
    home.go(3 + AVALON.min_write_gap_seconds // 10)
    by_hand(home, 800)
    with nothing_stored():
        home.go(2)
        assert home.plug.writes[-1] == 800


def test_somebodys_off_at_the_device_still_holds_its_two_hours_afterwards(warm):
    with nothing_stored():
        warm.go(2)
        warm.plug.on = False
        warm.go(3)
    warm.go()
    request = ManualRequest.objects.get()
    assert (request.power_w, request.origin, request.cancelled_at) == (0, "outside", None)
    assert timedelta(minutes=118) < request.until - warm.now <= timedelta(hours=2)
    warm.go(5)
    assert warm.plug.writes == [1000]


def test_what_is_remembered_meanwhile_is_no_part_of_what_is_saved(warm):
    with nothing_stored():
        warm.says(22.0)
        warm.go(3)
    warm.go()
    assert not [name for name in PassState.objects.get().memory["shell"] if name.startswith("unrecorded")]
    assert not unrecorded.is_on(Memory.from_json(store().get(f"memory:{warm.site.pk}")))
    decision = Decision.objects.latest("at")
    assert decision.command_w == 0
    warm.restart()
    warm.go(5)
    assert warm.plug.writes == [1000, 0]


def test_a_restart_meanwhile_starts_nothing(warm):
    with nothing_stored():
        warm.becomes(22.0)
        warm.becomes(20.0)
        warm.restart()
        recording.forget()
        warm.go(10)
        assert warm.plug.writes == [1000, 0]
    warm.go(3)
    assert warm.plug.on
    assert not ManualRequest.objects.exists()


def test_an_alarm_without_a_row_is_shown_and_stored_later(warm):
    warm.plug.obeys = False
    with nothing_stored():
        warm.says(30.0)
        warm.go(5)
        told = {one["kind"]: one for one in live.read(warm.site.pk)["unsaved_alarms"]}
        assert {"high_limit", "off_not_confirmed"} <= set(told)
        assert told["high_limit"]["since"] == (warm.now - timedelta(seconds=40)).isoformat()
        assert warm.open_alarms == []
    warm.go()
    assert {"high_limit", "off_not_confirmed"} <= set(warm.open_alarms)
    assert live.read(warm.site.pk)["unsaved_alarms"] == []


def test_since_when_is_told_and_over_with_the_first_commit_of_a_quiet_home(warm):
    with nothing_stored():
        stored = parse_time(store().get(f"memory:{warm.site.pk}")["shell"]["stored_at"])
        warm.go(20)
        told = recording.state()
        assert (told.key, told.since) == ("full", stored)
    assert warm.go().completed
    assert recording.state() is None


def test_what_another_process_could_not_store_is_over_with_the_next_commit(warm):
    recording.failed(OperationalError(LOCKED), by="request")
    recording._own = None  # it was said by the process of the pages
    assert recording.state().by == "request"
    warm.go(7)  # a minute is over, so there is something to store
    assert recording.state() is None


def test_the_watchdog_finds_nothing_wrong(warm, monkeypatch):
    watchdog = Watchdog(warm.clock.monotonic)
    monkeypatch.setattr(last_resort, "watchdog", watchdog)
    warm.go()
    with nothing_stored():
        for _ in range(12):
            warm.go()
            assert watchdog.look() is False
    assert watchdog.late_sites() == []


def test_a_call_for_a_pass_that_cannot_be_taken_down_is_answered_once(warm, settings):
    warm.site.wake()
    with nothing_stored():
        store().add(f"cadence:{warm.site.pk}", 1, 60)
        now = timezone.now()
        assert due.due_sites(now, 2).now == [warm.site.pk]
        warm.go()
        assert due.due_sites(now, 2).now == []
        due.wake(warm.site.pk)
        assert due.due_sites(now, 2).now == [warm.site.pk]


def test_a_stop_that_cannot_be_noted_is_seen_all_the_same(warm, monkeypatch):
    monkeypatch.setattr(type(warm.plug), "power_w", 0.0, raising=False)
    monkeypatch.setattr("tests.passes.bench.BenchPlug.is_real", True)
    with nothing_stored():
        assert switch_off([warm.miner], seconds=2, clock=warm.clock) == []
    assert not warm.plug.on


# --- nothing answers at all -------------------------------------------------------------------------


def test_a_tick_without_database_or_redis_is_one_line_and_no_sign_of_life(warm, monkeypatch, caplog):
    beats = []
    monkeypatch.setattr(heartbeat, "completed_tick", lambda *args: beats.append(1))

    def gone(*args):
        raise StoreUnavailable("Redis does not answer: connection refused")

    monkeypatch.setattr(tasks, "due_sites", gone)
    tasks.tick()
    assert beats == []
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == [
        "no pass runs: Redis does not answer. Check that it runs and that REDIS_URL is right. "
        "(Redis does not answer: connection refused)"
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("error", "excused"),
    [
        (None, False),
        ("connection refused", True),
        ("database disk image is malformed", False),
        ("no such table: x", False),
    ],
)
def test_a_process_ends_unless_what_it_needs_is_what_does_not_answer(monkeypatch, error, excused):
    heard = []
    remove = heartbeat.on_completed(heard.append)

    def answer(execute, sql, params, many, context):
        if error is not None:
            raise OperationalError(error)
        return execute(sql, params, many, context)

    monkeypatch.setattr(late.connection, "close", lambda: None)
    with connection.execute_wrapper(answer):
        assert late.is_excused() is excused
    remove()
    assert bool(heard) is excused


def test_nothing_is_said_twice_of_commands_and_activity(warm):
    """What could not be logged meanwhile is not made up afterwards."""
    before = (CommandLog.objects.count(), ActivityLog.objects.count())
    with nothing_stored():
        warm.says(22.0)
        warm.go(3)
    assert (CommandLog.objects.count(), ActivityLog.objects.count()) == before
    warm.go(3)
    assert not ActivityLog.objects.filter(text__contains="at the device").exists()
    assert MinerController.objects.count() == 1
