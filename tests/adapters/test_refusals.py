"""How often refused credentials are shown again: by all processes together, over restarts, whatever the clocks do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from integrations import refusals
from integrations.refusals import Refusals, Waits, pause_seconds
from sites.store import store
from tests.chance import examples

MINUTE, HOUR = 60.0, 3600.0
BEGIN = datetime(2026, 1, 15, 12, tzinfo=UTC)


class World:
    """Time, and programs that share a store; `restart` leaves only the file."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.wall_ahead = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.at + self.wall_ahead)

    def restart(self) -> None:
        store.cache_clear()
        refusals._own.clear()


@pytest.fixture
def world(monkeypatch, tmp_path, settings) -> World:
    settings.DATA_DIR, settings.REDIS_URL = tmp_path, ""
    return begun(monkeypatch)


def begun(monkeypatch) -> World:
    made = World()
    monkeypatch.setattr("sites.store.time", SimpleNamespace(monotonic=lambda: made.at))
    monkeypatch.setattr(refusals, "_now", made.now)
    monkeypatch.setattr(refusals, "time", SimpleNamespace(monotonic=lambda: made.at))
    refusals._own.clear()
    store.cache_clear()
    return made


def is_tried(one: Refusals, *, is_off: bool = False) -> bool:
    """Whether the credentials are shown now; they are refused again."""
    try:
        one.before(is_off=is_off)
    except Waits:
        return False
    one.refused(is_off=is_off)
    return True


def tries(world: World, seconds: float, step: float = 10.0, make: Callable[[], Refusals] | None = None) -> list[float]:
    """When they are shown, asked at every step by a process of its own each time."""
    began, found = world.at, []
    while world.at - began < seconds:
        if is_tried((make or (lambda: Refusals("a", "token")))()):
            found.append(world.at - began)
        world.at += step
    return found


def test_three_times_in_the_first_hour_then_hourly(world):
    found = tries(world, 6 * HOUR)
    assert [round(at / MINUTE) for at in found] == [0, 5, 30, 90, 150, 210, 270, 330]


def test_a_program_that_starts_again_every_ten_seconds_does_not_begin_to_count_again(world):
    def restarted() -> Refusals:
        world.restart()
        return Refusals("a", "token")

    found = tries(world, 3 * HOUR, make=restarted)
    assert [round(at / MINUTE) for at in found] == [0, 5, 30, 90, 150]


def test_other_credentials_and_other_places_are_tried_at_once(world):
    assert is_tried(Refusals("a", "token"))
    assert not is_tried(Refusals("a", "token"))
    assert is_tried(Refusals("a", "other token"))
    assert is_tried(Refusals("b", "token"))


def test_what_is_taken_again_owes_nothing(world):
    one = Refusals("a", "token")
    assert is_tried(one)
    world.at += pause_seconds(1)
    one.before()
    one.accepted()
    assert one.count == 0
    world.restart()
    assert Refusals("a", "token").count == 0
    assert [round(at / MINUTE) for at in tries(world, HOUR)] == [0, 5, 30]


def test_an_off_goes_at_once_and_comes_before_everything_else(world):
    one = Refusals("a", "token")
    assert is_tried(one)
    world.at += 10
    assert not is_tried(one)
    assert is_tried(one, is_off=True)  # the second of three
    for _ in range(round(pause_seconds(2) / 30) - 1):
        world.at += 30
        assert not is_tried(one, is_off=True)  # not every retry of it uses up one more
    world.at += 31
    assert not is_tried(one)  # it would be time, but an off is waiting
    assert is_tried(one, is_off=True)
    assert one.count == 3


def test_an_off_that_is_wanted_no_more_keeps_nobody_waiting(world):
    one = Refusals("a", "token")
    for seconds in (0, 1, 2):
        world.at += seconds
        is_tried(one, is_off=True)
    world.at += pause_seconds(2) + 91
    assert is_tried(one)


def test_only_one_process_tries_at_a_time(world):
    first, second = Refusals("a", "token"), Refusals("a", "token")
    assert is_tried(first)
    world.at += pause_seconds(1)
    first.before()
    with pytest.raises(Waits):
        second.before()
    first.unanswered()
    second.before()  # it came to nothing, so it did not count


