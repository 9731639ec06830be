"""The servers the suite starts for itself do serve, and a missing one is skipped here and failed in CI."""

from __future__ import annotations

import pytest
import redis
import requests

from .process import free_port, listens, require


@pytest.mark.postgres
def test_postgres(postgres):
    assert postgres.query("select current_database()") == "edgemining"


@pytest.mark.redis
def test_redis(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    client.set("a", 1)
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("a")
    redis_server.restart()
    assert client.get("a") is None


def test_mosquitto(mosquitto):
    assert listens(mosquitto.port)


@pytest.mark.homeassistant
def test_home_assistant(ha):
    answer = requests.get(f"{ha.url}/api/config", headers={"Authorization": f"Bearer {ha.token}"}, timeout=120)
    assert answer.json()["version"] == "2024.3.3"


@pytest.mark.browser
def test_browser(browser):
    page = browser.new_page()
    page.set_content("<h1>Warm</h1>")
    assert page.inner_text("h1") == "Warm"
    page.close()


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_server(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="apt-get install no-such-package"):
        require("no-such-server", "no-such-package")


def test_a_free_port_is_free():
    assert not listens(free_port())
