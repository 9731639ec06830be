"""An address of Home Assistant as people type and paste it; no token is shown to what is not one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integrations.api import HomeAssistantConfig
from integrations.connections.home_assistant_address import NoAddress, candidates, find, without_page
from integrations.errors import AdapterError
from tests import factories

from .fake_home import FakeHome

LOCAL = "homeassistant.local"


@pytest.mark.parametrize(
    ("typed", "first", "count"),
    [
        ("http://homeassistant.local:8123", f"http://{LOCAL}:8123", 1),
        ("http://homeassistant.local:8123/", f"http://{LOCAL}:8123", 1),
        ("http://homeassistant.local:8123/lovelace/0?edit=1#x", f"http://{LOCAL}:8123", 1),
        (" HTTPS://HomeAssistant.local:8123/config/dashboard ", f"https://{LOCAL}:8123", 1),
        ("http://ann:hunter2@homeassistant.local:8123/profile", f"http://{LOCAL}:8123", 1),
        ("ws://homeassistant.local:8123/api/websocket", f"http://{LOCAL}:8123", 1),
        ("homeassistant.local:8123/energy", f"http://{LOCAL}:8123", 2),
        ("homeassistant.local", f"http://{LOCAL}:8123", 4),
        ("homeassistant", "http://homeassistant:8123", 4),
        ("http://homeassistant.local/lovelace", f"http://{LOCAL}", 2),
        ("https://ha.example.org/", "https://ha.example.org", 2),
        ("192.168.1.20", "http://192.168.1.20:8123", 4),
        ("http://[fd00::2]:8123/", "http://[fd00::2]:8123", 1),
    ],
)
def test_what_is_meant(typed, first, count):
    found = candidates(typed)
    assert (found[0], len(found)) == (first, count)


@pytest.mark.parametrize(
    "typed", ["", "ftp://x", "javascript:alert(1)", "http://", "http://[half", "x:99999", "a b", "1.2.3", "http://a..b"]
)
def test_what_is_no_address(typed):
    with pytest.raises(NoAddress):
        candidates(typed)


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("http://ha.local:8123/lovelace/0", "http://ha.local:8123"),
        ("http://ha.local:8123/dashboard-heat/x?edit=1", "http://ha.local:8123"),
        ("http://ha.local:8123/?homescreen=1", "http://ha.local:8123"),
        ("http://ha.local:8123/", "http://ha.local:8123"),
        ("https://proxy.example.org/ha/", "https://proxy.example.org/ha"),
        ("http://[half", "http://[half"),
    ],
)
def test_what_is_stored(url, stored):
    assert without_page(url) == stored


@pytest.mark.django_db
def test_a_page_is_left_out_by_api_and_admin_as_well(home, client):
    url = "http://ha.local:8123/lovelace/0?edit=1"
    assert HomeAssistantConfig(url=url, token="t").url == "http://ha.local:8123"
    client.force_login(factories.user())
    data = {"site": str(home.pk), "name": "HA", "url": url, "token": "t", "certificate": ""}
    client.post(reverse("admin:integrations_homeassistant_add"), data)
    assert home.home_assistants.get().url == "http://ha.local:8123"


def test_it_is_found_where_it_is_and_nothing_else_sees_a_token(stub):
    home, other = stub(FakeHome()), stub(lambda request, wire: wire.answer(200, b"<html>", "text/html"))
    assert find(["http://127.0.0.1:9", other.url, home.url]) == home.url
    assert [request.path for request in other.requests] == ["/manifest.json"]
    assert "authorization" not in other.requests[0].headers
    assert find(["http://127.0.0.1:9"]) == "http://127.0.0.1:9"  # said with its port: no question


def test_none_is_told_with_what_was_tried(stub):
    other = stub(lambda request, wire: wire.answer(200, {"name": "Something else"}))
    with pytest.raises(AdapterError, match=f"no Home Assistant. Tried: http://127.0.0.1:9, {other.url}"):
        find(["http://127.0.0.1:9", other.url])
    with pytest.raises(AdapterError, match="No Home Assistant answers there"):
        find(["http://127.0.0.1:9", "https://127.0.0.1:9"])


@pytest.mark.homeassistant
def test_a_real_one_shows_it_to_everybody(ha):
    assert find([f"https://127.0.0.1:{ha.port}", ha.url]) == ha.url
