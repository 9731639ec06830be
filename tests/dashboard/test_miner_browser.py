"""A miner by hand in a real browser: a level and how long; nothing that was chosen is lost to a live update."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from miners.models import MinerReading
from miners.power import Level, PowerModel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(seen_home, give_levels) -> str:
    give_levels()
    seen_home.publish()
    return reverse("miner", args=[seen_home.miner.pk])


def wish(seen_home):
    return seen_home.miner.requests.get(cancelled_at=None)


@pytest.mark.parametrize("place", ["card", "page"])
def test_a_level_for_a_while_is_a_few_taps_and_undo_is_one(screen, seen_home, address, place):
    seen, miner = screen(), seen_home.miner
    seen.open(address if place == "page" else "/miners/")
    card = seen.page.locator(f"#miner-{miner.pk}")
    seen.page.click(f"#hand-open-{miner.pk}")
    seen.page.select_option(f"#level-{miner.pk}", "eco")
    before = timezone.now()
    card.get_by_role("button", name="4 hours").click()
    expect(seen.page.locator(".toast")).to_contain_text("is asked to run at eco, 800")
    expect(card).to_contain_text("by hand until")
    expect(seen.page.locator(f"#level-{miner.pk}")).to_be_hidden()  # the panel closes
    assert wish(seen_home).power_w == 800
    assert before <= wish(seen_home).until - timedelta(hours=4) <= timezone.now()
    seen.page.click("#undo")
    expect(card).not_to_contain_text("by hand until")
    assert not miner.requests.filter(cancelled_at=None).exists()
    assert seen.problems == []


def test_off_and_on_are_one_tap_and_resume_brings_back(screen, seen_home, address):
    seen, miner = screen(), seen_home.miner
    seen.open(address)
    card = seen.page.locator(f"#miner-{miner.pk}")
    seen.page.click(f"#on-{miner.pk}")
    expect(card).to_contain_text("by hand until")
    assert wish(seen_home).power_w == 1600
    seen.page.click(f"#off-{miner.pk}")
    expect(card.locator(".state")).to_contain_text("off by hand")
    seen.page.click(f"#resume-{miner.pk}")
    expect(card.locator(".state")).not_to_contain_text("by hand")
    assert seen.problems == []


def test_what_was_chosen_survives_a_live_update(screen, seen_home, address):
    seen, miner = screen(), seen_home.miner
    seen.open(address)
    seen.page.click(f"#hand-open-{miner.pk}")
    seen.page.select_option(f"#level-{miner.pk}", "eco")
    seen.page.fill(f"#clock-{miner.pk}", "23:45")
    seen.page.focus(f"#hand-{miner.pk} [value='60']")
    seen_home.publish(miner={"reason": "Because it is a test."})
    seen.pulse()
    expect(seen.page.locator(".why").first).to_have_text("Because it is a test.")
    expect(seen.page.locator(f"#level-{miner.pk}")).to_have_value("eco")
    expect(seen.page.locator(f"#clock-{miner.pk}")).to_have_value("23:45")


def test_watts_of_a_range_are_typed_and_wrong_ones_do_not_leave_the_page(screen, seen_home, give_levels, address):
    give_levels(PowerModel((Level("900 W", 900.0), Level("3000 W", 3000.0)), step_w=50.0))
    seen, miner = screen(), seen_home.miner
    seen.open(address)
    seen.page.click(f"#hand-open-{miner.pk}")
    sent = []
    seen.page.on("request", lambda request: sent.append(request.post_data) if request.method == "POST" else None)
    for wrong in ("100", "5000", "1234"):
        seen.page.fill(f"#watts-{miner.pk}", wrong)
        seen.page.locator(f"#hand-{miner.pk}").get_by_role("button", name="1 hour").click()
        expect(seen.page.locator(f"#watts-{miner.pk}:invalid")).to_be_visible()
    seen.page.fill(f"#watts-{miner.pk}", "1250")
    seen.page.locator(f"#hand-{miner.pk}").get_by_role("button", name="1 hour").click()
    expect(seen.page.locator(".toast")).to_contain_text("at 1250")
    assert len(sent) == 1
    assert wish(seen_home).power_w == 1250


def test_without_javascript_a_level_is_chosen_too(screen, seen_home, address):
    seen, miner = screen(java_script_enabled=False), seen_home.miner
    seen.open(address)
    seen.page.click(f"#hand-open-{miner.pk}")
    seen.page.select_option(f"#level-{miner.pk}", "standard")
    seen.page.locator(f"#hand-{miner.pk}").get_by_role("button", name="2 hours").click()
    expect(seen.page.locator(".toast")).to_contain_text("at standard, 1300")
    assert wish(seen_home).power_w == 1300


def test_the_chart_of_a_day_shows_power_wanted_hash_rate_and_chips(screen, seen_home, address):
    now = timezone.now().replace(second=0, microsecond=0)
    MinerReading.objects.bulk_create(
        MinerReading(
            miner=seen_home.miner, at=now - timedelta(minutes=age), status="heating", power_w=1290.0, desired_w=1300,
            hash_rate_th_s=80.0, chip_temperature_celsius=70.5,
        )
        for age in range(1, 90)
    )  # fmt: skip
    seen = screen(width=1440)
    seen.open(address)
    box = f"#chart-{seen_home.miner.pk}"
    expect(seen.page.locator(f"{box} canvas")).to_have_count(3)
    plot = seen.page.locator(f"{box} .u-over").first
    plot.hover(position={"x": 100, "y": 50})
    plot.hover(position={"x": 110, "y": 50})
    expect(seen.page.locator(f"{box} .readout")).to_have_text(re.compile(r"1\.3.kW, wanted 1\.3.kW"))
    with seen.page.expect_response(lambda answer: "hours=720" in answer.url):
        seen.page.click("text=30 d")
    plot.hover(position={"x": 100, "y": 50})
    plot.hover(position={"x": 110, "y": 50})
    expect(seen.page.locator(f"{box} .readout")).to_have_text(re.compile(r"on 100.% of 1.h, . starts? · hash rate"))
    expect(seen.page.locator(f"{box} canvas")).to_have_count(3)  # the chips are kept for minutes only
    assert seen.problems == []
