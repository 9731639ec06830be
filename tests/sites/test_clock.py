"""The clocks a pass reads."""

import time
from datetime import UTC, datetime, timedelta

from sites.clock import ManualClock, SystemClock

START = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock(START)
    clock.advance(30)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=30), 30)
    clock.step_wall(-7200)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=-7170), 30)
    assert clock.boot() == ManualClock(START).boot()


def test_the_system_clock_is_the_machines():
    clock = SystemClock()
    before, mono = datetime.now(UTC), time.monotonic()
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().tzinfo is UTC
    assert mono <= clock.monotonic() <= time.monotonic()
    assert clock.boot()
    assert clock.boot() == SystemClock().boot()
