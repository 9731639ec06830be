"""Fixtures of the whole suite. Its settings: `tests/settings.py`."""

import os

# The browser tests run Playwright's own event loop in the test thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import gc
import shutil
import threading

import pytest
from django.core.handlers.wsgi import WSGIHandler

pytest_plugins = ["tests.chance", "tests.servers.fixtures", "tests.migrated", "tests.scheduling"]


def pytest_collection_finish(session) -> None:
    """Thousands of collected tests live as long as the process: the garbage collector need not walk them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_unconfigure() -> None:
    if made := os.environ.get("EDGEMINING_TESTS_DATA_DIR"):
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def _clean_store():
    """No lease, cadence, live snapshot or watched home leaks from one test into the next."""
    from sites import heartbeat
    from sites.store import store
    from tests import process_memory

    store.cache_clear()
    heartbeat.forget()
    yield
    process_memory.forget()


@pytest.fixture(autouse=True, scope="session")
def _strict_desired_state():
    """A transition that may not follow fails the test; the program only tells it."""
    from miners import desired_state

    desired_state.strict = True


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """Hashing a password is slow on purpose; in a test nobody guesses it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def home(db):
    """A site of the test's own."""
    from tests import factories

    return factories.site()


@pytest.fixture(autouse=True)
def _one_request_at_a_time(request, monkeypatch):
    """The tests' live server shares one connection to SQLite in memory: two requests at once may lock its tables."""
    if "live_server" not in request.fixturenames:
        return
    lock, answer = threading.RLock(), WSGIHandler.__call__

    def in_turn(self, *args):
        with lock:
            return answer(self, *args)

    monkeypatch.setattr(WSGIHandler, "__call__", in_turn)
