"""Desired state is committed before the write, a crash anywhere is reconciled by reading first, one lease at a time."""

from itertools import pairwise

import pytest
from django.db import connection

from integrations.errors import Unreachable
from miners.models import CommandLog, DesiredState
from optimization.models import Decision
from optimization.passes import act, record
from optimization.passes.load import memory_key
from optimization.passes.run import run_sites
from sites import lease as lease_module
from sites import live
from sites.lease import acquire
from sites.store import store


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def killed(*args, **kwargs):
    raise Killed


def test_a_cold_room_is_heated_in_one_pass_and_seen_to_be(bench_home):
    bench_home.go()
    assert bench_home.plug.writes == [1000]
    desired = bench_home.desired
    assert (desired.power_w, desired.origin, desired.seen_on) == (1000, "policy", True)
    assert desired.confirmed_at == desired.switched_on_at == bench_home.now
    log = CommandLog.objects.get()
    assert (log.power_w, log.outcome, log.error) == (1000, "sent", "")
    decision = Decision.objects.get()
    assert (decision.action, decision.reason_code, decision.command_w) == ("start", "rule_start", 1000)
    assert decision.saw
    shown = live.read(bench_home.site.pk)["miners"][str(bench_home.miner.pk)]
    assert (shown["status"], shown["desired_w"], shown["confirmed"]) == ("heating", 1000, True)


def test_it_stops_at_the_upper_bound_and_does_nothing_between(bench_home):
    bench_home.go()
    bench_home.says(21.2)
    bench_home.go(5)
    bench_home.says(21.5)
    bench_home.go()
    bench_home.says(20.6)
    bench_home.go(5)
    assert bench_home.plug.writes == [1000, 0]
    assert bench_home.desired.confirmed_at == bench_home.desired.switched_off_at


def test_desired_is_committed_before_the_device_is_touched(bench_home, monkeypatch):
    """At the moment of the write the row stands, and no transaction of the pass is open."""
    outer, seen = len(connection.savepoint_ids), []

    def look(one, observation):
        seen.append((DesiredState.objects.get().power_w, len(connection.savepoint_ids)))

    monkeypatch.setattr(act, "_write", look)
    bench_home.go()
    assert seen == [(1000, outer)]


def test_what_a_pass_learned_is_kept_only_with_what_it_did(bench_home, monkeypatch):
    def fails(*args):
        raise ZeroDivisionError

    bench_home.go()
    before = store().get(memory_key(bench_home.site.pk))
    bench_home.says(22.0)
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", fails)
        with pytest.raises(ZeroDivisionError):
            bench_home.go()
    assert store().get(memory_key(bench_home.site.pk)) == before
    bench_home.go()
    assert store().get(memory_key(bench_home.site.pk)) != before


