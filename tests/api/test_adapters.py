"""External services and the three kinds of adapters: one shape, tested over all of them."""

from __future__ import annotations

from typing import ClassVar

import pytest
from django.db import connection
from pydantic import Field

from climate.models import ClimateMonitor
from energy.models import EnergyMonitor
from integrations import registry
from integrations.models import HomeAssistant, MqttBroker
from integrations.registry import Adapter, AdapterConfig, Kind
from miners.models import DesiredState, MinerController
from tests import factories
from tests.api.conftest import SECRET, problems

pytestmark = pytest.mark.django_db

KINDS = ("climate-monitors", "energy-monitors", "miner-controllers")


@pytest.fixture
def guarded(monkeypatch) -> type[Adapter]:
    """An adapter of every kind whose config holds a secret."""

    class Config(AdapterConfig):
        host: str = Field(min_length=1)
        password: str = Field("", json_schema_extra={"secret": True})
        pin: str = Field("", max_length=6, json_schema_extra={"secret": True})

    for kind in Kind:
        attributes = {"kind": kind, "key": "guarded", "label": "Guarded", "Config": Config}
        adapter = type("Guarded", (Adapter,), attributes)
        monkeypatch.setitem(registry._adapters, registry._Key(kind, "guarded"), adapter)
    return adapter


