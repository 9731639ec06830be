"""“Test connection” and “Read now” with what is typed, and suggestions as one types."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from climate.models import ClimateMonitor
from integrations import suggestions
from integrations.connections.entities import EntityState
from integrations.errors import Unauthorized
from tests import factories

from .conftest import TOKEN
from .test_adapter_forms import posted

PROBE = "admin:climate_climatemonitor_probe"


def test_a_dummy_is_read_before_it_is_saved(page, home):
    data = posted(home, "dummy", temperature_celsius="19.5", age_seconds="0", fail="none") | {"what": "reading"}
    answer = page.post(reverse(PROBE), data).json()
    assert answer["ok"]
    assert answer["sentence"].startswith("19.5 °C")
    assert answer["values"]["temperature_celsius"] == "19.5"
    assert not ClimateMonitor.objects.exists()


@pytest.mark.parametrize("failure", ["unavailable", "unreachable", "unauthorized", "garbage", "nan", "wrong_unit"])
def test_a_failing_dummy_fails_in_words(page, home, failure):
    answer = page.post(reverse(PROBE), posted(home, "dummy", temperature_celsius="20", fail=failure)).json()
    assert not answer["ok"]
    assert answer["sentence"].endswith(".")
    assert "Error" not in answer["sentence"]


def test_a_hanging_dummy_is_given_up(page, home, monkeypatch):
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 0.3)
    answer = page.post(reverse(PROBE), posted(home, "dummy", temperature_celsius="20", fail="hang")).json()
    assert not answer["ok"]
    assert "in time" in answer["sentence"]


def test_what_is_wrong_with_the_form_is_said_instead(page, home):
    answer = page.post(reverse(PROBE), posted(home, "dummy", temperature_celsius="warm")).json()
    assert not answer["ok"]
    assert "Temperature" in answer["sentence"]
    assert "‘warm’" in answer["sentence"]


def test_a_missing_name_does_not_matter_to_the_device(page, home):
    data = posted(home, "dummy", temperature_celsius="20", fail="none") | {"name": ""}
    assert page.post(reverse(PROBE), data).json()["ok"]


def test_a_stored_row_is_read_as_typed_and_stays_as_stored(page, home):
    row = factories.climate_monitor(home, config={"temperature_celsius": 20.0})
    url = reverse("admin:climate_climatemonitor_probe_stored", args=[row.pk])
    answer = page.post(url, posted(home, "dummy", temperature_celsius="25", fail="none")).json()
    assert answer["sentence"].startswith("25.0 °C")
    row.refresh_from_db()
    assert row.config == {"temperature_celsius": 20.0}


def test_the_connection_alone_can_be_tested(page, home):
    """Port 1 refuses: the sentence is about the connection, not about the entity."""
    assistant = factories.home_assistant(home)
    data = posted(home, "home_assistant", entity_temperature="sensor.hall")
    data |= {"home_assistant": str(assistant.pk), "what": "connection"}
    answer = page.post(reverse(PROBE), data).json()
    assert not answer["ok"]
    assert "Home Assistant" in answer["sentence"]
    assert "sensor.hall" not in answer["sentence"]


def test_home_assistant_is_tested_before_it_is_saved_and_its_token_stays_secret(page, home):
    data = {"site": str(home.pk), "name": "HA", "url": "http://127.0.0.1:1", "token": "typed-token-1234"}
    response = page.post(reverse("admin:integrations_homeassistant_probe"), data)
    assert not response.json()["ok"]
    assert "typed-token-1234" not in response.content.decode()


def test_the_list_reads_every_chosen_row(page, home):
    good = factories.climate_monitor(home, name="Good", config={"temperature_celsius": 20.4})
    bad = factories.climate_monitor(home, name="Bad", config={"fail": "unreachable"})
    data = {"action": "read_now", "_selected_action": [str(good.pk), str(bad.pk)]}
    content = page.post(reverse("admin:climate_climatemonitor_changelist"), data, follow=True).content.decode()
    assert "Good: 20.4 °C" in content
    assert "Bad: " in content


def test_probing_needs_the_right_to_add_a_post_and_the_csrf_token(client, page, home, staff):
    assert page.get(reverse(PROBE)).status_code == 405
    plain = factories.user("ben")
    plain.is_superuser = False
    plain.save()
    other = Client()
    other.force_login(plain)
    assert other.post(reverse(PROBE), posted(home, "dummy", temperature_celsius="20")).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    assert strict.post(reverse(PROBE), posted(home, "dummy", temperature_celsius="20")).status_code == 403
    assert Client().post(reverse(PROBE), {}).status_code == 302


class FakeSession:
    def __init__(self, entities):
        self.asked = 0
        self._entities = entities

    def entities(self, deadline):
        self.asked += 1
        if isinstance(self._entities, Exception):
            raise self._entities
        return self._entities

    def close(self):
        pass


@pytest.fixture
def session(monkeypatch):
    fake = FakeSession(
        [
            EntityState("sensor.hall_temperature", "20.4", "°C", name="Hall"),
            EntityState("sensor.hall", "1", None, name="Hall raw"),
            EntityState("switch.miner_plug", "off", None, name="Miner plug"),
        ]
    )
    monkeypatch.setattr(suggestions, "open_home_assistant", lambda row: fake)
    return fake


def ask(page, assistant, **query) -> dict:
    return page.get(reverse("admin:integrations_homeassistant_entities", args=[assistant.pk]), query).json()


def test_suggestions_fit_the_domain_and_every_word(page, home, session):
    assistant = factories.home_assistant(home)
    found = ask(page, assistant, domains="sensor,climate", q="hall temp")
    assert found == {
        "entities": [{"id": "sensor.hall_temperature", "name": "Hall", "state": "20.4 °C"}],
        "problem": "",
    }
    assert [one["id"] for one in ask(page, assistant, domains="switch", q="")["entities"]] == ["switch.miner_plug"]
    assert session.asked == 1, "typing on asks Home Assistant once, not at every letter"


def test_the_exact_entity_comes_first(page, home, session):
    found = ask(page, factories.home_assistant(home), domains="sensor", q="sensor.hall")
    assert [one["id"] for one in found["entities"]] == ["sensor.hall", "sensor.hall_temperature"]


def test_entities_of_the_right_class_come_first(page, home, monkeypatch):
    entities = [
        EntityState("binary_sensor.door", "off", device_class="door", name="Door"),
        EntityState("binary_sensor.battery", "off", device_class="battery", name="Battery"),
        EntityState("binary_sensor.window", "off", device_class="window", name="Window"),
    ]
    monkeypatch.setattr(suggestions, "open_home_assistant", lambda row: FakeSession(entities))
    found = ask(page, factories.home_assistant(home), domains="binary_sensor", classes="window,opening", q="")
    assert [one["id"].partition(".")[2] for one in found["entities"]] == ["window", "battery", "door"]


def test_a_problem_is_said_in_words(page, home, monkeypatch):
    monkeypatch.setattr(
        suggestions, "open_home_assistant", lambda row: FakeSession(Unauthorized("The token is refused."))
    )
    assert ask(page, factories.home_assistant(home), q="x") == {"entities": [], "problem": "The token is refused."}


def test_the_token_is_on_no_page(page, filled):
    for name in ("changelist", "add"):
        assert TOKEN not in page.get(reverse(f"admin:integrations_homeassistant_{name}")).content.decode()
    for name in ("change", "delete", "history"):
        url = reverse(f"admin:integrations_homeassistant_{name}", args=[filled.assistant.pk])
        assert TOKEN not in page.get(url).content.decode()


def test_an_empty_token_keeps_the_stored_one_and_a_new_one_replaces_it(page, home):
    row = factories.home_assistant(home, token=TOKEN)
    url = reverse("admin:integrations_homeassistant_change", args=[row.pk])
    data = {"name": "HA", "url": "http://127.0.0.1:1/", "token": ""}
    assert page.post(url, data).status_code == 302
    row.refresh_from_db()
    assert (row.token, row.url) == (TOKEN, "http://127.0.0.1:1")
    assert page.post(url, data | {"token": " another "}).status_code == 302
    row.refresh_from_db()
    assert row.token == "another"


def test_a_new_home_assistant_needs_a_token_and_a_web_address(page, home):
    data = {"site": str(home.pk), "name": "HA", "url": "ftp://ha", "token": ""}
    errors = page.post(reverse("admin:integrations_homeassistant_add"), data).context["adminform"].form.errors
    assert set(errors) == {"url", "token"}
