"""Celery in one process: beat's clock, and queues that do not wait for each other."""

from __future__ import annotations

import threading

import pytest
from celery import shared_task

from edgemining import beat, engine
from edgemining.celery import app, make_app
from tests.servers.process import PATIENT_SECONDS, wait_until

_release = threading.Event()
_began = threading.Semaphore(0)
_control_done = threading.Event()


@shared_task(name="tests.hang")
def hang() -> None:
    _began.release()
    _release.wait(PATIENT_SECONDS)


@shared_task(name="tests.fail")
def fail() -> None:
    raise RuntimeError("a task that fails")


@shared_task(name="tests.control")
def control() -> None:
    _control_done.set()


@pytest.fixture
def running_engine(monkeypatch):
    monkeypatch.setitem(app.conf, "beat_schedule", {})
    made = engine.Engine()
    made.start()
    yield made
    _release.set()
    made.stop(10)


@pytest.mark.django_db(transaction=True)
def test_hung_background_work_makes_no_control_late(running_engine, caplog):
    threads = engine.THREADS_BY_QUEUE["background"]
    for _ in range(threads + 20):
        hang.apply_async(queue="background")
    for _ in range(threads):
        assert _began.acquire(timeout=PATIENT_SECONDS)  # every background thread hangs
    control.apply_async(queue="control")
    assert _control_done.wait(PATIENT_SECONDS)
    # A failing task is logged, and the workers go on.
    fail.apply_async(queue="control")
    wait_until(lambda: "a task that fails" in caplog.text, "the failure in the log")
    assert running_engine.dead_thread() is None


class Clock:
    now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(beat.time, "monotonic", made)
    return made


def scheduler_of(entries: dict[str, float], sent: list[str]) -> beat.MonotonicScheduler:
    own = make_app("tests", set_as_current=False)
    own.conf.beat_schedule = {name: {"task": name, "schedule": seconds} for name, seconds in entries.items()}

    class Recording(beat.MonotonicScheduler):
        def apply_entry(self, entry, producer=None):
            sent.append(entry.name)

    return Recording(own)


def test_beat_sends_at_once_then_every_interval(clock):
    sent: list[str] = []
    scheduler = scheduler_of({"tick": 2.0}, sent)
    assert scheduler.tick() == pytest.approx(2.0)
    assert sent == ["tick"]
    clock.now += 1.5
    assert scheduler.tick() == pytest.approx(0.5)
    clock.now += 0.5
    scheduler.tick()
    assert sent == ["tick", "tick"]


def test_beat_does_not_make_up_for_a_long_pause(clock):
    sent: list[str] = []
    scheduler = scheduler_of({"tick": 2.0}, sent)
    scheduler.tick()
    clock.now += 3600
    scheduler.tick()
    scheduler.tick()
    assert len(sent) <= 3


def test_beat_knows_no_wall_clock(clock, time_machine):
    sent: list[str] = []
    time_machine.move_to("2026-11-22T12:00Z")
    scheduler = scheduler_of({"tick": 2.0}, sent)
    scheduler.tick()
    time_machine.move_to("2020-01-01T12:00Z")
    clock.now += 2
    scheduler.tick()
    time_machine.move_to("2040-01-01T12:00Z")
    clock.now += 1
    scheduler.tick()
    assert sent == ["tick", "tick"]


def test_rare_work_is_first_done_a_minute_after_the_start(clock):
    sent: list[str] = []
    scheduler = scheduler_of({"history": 3600.0}, sent)
    assert scheduler.tick() == pytest.approx(60)
    clock.now += 60
    scheduler.tick()
    assert sent == ["history"]
    assert scheduler.tick() == pytest.approx(scheduler.max_interval)


def test_beat_takes_seconds_only(clock):
    from celery.schedules import crontab

    with pytest.raises(TypeError, match=r"'nightly': .* give a number of seconds"):
        scheduler_of({"nightly": crontab(hour=3)}, [])


def test_every_entry_of_the_schedule_expires_before_the_next(settings):
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert 0 < entry["options"]["expires"] <= entry["schedule"], name
