"""Somebody else switches: off is adopted for two hours, on is undone, told once, and an alarm the third time."""

from datetime import timedelta

import pytest

from miners.models import ManualRequest
from miners.services import request_power
from optimization.passes import act
from sites.models import Alarm


def told(home, words):
    return [text for text in home.activity if words in text]


def test_off_at_the_device_is_adopted_for_two_hours(bench_home):
    bench_home.go()
    bench_home.plug.on = False
    bench_home.go()
    switched_off_at = bench_home.now
    request = ManualRequest.objects.get()
    assert (request.power_w, request.origin) == (0, "outside")
    assert (request.until - switched_off_at).total_seconds() == 7200
    assert (bench_home.desired.power_w, bench_home.desired.origin) == (0, "outside")
    bench_home.go(6)
    assert ManualRequest.objects.count() == 1
    assert bench_home.plug.writes == [1000]
    assert told(bench_home, "switched off at the device") == [
        "Avalon was switched off at the device; it stays off for 2 h."
    ]
    assert bench_home.open_alarms == []


def test_it_is_kept_before_anything_else_is_done(bench_home, monkeypatch):
    """Killed right after noticing: the next start does not heat against the hand that switched it off."""

    def killed(*args, **options):
        raise KeyboardInterrupt

    bench_home.go()
    bench_home.plug.on = False
    with monkeypatch.context() as patch:
        patch.setattr(act, "write_all", killed)
        with pytest.raises(KeyboardInterrupt):
            bench_home.go()
    bench_home.restart()
    bench_home.go(60)
    assert bench_home.plug.writes == [1000]


def test_it_stands_instead_of_a_wish_to_run(bench_home):
    bench_home.says(21.0)  # the schedule wants nothing
    request_power(bench_home.miner, 1000, by="Ada", until=bench_home.now + timedelta(hours=6))
    bench_home.go(2)
    bench_home.plug.on = False
    bench_home.go()
    bench_home.go(seconds=7210)
    assert not bench_home.plug.on, "whoever switched it off meant it"
    assert ManualRequest.objects.filter(cancelled_at__isnull=True).count() == 1


def test_after_two_hours_control_resumes_by_itself(bench_home):
    bench_home.go()
    bench_home.plug.on = False
    bench_home.go()
    bench_home.go(seconds=7190)
    assert bench_home.plug.writes == [1000]
    bench_home.go(seconds=10)
    assert bench_home.plug.writes == [1000, 1000]


def test_a_second_off_outside_counts_anew(bench_home):
    for _ in range(2):
        bench_home.go()
        bench_home.plug.on = False
        bench_home.go()
        bench_home.go(seconds=7200)
    assert bench_home.plug.writes == [1000, 1000, 1000]


def test_off_at_the_device_while_it_should_be_off_is_nothing(bench_home):
    bench_home.says(22.0)
    bench_home.go(3)
    assert not ManualRequest.objects.exists()


def test_a_plug_that_never_came_on_was_not_switched_off_by_anybody(bench_home):
    bench_home.plug.obeys = False
    bench_home.go(10)
    assert not ManualRequest.objects.exists()


def switched_on(home, times, seconds):
    for _ in range(times):
        home.go(seconds=seconds)
        home.plug.on, home.plug.power_w = True, 1000
        home.go(seconds=1)
        assert not home.plug.on


def test_on_at_the_device_is_undone_in_the_same_pass_and_told_once(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    switched_on(bench_home, 2, 60)
    assert bench_home.plug.writes == [0, 0]
    assert len(told(bench_home, "switched on from outside")) == 1
    assert bench_home.open_alarms == []


def test_on_at_the_device_three_times_in_ten_minutes_is_an_alarm_that_ends(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    switched_on(bench_home, 3, 60)
    assert bench_home.open_alarms == ["switched_on_outside"]
    bench_home.go(seconds=480)
    assert bench_home.open_alarms == []
    assert Alarm.objects.get().ended_at == bench_home.now


def test_on_at_the_device_three_times_in_an_hour_is_none(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    switched_on(bench_home, 3, 600)
    assert bench_home.open_alarms == []


def test_on_at_the_device_is_told_again_another_day(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    switched_on(bench_home, 1, 60)
    bench_home.go(seconds=25 * 3600)
    switched_on(bench_home, 1, 60)
    assert len(told(bench_home, "switched on from outside")) == 2


def test_on_at_the_device_is_undone_by_hand_off_too(bench_home):
    from miners.services import request_power

    request_power(bench_home.miner, 0, by="Ada")
    bench_home.go()
    bench_home.plug.on, bench_home.plug.power_w = True, 1000
    bench_home.go()
    assert not bench_home.plug.on


def test_off_seen_before_the_record_was_lost_still_rests_its_minimum(bench_home, monkeypatch):
    """Killed before the wish was recorded: at least the minimum off time holds."""
    import pytest

    from miners.models import Miner
    from optimization.passes import record

    from .test_order import Killed, killed

    Miner.objects.update(min_off_seconds=600)
    bench_home.go()
    bench_home.plug.on = False
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    bench_home.restart()
    bench_home.go(5)
    assert bench_home.plug.writes == [1000]
