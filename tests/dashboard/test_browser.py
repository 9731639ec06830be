"""The pages in a real browser: alive without a reload, usable by tap and key, readable, and light."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from climate.models import ZoneReading
from sites import live
from sites.faults import StoreUnavailable
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["home", "energy", "miners", "add-miner", "policies", "activity", "safety", "setup"]
WEIGHT_LIMIT_BYTES = 150_000


def test_the_description_of_the_api_opens_without_inline_scripts(screen, seen_home):
    seen = screen()
    seen.open("/api/v1/docs")
    expect(seen.page.locator(".opblock-tag").first).to_be_visible()
    assert seen.problems == []


def test_a_card_lives_without_reload_shift_or_lost_focus(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.open("/")
    page = seen.page
    page.evaluate("window.same = true")
    page.focus(f"#up-{seen_home.zone.pk}")
    before = page.locator(".card").first.bounding_box()
    seen_home.publish(zone={"temperature_celsius": 20.6}, miner={"reason": "Because it is a test."})
    seen.pulse()
    expect(page.locator(".temperature")).to_contain_text("20.6°")
    expect(page.locator(".why").first).to_have_text("Because it is a test.")
    assert page.evaluate("window.same && document.activeElement.id") == f"up-{seen_home.zone.pk}"
    assert page.locator(".card").first.bounding_box() == before
    assert seen.problems == []


def test_a_card_shows_a_pass_within_two_seconds_of_it(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.page.clock.install()
    seen.open("/")
    seen_home.publish(zone={"temperature_celsius": 20.9})
    seen.page.clock.run_for(2000)  # and its time stands
    expect(seen.page.locator(".temperature")).to_contain_text("20.9°")


def test_it_asks_only_while_somebody_looks_and_is_mostly_told_304(screen, seen_home):
    seen_home.publish()
    seen = screen()
    page, asked = seen.page, []
    page.clock.install()
    seen.open("/")
    page.on("request", lambda request: asked.append(request.url))
    sizes = []
    for _ in range(2):
        with page.expect_response(lambda answer: "/pulse/" in answer.url) as answered:
            page.clock.run_for(1000)
        sizes.append(answered.value.request.sizes()["responseBodySize"])
    assert sizes[0] > 0
    assert sizes[1] == 0  # a 304: the browser hands on what it has
    assert not any("shape=" in url for url in asked)  # no pass, nothing to fetch
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    asked.clear()
    page.clock.run_for(60_000)
    assert asked == []


def test_a_preset_and_how_long_it_holds_are_two_taps(screen, seen_home):
    seen_home.publish()
    seen, zone = screen(), seen_home.zone
    seen.open("/")
    card = seen.page.locator(f"#zone-{zone.pk}")
    seen.page.click(f"#hold-open-{zone.pk}")
    seen.page.click(f"#eco-{zone.pk}")
    expect(seen.page.locator(".toast")).to_contain_text("eco, 18.0°")
    expect(card.locator(".aim")).to_contain_text("eco by hand")
    seen.page.click(f"#hold-open-{zone.pk}")
    seen.page.fill(f"#clock-{zone.pk}", "23:45")
    seen.page.click(f"#hold-{zone.pk} [value=clock]")
    expect(card.locator(".aim")).to_contain_text("23:45")
    assert zone.overrides.get(cancelled_at=None).preset == "eco"
    seen.page.click(f"#resume-{zone.pk}")
    expect(card.locator(".aim")).not_to_contain_text("eco")
    seen.page.click("#undo")
    expect(card.locator(".aim")).to_contain_text("eco by hand")
    assert seen.problems == []


def test_away_is_one_tap_and_so_is_coming_back(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.open("/")
    bar, target = seen.page.locator(".bar.away"), seen.page.locator(".zone .aim strong")
    seen.page.click("#away")
    expect(bar).to_contain_text("Away since")
    expect(target).to_have_text("15.0°")
    seen.page.click("#undo")
    expect(bar).to_have_count(0)
    expect(target).to_have_text("21.0°")
    seen.page.click("#away")
    bar.get_by_role("button").click()
    expect(bar).to_have_count(0)
    seen.page.click("#away")
    expect(seen.page.locator("#away")).to_have_text("I’m back")  # in its place
    assert seen.problems == []


def test_nothing_jumps_while_a_page_loads_and_lives(screen, full_home):
    zone = reverse("zone", args=[full_home.zone.pk])
    miner = reverse("miner", args=[full_home.miner.pk])
    for width, paths in ((360, ("/", zone, miner)), (1440, (zone, miner, "/energy/", "/miners/"))):
        seen = screen(width=width)
        for path in paths:
            seen.open(path)
            if path != "/":
                expect(seen.page.locator(".chart > *").last).not_to_have_text("The chart needs JavaScript.")
            full_home.publish(zone={"temperature_celsius": 20.6}, energy={"production_w": 1234.0})
            seen.pulse()
            # Half of what counts as good (0.1): on a busy machine a figure may come after the first paint.
            assert seen.measure("jumped") < 0.05, (width, path)


def test_what_did_not_change_is_not_touched(screen, seen_home):
    now = timezone.now()
    seen_home.publish(at=now)
    seen = screen()
    seen.open("/")
    seen.page.evaluate("document.querySelector('.zone').mine = true")
    seen_home.publish(energy={"production_w": 100.0}, at=now)
    seen.pulse()
    expect(seen.page.locator(".flows .sun")).to_contain_text("100")
    assert seen.page.evaluate("document.querySelector('.zone').mine") is True


def test_taps_change_the_target_and_undo_takes_them_back(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.open("/")
    warmer, output = seen.page.locator(f"#up-{seen_home.zone.pk}"), seen.page.locator(".stepper [name=target]")
    warmer.click()
    warmer.click()
    expect(output).to_have_value("22.0°")
    expect(seen.page.locator(".toast")).to_contain_text("22.0°")
    assert seen_home.zone.overrides.get(cancelled_at=None).target_celsius == 22.0
    seen.page.click("#undo")
    expect(output).to_have_value("21.0°")
    assert not seen_home.zone.overrides.filter(cancelled_at=None).exists()
    assert seen.problems == []


def test_a_toast_never_lies_on_what_was_tapped(screen, seen_home):
    """On a small phone, with the tapped row where a toast lies."""
    seen_home.publish()
    seen = screen(width=360, height=640)
    seen.open("/")
    page = seen.page
    for name in (f"#down-{seen_home.zone.pk}", "#all-eco"):
        button = page.locator(name)
        button.evaluate("item => scrollBy(0, item.getBoundingClientRect().bottom - innerHeight + 76)")
        button.click()
        expect(page.locator(".toast")).to_be_visible()
        tapped, toast = button.bounding_box(), page.locator(".toast").bounding_box()
        assert toast["y"] + toast["height"] <= tapped["y"] or toast["y"] >= tapped["y"] + tapped["height"], name
        button.click(trial=True)  # nothing lies on it
        page.locator("#toasts").evaluate("item => item.replaceChildren()")


def test_a_target_is_typed_and_dragged_by_keys_alone(screen, seen_home):
    seen_home.publish()
    seen, zone = screen(), seen_home.zone
    seen.open("/")
    typed, toast = seen.page.locator(f"#target-{zone.pk}"), seen.page.locator(".toast")
    typed.focus()
    seen.page.keyboard.type("20,3")
    seen.page.keyboard.press("Enter")
    expect(toast).to_contain_text("20.3° until")
    expect(typed).to_have_value("20.3°")
    expect(seen.page.locator(f"#up-{zone.pk}")).to_be_focused()
    typed.fill("99")
    seen.page.keyboard.press("Enter")
    expect(toast).to_contain_text("choose a target from 5 to 35 °C")
    expect(typed).to_have_value("20.3°")  # what was refused does not look as if it held
    seen.page.click(f"#hold-open-{zone.pk}")
    slider = seen.page.get_by_role("slider", name="Any target")
    slider.focus()
    seen.page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "20.4 °C")
    seen.page.click("text=Set 20.4°")
    expect(typed).to_have_value("20.4°")
    # 422 of what was refused is on the console
    assert [problem for problem in seen.problems if "422" not in problem] == []


def test_all_off_is_one_tap_with_a_clear_state(screen, seen_home):
    seen_home.publish(miner={"status": "heating", "power_w": 800.0})
    seen = screen()
    seen.open("/miners/")
    seen.page.click("#all-off")
    expect(seen.page.locator(".bar.away")).to_contain_text("0 of 1 confirmed off.")
    assert seen_home.miner.requests.get(cancelled_at=None).power_w == 0
    seen.page.click("#resume-all")
    expect(seen.page.locator(".bar.away")).to_have_count(0)


def test_without_javascript_every_control_works(screen, seen_home):
    seen_home.publish()
    seen = screen(java_script_enabled=False)
    seen.open("/")
    seen.page.click(f"#up-{seen_home.zone.pk}")
    expect(seen.page.locator(".toast")).to_contain_text("21.5°")
    expect(seen.page.locator(".stepper [name=target]")).to_have_value("21.5°")
    seen.page.click("#all-off")
    expect(seen.page.locator(".bar.away")).to_contain_text("All miners are off by hand")


def test_keys_open_and_close_the_menu(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.open("/")
    page, menu = seen.page, f"#hold-{seen_home.zone.pk}"
    page.focus(f"{menu} summary")
    page.keyboard.press("Enter")
    expect(page.locator(f"{menu} button").first).to_be_visible()
    seen_home.publish(zone={"temperature_celsius": 20.7})
    seen.pulse()
    expect(page.locator(".temperature")).to_contain_text("20.7°")
    expect(page.locator(f"{menu} button").first).to_be_visible()  # a live update does not close it
    page.keyboard.press("Escape")
    expect(page.locator(f"{menu} button").first).to_be_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_ages_tick_and_turn_amber(screen, seen_home):
    silent = (timezone.now() - timedelta(minutes=31)).isoformat()
    seen_home.publish(zone={"observed_at": silent})
    seen = screen()
    seen.open("/")
    expect(seen.page.locator(".zone .ago")).to_have_class("ago stale")
    fresh = seen.page.locator(".energy .ago")
    first = fresh.inner_text()
    seen.page.wait_for_function("(text) => document.querySelector('.energy .ago').innerText !== text", arg=first)


def test_a_lost_connection_is_said_and_found_again(screen, seen_home):
    seen_home.publish()
    seen = screen()
    seen.open("/")
    seen.page.context.set_offline(True)
    seen.page.evaluate("document.body.dispatchEvent(new Event('live'))")
    expect(seen.page.locator("#offline")).to_be_visible()
    seen.page.context.set_offline(False)
    seen.page.evaluate("document.body.dispatchEvent(new Event('live'))")
    expect(seen.page.locator("#offline")).to_be_hidden()


def test_the_scheme_can_be_chosen_and_stays(screen, seen_home):
    seen = screen(scheme="light")
    seen.open("/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = seen.page.evaluate(background)
    seen.page.click("#theme")
    dark = seen.page.evaluate(background)
    assert dark != light
    seen.open("/miners/")
    assert seen.page.evaluate(background) == dark


def test_the_charts_are_drawn(screen, full_home):
    seen = screen(width=1440)
    seen.open(reverse("zone", args=[full_home.zone.pk]))
    expect(seen.page.locator("#zone-chart canvas")).to_be_visible()
    heat = seen.page.locator("#zone-chart-stats div", has=seen.page.get_by_text("Heat", exact=True)).locator("strong")
    expect(heat).to_have_text("0.1\u202fkWh")
    full_home.record_day_before(kwh=4)
    with seen.page.expect_response(lambda answer: "hours=24" in answer.url):
        seen.page.click("text=24 h")
    expect(seen.page.locator(".choice [aria-pressed=true]")).to_have_text("24 h")
    expect(heat).to_have_text("4.1\u202fkWh")
    plot = seen.page.locator("#zone-chart .u-over")
    plot.hover(position={"x": 300, "y": 50})
    plot.hover(position={"x": 310, "y": 50})
    expect(seen.page.locator("#zone-chart .readout")).to_contain_text("°C")
    assert seen.problems == []


def test_the_charts_of_a_box_share_their_time(screen, seen_home):
    """The same moment stands at the same place in each, and one line tells all of it."""
    seen_home.record(50 * 60)
    ZoneReading.objects.update(outdoor_celsius=-3.5)
    ZoneReading.objects.filter(zone=seen_home.zone).update(target_celsius=27.0)
    seen = screen(width=1440)
    seen.open(reverse("zone", args=[seen_home.zone.pk]))
    plots = seen.page.locator("#zone-chart .u-over")
    expect(plots).to_have_count(2)
    assert len({(box["x"], box["width"]) for box in (plot.bounding_box() for plot in plots.all())}) == 1
    plots.first.hover(position={"x": 300, "y": 50})
    plots.first.hover(position={"x": 310, "y": 50})
    expect(seen.page.locator("#zone-chart .readout")).to_contain_text("outdoors −3.5\u202f°C")
    assert seen.problems == []


def test_a_month_is_drawn_in_hours_and_read_with_its_date(screen, seen_home):
    seen_home.record(50 * 60)
    seen = screen(width=1440)
    seen.open(reverse("zone", args=[seen_home.zone.pk]))
    with seen.page.expect_response(lambda answer: "hours=720" in answer.url) as answered:
        seen.page.click("text=30 d")
    assert answered.value.json()["step"] == 3600
    plot = seen.page.locator("#zone-chart .u-over")
    plot.hover(position={"x": 300, "y": 50})
    plot.hover(position={"x": 310, "y": 50})
    expect(seen.page.locator("#zone-chart .readout")).to_have_text(re.compile(r"^\d+ \w{3,4} \d\d:\d\d · .*°C"))
    assert seen.problems == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark"), (3840, "dark")]
)
def test_every_page_fits_is_readable_and_nameable(screen, full_home, give_levels, width, scheme):
    seen = screen(width=width, scheme=scheme)
    give_levels()
    rooms = [reverse("zone", args=[full_home.zone.pk]), reverse("miner", args=[full_home.miner.pk])]
    for path in [*(reverse(name) for name in PAGES), *rooms]:
        seen.open(path)
        seen.page.evaluate("for (const panel of document.querySelectorAll('.panel')) panel.open = true")
        assert seen.measure("overflow") <= 0, path
        assert seen.measure("small") == [], path
        assert seen.measure("faint") == [], path
        assert seen.measure("unnamed") == [], path
        assert seen.measure("covered") == [], path
    assert seen.problems == []


def test_the_measures_measure(screen, seen_home):
    """What is too small, faint, nameless or wide is found: the test above can fail."""
    seen = screen()
    seen.open("/")
    bad = '<button style="min-height:0;height:20px"></button><p style="color:#999;background:#fff;width:900px">pale</p>'
    seen.page.evaluate("(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", bad)
    seen.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', '<p style=\"height:99px\"></p>')"
    )
    assert seen.measure("overflow") > 0
    assert seen.measure("jumped") > 0.05
    seen.page.add_style_tag(content="#all-eco { position: relative; left: 60px }")
    assert len(seen.measure("covered")) == 1
    assert len(seen.measure("small")) == len(seen.measure("unnamed")) == 1
    assert seen.measure("faint") == ["pale: 2.85"]


@pytest.mark.parametrize("name", ["home", "zone", "miner", "miners"])
def test_a_page_is_light_on_the_wire(screen, full_home, name):
    """Everything a first visit fetches, as it crosses the wire; of a home with ten miners."""
    for number in range(9):
        factories.miner(full_home.site, f"Miner {number}", controller=factories.controller(full_home.site))
    seen = screen()
    seen.page.clock.install()  # its time stands: it does not begin to ask what is new
    of = {"zone": [full_home.zone.pk], "miner": [full_home.miner.pk]}
    seen.open(reverse(name, args=of.get(name, [])))
    seen.page.wait_for_load_state("networkidle")
    # The test server sends static files unpacked; the program's own packs every answer, as here.
    sizes = {
        answer.url.partition("?")[0].rsplit("/", 1)[-1]: len(gzip.compress(answer.body())) for answer in seen.responses
    }
    assert sum(sizes.values()) > 10_000
    assert sum(sizes.values()) <= WEIGHT_LIMIT_BYTES, sizes


def test_a_program_that_says_why_it_cannot_is_not_taken_for_a_lost_connection(screen, seen_home, monkeypatch):
    seen_home.publish()
    seen = screen()
    seen.open("/")

    def gone(site_id):
        raise StoreUnavailable("Redis does not answer: connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(live, "read", gone)
        expect(seen.page.locator("#offline")).to_contain_text("Redis does not answer. Check that it runs")
        expect(seen.page.get_by_text("has lost its connection")).to_be_hidden()
        seen.open("/")
        expect(seen.page.get_by_role("heading")).to_have_text("This page cannot be shown now")
    seen.page.get_by_role("link", name="Try again").click()
    expect(seen.page.locator(".temperature")).to_be_visible()