def test_a_clock_that_was_wrong_holds_nobody_up_longer_than_an_hour(world):
    world.wall_ahead = 40 * 24 * HOUR
    assert is_tried(Refusals("a", "token"))
    world.restart()
    world.wall_ahead = 0.0
    found = tries(world, 2 * HOUR)
    assert found
    assert found[0] <= HOUR + 10


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}', '{"KEY": {"until": "yesterday"}}', '{"KEY": []}'])
def test_a_damaged_file_is_no_file(world, tmp_path, text):
    is_tried(Refusals("a", "token"))
    key = next(iter(json.loads((tmp_path / "refused.json").read_text())))
    (tmp_path / "refused.json").write_text(text.replace("KEY", key))
    world.restart()
    assert is_tried(Refusals("a", "token"))


def test_the_file_holds_no_credentials(world, tmp_path):
    is_tried(Refusals("http://ha", "very-secret-token"))
    assert "secret" not in (tmp_path / "refused.json").read_text()
    assert "http" not in (tmp_path / "refused.json").read_text()


def test_a_full_disk_and_a_store_that_is_gone_do_not_make_it_forget(world, monkeypatch, tmp_path):
    (tmp_path / "refused.tmp").mkdir()  # nothing can be written there

    class Gone:
        def __getattr__(self, name):
            raise ConnectionError

    monkeypatch.setattr(refusals, "store", Gone)
    assert [round(at / MINUTE) for at in tries(world, HOUR)] == [0, 5, 30]


@examples(25, HealthCheck.function_scoped_fixture)
@given(
    happenings=st.lists(
        st.tuples(st.sampled_from(["read", "off", "restart", "unanswered"]), st.floats(1, 900)), max_size=150
    )
)
def test_whatever_happens_nobody_is_banned_in_the_first_hour(monkeypatch, tmp_path_factory, settings, happenings):
    """In no hour more than three, after the first no more than one in any."""
    settings.DATA_DIR, settings.REDIS_URL = tmp_path_factory.mktemp("data"), ""
    world, shown = begun(monkeypatch), []
    for what, seconds in happenings:
        one = Refusals("a", "token")
        if what == "restart":
            world.restart()
        elif what == "unanswered":
            try:
                one.before()
            except Waits:
                pass
            else:
                one.unanswered()
        elif is_tried(one, is_off=what == "off"):
            shown.append(world.at)
        world.at += seconds
    assert len([at for at in shown if at - shown[0] < HOUR]) <= 3
    late = [at for at in shown if at - shown[0] >= HOUR]
    assert all(after - before >= HOUR for before, after in pairwise(late))


def test_an_off_waits_for_no_store(world, monkeypatch):
    """The watchdog switches off when all else has stopped, the store among it."""
    asked = []

    class Hanging:
        def __getattr__(self, name):
            asked.append(name)
            world.at += 5
            raise ConnectionError

    monkeypatch.setattr(refusals, "store", Hanging)
    assert Refusals("a", "token").before(is_off=True) is False
    assert asked == []
    for _ in range(10):
        assert Refusals("a", "token").before() is False
    assert len(asked) == 1  # left alone for a minute, not waited for ten times


def test_what_another_process_found_is_believed(world):
    here, there = Refusals("a", "token"), Refusals("a", "token")
    assert is_tried(here)
    world.at += pause_seconds(1)
    there.before()
    there.accepted()
    refusals._own.set(here._name("count"), {"count": 1, "first": "x", "until": "x"}, 99)  # as here it was remembered
    assert here.before() is False
    assert here.before(is_off=True) is False


@pytest.mark.redis
def test_the_processes_of_a_fleet_count_together(redis_server, settings, monkeypatch):
    settings.REDIS_URL = redis_server.url
    store.cache_clear()
    assert is_tried(Refusals("fleet", "token"))
    refusals._own.clear()  # another process
    with pytest.raises(Waits):
        Refusals("fleet", "token").before()
    assert not (settings.DATA_DIR / "refused.json").exists()
