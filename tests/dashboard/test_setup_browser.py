"""Lists of entities by key and by tap, and a question before something typed is left: in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.adapters.fake_home import TOKEN, FakeHome

from .test_setup import sensor
from .test_setup_adding import ENTITIES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MANY = [sensor(f"sensor.meter_{number}", f"Meter {number}", "1", "W") for number in range(80)]


@pytest.fixture
def at_miners(screen, stub):
    """`at_miners(**options)`: a screen at the step about miners."""
    fake = stub(FakeHome(*ENTITIES, *MANY))

    def go(**options):
        seen = screen(**options)
        page = seen.page
        seen.open(reverse("setup"))
        page.get_by_label("Address of Home Assistant").fill(fake.url)
        page.get_by_label("Long-lived access token").fill(TOKEN)
        page.get_by_role("button", name="Test and go on").click()
        page.get_by_role("checkbox", name="Living Room Temperature").check()
        page.get_by_role("button", name="Go on", exact=True).click()
        expect(page.get_by_label("What switches it", exact=True)).to_be_visible()
        return seen

    return go


def test_a_list_is_searched_by_keyboard(at_miners):
    seen = at_miners(width=1440)
    page = seen.page
    box, options = page.get_by_label("What measures its power"), page.get_by_role("option")
    box.focus()
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(60)
    expect(page.locator(".offers .note")).to_contain_text("Type a word of its name.")
    page.keyboard.type("meter 7")
    expect(options.first).to_contain_text("Meter 7")  # before Meter 17
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Meter 70")
    expect(page.locator("select[name=power]")).to_have_value("sensor.meter_70")
    expect(page.locator(".chosen").nth(1)).to_contain_text("sensor.meter_70")
    page.keyboard.type("nothing like it")
    expect(page.locator(".offers .note")).to_have_text("Nothing that looks like it fits these words.")
    page.keyboard.press("Escape")
    expect(box).to_have_value("Meter 70")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("sensor.grid")  # by its id
    page.keyboard.press("Enter")
    expect(box).to_have_value("Grid")
    assert seen.problems == []


def test_on_a_phone_what_does_not_fit_is_shown_when_asked_for(at_miners):
    seen = at_miners(width=360, has_touch=True)
    page = seen.page
    box = page.get_by_label("What switches it", exact=True)
    box.tap()
    expect(page.get_by_role("option", name="Kitchen light")).to_have_count(0)
    page.get_by_role("option", name="Show all: 1 more").tap()
    light = page.get_by_role("option", name="Kitchen light")
    expect(light).to_contain_text("It is a light.")
    light.tap()
    expect(box).to_have_value("Kitchen light")
    page.get_by_role("button", name="Add this miner").tap()
    page.get_by_role("checkbox", name="Yes, light.kitchen is meant").check()
    page.get_by_role("button", name="Add this miner").tap()
    expect(page.locator(".named")).to_contain_text("light.kitchen")
    assert seen.measure("overflow") <= 0
    assert seen.problems == []


def test_leaving_with_something_typed_asks(at_miners):
    seen = at_miners()
    page, asked = seen.page, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_label("Name of the miner").fill("My heater")
    page.get_by_role("link", name="Edge Mining").click()
    expect(page.get_by_label("Name of the miner")).to_have_value("My heater")
    assert asked == ["beforeunload"]
    # Going on by a button of the page does not ask; a search in a list is nothing that could be lost.
    page.get_by_role("button", name="Go on", exact=True).last.click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    assert asked == ["beforeunload"]


def test_what_is_typed_in_a_list_and_not_picked_is_not_dropped(at_miners):
    seen = at_miners()
    page = seen.page
    switch, power = page.get_by_label("What switches it", exact=True), page.get_by_label("What measures its power")
    switch.press_sequentially("switch.second")
    page.keyboard.press("Tab")
    expect(page.locator("select[name=switch]")).to_have_value("switch.second")
    power.press_sequentially("meter")
    page.keyboard.press("Tab")
    expect(power).to_have_value("meter")
    note = page.get_by_text("‘meter’ is not picked yet. Pick one of the list, or clear this.")
    expect(note).to_be_visible()
    page.get_by_role("button", name="Add this miner").click()
    expect(power).to_be_focused()
    power.fill("")
    page.keyboard.press("Tab")
    expect(note).to_be_hidden()
    page.get_by_role("button", name="Add this miner").click()
    expect(page.locator(".named")).to_contain_text("switch.second")
    assert seen.problems == []


def test_a_list_that_was_only_searched_asks_nothing(at_miners):
    seen = at_miners()
    page = seen.page
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("What switches it", exact=True).press_sequentially("mi")
    page.get_by_role("link", name="Edge Mining").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert asked == []


def test_without_javascript_the_lists_are_plain_ones(at_miners):
    seen = at_miners(java_script_enabled=False)
    page = seen.page
    page.get_by_label("What switches it", exact=True).select_option("switch.miner_plug")
    page.get_by_role("button", name="Go on", exact=True).last.click()
    expect(page.get_by_role("heading", name="Sun, grid and battery")).to_be_visible()
