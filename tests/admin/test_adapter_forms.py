"""Adapters are set up by their own inputs: the right rows from good ones, sentences beside bad ones."""

from __future__ import annotations

from typing import Literal

import pytest
from django.urls import reverse
from pydantic import Field

from climate.models import ClimateMonitor
from energy.models import EnergyMonitor
from integrations import registry
from integrations.forms import label_of
from integrations.problems import sentence
from integrations.registry import Adapter, AdapterConfig, Kind
from miners.models import MinerController
from tests import factories

MONITOR_ADD = "admin:climate_climatemonitor_add"


def posted(home, adapter: str, **settings) -> dict:
    """A posted form; `settings` are the adapter's own inputs."""
    own = {f"{adapter}__{name}": value for name, value in settings.items()}
    return {
        "site": str(home.pk),
        "name": "Hall",
        "adapter_type": adapter,
        "stale_after_seconds": "3600",
        "max_jump_k": "5",
    } | own


def errors_of(response) -> dict[str, list[str]]:
    return {name: list(lines) for name, lines in response.context["adminform"].form.errors.items()}


@pytest.mark.parametrize(
    ("model", "name"),
    [(ClimateMonitor, "climatemonitor"), (EnergyMonitor, "energymonitor"), (MinerController, "minercontroller")],
)
def test_every_adapter_has_its_inputs_on_the_add_page(page, model, name):
    content = page.get(reverse(f"admin:{model._meta.app_label}_{name}_add")).content.decode()
    adapters = registry.adapters(model.adapter_kind)
    assert adapters
    for key, adapter in adapters.items():
        assert f"adapter-{key}" in content
        for setting in adapter.Config.model_fields:
            assert f'name="{key}__{setting}"' in content


@pytest.mark.parametrize("model", [ClimateMonitor, EnergyMonitor, MinerController])
def test_the_defaults_of_every_adapter_are_accepted_or_say_what_is_needed(page, home, model):
    """No adapter's form is a dead end."""
    factories.home_assistant(home)
    factories.simulated_house(home)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    shown = page.get(url).context["adminform"].form.initial
    typed = {name: value for name, value in shown.items() if value not in (None, False)}
    for key in registry.adapters(model.adapter_kind):
        response = page.post(
            url, {"stale_after_seconds": "3600", "max_jump_k": "5"} | typed | {"name": key, "adapter_type": key}
        )
        if response.status_code == 200:
            said = {line for lines in errors_of(response).values() for line in lines}
            assert said == {"This is needed. Fill it in."}
    assert model.objects.filter(adapter_type="dummy").exists()
    assert model.objects.filter(adapter_type="simulated").exists()


def test_a_dummy_thermometer_is_stored_with_its_settings(page, home):
    data = posted(home, "dummy", temperature_celsius="19.5", humidity_percent="", age_seconds="30", fail="none")
    assert page.post(reverse(MONITOR_ADD), data).status_code == 302
    row = ClimateMonitor.objects.get()
    assert row.adapter_type == "dummy"
    assert row.config["temperature_celsius"] == 19.5
    assert row.config["humidity_percent"] is None
    assert row.settings.age_seconds == 30


def test_a_home_assistant_thermometer_is_stored_with_its_connection(page, home):
    assistant = factories.home_assistant(home)
    data = posted(home, "home_assistant", entity_temperature="sensor.hall") | {"home_assistant": str(assistant.pk)}
    assert page.post(reverse(MONITOR_ADD), data).status_code == 302
    row = ClimateMonitor.objects.get()
    assert row.config["entity_temperature"] == "sensor.hall"
    assert row.connection == assistant


def test_a_connection_the_adapter_does_not_need_is_not_stored(page, home):
    assistant = factories.home_assistant(home)
    data = posted(home, "dummy", temperature_celsius="20") | {"home_assistant": str(assistant.pk)}
    page.post(reverse(MONITOR_ADD), data)
    assert ClimateMonitor.objects.get().home_assistant is None


def test_a_missing_connection_is_said_beside_it(page, home):
    response = page.post(reverse(MONITOR_ADD), posted(home, "home_assistant", entity_temperature="sensor.hall"))
    assert "needs a connection" in errors_of(response)["home_assistant"][0]


def test_a_connection_of_another_site_is_refused_by_name(page, home):
    other = factories.home_assistant(factories.site(name="Cabin"))
    data = posted(home, "home_assistant", entity_temperature="sensor.hall") | {"home_assistant": str(other.pk)}
    assert any("Cabin" in line for line in errors_of(page.post(reverse(MONITOR_ADD), data))["home_assistant"])


@pytest.mark.parametrize(
    ("adapter", "setting", "typed", "words"),
    [
        ("dummy", "temperature_celsius", "warm", "‘warm’ is not a number"),
        ("dummy", "temperature_celsius", "20,5", "Write it with a point"),
        ("dummy", "temperature_celsius", "nan", "‘nan’ is not a number"),
        ("dummy", "temperature_celsius", "1e999", "is not a number"),
        ("dummy", "temperature_celsius", "200", "choose at most 100 °C"),
        ("dummy", "humidity_percent", "-1", "choose at least 0 %"),
        ("dummy", "fail", "often", "often"),
        ("home_assistant", "entity_temperature", "", "This is needed"),
        ("home_assistant", "entity_temperature", "Living room", "‘Living room’: this is no entity id"),
        ("home_assistant", "entity_temperature", "switch.plug", "‘switch.plug’: another kind of entity is needed here"),
        ("home_assistant", "entity_temperature", "sensor.a{{ 1 }}", "no entity id"),
    ],
)
def test_bad_input_is_said_beside_its_input_and_kept(page, home, adapter, setting, typed, words):
    response = page.post(reverse(MONITOR_ADD), posted(home, adapter, **{setting: typed}))
    assert response.status_code == 200
    assert words in errors_of(response)[f"{adapter}__{setting}"][0]
    assert not ClimateMonitor.objects.exists()
    if setting != "fail":
        assert response.context["adminform"].form[f"{adapter}__{setting}"].value() == typed


