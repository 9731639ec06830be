"""A wish made while the clock was wrong does not outlive it by the error."""

from datetime import timedelta

import pytest

from miners.models import ManualRequest
from sites import live

YEAR_S = 365 * 86400


def wish(home, power_w, hours):
    now = home.clock.now()
    until = None if hours is None else now + timedelta(hours=hours)
    return ManualRequest.objects.create(miner=home.miner, power_w=power_w, until=until, created_at=now)


@pytest.fixture
def set_back_a_year(bench_home):
    """The clock was a year ahead (no battery, no network yet) when the wish was made, and is right again."""

    def make(power_w, hours):
        bench_home.clock.step_wall(YEAR_S)
        bench_home.go()
        wish(bench_home, power_w, hours)
        bench_home.go(3)
        bench_home.clock.step_wall(-YEAR_S)
        bench_home.go(3)
        return bench_home

    return make


def test_on_by_hand_ends(set_back_a_year, bench_home):
    bench_home.says(21.2)
    set_back_a_year(1000, 2)
    shown = live.read(bench_home.site.pk)["miners"][str(bench_home.miner.pk)]
    assert (shown["origin"], shown["reason_code"]) == ("policy", "hold_on")


def test_an_off_that_was_to_end_ends_too(set_back_a_year):
    assert set_back_a_year(0, 2).plug.on


def test_off_until_resumed_holds(set_back_a_year):
    assert not set_back_a_year(0, None).plug.on


def test_a_clock_a_little_ahead_ends_no_wish(bench_home):
    bench_home.says(21.2)
    wish(bench_home, 1000, 2)
    bench_home.clock.step_wall(-50)
    bench_home.go()
    assert bench_home.plug.on
