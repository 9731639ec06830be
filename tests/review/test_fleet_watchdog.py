"""Two workers of a fleet take turns: a home that the other one controls is not switched off by the first."""

from datetime import UTC, datetime

import pytest

from optimization.watchdog import Heater, Watchdog
from sites.clock import ManualClock
from sites.models import Alarm
from sites.store import store


class Worker(Watchdog):
    def __init__(self, clock):
        super().__init__(clock.monotonic)
        self.offs, self.ended = [], []
        self._end = lambda: self.ended.append(True)

    def complete(self, site_id):
        self.completed(site_id, 10, [Heater("m", "Avalon", self.offs.append)])


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 1, 15, tzinfo=UTC))


def test_a_home_whose_passes_complete_in_another_worker_is_left_to_it(clock):
    one, other = Worker(clock), Worker(clock)
    one.complete("home")
    clock.elapsed = 50
    other.complete("home")
    clock.elapsed = 70
    assert not one.look()
    assert (one.offs, one.ended, one.late_sites()) == ([], [], [])
    clock.elapsed = 200
    store().delete("completed:home")  # it ran out
    assert other.look()
    assert len(other.offs) == 1


def test_when_no_worker_completes_it_is_switched_off(clock):
    one = Worker(clock)
    one.complete("home")
    clock.elapsed = 70
    assert one.look()
    assert len(one.offs) == 1


def test_a_store_that_does_not_answer_is_no_sign_of_life(clock, monkeypatch):
    one, other = Worker(clock), Worker(clock)
    one.complete("home")
    other.complete("home")
    monkeypatch.setattr("optimization.watchdog.store", lambda: 1 / 0)
    clock.elapsed = 70
    assert one.look()
    assert len(one.offs) == 1


def test_an_open_alarm_of_a_kind_this_version_does_not_know_ends_and_fails_no_pass(bench_home):
    Alarm.objects.create(site=bench_home.site, kind="of_tomorrow", subject="site", text="Something.")
    assert bench_home.go().failed == []
    assert bench_home.open_alarms == []
