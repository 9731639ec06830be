"""From an empty installation to heating rooms on a real Home Assistant, by a person in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from integrations import ask
from optimization.passes.run import run_sites
from sites.models import Site
from tests.dashboard.screens import Screen

from .home import PERIOD_S, SUNNY, SkippingClock, become, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = [(360, "light"), (1440, "dark")]


@pytest.fixture(autouse=True)
def _no_session_left():
    yield
    ask.forget()


def well(seen: Screen) -> None:
    """It fits, and can be read, named and hit."""
    for measure, good in (("overflow", 0), ("small", []), ("faint", []), ("unnamed", []), ("covered", [])):
        assert seen.measure(measure) == good, (measure, seen.page.url)


def choose(page: Page, label: str, words: str, name: str) -> None:
    """By keyboard: a few letters, then Enter."""
    box = page.get_by_label(label, exact=True)
    box.click()
    box.press_sequentially(words)
    expect(page.get_by_role("option", name=re.compile(name)).first).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value(name)


def tap(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).last.click()


def passes(site: Site, clock: SkippingClock, count: int) -> None:
    for _ in range(count):
        clock.skip(PERIOD_S)
        assert run_sites([site.pk], clock=clock).completed == [site.pk]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_home_and_then_a_second_room_and_miner(screen, ha, width, scheme):
    show(ha, living_room_temperature=18.0, bedroom_temperature=16.0, **SUNNY)
    seen = screen(width=width, scheme=scheme)
    page, clock = seen.page, SkippingClock()

    # An empty installation.
    seen.open("/")
    page.get_by_role("link", name="Set up my home").click()
    page.get_by_label("Address of Home Assistant").fill(f"{ha.url}/lovelace/0")
    page.get_by_label("Long-lived access token").fill(ha.token)
    well(seen)
    tap(page, "Test and go on")

    # Rooms: found by a word; the outdoor sensor stands apart.
    expect(page.get_by_role("checkbox", name="Outdoor temperature")).to_be_hidden()
    page.get_by_label("Search by name, area or entity").fill("living")
    expect(page.get_by_role("checkbox", name="Bedroom temperature")).to_be_hidden()
    page.get_by_role("checkbox", name="Living room temperature").check()
    page.get_by_role("spinbutton", name="Target (°C)").fill("21")
    well(seen)
    tap(page, "Go on")

    # The plug: “Go on” takes what is filled in.
    choose(page, "What switches it", "miner", "Miner plug")
    choose(page, "What measures its power", "miner pow", "Miner power")
    page.get_by_label("Power when it runs (W)").fill("3250")
    page.get_by_label("Name of the miner").fill("Avalon")
    well(seen)
    tap(page, "Go on")

    # Energy, and its signs in words.
    choose(page, "Solar production", "pv power", "Pv power")
    choose(page, "Grid, both directions", "grid", "Grid power")
    well(seen)
    tap(page, "Go on")
    grid = page.locator("#sign-grid")
    expect(grid).to_contain_text("Are you selling 3.5\u202fkW to the grid now?")
    grid.get_by_role("button").click()
    expect(grid).to_contain_text("Are you buying 3.5\u202fkW from the grid now?")
    grid.get_by_role("button").click()
    expect(grid).to_contain_text("Are you selling")
    well(seen)
    tap(page, "Yes, that is right")
    page.get_by_role("radio", name="Keep the room warm").check()
    well(seen)
    tap(page, "Make it so")

    # A home that heats.
    expect(page.locator(".toast")).to_contain_text("Test Home is set up.")
    site = Site.objects.get()
    passes(site, clock, 2)
    become(ha, "switch.miner_plug", "on")
    passes(site, clock, 2)
    seen.open("/")
    living = page.get_by_role("article", name="Living room")
    expect(living.locator(".state")).to_have_text("heating")
    well(seen)

    # A second room, which the miner heats, too.
    page.get_by_role("link", name="Add a room").click()
    page.get_by_role("checkbox", name="Bedroom temperature").check()
    tap(page, "Go on")
    page.get_by_role("checkbox", name=re.compile("^Avalon")).check()
    well(seen)
    tap(page, "Go on")
    well(seen)
    tap(page, "Add this room")
    bedroom = page.get_by_role("article", name="Bedroom")
    expect(bedroom).to_be_visible()

    # A second miner for it; the first one's plug is not to be had.
    page.get_by_role("link", name="Add a miner").click()
    page.get_by_label("What switches it", exact=True).click()
    expect(page.get_by_role("option", name=re.compile("Miner plug"))).to_contain_text("It drives ‘Avalon’ here.")
    page.keyboard.press("Escape")
    choose(page, "What switches it", "second", "Second plug")
    page.get_by_label("Power when it runs (W)").fill("800")
    page.get_by_label("Name of the miner").fill("Heater")
    page.get_by_role("checkbox", name="Bedroom").check()
    well(seen)
    tap(page, "Add this miner")
    expect(page.get_by_label("What switches it", exact=True)).to_have_count(0)  # the last step, with the same button
    well(seen)
    tap(page, "Add this miner")
    expect(page.locator(".toast")).to_contain_text("Heater is added.")
    passes(site, clock, 2)
    become(ha, "switch.second_plug", "on")
    passes(site, clock, 2)
    seen.open("/")
    expect(bedroom.locator(".miners")).to_contain_text("Heater")
    expect(bedroom.locator(".state")).to_have_text("heating")
    assert sorted(zone.name for zone in site.zones.all()) == ["Bedroom", "Living room"]
    assert site.home_assistants.count() == 1
    assert seen.problems == []
