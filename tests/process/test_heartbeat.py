"""The heartbeat and what `/healthz` makes of it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection

from sites import heartbeat


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that stands until moved; the process began when the test did."""

    class Clock:
        now = 1000.0

        def __call__(self) -> float:
            return self.now

    made = Clock()
    monkeypatch.setattr("sites.heartbeat.time.monotonic", made)
    monkeypatch.setattr(heartbeat, "_process_began", made.now)
    monkeypatch.setattr(heartbeat, "_last_tick", None)
    monkeypatch.setattr(heartbeat, "_last_limit_seconds", heartbeat.LATE_AFTER_SECONDS)
    return made


def test_a_process_that_has_just_begun_is_not_late_for_a_minute(clock):
    assert heartbeat.age_seconds() is None
    clock.now += 60
    assert not heartbeat.is_late()
    clock.now += 1
    assert heartbeat.is_late()


@pytest.mark.parametrize(("period_seconds", "limit_seconds"), [(0, 60), (10, 60), (20, 60), (30, 90), (300, 900)])
def test_late_is_three_periods_and_at_least_a_minute(clock, period_seconds, limit_seconds):
    heartbeat.completed_tick(period_seconds)
    clock.now += limit_seconds
    assert not heartbeat.is_late()
    clock.now += 0.1
    assert heartbeat.is_late()
    assert heartbeat.age_seconds() == pytest.approx(limit_seconds + 0.1)


def test_a_wall_clock_step_changes_nothing(clock, time_machine):
    time_machine.move_to("2026-11-22T12:00Z")
    heartbeat.completed_tick()
    time_machine.move_to("2031-01-01T12:00Z")
    assert not heartbeat.is_late()
    assert heartbeat.age_seconds() == 0
    time_machine.move_to("1999-01-01T12:00Z")
    assert not heartbeat.is_late()


def test_another_process_with_the_same_store_knows(clock, monkeypatch):
    heartbeat.completed_tick()
    monkeypatch.setattr(heartbeat, "_last_tick", None)  # as a web process that runs no ticks sees it
    monkeypatch.setattr(heartbeat, "_process_began", clock.now - 3600)
    assert not heartbeat.is_late()
    assert heartbeat.age_seconds() == pytest.approx(0, abs=5)
    clock.now += 61
    assert heartbeat.is_late()


def test_listeners_hear_when_the_next_one_is_due(clock):
    heard = []
    remove = heartbeat.on_completed(heard.append)
    heartbeat.completed_tick(30)
    remove()
    heartbeat.completed_tick(300)
    assert heard == [90]


@pytest.mark.django_db
def test_healthz_is_open_to_everybody_and_says_when(client, clock):
    heartbeat.completed_tick()
    clock.now += 1.25
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "reasons": [], "last_tick_age_seconds": 1.2}
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_healthz_is_503_when_control_is_late(client, clock):
    heartbeat.completed_tick()
    clock.now += 75
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["The last control pass completed 75 s ago."]


@pytest.mark.django_db
def test_healthz_is_503_when_control_never_began(client, clock):
    clock.now += 75
    assert client.get("/healthz").json()["reasons"] == ["No control pass has completed yet."]


@pytest.mark.django_db
def test_healthz_is_503_when_the_database_does_not_answer(client, clock):
    heartbeat.completed_tick()

    def broken(execute, sql, params, many, context):
        raise DatabaseError("disk I/O error")

    with connection.execute_wrapper(broken):
        answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["The database does not answer."]


@pytest.mark.django_db
def test_healthz_is_only_read(client):
    assert client.post("/healthz").status_code == 405