@pytest.mark.parametrize("kind", KINDS)
def test_types_tell_all_a_form_needs(api, kind):
    types = {one["key"]: one for one in api.get(f"/{kind}/types").json()}
    assert {"dummy", "simulated"} <= set(types)
    assert types["simulated"]["external_service"] == "simulated_house"
    assert types["dummy"]["is_real"] is False
    schema = api.get(f"/{kind}/types/dummy/config-schema").json()
    assert schema["type"] == "object"
    assert schema["properties"]
    assert api.get(f"/{kind}/types/simulated/external-services").json() == "simulated_house"
    assert api.get(f"/{kind}/types/dummy/external-services").json() is None
    missing = api.get(f"/{kind}/types/none/config-schema")
    assert missing.status_code == 404
    assert "dummy" in missing.json()["detail"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_is_made_read_changed_checked_and_removed(api, home, kind):
    made = api.post(f"/{kind}", {"site_id": str(home.pk), "name": "One", "adapter_type": "dummy"})
    assert made.status_code == 201, made.content
    address = made["Location"]
    assert api.get(address).json() == made.json()
    assert [one["id"] for one in api.get(f"/{kind}?site_id={home.pk}").json()["items"]] == [made.json()["id"]]
    assert api.get(f"/{kind}?site_id={factories.site().pk}").json()["count"] == 0

    assert api.patch(address, {"name": "Two"}).json()["name"] == "Two"
    checked = api.post(f"{address}/check").json()
    assert checked["ok"] is True
    assert checked["message"]

    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_and_the_site_stay_as_created(api, furnished, kind):
    row = {"climate-monitors": furnished.sensor, "energy-monitors": furnished.meter}.get(kind, furnished.plug)
    change = {"adapter_type": "simulated", "site_id": str(factories.site().pk)}
    response = api.patch(f"/{kind}/{row.pk}", change)
    assert response.status_code == 422
    assert set(problems(response)) == {"body.adapter_type", "body.site_id"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_is_checked_against_its_adapter(api, home, guarded, kind):
    body = {"site_id": str(home.pk), "name": "One", "adapter_type": "guarded"}
    missing = api.post(f"/{kind}", {**body, "config": {"colour": "red"}})
    assert missing.status_code == 422
    assert set(problems(missing)) == {"body.config.host", "body.config.colour"}
    unknown = api.post(f"/{kind}", {**body, "adapter_type": "telepathy"})
    assert "dummy" in problems(unknown)["body.adapter_type"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_is_there_needed_and_of_the_same_site(api, home, kind):
    house, foreign = factories.simulated_house(home), factories.simulated_house(factories.site())
    schema = api.get(f"/{kind}/types/simulated/config-schema").json()
    config = dict.fromkeys(schema.get("required", []), "living_room")
    body = {"site_id": str(home.pk), "name": "One", "adapter_type": "simulated", "config": config}

    def refusal(**change) -> str:
        response = api.post(f"/{kind}", {**body, **change})
        assert response.status_code == 422
        return problems(response)["body.external_service_id"]

    assert "needs a simulated house" in refusal()
    assert "another site" in refusal(external_service_id=str(foreign.pk))
    assert "no simulated house with this id" in refusal(external_service_id=str(home.pk))
    assert "needs no external service" in refusal(adapter_type="dummy", config={}, external_service_id=str(house.pk))
    made = api.post(f"/{kind}", {**body, "external_service_id": str(house.pk)})
    assert made.status_code == 201
    assert made.json()["external_service_id"] == str(house.pk)
    linked = api.get(f"/external-services/{house.pk}/linked-entities").json()
    assert linked[kind.replace("-", "_")] == [made.json()["id"]]
    removed = api.delete(f"/external-services/{house.pk}")
    assert removed.status_code == 409
    assert removed.json()["in_use_by"][0]["type"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_of_a_config_go_in_and_never_come_out(api, home, guarded, kind):
    config = {"host": "10.0.0.7", "password": SECRET}
    body = {"site_id": str(home.pk), "name": "One", "adapter_type": "guarded", "config": config}
    made = api.post(f"/{kind}", body)
    address = made["Location"]
    assert made.json()["config"] == {"host": "10.0.0.7"}
    assert made.json()["secrets_set"] == ["password"]

    # Left out of a change it stays, as long as its host does; sent empty it goes.
    moved = api.patch(address, {"config": {"host": "10.0.0.8"}})
    assert set(problems(moved)) == {"body.config.password"}
    changed = api.patch(address, {"config": {"host": "10.0.0.8", "password": SECRET}})
    assert (changed.json()["config"], changed.json()["secrets_set"]) == ({"host": "10.0.0.8"}, ["password"])
    cleared = api.patch(address, {"config": {"host": "10.0.0.8", "password": ""}})
    assert cleared.json()["secrets_set"] == []
    refused = api.patch(address, {"config": {"host": "", "password": {"deep": SECRET}, "pin": SECRET}})
    assert set(problems(refused)) == {"body.config.host", "body.config.password", "body.config.pin"}
    for response in (made, moved, changed, cleared, refused):
        assert SECRET not in response.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_of_a_config_lie_encrypted(api, home, guarded, kind, monkeypatch):
    config = {"host": "10.0.0.7", "password": SECRET}
    api.post(f"/{kind}", {"site_id": str(home.pk), "name": "One", "adapter_type": "guarded", "config": config})
    model = {"climate-monitors": ClimateMonitor, "energy-monitors": EnergyMonitor}.get(kind, MinerController)

    def stored() -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT config FROM {model._meta.db_table}")
            return str(cursor.fetchone()[0])

    assert "10.0.0.7" in stored()
    assert SECRET not in stored()
    row = model.objects.get()
    assert (row.config, row.settings.password) == (config, SECRET)
    assert SECRET not in repr(row.config)
    # Nor is it laid open when the adapter, and with it the names of its secrets, is gone for a while.
    row.adapter_type = "gone"
    row.save()
    assert SECRET not in stored()
    assert model.objects.get().config == config


def test_an_adapter_that_is_not_installed_any_more_shows_no_config(api, home):
    row = factories.climate_monitor(home, adapter_type="gone", config={"key": SECRET})
    response = api.get(f"/climate-monitors/{row.pk}")
    assert response.json()["config"] == {}
    assert api.patch(f"/climate-monitors/{row.pk}", {"name": "Still there"}).status_code == 422


def test_test_connection_stores_nothing(api, home):
    from miners.models import MinerController

    body = {"site_id": str(home.pk), "name": "One", "adapter_type": "dummy"}
    response = api.post("/miner-controllers/test-connection", body)
    assert response.status_code == 200
    assert response.json()["ok"] is True
    assert not MinerController.objects.exists()


def test_what_is_in_use_stays_and_says_by_whom(api, furnished):
    for path, user in (
        (f"/climate-monitors/{furnished.sensor.pk}", furnished.zone),
        (f"/energy-monitors/{furnished.meter.pk}", furnished.source),
        (f"/miner-controllers/{furnished.plug.pk}", furnished.miner),
    ):
        response = api.delete(path)
        assert response.status_code == 409
        assert response.json()["in_use_by"][0]["id"] == str(user.pk)
        assert f"‘{user}’" in response.json()["detail"]


def test_how_a_running_miner_is_switched_does_not_change_under_it(api, furnished):
    DesiredState.objects.create(miner=furnished.miner, power_w=1000, seen_on=True)
    address = f"/miner-controllers/{furnished.plug.pk}"
    refused = api.patch(address, {"config": {}})
    assert refused.status_code == 409
    assert "Stop it" in refused.json()["detail"]
    assert api.patch(address, {"name": "Plug by the window"}).status_code == 200
    DesiredState.objects.update(power_w=0, seen_on=False)
    assert api.patch(address, {"config": {}}).status_code == 200


class TestHomeAssistant:
    BODY: ClassVar[dict] = {"name": "HA", "adapter_type": "home_assistant"}

    def make(self, api, home, **config):
        body = {**self.BODY, "site_id": str(home.pk), "config": {"url": "http://ha.local:8123", **config}}
        return api.post("/external-services", body)

    def test_its_token_goes_in_and_never_comes_out(self, api, home):
        made = self.make(api, home, token=SECRET)
        assert made.status_code == 201
        assert made.json()["has_token"] is True
        assert made.json()["config"] == {"url": "http://ha.local:8123"}
        assert HomeAssistant.objects.get().token == SECRET

        changed = api.patch(made["Location"], {"config": {"url": "http://ha.lan:8123", "token": SECRET}})
        assert changed.json()["has_token"] is True
        assert HomeAssistant.objects.get().token == SECRET
        cleared = api.patch(made["Location"], {"config": {"token": ""}})
        assert (cleared.json()["has_token"], cleared.json()["config"]["url"]) == (False, "http://ha.lan:8123")

    @pytest.mark.parametrize(
        "url", ["", "ha local", "ftp://ha.local", "http://anna:pass@ha.local", "http://" + "x" * 300]
    )
    def test_an_address_that_is_none_is_refused(self, api, home, url):
        response = self.make(api, home, url=url, token=SECRET)
        assert response.status_code == 422, response.content
        assert set(problems(response)) == {"body.config.url"}
        assert not HomeAssistant.objects.exists()

    def test_unreachable_is_an_answer_not_an_error(self, api, home):
        body = {**self.BODY, "site_id": str(home.pk), "config": {"url": "http://127.0.0.1:1", "token": SECRET}}
        response = api.post("/external-services/test-connection", body)
        assert response.status_code == 200
        assert response.json()["ok"] is False
        assert SECRET not in response.content.decode()
        assert not HomeAssistant.objects.exists()
        stored = factories.home_assistant(home)
        assert api.post(f"/external-services/{stored.pk}/check").json()["ok"] is False

    def test_both_kinds_are_one_list(self, api, home):
        factories.home_assistant(home, name="B"), factories.simulated_house(home, name="A")
        factories.home_assistant(factories.site(), name="C")
        listed = api.get(f"/external-services?site_id={home.pk}").json()["items"]
        assert [(one["name"], one["adapter_type"]) for one in listed] == [
            ("A", "simulated_house"),
            ("B", "home_assistant"),
        ]

    def test_its_types_and_status(self, api, home):
        assert {one["key"] for one in api.get("/external-services/types").json()} == {
            "home_assistant",
            "simulated_house",
            "mqtt_broker",
        }
        assert "token" in api.get("/external-services/types/home_assistant/config-schema").json()["properties"]
        assert api.get("/external-services/types/telegraph/config-schema").status_code == 404
        row = factories.home_assistant(home)
        assert api.get(f"/external-services/{row.pk}/status").json()["ok"] is None
        from sites import live

        problem = "Home Assistant refuses the token."
        live.publish(home.pk, {"connections": {str(row.pk): {"ok": False, "code": "unauthorized", "problem": problem}}})
        status = api.get(f"/external-services/{row.pk}/status").json()
        assert status == {"ok": False, "code": "unauthorized", "problem": problem}

    def test_a_simulated_house_has_a_seed(self, api, home):
        body = {"site_id": str(home.pk), "name": "Toy", "adapter_type": "simulated_house", "config": {"seed": 7}}
        made = api.post("/external-services", body)
        assert made.json()["config"] == {"seed": 7}
        assert made.json()["has_token"] is False
        assert api.post("/external-services", {**body, "config": {"seed": -1}}).status_code == 422
        assert api.delete(made["Location"]).status_code == 204


class TestMqttBroker:
    def make(self, api, home, **config):
        body = {"name": "MQTT", "adapter_type": "mqtt_broker", "site_id": str(home.pk)}
        return api.post("/external-services", {**body, "config": {"host": "mqtt.local", **config}})

    def test_its_password_goes_in_and_never_comes_out(self, api, home):
        made = self.make(api, home, username="anna", password=SECRET)
        assert made.status_code == 201, made.content
        assert made.json()["config"] == {"host": "mqtt.local", "port": 1883, "tls": False, "username": "anna"}
        assert made.json()["has_token"] is True
        changed = api.patch(made["Location"], {"config": {"port": 8883, "tls": True, "password": SECRET}})
        assert (changed.json()["has_token"], changed.json()["config"]["username"]) == (True, "anna")
        assert MqttBroker.objects.get().password == SECRET
        assert api.patch(made["Location"], {"config": {"password": ""}}).json()["has_token"] is False
        for response in (made, changed):
            assert SECRET not in response.content.decode()

    @pytest.mark.parametrize(
        "wrong", [{"host": "mqtt://a b"}, {"host": ""}, {"host": "a b"}, {"port": 0}, {"port": 65536}]
    )
    def test_an_address_that_is_none_is_refused(self, api, home, wrong):
        response = self.make(api, home, **{"password": SECRET, **wrong})
        assert response.status_code == 422, response.content
        assert set(problems(response)) == {f"body.config.{name}" for name in wrong}
        assert SECRET not in response.content.decode()
        assert not MqttBroker.objects.exists()

    def test_a_sensor_reads_from_it_and_keeps_it(self, api, home):
        broker = factories.mqtt_broker(home)
        body = {"site_id": str(home.pk), "name": "Hall", "adapter_type": "mqtt", "config": {"topic": "home/hall"}}
        made = api.post("/climate-monitors", {**body, "external_service_id": str(broker.pk)})
        assert made.json()["external_service_id"] == str(broker.pk)
        assert api.post(f"{made['Location']}/check").json()["ok"] is False
        assert api.delete(f"/external-services/{broker.pk}").status_code == 409
        assert api.get(f"/external-services/{broker.pk}/linked-entities").json()["climate_monitors"] == [
            made.json()["id"]
        ]
