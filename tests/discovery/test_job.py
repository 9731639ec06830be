"""The search as a background job: one per home, its progress told, ended by whoever wants, never stuck."""

from __future__ import annotations

import pytest

from edgemining.engine import WorkerThread
from miners import tasks
from miners.discovery import job, scan
from miners.discovery.job import Busy, Stage
from miners.discovery.scan import Found, Look
from miners.discovery.typed_addresses import NotAPlace, Target
from miners.identity.duplicate_devices import Driven
from sites.store import RedisStore, store
from tests import factories
from tests.emulators.avalon import Avalon
from tests.emulators.clock import Clock
from tests.emulators.faults import Fault
from tests.servers.process import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch) -> list[tuple]:
    """What was handed to the workers; nobody works on it unless a test does."""
    handed: list[tuple] = []
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: handed.append((args, how)))
    return handed


def test_from_the_first_to_the_last_address(street, home, sent):
    street.settle(2, Avalon(Clock()), 4028)
    begun = job.start(home, f"{street.at(1)}-4", by="Ada")
    assert (begun.stage, begun.total, begun.looked) == (Stage.WAITING, 4, 0)
    (args, how) = sent[0]
    assert how["expires"] <= 60
    tasks.discover(*args)
    done = job.look_up(begun.id)
    assert (done.stage, done.total, done.looked) == (Stage.DONE, 4, 4)
    assert [found["address"] for found in done.found] == [street.at(2)]
    assert job.running(home) is None


def test_what_hangs_is_no_stranger(street, home, sent, monkeypatch):
    monkeypatch.setattr(scan, "DRIVER_SECONDS", 0.3)
    street.settle(2, Avalon(Clock()), 4028).fail(Fault.HANG)
    begun = job.start(home, street.at(2), by="Ada")
    tasks.discover(*sent[0][0])
    done = job.look_up(begun.id)
    assert (done.found, done.strangers_count) == ([], 0)
    assert done.problems[0].startswith(f"{street.at(2)} accepts the connection (port 4028) but did not answer in time")


def test_one_search_per_home_at_a_time(home, sent):
    begun = job.start(home, "127.0.0.9", by="Ada")
    with pytest.raises(Busy) as refused:
        job.start(home, "127.0.0.10", by="Bob")
    assert refused.value.search_id == begun.id
    assert job.running(home).by == "Ada"
    job.start(factories.site(), "127.0.0.10", by="Bob")
    job.cancel(begun.id)
    assert job.start(home, "127.0.0.10", by="Bob").stage is Stage.WAITING


@pytest.mark.parametrize("typed", ["8.8.8.8", "10.0.0.0/8", "", "not/a/place"])
def test_what_is_no_place_starts_nothing(home, sent, typed):
    with pytest.raises(NotAPlace):
        job.start(home, typed, by="Ada")
    assert sent == []
    assert job.running(home) is None


def test_progress_is_told_while_it_goes_on(home, sent, monkeypatch):
    monkeypatch.setattr(job, "_TELL_EVERY_SECONDS", 0)
    begun = job.start(home, "127.0.0.1-4", by="Ada")
    seen = []

    def search(places, report, is_wanted):
        for number, look in enumerate((Look("a"), Look("b", True), Look("c", True, Found("c", "x", "M")))):
            report(look)
            now = job.look_up(begun.id)
            seen.append((now.stage, now.looked, len(now.found), now.strangers_count))
            assert is_wanted(), number
        return False

    monkeypatch.setattr(job, "search", search)
    tasks.discover(*sent[0][0])
    assert seen == [(Stage.RUNNING, 1, 0, 0), (Stage.RUNNING, 2, 0, 1), (Stage.RUNNING, 3, 1, 1)]
    assert job.look_up(begun.id).stage is Stage.OUT_OF_TIME


def test_cancelled_in_the_middle_it_keeps_what_it_found(home, sent, monkeypatch):
    begun = job.start(home, "127.0.0.1-4", by="Ada")

    def search(places, report, is_wanted):
        report(Look("a", True, Found("a", "x", "M")))
        assert job.cancel(begun.id).stage is Stage.CANCELLED
        assert not is_wanted()
        return True

    monkeypatch.setattr(job, "search", search)
    tasks.discover(*sent[0][0])
    ended = job.look_up(begun.id)
    assert (ended.stage, len(ended.found)) == (Stage.CANCELLED, 1)