def test_a_problem_between_two_settings_is_shown(page, home):
    data = posted(home, "dummy", temperature_celsius="20", highest_temperature_celsius="10")
    assert "lies below" in page.post(reverse(MONITOR_ADD), data).content.decode()


def test_other_adapters_inputs_are_not_read(page, home):
    data = posted(home, "dummy", temperature_celsius="20") | {"home_assistant__entity_temperature": "nonsense here"}
    assert page.post(reverse(MONITOR_ADD), data).status_code == 302


def test_an_unknown_kind_is_refused(page, home):
    response = page.post(reverse(MONITOR_ADD), posted(home, "crystal_ball"))
    assert "adapter_type" in errors_of(response)


def test_the_kind_and_the_site_stay_while_the_settings_change(page, home):
    row = factories.climate_monitor(home, config={"temperature_celsius": 20.0})
    other = factories.site()
    url = reverse("admin:climate_climatemonitor_change", args=[row.pk])
    content = page.get(url).content.decode()
    assert 'name="home_assistant__entity_temperature"' not in content
    data = posted(other, "dummy", temperature_celsius="18") | {"adapter_type": "simulated"}
    assert page.post(url, data).status_code == 302
    row = ClimateMonitor.objects.get()
    assert (row.adapter_type, row.site, row.config["temperature_celsius"]) == ("dummy", home, 18.0)


def test_a_row_of_an_adapter_that_is_gone_can_be_seen_and_not_saved(page, home):
    row = factories.climate_monitor(home, adapter_type="gone")
    url = reverse("admin:climate_climatemonitor_change", args=[row.pk])
    assert page.get(url).status_code == 200
    assert page.post(url, posted(home, "gone")).status_code == 200
    assert "gone (not installed)" in page.get(reverse("admin:climate_climatemonitor_changelist")).content.decode()


class OddAdapter(Adapter):
    """One of everything a third party's Config may hold."""

    kind = Kind.CLIMATE_MONITOR
    key = "odd"
    label = "Odd"
    is_real = False

    class Config(AdapterConfig):
        level: Literal[1, 2] = 2
        loud: bool = True
        count: int = Field(3, ge=1, json_schema_extra={"unit": "W"})
        password: str = Field("", json_schema_extra={"secret": True})
        tags: list[str] = Field(default_factory=list)
        maybe: int | None = 5


@pytest.fixture
def odd(monkeypatch):
    """`OddAdapter` installed for one test."""
    monkeypatch.setattr(registry, "_adapters", dict(registry._adapters))
    return registry.register(OddAdapter)


def test_every_type_of_setting_has_an_input(page, home, odd):
    content = page.get(reverse(MONITOR_ADD)).content.decode()
    assert '<select name="odd__level"' in content
    assert 'type="checkbox" name="odd__loud"' in content
    assert 'type="password" name="odd__password"' in content
    data = posted(home, "odd", level="1", count="7", password="hush", tags='["a"]', maybe="")
    assert page.post(reverse(MONITOR_ADD), data).status_code == 302
    stored = ClimateMonitor.objects.get().config
    assert stored == {"level": 1, "loud": False, "count": 7, "password": "hush", "tags": ["a"], "maybe": None}


def test_a_secret_setting_is_never_shown_and_stays_when_left_empty(page, home, odd):
    row = factories.climate_monitor(home, adapter_type="odd", config={"password": "hush-hush", "count": 2})
    url = reverse("admin:climate_climatemonitor_change", args=[row.pk])
    assert "hush-hush" not in page.get(url).content.decode()
    page.post(url, posted(home, "odd", level="2", count="9", password="", tags="[]"))
    row.refresh_from_db()
    assert row.config["password"] == "hush-hush"
    assert row.config["count"] == 9
    response = page.post(url, posted(home, "odd", level="2", count="0", password="other-secret", tags="[]"))
    assert "choose at least 1 W" in response.content.decode()
    assert "other-secret" not in response.content.decode()


def test_a_secret_is_never_repeated_in_a_sentence():
    problem = {"type": "string_too_short", "msg": "too short", "input": "hush", "loc": ("password",)}
    assert "hush" not in sentence(problem, is_secret=True)


def test_labels_leave_out_what_the_input_shows():
    class Config(AdapterConfig):
        highest_temperature_celsius: float = Field(1, json_schema_extra={"unit": "°C"})
        entity_power: str = Field("", json_schema_extra={"entity_domains": ["sensor"]})
        age_seconds: float = 1

    labels = [label_of(name, info) for name, info in Config.model_fields.items()]
    assert labels == ["Highest temperature", "Power", "Age seconds"]
