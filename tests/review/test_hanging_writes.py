"""Devices that hang when written to cost a pass one deadline, and nobody else their turn."""

import threading
from uuid import uuid4

import pytest

from integrations.errors import DeadlineExceeded
from miners.models import DesiredState, MinerController
from optimization.models import OptimizationUnit
from optimization.passes import act
from tests.servers.process import PATIENT_SECONDS


@pytest.fixture
def one_connection(bench_home, monkeypatch):
    """Four miners behind one connection, all to be started."""
    connection = uuid4()
    monkeypatch.setattr(MinerController, "connection_id", property(lambda self: connection))
    miners = [bench_home.miner, *(bench_home.add_miner(f"M{n}", bench_home.zone) for n in range(3))]
    OptimizationUnit.objects.get(pk=bench_home.unit.pk).miners.set(miners)
    return [bench_home.plug_of(miner) for miner in miners]


def hang(plug):
    write = plug.write

    def hanging(power_w):
        write(0)
        raise DeadlineExceeded("It took the call and did not come back in time.")

    plug.write = hanging


def test_a_connection_that_hangs_costs_one_deadline_a_pass(bench_home, one_connection):
    for plug in one_connection:
        hang(plug)
    for passes in (1, 2, 3):
        bench_home.go()
        assert sum(len(plug.writes) for plug in one_connection) == passes


def test_what_hangs_holds_up_the_others_only_once(bench_home, one_connection):
    for plug in one_connection[:2]:
        hang(plug)
    bench_home.go(3)
    assert [plug.on for plug in one_connection] == [False, False, True, True]


def test_an_off_goes_before_everything_else_however_often_it_failed(bench_home, one_connection):
    bench_home.go(2)
    hang(one_connection[0])
    bench_home.becomes(22.0)
    bench_home.go()
    assert [plug.on for plug in one_connection[1:]] == [False] * 3


def test_what_is_not_begun_in_time_is_written_by_the_next_pass_at_once(bench_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(act, "ACT_SECONDS", 0.0)
        bench_home.go()
    assert bench_home.plug.writes == []
    assert DesiredState.objects.get().attempts == 0
    bench_home.go()
    assert bench_home.plug.on


def test_writes_of_many_homes_end_within_the_time_of_acting(bench_home, one_connection, monkeypatch):
    """More hanging lanes than writers: the rest is left for the next pass."""
    monkeypatch.undo()
    monkeypatch.setattr(act, "_WRITERS", 1)
    monkeypatch.setattr(act, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(act, "ACT_SECONDS", 0.3)
    over = threading.Event()
    for plug in one_connection:
        plug.write = lambda power_w: over.wait(PATIENT_SECONDS)
    lanes = []
    original = act._write
    monkeypatch.setattr(act, "_write", lambda *args: lanes.append(1) or original(*args))
    bench_home.go()
    assert 1 <= len(lanes) <= 2
    over.set()


def test_attempts_are_counted_no_further_than_their_column_holds(bench_home):
    bench_home.plug.reachable = True
    bench_home.plug.obeys = False
    bench_home.go()
    DesiredState.objects.update(attempts=1000, next_attempt_at=None)
    bench_home.go()
    assert DesiredState.objects.get().attempts == 1000
