"""A secret goes only where it was entered for: whoever asks, by whatever face."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from integrations import ask, registry
from integrations.errors import Unauthorized, Withheld
from integrations.models import HomeAssistant, MqttBroker
from integrations.placed import place_of
from integrations.probe import probe
from integrations.registry import Kind
from miners.models import HashPriceSource, MinerController, PoolAccount
from sites.fields import Secret, decrypt, encrypt
from sites.services import create_api_token
from tests import factories
from tests.api.conftest import Caller, problems

pytestmark = pytest.mark.django_db

SECRET = "a-secret-that-goes-nowhere-else"
MODELS = {Kind.MINER_CONTROLLER: MinerController, Kind.POOL_TRACKER: PoolAccount}
MODELS[Kind.HASH_PRICE_SOURCE] = HashPriceSource
#: Every adapter there is that keeps a secret; a new kind of rows is to be entered above.
SECRETIVE = [
    adapter for kind in Kind for adapter in registry.adapters(kind).values() if adapter.Config.secrets()
]  # fmt: skip
ADDRESSED = [adapter for adapter in SECRETIVE if "address" in adapter.Config.model_fields]


@pytest.fixture(autouse=True)
def _fresh():
    ask.forget()
    yield
    ask.forget()


@pytest.fixture
def anna(db):
    return factories.user("anna")


@pytest.fixture
def page(client, anna):
    client.force_login(anna)
    return client


@pytest.fixture
def api(client, anna) -> Caller:
    return Caller(create_api_token("tests", anna), client)


def everything(server) -> str:
    """All that a server was sent."""
    return "".join(f"{one.path} {one.headers} {one.body!r}" for one in server.requests)


@pytest.fixture
def stranger(stub):
    """Somebody else's server, which would be glad of a token."""
    return stub(lambda request, wire: wire.answer(401, b"401: Unauthorized", "text/plain"))


def assistant(home) -> HomeAssistant:
    row = factories.home_assistant(home, url="http://ha.local:8123", token=SECRET)
    return HomeAssistant.objects.get(pk=row.pk)


# --- Home Assistant and MQTT ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://ha.lan:8123",
        "http://ha.local:8124",
        "http://ha.local",
        "https://ha.local:8123",
        "http://ha.local:8123/x",
    ],
)
def test_another_address_needs_the_token_again(api, home, url):
    row = assistant(home)
    refused = api.patch(f"/external-services/{row.pk}", {"config": {"url": url}})
    assert refused.status_code == 422
    assert "entered for http://ha.local:8123 and is sent nowhere else" in problems(refused)["body.config.token"]
    assert HomeAssistant.objects.get().url == "http://ha.local:8123"
    again = api.patch(f"/external-services/{row.pk}", {"config": {"url": url, "token": SECRET}})
    assert again.status_code == 200, again.content
    stored = HomeAssistant.objects.get()
    assert (stored.url, stored.token) == (url, SECRET)
    assert not stored.moved_secrets()


@pytest.mark.parametrize("url", ["http://HA.local:8123", "http://ha.local:8123/", "http://ha.local:8123"])
def test_the_same_address_in_another_spelling_does_not(api, home, url):
    row = assistant(home)
    assert api.patch(f"/external-services/{row.pk}", {"config": {"url": url}}).status_code == 200
    assert HomeAssistant.objects.get().token == SECRET


@pytest.mark.parametrize("change", [{"host": "other.local"}, {"port": 1884}, {"tls": True}])
def test_another_broker_needs_the_password_again(api, home, change):
    row = factories.mqtt_broker(home, host="mqtt.local", username="anna", password=SECRET)
    address = f"/external-services/{row.pk}"
    assert set(problems(api.patch(address, {"config": change}))) == {"body.config.password"}
    assert api.patch(address, {"config": {**change, "password": "another"}}).status_code == 200
    assert MqttBroker.objects.get().password == "another"


