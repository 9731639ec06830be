"""A real Home Assistant that bans after a few refused tokens, as many people set it up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import requests

from integrations import refusals
from integrations.connections.home_assistant import HomeAssistantSession, turn
from integrations.errors import AdapterError, Unauthorized
from sites.store import store
from tests.servers.homeassistant import HomeAssistantServer

pytestmark = [pytest.mark.homeassistant, pytest.mark.long]

TEMPERATURE, PLUG = "sensor.living_room_temperature", "switch.miner_plug"
BANS_AFTER = 4


@pytest.fixture(scope="module")
def strict() -> Iterator[HomeAssistantServer]:
    server = HomeAssistantServer(ban_after=BANS_AFTER)
    try:
        server.boot()
        yield server
    finally:
        server.stop()


@pytest.fixture
def hours(monkeypatch):
    clock = SimpleNamespace(at=0.0)
    monkeypatch.setattr("sites.store.time", SimpleNamespace(monotonic=lambda: 1000 + clock.at * 3600))
    monkeypatch.setattr(refusals, "_now", lambda: datetime(2026, 1, 15, tzinfo=UTC) + timedelta(hours=clock.at))
    store.cache_clear()
    return clock


def soon() -> float:
    return time.monotonic() + 10


def refusal(call: Callable[[], object]) -> AdapterError | None:
    try:
        call()
    except AdapterError as error:
        return error
    return None


def is_banned(server: HomeAssistantServer) -> bool:
    answer = requests.get(f"{server.url}/api/config", headers={"Authorization": f"Bearer {server.token}"}, timeout=10)
    return answer.status_code == 403


def test_a_revoked_token_and_one_of_a_guest_bring_no_ban(strict, hours):
    """Wrong tokens of two kinds are counted there together; none of ours reaches the number."""
    guest = HomeAssistantSession(strict.url, strict.guest_token)
    for _ in range(2 * BANS_AFTER):
        assert TEMPERATURE in guest.ask([TEMPERATURE], soon())
    assert "belongs to ‘Guest’, who is no administrator" in guest.check(soon())
    revoked = [HomeAssistantSession(strict.url, f"{strict.token}x") for _ in range(3)]
    for minute in range(0, 60, 2):
        hours.at = minute / 60
        for one in revoked:
            assert isinstance(refusal(lambda one=one: one.ask([TEMPERATURE], soon())), Unauthorized)
            assert isinstance(refusal(lambda one=one: turn(one, PLUG, on=False, deadline=soon())), Unauthorized)
    assert not is_banned(strict)
    assert HomeAssistantSession(strict.url, strict.token).ask([TEMPERATURE], soon())


def test_a_ban_is_named_and_its_remedy_works(strict):
    while not is_banned(strict):
        requests.get(f"{strict.url}/api/config", headers={"Authorization": "Bearer wrong"}, timeout=10)
    error = refusal(lambda: HomeAssistantSession(strict.url, strict.token).ask([TEMPERATURE], soon()))
    assert "ip_bans.yaml" in str(error)
    bans = strict.folder / "ip_bans.yaml"
    assert "127.0.0.1" in bans.read_text()
    bans.unlink()
    strict.kill()
    strict.boot()
    assert HomeAssistantSession(strict.url, strict.token).ask([TEMPERATURE], soon())
