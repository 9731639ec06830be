"""Fixtures of the whole suite. Data of a test run lives in a folder of its own."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="edgemining-tests-"))
os.environ.setdefault("SECRET_KEY", "only for tests: thirty-two characters and then some")
# The browser tests run Playwright's own event loop in the test thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(autouse=True)
def _clean_store():
    """No lease, cadence, live snapshot or watched home leaks from one test into the next."""
    from optimization.watchdog import watchdog
    from sites.store import store

    store.cache_clear()
    yield
    store.cache_clear()
    watchdog.keep_only(())


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """Hashing a password is slow on purpose; in a test nobody guesses it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def home(db):
    """A site of the test's own."""
    from tests import factories

    return factories.site()