def test_without_a_secret_nothing_is_asked_for(api, home):
    row = factories.mqtt_broker(home, host="mqtt.local")
    assert api.patch(f"/external-services/{row.pk}", {"config": {"host": "other.local"}}).status_code == 200


def test_the_test_button_gives_a_stored_token_to_nobody_else(page, home, stranger):
    row = assistant(home)
    url = reverse("admin:integrations_homeassistant_probe_stored", args=[row.pk])
    answer = page.post(url, {"name": "HA", "url": stranger.url, "token": ""}).json()
    assert not answer["ok"]
    assert "was entered for http://ha.local:8123" in answer["sentence"]
    assert stranger.requests == []
    page.post(url, {"name": "HA", "url": stranger.url, "token": "typed-just-now"})
    assert "typed-just-now" in everything(stranger)
    assert SECRET not in everything(stranger)


def test_the_form_says_so_beside_the_token(page, home):
    row = assistant(home)
    url = reverse("admin:integrations_homeassistant_change", args=[row.pk])
    form = page.post(url, {"name": "HA", "url": "http://ha.lan:8123", "token": ""}).context["adminform"].form
    assert list(form.errors) == ["token"]
    assert page.post(url, {"name": "HA", "url": "http://ha.lan:8123", "token": SECRET}).status_code == 302
    assert HomeAssistant.objects.get().url == "http://ha.lan:8123"


def test_an_address_changed_behind_every_form_gets_nothing(api, home, stranger):
    """By a script, in the database: the token is bound to its place where it lies."""
    row = assistant(home)
    HomeAssistant.objects.update(url=stranger.url)
    said = api.post(f"/external-services/{row.pk}/check").json()
    assert "was entered for http://ha.local:8123" in said["message"]
    with pytest.raises(Withheld):
        ask.open_session(HomeAssistant.objects.get())
    assert stranger.requests == []
    HomeAssistant.objects.update(url="http://ha.local:8123")
    assert not HomeAssistant.objects.get().moved_secrets()


def test_a_row_saved_at_another_address_keeps_its_token_where_it_belongs(home):
    row = assistant(home)
    row.url = "http://elsewhere.example"
    row.save()
    assert set(HomeAssistant.objects.get().moved_secrets()) == {"token"}


def test_a_form_that_hands_back_the_stored_text_is_not_believed(home):
    """Only `Secret` says that a person typed it; plain text may be the stored one, read and passed on."""
    row = assistant(home)
    row.url, row.token = "http://elsewhere.example", str(row.token)
    with pytest.raises(ValidationError, match="sent nowhere else"):
        row.full_clean()
    row.token = Secret(SECRET)
    row.full_clean()


def test_tokens_of_before_places_were_kept_belong_to_where_they_were_stored(home):
    row = assistant(home)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_homeassistant SET token = %s", [encrypt(SECRET)])
    stored = HomeAssistant.objects.get(pk=row.pk)
    assert (stored.token, stored.token.place) == (SECRET, "http://ha.local:8123")
    stored.url = "http://elsewhere.example"
    assert set(stored.moved_secrets()) == {"token"}


def test_nothing_follows_a_redirect(home, stranger, stub):
    to = {"Location": f"{stranger.url}/api/config"}
    here = stub(lambda request, wire: wire.answer(307, b"", headers=to))
    found = probe(HomeAssistant(site=home, url=here.url, token=SECRET))
    assert not found.ok
    assert here.requests
    assert stranger.requests == []


# --- adapters with secrets among their settings ---------------------------------------------------


def test_all_of_them_are_looked_at():
    assert {adapter.key for adapter in SECRETIVE} >= {"shelly_plug", "braiins", "vnish", "asic_rs", "braiins_pool"}
    assert {adapter.kind for adapter in SECRETIVE} <= set(MODELS)


def stored_row(home, adapter: Any, config: dict[str, Any]) -> Any:
    model = MODELS[adapter.kind]
    row = model.objects.create(site=home, name="One", adapter_type=adapter.key, config=config)
    return model.objects.get(pk=row.pk)


