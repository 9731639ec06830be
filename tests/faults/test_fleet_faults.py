"""A fleet whose Redis or PostgreSQL is gone: pages, API and /healthz say which, and go on by themselves afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.emulators.plug import PlugEmulator
from tests.process.test_fleet import Fleet
from tests.process.test_up import Browser, sign_in_links
from tests.servers.databases import Postgres, Redis
from tests.servers.process import wait_until

from . import plugged

pytestmark = [pytest.mark.process, pytest.mark.redis, pytest.mark.postgres, pytest.mark.xdist_group("process")]


@pytest.fixture
def servers() -> Iterator[tuple[Postgres, Redis]]:
    """Of this test alone: it stops them."""
    redis, postgres = Redis(), Postgres()
    yield postgres, redis
    redis.stop()
    postgres.stop()


@pytest.fixture
def device() -> Iterator[PlugEmulator]:
    made = plugged.plug()
    yield made
    made.close()


@pytest.fixture
def fleet(tmp_path, servers, device) -> Iterator[Fleet]:
    postgres, redis = servers
    made = Fleet(tmp_path, redis.url, DATABASE_URL=postgres.url, **plugged.ENVIRONMENT)
    made.prepared = made.manage("prepare")
    plugged.set_up(made, device)
    made.start_one("web", "-m", "gunicorn", "edgemining.wsgi", "-k", "gthread", "-b", f"127.0.0.1:{made.port}")
    yield made
    made.kill()


def test_what_is_gone_is_named_all_off_works_and_nothing_has_to_be_restarted(fleet, servers, device):
    postgres, redis = servers
    wait_until(fleet.answers, "the first page")
    browser = Browser(fleet)
    link = sign_in_links(fleet.prepared.stdout)[0]
    browser.get(link)
    assert browser.post(link)[0] == 200
    assert browser.get("/")[0] == 200

    device.settle()
    device._switch(True)
    redis.kill()
    page = said_by(browser, "/")
    assert "Redis does not answer." in page
    assert 'id="all-off"' in page
    # The page it leads back to cannot be shown; what happened stands there.
    status, page = browser.post("/all-off/")
    assert status == 503
    assert "1 of 1 miner seen off." in page
    assert not plugged.is_on(device)
    stored = postgres.query("SELECT DISTINCT power_w FROM miners_manualrequest WHERE cancelled_at IS NULL")
    assert stored == "0"
    assert "Redis does not answer. Check that it runs and that REDIS_URL is right." in reasons(fleet)
    assert browser.get("/api/v1/sites")[0] == 200  # it needs the database only
    redis.restart()
    assert browser.get("/")[0] == 200

    postgres.kill()
    assert "PostgreSQL does not answer." in said_by(browser, "/")
    detail = json.loads(said_by(browser, "/api/v1/sites"))["detail"]
    assert detail == "PostgreSQL does not answer. Check that it runs and that DATABASE_URL is right."
    assert detail in reasons(fleet)
    postgres.restart()
    wait_until(lambda: browser.get("/")[0] == 200, "the page is back")
    assert "Traceback" not in fleet.output


def said_by(browser: Browser, path: str) -> str:
    status, text = browser.get(path)
    assert status == 503, text
    return text


def reasons(fleet: Fleet) -> list[str]:
    status, text = fleet.get("/healthz")
    assert status == 503
    return json.loads(text)["reasons"]
