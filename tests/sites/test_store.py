"""The shared store and the lease: one contract, held by memory and by a real Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from sites import store as store_module
from sites.lease import acquire
from sites.store import MemoryStore, RedisStore, Store, store


class Elapsed:
    """A monotonic clock moved by hand, in place of the memory store's."""

    def __init__(self, monkeypatch):
        self.seconds = 1000.0
        monkeypatch.setattr(store_module, "time", SimpleNamespace(monotonic=lambda: self.seconds))


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def any_store(request) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        yield RedisStore(request.getfixturevalue("redis_server").url)


@pytest.mark.parametrize("value", [1, 0, "text", "", True, False, None, [1, {"a": None}], {"a": [1.5, "ü"]}])
def test_what_is_set_is_read_again(any_store, value):
    any_store.set("key", value, 60)
    assert any_store.get("key") == value


def test_what_is_not_there_is_none(any_store):
    assert any_store.get("nobody wrote this") is None


def test_add_sets_only_once(any_store):
    any_store.delete("one")
    assert any_store.add("one", "mine", 60) is True
    assert any_store.add("one", "yours", 60) is False
    assert any_store.get("one") == "mine"


def test_delete_if_deletes_only_its_own_value(any_store):
    any_store.set("two", "mine", 60)
    assert any_store.delete_if("two", "yours") is False
    assert any_store.get("two") == "mine"
    assert any_store.delete_if("two", "mine") is True
    assert any_store.get("two") is None
    assert any_store.delete_if("two", "mine") is False


def test_delete_of_what_is_not_there_is_no_error(any_store):
    any_store.delete("three")
    any_store.set("three", 1, 60)
    any_store.delete("three")
    assert any_store.get("three") is None


def test_of_many_at_once_exactly_one_adds(any_store):
    any_store.delete("race")
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: any_store.add("race", number, 60), range(64)))
    assert won.count(True) == 1
    assert any_store.get("race") == won.index(True)


def test_values_run_out_on_the_monotonic_clock(monkeypatch):
    elapsed, memory = Elapsed(monkeypatch), MemoryStore()
    memory.set("short", 1, 10)
    memory.set("for ever", 1)
    elapsed.seconds += 9.9
    assert memory.get("short") == 1
    assert memory.add("short", 2, 10) is False
    elapsed.seconds += 0.1
    assert memory.get("short") is None
    assert memory.delete_if("short", 1) is False
    assert memory.add("short", 2, 10) is True
    elapsed.seconds += 1e9
    assert memory.get("for ever") == 1


def test_a_value_read_is_a_copy():
    memory = MemoryStore()
    original = {"list": [1]}
    memory.set("key", original)
    original["list"].append(2)
    memory.get("key")["list"].append(3)
    assert memory.get("key") == {"list": [1]}


def test_clear_forgets_everything():
    memory = MemoryStore()
    memory.set("key", 1)
    memory.clear()
    assert memory.get("key") is None


def test_without_redis_the_store_is_memory_and_always_the_same(settings):
    settings.REDIS_URL = ""
    assert isinstance(store(), MemoryStore)
    assert store() is store()


def test_a_lease_is_held_by_one(monkeypatch):
    elapsed = Elapsed(monkeypatch)
    first = acquire("home", 45)
    assert first.holds()
    assert acquire("home", 45) is None
    assert acquire("another home", 45).holds()
    elapsed.seconds += 44.9
    assert first.holds()


def test_a_lease_that_ran_out_is_lost_and_its_late_release_harms_nobody(monkeypatch):
    elapsed = Elapsed(monkeypatch)
    late = acquire("home", 45)
    elapsed.seconds += 45
    assert not late.holds()
    next_one = acquire("home", 45)
    assert next_one.token != late.token
    late.release()
    assert next_one.holds()
    next_one.release()
    assert not next_one.holds()
    assert acquire("home", 45).holds()