def test_killed_before_the_write_it_is_written_after_the_restart(bench_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(act, "_write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    assert (bench_home.desired.power_w, bench_home.plug.on) == (1000, False)
    bench_home.restart()
    bench_home.go()
    assert bench_home.plug.writes == [1000]
    assert len(bench_home.desired.starts) == 1
    assert bench_home.open_alarms == []


def test_killed_before_the_write_and_no_longer_wanted_it_is_never_written(bench_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(act, "_write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    bench_home.restart()
    bench_home.says(22.0)
    bench_home.go(3)
    assert bench_home.plug.writes == []
    assert bench_home.desired.power_w == 0


def test_killed_between_write_and_record_it_is_read_first_and_adopted(bench_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    assert bench_home.plug.on
    assert bench_home.desired.confirmed_at is None
    bench_home.restart()
    bench_home.go()
    assert bench_home.plug.writes == [1000]  # not a second time
    assert (bench_home.desired.seen_on, bench_home.desired.confirmed_at) == (True, bench_home.now)
    bench_home.becomes(22.0)
    assert bench_home.plug.writes == [1000, 0]


def test_killed_between_write_and_record_and_then_silent_it_may_be_on(bench_home, monkeypatch):
    """Nobody recorded that it was switched on. It does not answer and must be off: that is an alarm, and off is
    tried until it answers."""
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    bench_home.restart()
    bench_home.plug.reachable = False
    bench_home.says(22.0)
    bench_home.go()
    assert bench_home.open_alarms == ["cannot_switch_off"]
    assert bench_home.plug.writes[1:] == [0]
    bench_home.plug.reachable = True
    bench_home.go()
    assert not bench_home.plug.on
    assert bench_home.open_alarms == []


def test_a_device_that_takes_the_on_and_falls_silent_may_be_on(bench_home):
    """The answer to the write and the read-back are lost: it may heat, so off is not taken for granted."""
    plug = bench_home.plug

    def takes_it_and_goes(power_w):
        plug.writes.append(power_w)
        plug.on, plug.power_w, plug.reachable = True, power_w, False
        raise Unreachable("It does not answer.")

    plug.write = takes_it_and_goes
    bench_home.go()
    del plug.write
    bench_home.becomes(22.0)
    assert bench_home.open_alarms == ["cannot_switch_off"]
    plug.reachable = True
    bench_home.go()
    assert not plug.on
    assert bench_home.open_alarms == []


def test_a_plug_that_refuses_is_asked_again_with_growing_pauses_up_to_30_seconds(bench_home):
    bench_home.plug.obeys = False
    asked_at = []
    for second in range(0, 150, 10):
        before = len(bench_home.plug.writes)
        bench_home.go()
        if len(bench_home.plug.writes) > before:
            asked_at.append(second)
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert gaps == [10, 20, 30, 30, 30]


def test_an_off_is_asked_again_at_least_every_30_seconds(bench_home):
    bench_home.go()
    bench_home.plug.obeys = False
    bench_home.says(22.0)
    bench_home.go(18)
    assert bench_home.plug.writes[1:].count(0) >= 6


def test_a_lease_lost_before_the_write_means_no_write(bench_home, monkeypatch):
    original = act.write_all

    def stolen(*args, **options):
        store().set(f"lease:{bench_home.site.pk}", "somebody else")
        original(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(act, "write_all", stolen)
        bench_home.go()
    assert bench_home.plug.writes == []
    assert CommandLog.objects.get().error == "another worker has taken over this home"
    assert store().get(f"lease:{bench_home.site.pk}") == "somebody else"  # not released by us
    store().delete(f"lease:{bench_home.site.pk}")
    bench_home.go(2)
    assert bench_home.plug.writes == [1000]


def test_a_site_somebody_else_is_at_is_left_to_them(bench_home):
    held = acquire(bench_home.site.pk)
    report = bench_home.go()
    assert (report.busy, report.completed) == ([bench_home.site.pk], [])
    assert not DesiredState.objects.exists()
    held.release()
    assert bench_home.go().completed == [bench_home.site.pk]


def test_the_lease_is_given_back_even_when_the_pass_dies(bench_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", killed)
        with pytest.raises(Killed):
            bench_home.go()
    assert acquire(bench_home.site.pk) is not None


def test_the_lease_outlives_observing_and_acting():
    from optimization.passes.run import OBSERVE_SECONDS

    assert lease_module.LEASE_SECONDS > OBSERVE_SECONDS + 2 * act.WRITE_SECONDS


def test_a_site_that_is_gone_is_no_error(bench_home):
    pk = bench_home.site.pk
    bench_home.unit.delete()
    bench_home.site.delete()
    report = run_sites([pk], clock=bench_home.clock)
    assert (report.completed, report.failed) == ([], [])


def test_nothing_starts_before_the_device_was_seen(bench_home):
    bench_home.plug.reachable = False
    bench_home.go(5)
    assert 1000 not in bench_home.plug.writes
    bench_home.plug.reachable = True
    bench_home.go(2)
    assert bench_home.plug.on


def test_found_running_in_a_cold_room_it_is_adopted_without_a_write(bench_home):
    bench_home.plug.on, bench_home.plug.power_w = True, 1000
    bench_home.go()
    assert bench_home.plug.writes == []
    assert (bench_home.desired.power_w, bench_home.desired.confirmed_at) == (1000, bench_home.now)


def test_found_running_in_a_warm_room_it_is_switched_off(bench_home):
    bench_home.plug.on, bench_home.plug.power_w = True, 1000
    bench_home.says(22.0)
    bench_home.go()
    assert bench_home.plug.writes == [0]