def test_cancelled_before_it_was_taken_up_it_never_begins(home, sent, monkeypatch):
    begun = job.start(home, "127.0.0.1", by="Ada")
    job.cancel(begun.id)
    monkeypatch.setattr(job, "search", lambda *args: pytest.fail("it was started"))
    tasks.discover(*sent[0][0])
    assert job.look_up(begun.id).stage is Stage.CANCELLED


def test_one_whose_worker_is_gone_says_so_and_makes_room(home, sent):
    begun = job.start(home, "127.0.0.1", by="Ada")
    store().delete(job._busy(str(home.pk)))  # its time has run out
    assert job.look_up(begun.id).stage is Stage.BROKEN_OFF
    assert job.running(home) is None
    assert job.start(home, "127.0.0.1", by="Ada").goes_on


def test_one_that_breaks_frees_the_home(home, sent, monkeypatch):
    def broken(*args):
        raise RuntimeError("a bug")

    monkeypatch.setattr(job, "search", broken)
    begun = job.start(home, "127.0.0.1", by="Ada")
    with pytest.raises(RuntimeError):
        tasks.discover(*sent[0][0])
    assert job.look_up(begun.id).stage is Stage.BROKEN_OFF
    assert job.running(home) is None


def test_nobody_knows_a_search_that_never_was():
    assert job.look_up("no such") is None
    assert job.cancel("no such") is None
    tasks.discover("no such", ["127.0.0.1"])


@pytest.mark.redis
def test_in_a_fleet_progress_and_end_go_through_redis(home, sent, street, redis_server, monkeypatch):
    """The web process that starts and ends it and the worker that does it share nothing but the store."""
    web, at_work = RedisStore(redis_server.url), RedisStore(redis_server.url)
    monkeypatch.setattr(job, "store", lambda: web)
    street.settle(2, Avalon(Clock()), 4028)
    first = job.start(home, f"{street.at(1)}-3", by="Ada")
    monkeypatch.setattr(job, "store", lambda: at_work)
    tasks.discover(*sent[0][0])
    monkeypatch.setattr(job, "store", lambda: web)
    done = job.look_up(first.id)
    assert (done.stage, [found["model"] for found in done.found]) == (Stage.DONE, ["Avalon Q"])
    second = job.start(home, street.at(2), by="Ada")
    with pytest.raises(Busy):
        job.start(home, street.at(2), by="Bob")
    job.cancel(second.id)
    monkeypatch.setattr(job, "store", lambda: at_work)
    tasks.discover(*sent[1][0])
    assert job.look_up(second.id).stage is Stage.CANCELLED


def test_what_is_driven_here_already_is_left_alone(home, sent):
    factories.controller(home, adapter_type="avalon", config={"address": "127.0.0.2"})
    begun = job.start(home, "127.0.0.1-3", by="Ada")
    assert (begun.known, begun.looked, begun.total) == (["127.0.0.2"], 1, 3)
    assert sent[0][0][1] == ["127.0.0.1", "127.0.0.3"]


def test_who_drives_an_address_or_the_same_device_by_another(home):
    row = factories.controller(
        home, adapter_type="avalon", config={"address": "Avalon.Local:4028"}, identity={"serial": "02:00"}
    )
    factories.controller(home, config={"address": ["odd"]})
    driven = Driven()
    assert driven.by("avalon.local") == row
    assert driven.by("avalon.local.:4028") == row
    assert driven.by("avalon.local:80") is None
    assert driven.by("127.0.0.7", "02-00") == row
    assert driven.by("127.0.0.7", "") is None
    assert Target.of("AVALON.local:4028") in driven
    assert Target.of("avalon.local") not in driven


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_takes_it_up(street, home):
    """The in-memory broker and a worker thread of this process, as embedded."""
    street.settle(2, Avalon(Clock()), 4028)
    worker = WorkerThread("background", 2)
    worker.start()
    try:
        begun = job.start(home, f"{street.at(1)}-3", by="Ada")
        wait_until(lambda: not job.look_up(begun.id).goes_on, "the end of the search")
        assert [found["model"] for found in job.look_up(begun.id).found] == ["Avalon Q"]
    finally:
        worker.stop()
        worker.join()