def secrets_of(adapter: Any) -> dict[str, str]:
    return dict.fromkeys(adapter.Config.secrets(), SECRET)


@pytest.mark.parametrize("adapter", ADDRESSED, ids=lambda adapter: adapter.key)
def test_another_device_needs_the_password_again(api, page, home, stranger, adapter):
    secrets, there = secrets_of(adapter), stranger.url.removeprefix("http://")
    there = there.partition(":")[0] if adapter.key == "asic_rs" else there
    row = stored_row(home, adapter, {"address": "127.0.0.9", **secrets})
    address = f"/{adapter.kind}/{row.pk}"
    refused = api.patch(address, {"config": {"address": there}})
    assert set(problems(refused)) == {f"body.config.{name}" for name in secrets}
    assert SECRET not in refused.content.decode()

    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_probe_stored", args=[row.pk])
    data = {"name": "One", "adapter_type": adapter.key, f"{adapter.key}__address": there}
    answer = page.post(url, data).json()
    assert "was entered for 127.0.0.9" in answer["sentence"]

    type(row).objects.filter(pk=row.pk).update(config={**_raw(row), "address": there})
    moved = type(row).objects.get(pk=row.pk)
    with pytest.raises(Unauthorized, match="sent nowhere else"):
        _ = moved.settings
    assert "was entered for 127.0.0.9" in api.post(f"{address}/check").json()["message"]
    assert stranger.requests == []

    given = api.patch(address, {"config": {"address": there, **secrets}})
    assert given.status_code == 200, given.content
    assert type(row).objects.get(pk=row.pk).settings


def _raw(row: Any) -> dict[str, Any]:
    """The config as it lies in the database."""
    text = type(row).objects.filter(pk=row.pk).values_list(Cast("config", TextField()), flat=True).get()
    return json.loads(text)


@pytest.mark.parametrize("adapter", [one for one in SECRETIVE if one not in ADDRESSED], ids=lambda adapter: adapter.key)
def test_a_secret_for_one_address_in_the_world_is_kept_whatever_else_changes(api, home, adapter):
    row = stored_row(home, adapter, secrets_of(adapter))
    assert api.patch(f"/{adapter.kind}/{row.pk}", {"name": "Two", "config": {}}).status_code == 200
    assert type(row).objects.get(pk=row.pk).settings.api_token == SECRET


def test_other_settings_of_a_device_keep_its_password(api, home):
    adapter = registry.get(Kind.MINER_CONTROLLER, "shelly_plug")
    row = stored_row(home, adapter, {"address": "127.0.0.9", "password": SECRET})
    changed = api.patch(f"/miner-controllers/{row.pk}", {"config": {"address": "127.0.0.9", "load_w": 1500}})
    assert changed.status_code == 200
    assert MinerController.objects.get().settings.password == SECRET


def test_the_password_every_device_comes_with_is_nobodys_secret(api, home):
    body = {"site_id": str(home.pk), "name": "S19", "adapter_type": "vnish", "config": {"address": "127.0.0.9"}}
    made = api.post("/miner-controllers", body)
    assert api.patch(made["Location"], {"config": {"address": "127.0.0.8"}}).status_code == 200


# --- the ground it stands on ----------------------------------------------------------------------


def test_a_ciphertext_holds_its_place():
    sealed = encrypt("hush", "http://a:1")
    assert "hush" not in sealed
    assert "http://a" not in sealed
    assert (decrypt(sealed), decrypt(sealed).place) == ("hush", "http://a:1")
    assert decrypt(encrypt("hush")).place == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://ha", "http://ha:80/", True),
        ("https://ha", "https://HA:443", True),
        ("mqtt://b", "mqtt://b:1883", True),
        ("http://ha", "https://ha", False),
        ("http://ha", "http://ha:8123", False),
        ("http://[fd00::1]:80", "http://[fd00::2]:80", False),
        ("http://ha:x", "http://ha:80", False),
    ],
)
def test_places(one, other, same):
    assert (place_of(one) == place_of(other)) is same
