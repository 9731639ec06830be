"""Every page answers, to the right people, with few SQL statements, whole or in its live parts."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from climate.models import ZoneReading
from climate.services import start_period
from energy.models import EnergyReading
from miners.models import CommandLog
from optimization.models import Decision
from sites.models import ActivityLog, Alarm
from tests import factories

PAGES = ["home", "energy", "miners", "policies", "activity", "safety"]
HTMX = {"HTTP_HX_REQUEST": "true"}


def statements(client, path, **headers) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, **headers).status_code == 200
    return len(captured)


def shape_of(html: str) -> str:
    return re.search(r'"shape": "(\w+)"', html)[1]


def live(client, path="/", **headers):
    shape = shape_of(client.get(path).content.decode())
    return client.get(path, {"shape": shape}, **HTMX, **headers)


@pytest.mark.parametrize("name", [*PAGES, "setup"])
def test_a_stranger_is_led_to_the_sign_in_page(client, db, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer.url == f"{reverse('sign-in')}?next={reverse(name)}"


def test_a_live_request_of_somebody_signed_out_reloads_the_page(client, db):
    answer = client.get("/", **HTMX)
    assert answer.headers["HX-Refresh"] == "true"


def test_an_empty_database_offers_both_ways(signed_in):
    html = signed_in.get("/").content.decode()
    assert "Look around" in html
    assert reverse("setup") in html


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_a_bare_home(signed_in, home, name):
    assert signed_in.get(reverse(name)).status_code == 200


def test_head_is_answered_and_post_is_not(signed_in, home):
    assert signed_in.head("/").status_code == 200
    assert signed_in.post("/").status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_pages_before_the_first_pass(signed_in, seen_home, name):
    assert signed_in.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_a_living_home(signed_in, seen_home, name):
    seen_home.publish()
    seen_home.record()
    assert signed_in.get(reverse(name)).status_code == 200


def test_the_dashboard_says_temperature_target_miner_and_why(signed_in, seen_home):
    seen_home.publish(
        zone={"heating": True, "heating_w": 800},
        miner={"status": "heating", "power_w": 800.0, "reason": "0.6 °C below target, so the Avalon runs."},
    )
    html = signed_in.get("/").content.decode()
    for words in ("20.4°", "21.0°", "heating", "Avalon", "800\u202fW", "0.6 °C below target, so the Avalon runs."):
        assert words in html


def test_the_zone_page(signed_in, seen_home):
    seen_home.publish()
    Decision.objects.create(
        site=seen_home.site, miner=seen_home.miner, action="start", origin="policy", reason="It was cold.",
        reason_code="cold", rule_name="Room is cold",
    )  # fmt: skip
    html = signed_in.get(reverse("zone", args=[seen_home.zone.pk])).content.decode()
    for words in ("It was cold.", "Room is cold", "28.0\u202f°C", "Mon"):
        assert words in html


def test_a_zone_that_does_not_exist(signed_in, seen_home):
    assert signed_in.get(reverse("zone", args=[seen_home.site.pk])).status_code == 404


def test_the_zone_chart_has_columns_of_one_length(signed_in, seen_home):
    seen_home.record(90)
    data = signed_in.get(reverse("zone-chart", args=[seen_home.zone.pk]), {"hours": "24"}).json()
    assert len(data["t"]) == 90
    assert {len(data[name]) for name in ("temperature", "low", "high", "heating", "lost")} == {90}
    assert data["high"][0] - data["low"][0] == pytest.approx(1.0)
    assert data["from"] == data["t"][0]  # a young history fills the chart


def test_a_chart_reaches_back_as_far_as_asked_and_no_less_than_half_an_hour(signed_in, seen_home):
    seen_home.record(400)
    address = reverse("zone-chart", args=[seen_home.zone.pk])
    data = signed_in.get(address, {"hours": "6"}).json()
    assert 0 <= data["t"][0] - data["from"] < 120
    assert data["to"] - data["from"] <= 6 * 3600
    ZoneReading.objects.all().delete()
    seen_home.record(5)
    data = signed_in.get(address, {"hours": "6"}).json()
    assert data["to"] - data["from"] == 1800


def test_a_miners_standby_is_drawn_as_no_heating(signed_in, seen_home):
    seen_home.record(90)
    ZoneReading.objects.filter(heating_w=0).update(heating_w=8.0)
    for hours in ("6", "720"):
        heated = signed_in.get(reverse("zone-chart", args=[seen_home.zone.pk]), {"hours": hours}).json()["heated"]
        assert 0 in heated
        assert max(heated) > 0


def test_the_zone_chart_refuses_other_spans(signed_in, seen_home):
    answer = signed_in.get(reverse("zone-chart", args=[seen_home.zone.pk]), {"hours": "9999"})
    assert answer.status_code == 422
    assert "9999" in answer.json()["error"]


def test_the_energy_chart_begins_at_the_sites_midnight(signed_in, seen_home):
    now = timezone.localtime(timezone=seen_home.site.tz)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for at in (midnight - timedelta(minutes=5), midnight):
        EnergyReading.objects.create(source=seen_home.source, at=at, grid_w=100.0)
    data = signed_in.get(reverse("energy-chart", args=[seen_home.source.pk])).json()
    local = timezone.datetime.fromtimestamp(data["from"], seen_home.site.tz)
    assert (local.hour, local.minute) == (0, 0)


def test_miners_page_shows_what_was_sent_and_failed(signed_in, seen_home):
    CommandLog.objects.create(miner=seen_home.miner, power_w=0, outcome="failed", error="The plug did not answer.")
    assert "failed: The plug did not answer." in signed_in.get(reverse("miners")).content.decode()


def plug(seen_home, **config):
    connection = factories.home_assistant(seen_home.site)
    config = {"entity_switch": "switch.plug", **config}
    controller = factories.controller(
        seen_home.site, adapter_type="home_assistant_switch", config=config, home_assistant=connection
    )
    seen_home.miner.controller = controller
    seen_home.miner.save()
    return controller


def test_a_card_says_that_nothing_switches_its_plug_off_and_how_to_change_that(signed_in, seen_home):
    controller = plug(seen_home)
    html = signed_in.get(reverse("miners")).content.decode()
    assert "Nothing switches it off if this program and the network are gone." in html
    assert "Tasmota: PulseTime" in html
    assert reverse("admin:miners_minercontroller_change", args=[controller.pk]) in html


def test_a_card_names_the_timer_of_its_plug(signed_in, seen_home):
    plug(seen_home, auto_off_minutes=30)
    html = signed_in.get(reverse("miners")).content.decode()
    assert "the plug’s own timer switches it off within 30 min" in html
    assert "Nothing switches it off" not in html


def test_a_damaged_configuration_promises_no_dead_man(signed_in, seen_home):
    plug(seen_home, auto_off_minutes="soon")
    assert "Nothing switches it off" in signed_in.get(reverse("miners")).content.decode()


def test_of_a_dummy_no_dead_man_is_told(signed_in, seen_home):
    assert "Nothing switches it off" not in signed_in.get(reverse("miners")).content.decode()


def test_policies_name_what_is_never_true_in_this_home(signed_in, seen_home):
    policy = factories.policy(
        seen_home.site, [("start", {"field": "forecast.next_hour_power", "operator": "gte", "value": 5})]
    )
    html = signed_in.get(reverse("policies")).content.decode()
    rule = policy.rules.get()
    assert f"Rule ‘{rule.name}’ is never true here: nothing in this home tells the forecast power" in html


def test_policies_name_a_rule_whose_zone_was_deleted(signed_in, seen_home):
    zone = factories.zone(seen_home.site, "Attic")
    leaf = {"field": "climate.zones.attic.temperature_celsius", "operator": "lt", "value": 15}
    factories.policy(seen_home.site, [("start", leaf)])
    assert "Attic temperature is below 15.0 °C" in signed_in.get(reverse("policies")).content.decode()
    zone.delete()
    html = signed_in.get(reverse("policies")).content.decode()
    assert "is about the zone ‘attic’, which was deleted." in html


def test_policies_read_as_words_without_paths(signed_in, seen_home):
    html = signed_in.get(reverse("policies")).content.decode()
    assert "temperature is below the lower bound" in html
    assert "used by Ground floor" in html
    assert "climate.zone" not in html


def test_a_rule_that_cannot_be_understood_is_shown_as_such(signed_in, seen_home):
    factories.policy(seen_home.site, [("start", {"field": "no.such", "operator": "eq", "value": 1})])
    assert "cannot be understood" in signed_in.get(reverse("policies")).content.decode()


def test_activity_pages_on(signed_in, home):
    ActivityLog.objects.bulk_create(ActivityLog(site=home, text=f"Event {number}.") for number in range(60))
    first = signed_in.get(reverse("activity")).content.decode()
    assert "Event 59." in first
    assert "Event 9." not in first
    older = re.search(r'href="(\?before=\d+)"', first)[1]
    assert "Event 9." in signed_in.get(reverse("activity") + older).content.decode()


# --- bars -----------------------------------------------------------------------------------------


def test_an_open_alarm_stands_on_every_page(signed_in, seen_home):
    alarm = Alarm.objects.create(
        site=seen_home.site, kind="off_open", subject=f"miner:{seen_home.miner.pk}", text="The Avalon cannot be off.",
        did="It is told again every 10 seconds.", remedy="Pull its plug.",
    )  # fmt: skip
    seen_home.publish()
    for name in PAGES:
        html = signed_in.get(reverse(name)).content.decode()
        assert "The Avalon cannot be off." in html
        assert "Pull its plug." in html
    alarm.ended_at = timezone.now()
    alarm.save()
    assert "The Avalon cannot be off." not in signed_in.get("/").content.decode()


def test_late_control_is_said_and_goes_again(signed_in, seen_home):
    seen_home.publish(at=timezone.now() - timedelta(seconds=60))
    assert "Control is late" in signed_in.get("/").content.decode()
    seen_home.publish()
    assert "Control is late" not in signed_in.get("/").content.decode()


def test_a_first_pass_that_never_comes_is_said(signed_in, seen_home):
    assert "has not looked" not in signed_in.get("/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert "has not looked" in signed_in.get("/").content.decode()


def test_a_simulated_home_says_so_and_a_real_one_does_not(signed_in, seen_home):
    assert "nothing here is real" not in signed_in.get("/").content.decode()
    seen_home.site.is_demo = True
    seen_home.site.save()
    assert "nothing here is real" in signed_in.get("/").content.decode()


def test_a_test_bench_says_so(signed_in, home, settings):
    settings.TEST_BENCH_SITES = [str(home.pk)]
    assert "Test bench." in signed_in.get("/").content.decode()


def test_markup_in_names_is_text(signed_in, seen_home):
    seen_home.zone.name = "<script>alert(1)</script>"
    seen_home.zone.save()
    assert "<script>alert(1)" not in signed_in.get("/").content.decode()


# --- live parts -----------------------------------------------------------------------------------


def test_live_parts_come_without_the_page(signed_in, seen_home):
    seen_home.publish()
    html = live(signed_in).content.decode()
    assert "<html" not in html
    assert f'id="zone-{seen_home.zone.pk}"' in html
    assert html.count('hx-swap-oob="true"') == 4  # bars, the overview, the zone, the energy


def test_nothing_changed_is_304_and_a_change_is_not(signed_in, seen_home):
    seen_home.publish(at=timezone.now())
    first = live(signed_in)
    again = live(signed_in, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    seen_home.publish(zone={"temperature_celsius": 20.7})
    changed = live(signed_in, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert changed.status_code == 200
    assert "20.7°" in changed.content.decode()


def test_a_packed_answer_is_recognised_when_its_tag_comes_back(signed_in, seen_home):
    """Compression weakens the tag; nothing changed is 304 all the same."""
    seen_home.publish(at=timezone.now())
    first = live(signed_in, HTTP_ACCEPT_ENCODING="gzip")
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["ETag"].startswith("W/")
    assert live(signed_in, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 304


def test_a_card_keeps_its_key_as_long_as_it_looks_the_same(signed_in, seen_home):
    now = timezone.now()
    seen_home.publish(at=now)
    before = re.findall(r'data-key="(\w+)"', live(signed_in).content.decode())
    seen_home.publish(zone={"temperature_celsius": 19.0}, at=now)
    after = re.findall(r'data-key="(\w+)"', live(signed_in).content.decode())
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, False, True]


def test_a_new_zone_reloads_the_page(signed_in, seen_home):
    shape = shape_of(signed_in.get("/").content.decode())
    factories.zone(seen_home.site, "Attic")
    assert signed_in.get("/", {"shape": shape}, **HTMX).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", PAGES)
def test_statements_do_not_grow_with_the_home(signed_in, seen_home, name):
    seen_home.publish()
    signed_in.get(reverse(name))  # the rows of the last hours are kept from here on
    few = statements(signed_in, reverse(name))
    for number in range(5):
        zone = factories.zone(seen_home.site, f"Room {number}", monitor=factories.climate_monitor(seen_home.site))
        miner = factories.miner(seen_home.site, f"Miner {number}", zones=[zone])
        factories.unit(seen_home.site, miners=[miner], policy=factories.policy(seen_home.site))
        factories.energy_source(seen_home.site, name=f"Roof {number}")
        CommandLog.objects.create(miner=miner, power_w=0, outcome="sent")
    signed_in.get(reverse(name))  # what was set up is compiled once
    assert statements(signed_in, reverse(name)) == few
    assert few <= 20


def test_statements_of_a_rooms_page_do_not_grow_with_the_home(signed_in, seen_home):
    page = reverse("zone", args=[seen_home.zone.pk])
    seen_home.publish()
    start_period(seen_home.site, preset="eco", by="anna")
    signed_in.get(page)
    few = statements(signed_in, page)
    for number in range(5):
        seen_home.zone.monitors.add(factories.climate_monitor(seen_home.site, name=f"Sensor {number}"))
        miner = factories.miner(seen_home.site, f"Miner {number}", zones=[seen_home.zone])
        factories.zone(seen_home.site, f"Room {number}")
        Decision.objects.create(
            site=seen_home.site, miner=miner, action="start", origin="policy", reason="Cold.", reason_code="cold"
        )
        start = timezone.now() + timedelta(days=10 * number + 1)
        start_period(seen_home.site, preset="away", starts_at=start, ends_at=start + timedelta(days=2), by="anna")
    signed_in.get(page)
    assert statements(signed_in, page) == few
    assert few <= 26


def test_no_page_asks_anything_of_another_server(signed_in, seen_home):
    for name in [*PAGES, "setup"]:
        html = signed_in.get(reverse(name)).content.decode()
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', html)


# --- several homes --------------------------------------------------------------------------------


def test_the_first_real_home_is_shown_and_another_can_be_chosen(signed_in, db):
    factories.site(name="A demo", is_demo=True)
    factories.site(name="Real one")
    other = factories.site(name="Second one")
    assert '<h1 class="sr">Real one</h1>' in signed_in.get("/").content.decode()
    signed_in.get(reverse("show-site", args=[other.pk]))
    assert '<h1 class="sr">Second one</h1>' in signed_in.get("/").content.decode()


def test_the_page_of_a_zone_shows_its_own_home(signed_in, seen_home):
    factories.site(name="AAA first")
    html = signed_in.get(reverse("zone", args=[seen_home.zone.pk])).content.decode()
    assert f'<span class="site">{seen_home.site.name}</span>' in html


def test_a_home_that_is_gone_is_forgotten(signed_in, home):
    other = factories.site()
    signed_in.get(reverse("show-site", args=[other.pk]))
    other.delete()
    assert f'<h1 class="sr">{home.name}</h1>' in signed_in.get("/").content.decode()


# --- the pulse ------------------------------------------------------------------------------------


def test_the_pulse_is_304_until_there_was_a_pass(signed_in, seen_home):
    address = reverse("pulse", args=[seen_home.site.pk])
    assert signed_in.get(address).content == b""
    seen_home.publish()
    first = signed_in.get(address)
    assert signed_in.get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 304
    seen_home.publish()
    again = signed_in.get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content != first.content) == (200, True)


def test_the_pulse_costs_no_more_than_knowing_who_asks(signed_in, seen_home):
    assert statements(signed_in, reverse("pulse", args=[seen_home.site.pk])) <= 2


def test_a_page_knows_the_pass_it_shows(signed_in, seen_home):
    seen_home.publish()
    pulse = signed_in.get(reverse("pulse", args=[seen_home.site.pk])).content.decode()
    assert f'data-seen="{pulse}"' in signed_in.get("/").content.decode()


def test_a_phone_can_put_the_pages_on_its_home_screen(client):
    """Asked without a session, as browsers do."""
    answer = client.get("/manifest.webmanifest")
    manifest = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert {(one["sizes"], one["purpose"]) for one in manifest["icons"]} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    page = client.get("/sign-in/").content.decode()
    assert f'href="{reverse("manifest")}"' in page
    named = re.findall(r'rel="(?:icon|apple-touch-icon)" href="([^"]+)"', page)
    for address in [*(one["src"] for one in manifest["icons"]), *named, client.get("/favicon.ico")["Location"]]:
        assert finders.find(urlsplit(address).path.removeprefix("/static/")), address


def test_the_icons_are_as_large_as_the_manifest_says(client):
    for one in client.get("/manifest.webmanifest").json()["icons"]:
        png = Path(finders.find(urlsplit(one["src"]).path.removeprefix("/static/"))).read_bytes()
        assert f"{int.from_bytes(png[16:20])}x{int.from_bytes(png[20:24])}" == one["sizes"]
