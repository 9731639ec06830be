"""A miner found off after nobody looked for long was switched off by nobody we know: no wish, no two hours of cold."""

import pytest

from miners.models import ManualRequest


@pytest.fixture
def heating(bench_home):
    bench_home.go(3)
    assert bench_home.plug.on
    return bench_home


def assert_heats_again(home):
    home.go(2)
    assert home.plug.on
    assert not ManualRequest.objects.exists()
    assert any("came back switched off" in text for text in home.activity)


def test_passes_hung_for_minutes_and_the_plug_lost_power_meanwhile(heating):
    heating.plug.on = False
    heating.go(seconds=200)
    assert_heats_again(heating)


def test_the_program_was_down_for_hours(heating):
    heating.restart()
    heating.plug.on = False
    heating.go(seconds=3 * 3600)
    assert_heats_again(heating)


def test_the_only_worker_of_a_fleet_was_away(heating):
    heating.clock.boot_name = "another boot"  # the store of a fleet outlives its workers
    heating.plug.on = False
    heating.go(seconds=200)
    assert_heats_again(heating)


def test_workers_on_two_machines_that_take_turns_look_all_the_time(heating):
    heating.clock.boot_name = "the other machine"
    heating.plug.on = False
    heating.go()
    assert ManualRequest.objects.get().origin == "outside"


@pytest.mark.parametrize("seconds", [10, 50])
def test_off_at_the_device_while_passes_run_is_a_persons(heating, seconds):
    heating.plug.on = False
    heating.go(seconds=seconds)
    assert ManualRequest.objects.get().origin == "outside"
    heating.go(5)
    assert not heating.plug.on
