"""The add-wizard in a real browser: a search that a real worker does, its progress, and a miner at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from edgemining.engine import WorkerThread
from integrations import ask
from miners.models import Miner
from tests import factories
from tests.discovery.street import Neighbours, Street, be_patient
from tests.emulators.clock import Clock
from tests.passes import bench as room_bench

from .screens import Screen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = [(360, "light"), (1440, "dark")]


@pytest.fixture
def street(monkeypatch) -> Iterator[Street]:
    be_patient(monkeypatch)
    made = Street()
    yield made
    made.close()
    ask.forget()


@pytest.fixture
def worker() -> Iterator[WorkerThread]:
    thread = WorkerThread("background", 2)
    thread.start()
    yield thread
    thread.stop()
    thread.join()


@pytest.fixture
def cold_home(home):
    """A room with a sensor, a unit without a miner, and nothing else."""
    room_bench.install()
    zone = factories.zone(home, monitor=factories.climate_monitor(home, adapter_type="bench", config={"key": "room"}))
    unit = factories.unit(home, policy=factories.policy(home), name="Ground floor")
    yield zone, unit
    room_bench.remove()


def well(seen: Screen) -> None:
    """It fits, and can be read, named and hit."""
    for measure, good in (("overflow", 0), ("small", []), ("faint", []), ("unnamed", []), ("covered", [])):
        found = seen.measure(measure)
        assert found == good or (measure == "overflow" and found <= 0), (measure, seen.page.url)


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_a_street_is_searched_and_one_of_it_added(screen, cold_home, street, worker, width, scheme):
    zone, unit = cold_home
    neighbours = Neighbours(street, Clock())
    seen = screen(width=width, scheme=scheme)
    page = seen.page
    seen.open(reverse("miners"))
    page.get_by_role("link", name="Add a miner").first.click()
    well(seen)
    page.get_by_label("Address of the miner").fill(street.net)
    page.get_by_role("button", name="Look there").click()
    expect(page.get_by_role("button", name="End the search")).to_be_visible()
    well(seen)
    # Results come while it goes on, without a reload, and the hanging ones hold nobody up.
    page.evaluate("window.same = true")
    avalon = page.locator(".devices li", has_text=street.at(2) + " ")
    expect(avalon).to_contain_text("Avalon Q")
    neighbours.give_up()
    expect(page.locator("#found")).to_contain_text("14 addresses looked at, 9 miners found.")
    assert page.evaluate("window.same")
    well(seen)
    avalon.get_by_role("button").click()
    expect(page.locator(".can")).to_contain_text("830")
    expect(page.get_by_label("Who decides when it heats")).to_have_value(str(unit.pk))
    page.locator("#device-settings summary").click()
    well(seen)
    page.get_by_label("Name of the miner").fill("")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".field.wrong .bad")).to_contain_text("required")
    page.get_by_label("Name of the miner").fill("Hall heater")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".pairs")).to_contain_text("Hall heater")
    well(seen)
    page.get_by_role("button", name="Add this miner").click()
    expect(page).to_have_url(re.compile("/miners/#miner-"))
    expect(page.locator(".toast")).to_contain_text("Hall heater is added")
    expect(page.locator(".card.miner")).to_contain_text("Hall heater")
    miner = Miner.objects.get()
    assert (miner.controller.config["address"], list(miner.zones.all())) == (street.at(2), [zone])
    assert neighbours.avalon.commands == []
    assert seen.problems == []


def test_a_search_is_ended_by_a_tap_and_looks_intended_when_nothing_is_there(screen, cold_home, worker):
    seen = screen()
    page = seen.page
    seen.open(reverse("add-miner"))
    page.get_by_label("Address of the miner").fill("127.0.0.1:1")
    page.get_by_role("button", name="Look there").click()
    expect(page.locator("#found")).to_contain_text("No miner was recognised there.")
    expect(page.get_by_role("link", name="Look elsewhere")).to_be_visible()
    well(seen)
    worker.stop()
    page.get_by_role("link", name="Look elsewhere").click()
    page.get_by_role("button", name="Look there").click()
    page.get_by_role("button", name="End the search").click()
    expect(page.locator("#found")).to_contain_text("You ended the search")
    well(seen)
    assert seen.problems == []
