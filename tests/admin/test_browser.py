"""The pages in a real browser: what the little script does, at the width of a phone and of a desk."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from integrations.probe import Probe
from integrations.registry import Advice
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_page(browser, live_server, client):
    """`open_page(path, width)`: a signed-in page that notes requests to elsewhere and script errors."""
    client.force_login(factories.user("anna"))
    contexts = []

    def open_at(path: str, width: int = 1280, scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.trouble = []
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("request", lambda request: _note_foreign(page, request.url, live_server.url))
        page.goto(live_server.url + path)
        return page

    yield open_at
    for context in contexts:
        context.close()


def _note_foreign(page, url: str, own: str) -> None:
    if not url.startswith((own, "data:", "blob:")):
        page.trouble.append(f"asked {url}")


def test_choosing_the_kind_shows_its_inputs_and_connection_only(open_page, home):
    page = open_page(reverse("admin:climate_climatemonitor_add"))
    expect(page.locator("[name=home_assistant__entity_temperature]")).to_be_visible()
    expect(page.locator("[name=home_assistant]")).to_be_visible()
    expect(page.locator("[name=dummy__temperature_celsius]")).to_be_hidden()
    page.select_option("[name=adapter_type]", "dummy")
    expect(page.locator("[name=dummy__temperature_celsius]")).to_be_visible()
    expect(page.locator("[name=home_assistant]")).to_be_hidden()
    expect(page.get_by_role("button", name="Test connection")).to_be_hidden()
    assert page.trouble == []


def test_read_now_answers_beside_the_button(open_page, home):
    page = open_page(reverse("admin:climate_climatemonitor_add"))
    page.select_option("[name=adapter_type]", "dummy")
    page.fill("[name=dummy__temperature_celsius]", "19.5")
    page.get_by_role("button", name="Read now").click()
    expect(page.locator(".probe-result.good")).to_contain_text("19.5 °C")
    page.fill("[name=dummy__temperature_celsius]", "warm")
    page.get_by_role("button", name="Read now").click()
    expect(page.locator(".probe-result.bad")).to_contain_text("‘warm’")
    assert page.trouble == []


def test_what_read_now_advises_is_filled_in_with_one_tap(open_page, home, monkeypatch):
    suits = Advice(
        "A limit of 2 h 35 min suits it.", fields={"stale_after_seconds": 9300, "long_silence_confirmed": True}
    )
    warmer = Advice("It shows too little.", settings={"temperature_celsius": "21"})
    monkeypatch.setattr("integrations.admin.probe", lambda row: Probe(True, "19.5 °C.", advice=(suits, warmer)))
    page = open_page(reverse("admin:climate_climatemonitor_add"))
    page.select_option("[name=adapter_type]", "dummy")
    page.get_by_role("button", name="Read now").click()
    for _ in range(2):
        page.get_by_role("button", name="Fill in").first.click()
    expect(page.get_by_text("Filled in. Save to use it.")).to_have_count(2)
    expect(page.locator("[name=stale_after_seconds]")).to_have_value("9300")
    expect(page.locator("[name=long_silence_confirmed]")).to_be_checked()
    expect(page.locator("[name=dummy__temperature_celsius]")).to_have_value("21")
    expect(page.locator("[name=stale_after_seconds]")).to_be_visible()
    page.get_by_role("button", name="Read now").click()
    expect(page.get_by_role("button", name="Fill in")).to_have_count(2)
    assert page.trouble == []


def test_the_week_is_drawn_again_while_one_types(open_page, home):
    zone = factories.zone(home)
    page = open_page(reverse("admin:climate_climatezone_change", args=[zone.pk]))
    page.locator(".week-day").first.wait_for()
    expect(page.locator(".week-bar i")).to_have_count(0)
    page.locator("#slots-group").get_by_text("Add another").click()
    page.fill("[name=slots-0-start_time]", "06:00")
    page.fill("[name=slots-0-end_time]", "09:00")
    page.fill("[name=slots-0-target_celsius]", "22")
    expect(page.locator(".week-bar i")).to_have_count(7)
    expect(page.locator(".week-bar i").first).to_have_attribute("title", "06:00–09:00 22.0\u202f°C")
    assert page.trouble == []


def test_names_of_fields_are_found_by_typing(open_page, home):
    page = open_page(reverse("admin:optimization_policy_add"))
    page.get_by_text("Names a rule may use").click()
    page.get_by_label("Search the names").fill("battery charge")
    shown = page.locator(".field-list tbody tr:visible")
    expect(shown).not_to_have_count(0)
    expect(shown.filter(has_not_text=re.compile("battery", re.IGNORECASE))).to_have_count(0)
    page.locator("#rules-group").get_by_text("Add another").click()
    page.locator("[name=rules-0-conditions]").wait_for()  # a new rule is open, ready to be written
    assert page.trouble == []


def test_no_page_is_wider_than_a_phone(open_page, home):
    """In one browser window: opening one for each page and scheme took longer than all the rest."""
    page = open_page(reverse("admin:index"), 360)
    for model in (
        "climate_climatezone",
        "climate_targetperiod",
        "miners_minercontroller",
        "optimization_policy",
        "sites_site",
    ):
        for name in (f"admin:{model}_changelist", f"admin:{model}_add"):
            page.goto(page.url.split("/admin/")[0] + reverse(name))
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate("document.documentElement.scrollWidth") <= 360, (name, scheme)
    assert page.trouble == []


@pytest.mark.homeassistant
def test_entities_are_suggested_with_their_live_value(open_page, home, ha):
    factories.home_assistant(home, url=ha.url, token=ha.token)
    page = open_page(reverse("admin:climate_climatemonitor_add"))
    entity = page.locator("[name=home_assistant__entity_temperature]")
    entity.fill("living temp")
    page.locator("datalist option[value='sensor.living_room_temperature']").first.wait_for(state="attached")
    entity.fill("sensor.living_room_temperature")
    page.get_by_text("°C now").wait_for()
    page.fill("[name=name]", "Living room")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator(".probe-result.good")).to_contain_text("entities")
    page.get_by_role("button", name="Read now").click()
    page.get_by_text("reported").wait_for()
    assert page.trouble == []
