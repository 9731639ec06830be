"""`for` in a rule counts only time that was observed: gaps, restarts and steps of the clock add nothing to it."""

from __future__ import annotations

import pytest

from tests import factories

COLD = {"field": "climate.zone.below_target", "operator": "eq", "value": True, "for": "5m"}
WARM = {"field": "climate.zone.above_target", "operator": "eq", "value": True}
LEFT, ALL = 60, 310  # until it starts (s), from here on and from the next pass on


@pytest.fixture
def home(bench_home):
    """Its miner starts when the hall has been cold for 5 minutes; it has been for 4."""
    policy = factories.policy(None, [("start", COLD), ("stop", WARM)])
    type(bench_home.unit).objects.filter(pk=bench_home.unit.pk).update(policy=policy)
    bench_home.go(4 * 6 + 1)
    assert not bench_home.plug.on
    return bench_home


def seconds_to_start(home) -> float:
    """Of the monotonic clock, until its plug is on."""
    began = home.clock.elapsed
    while not home.plug.on:
        home.go()
        assert home.clock.elapsed - began <= ALL
    return home.clock.elapsed - began


@pytest.mark.parametrize("gap_seconds", [10, 30, 31, 240, 3600])
def test_a_gap_of_more_than_three_periods_starts_it_again(home, gap_seconds):
    home.clock.advance(gap_seconds - 10)  # the next pass comes 10 s later
    assert seconds_to_start(home) == (LEFT - (gap_seconds - 10) if gap_seconds <= 30 else ALL)


@pytest.mark.parametrize(("gap_seconds", "left"), [(10, LEFT), (240, ALL), (8 * 3600, ALL)])
def test_so_it_does_over_a_restart(home, gap_seconds, left):
    home.restart()
    home.clock.advance(gap_seconds - 10)
    assert seconds_to_start(home) == left


@pytest.mark.parametrize("step_seconds", [61, 7200, -61, -7200, 86_400 * 365])
def test_a_step_of_the_clock_is_no_time(home, step_seconds):
    home.clock.step_wall(step_seconds)
    assert seconds_to_start(home) == LEFT


def test_a_step_beside_a_gap_hides_nothing(home):
    home.clock.advance(3600)
    home.clock.step_wall(-3600)
    assert seconds_to_start(home) == ALL


def test_a_reboot_with_a_clock_set_back_starts_it_again(home):
    home.restart()
    home.clock.step_wall(-7200)
    assert seconds_to_start(home) == ALL


def test_a_clock_that_stood_still_while_the_machine_was_off(home):
    """A Pi without a clock: it boots at the time it went down, and gets the network's time later."""
    home.restart()
    home.go(3)
    home.clock.step_wall(8 * 3600)
    assert seconds_to_start(home) == ALL - 30  # observed since the boot


def test_it_is_not_observed_while_its_unit_is_disabled(home):
    type(home.unit).objects.filter(pk=home.unit.pk).update(is_enabled=False)
    home.go(2)
    type(home.unit).objects.filter(pk=home.unit.pk).update(is_enabled=True)
    assert seconds_to_start(home) == ALL


def test_a_pass_that_waits_for_a_device_is_no_gap_where_the_period_is_short(home):
    type(home.site).objects.filter(pk=home.site.pk).update(control_period_seconds=1)
    assert seconds_to_start(home) == LEFT
