"""The page of one miner and the overview: what they say, to whom, with how few statements, whole or in parts."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from miners.earnings.pools.reading import PoolReading, to_json
from miners.earnings.refresh import refresh
from miners.models import CommandLog, DesiredState, Miner, MinerEarning, MinerReading
from miners.services import request_power
from optimization.models import Decision
from sites.history import keep
from sites.models import Alarm
from tests import factories

HTMX = {"HTTP_HX_REQUEST": "true"}
RICH = {
    "status": "heating", "power_w": 1300.0, "drawn_w": 1300.0, "desired_w": 1300, "power_source": "firmware",
    "level": "standard", "hash_rate_th_s": 80.0, "chip_temperature_celsius": 71.4, "fan_rpm": 3120,
    "reason": "Living room is 0.6° below target, so the Avalon runs.",
}  # fmt: skip


@pytest.fixture
def address(seen_home) -> str:
    return reverse("miner", args=[seen_home.miner.pk])


@pytest.fixture
def words(signed_in, address):
    """The page as a person reads it: without tags, with plain spaces."""

    def read(path: str = "") -> str:
        html = signed_in.get(path or address).content.decode()
        text = re.sub(r"<[^>]+>", " ", html[html.index("<main") :]).replace("\u202f", " ")
        return re.sub(r"\s+", " ", text)

    return read


def record(miner: Miner, minutes: int = 120, end=None) -> None:
    end = end or timezone.now().replace(second=0, microsecond=0)
    MinerReading.objects.bulk_create(
        MinerReading(
            miner=miner, at=end - timedelta(minutes=age), status="heating", power_w=1290.0, desired_w=1300,
            hash_rate_th_s=80.0, chip_temperature_celsius=70.5,
        )
        for age in range(1, minutes + 1)
    )  # fmt: skip


def test_it_says_state_and_why_and_everything_around_it(seen_home, give_levels, words):
    give_levels()
    DesiredState.objects.create(miner=seen_home.miner, starts=[timezone.now().isoformat(), "garbage", 5])
    seen_home.publish(miner=RICH)
    said = words()
    for sentence in (
        "heating", "1.3 kW", "so the Avalon runs", "as the device itself says", "standard, 1300 W", "80.0 TH/s",
        "16.2 J/TH", "71.4 °C", "3120 rpm", "It does not tell: board temperature", "1 of 40", "Avalon home miner",
        "10 min", "Living room", "Ground floor", "Quiet hours none", "cgminer 25052801", "0203040506",
        "eco 800 W 52.0 TH/s 15.4 J/TH", "After a power cut it heats again.", "Change it in Set-up",
    ):  # fmt: skip
        assert sentence in said, sentence


def test_before_the_first_pass_and_without_a_switch(seen_home, words):
    assert "No pass has looked at it yet." in words()
    Miner.objects.update(controller=None)
    assert "Switched by nothing yet" in words()


@pytest.mark.parametrize(
    "status", ["unreachable", "unknown", "protect", "no_pool", "stopping", "ramping", "unconfirmed"]
)
def test_it_answers_in_every_state(seen_home, words, status):
    seen_home.publish(miner={"status": status, "power_w": None, "power_is_measured": False})
    assert words()


def test_a_driver_that_is_gone_and_a_damaged_identity(seen_home, words):
    controllers = type(seen_home.miner.controller).objects
    controllers.update(adapter_type="of-a-plugin", identity={"power": {"levels": 3}, "limits": None})
    seen_home.publish()
    assert "It is only switched on and off, or nobody asked yet" in words()


def test_cards_and_rooms_lead_to_it_and_it_leads_back(signed_in, seen_home, address):
    seen_home.publish()
    assert f'href="{address}"' in signed_in.get("/").content.decode()
    assert f'href="{address}"' in signed_in.get(reverse("miners")).content.decode()
    html = signed_in.get(address).content.decode()
    assert f'href="{reverse("miners")}"' in html
    assert reverse("admin:miners_miner_change", args=[seen_home.miner.pk]) in html


def test_what_it_earned_and_what_its_heat_cost(seen_home, words):
    factories.hash_price(seen_home.site, electricity_currency_per_kwh=0.25)
    refresh(timezone.now())
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    figures = {"earned_sat": 83.0, "earned_currency": 0.05, "electricity_currency": 0.25, "currency": "EUR"}
    other = factories.miner(seen_home.site, "Other")
    MinerEarning.objects.create(miner=seen_home.miner, at=hour, energy_wh=1000, **figures)
    MinerEarning.objects.create(miner=other, at=hour, energy_wh=9000, **figures)
    seen_home.publish(miner=RICH)
    said = words()
    assert "Earns 3 600 sat a day, 2.16 EUR." in said
    assert "Electricity for a day 7.80 EUR" in said
    assert "Heat 1.0 kWh Earned 83 sat · 0.05 EUR Electricity 0.25 EUR A kWh of heat cost 0.2000 EUR" in said


def test_without_a_hash_price_it_says_where_to_enter_it(seen_home, words):
    seen_home.publish(miner=RICH)
    assert "What hashing earns is not known." in words()


# --- its commands and decisions -------------------------------------------------------------------


def test_its_own_commands_and_decisions_only_with_reasons_and_outcome(seen_home, words):
    other = factories.miner(seen_home.site, "Other")
    CommandLog.objects.create(miner=seen_home.miner, power_w=0, outcome="failed", error="No answer.", reason="Warm.")
    CommandLog.objects.create(miner=other, power_w=0, outcome="sent", reason="Not of this one.")
    for miner, reason in ((seen_home.miner, "It was cold."), (other, "Another room was cold.")):
        Decision.objects.create(
            site=seen_home.site, miner=miner, action="start", origin="policy", reason=reason, reason_code="cold"
        )
    said = words()
    assert "off failed: No answer. Warm." in said
    assert "It was cold." in said
    assert "Not of this one." not in said
    assert "Another room" not in said


def test_the_command_log_pages_on(signed_in, seen_home, address, words):
    CommandLog.objects.bulk_create(
        CommandLog(miner=seen_home.miner, power_w=0, outcome="sent", reason=f"Command {number}.")
        for number in range(60)
    )
    first = words()
    assert "Command 59." in first
    assert "Command 9." not in first
    older = re.search(r'href="(\?before=\d+)#', signed_in.get(address).content.decode())[1]
    assert "Command 9." in words(address + older)
    assert "Older commands" not in words(address + older)


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣", ""])
def test_garbage_in_the_address_of_a_page_of_commands_is_the_first_page(signed_in, seen_home, address, before):
    CommandLog.objects.create(miner=seen_home.miner, power_w=0, outcome="sent", reason="Seen.")
    assert "Seen." in signed_in.get(address, {"before": before}).content.decode()


# --- to whom, and what is not there ---------------------------------------------------------------


def test_a_stranger_is_led_to_the_sign_in_page(client, seen_home, address):
    assert client.get(address).url.startswith(reverse("sign-in"))


def test_the_page_of_a_miner_shows_its_own_home(signed_in, seen_home, address):
    factories.site(name="AAA first")
    assert f'<span class="site">{seen_home.site.name}</span>' in signed_in.get(address).content.decode()


def test_what_is_not_there_is_said_in_the_houses_words(signed_in, seen_home, address):
    seen_home.miner.delete()
    for path in (address, "/miners/00000000-0000-0000-0000-000000000000/", "/no/such/page/"):
        answer = signed_in.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.content.decode()
        assert "No Miner matches" not in answer.content.decode()


def test_an_open_page_of_a_miner_that_is_deleted_is_loaded_anew(signed_in, seen_home, address):
    seen_home.miner.delete()
    assert signed_in.get(address, **HTMX).headers["HX-Refresh"] == "true"


def test_markup_in_names_is_text(signed_in, seen_home, address):
    bad = "<script>alert(1)</script>"
    Miner.objects.update(name=bad, model=bad)
    identity = {"model": bad, "firmware": bad, "limits": [bad]}
    type(seen_home.miner.controller).objects.update(identity=identity, name=bad)
    seen_home.publish(miner={"level": bad, "status": "heating", "problem": bad, "reason": bad})
    assert "<script>alert(1)" not in signed_in.get(address).content.decode()
    assert "<script>alert(1)" not in signed_in.get(reverse("miners")).content.decode()


# --- live -----------------------------------------------------------------------------------------


def live(client, path, **headers):
    shape = re.search(r'"shape": "(\w+)"', client.get(path).content.decode())[1]
    return client.get(path, {"shape": shape}, **HTMX, **headers)


def test_nothing_changed_is_304_and_a_change_is_not(signed_in, seen_home, give_levels, address):
    give_levels()
    seen_home.publish(miner=RICH, at=timezone.now())
    first = live(signed_in, address)
    again = live(signed_in, address, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    seen_home.publish(miner={**RICH, "fan_rpm": 3300}, at=timezone.now())
    changed = live(signed_in, address, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert "3300" in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_only_what_looks_different_gets_another_key(signed_in, seen_home, address):
    def keys() -> dict[str, str]:
        return dict(re.findall(r'id="([\w-]+)" data-key="(\w+)"', live(signed_in, address).content.decode()))

    now = timezone.now()
    seen_home.publish(miner=RICH, at=now)
    before = keys()
    seen_home.publish(miner={**RICH, "fan_rpm": 3300}, at=now)
    after = keys()
    assert {part for part in before if before[part] != after[part]} == {"readings"}


def order(html: str) -> list[str]:
    return re.findall(r'<article [^>]*aria-label="(\w+)"', html)


def test_a_card_that_moves_up_does_not_load_the_overview_anew(signed_in, seen_home):
    factories.miner(seen_home.site, "AAA", controller=factories.controller(seen_home.site))
    request_power(seen_home.miner, 0, by="anna")
    seen_home.publish()
    html = signed_in.get(reverse("miners")).content.decode()
    assert order(html) == ["AAA", "Avalon"]
    shape = re.search(r'"shape": "(\w+)"', html)[1]
    seen_home.publish(miner={"status": "unreachable"})
    answer = signed_in.get(reverse("miners"), {"shape": shape}, **HTMX)
    assert "HX-Refresh" not in answer.headers
    assert order(answer.content.decode()) == ["Avalon", "AAA"]


# --- how much it costs ----------------------------------------------------------------------------


def statements(client, path) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_statements_grow_neither_with_the_past_nor_with_the_home(signed_in, seen_home, give_levels, address):
    give_levels()
    seen_home.publish(miner=RICH)
    signed_in.get(address)
    few = statements(signed_in, address)
    record(seen_home.miner, 600)
    for number in range(60):
        CommandLog.objects.create(miner=seen_home.miner, power_w=0, outcome="sent")
        Decision.objects.create(
            site=seen_home.site, miner=seen_home.miner, action="start", origin="policy", reason="Cold.", reason_code="c"
        )
        if number < 5:
            zone = factories.zone(seen_home.site, f"Room {number}")
            factories.miner(seen_home.site, f"Miner {number}", zones=[zone, seen_home.zone])
    assert statements(signed_in, address) == few
    assert few <= 22


# --- the overview ---------------------------------------------------------------------------------


def test_the_overview_begins_with_the_sums_and_what_needs_somebody(seen_home, words):
    factories.hash_price(seen_home.site, electricity_currency_per_kwh=0.25)
    refresh(timezone.now())
    Alarm.objects.create(site=seen_home.site, kind="k", subject=f"miner:{seen_home.miner.pk}", text="It stays on.")
    seen_home.publish(miner=RICH)
    said = words(reverse("miners"))
    assert "Drawing now 1.3 kW of 1.0 kW, 1 of 1 on" in said
    assert "Earning 3 600 sat 2.16 EUR a day" in said
    assert "A kWh of heat costs 0.181 EUR" in said
    assert said.index("Avalon It stays on.") < said.index("should draw")


def test_the_overview_puts_alarms_first(signed_in, seen_home):
    for name in ("AAA", "BBB"):
        factories.miner(seen_home.site, name, controller=factories.controller(seen_home.site))
    seen_home.publish(miner={"status": "unreachable"})
    html = signed_in.get(reverse("miners")).content.decode()
    assert order(html) == ["Avalon", "AAA", "BBB"]


# --- the past -------------------------------------------------------------------------------------


def test_the_chart_of_a_day_shows_what_was_wanted_and_the_chips(signed_in, seen_home):
    record(seen_home.miner)
    data = signed_in.get(reverse("miner-chart", args=[seen_home.miner.pk]), {"hours": "24"}).json()
    assert (data["step"], len(data["t"])) == (60, 120)
    assert {name: set(data[name]) for name in ("power", "wanted", "chips", "hash_rate")} == {
        "power": {1290.0}, "wanted": {1300.0}, "chips": {70.5}, "hash_rate": {80.0},
    }  # fmt: skip


@pytest.mark.parametrize("hours", ["168", "720"])
def test_longer_charts_have_no_figure_that_was_not_kept(signed_in, seen_home, hours):
    record(seen_home.miner)
    data = signed_in.get(reverse("miner-chart", args=[seen_home.miner.pk]), {"hours": hours}).json()
    assert set(data["wanted"]) == set(data["chips"]) == {None}
    assert max(data["power"]) == pytest.approx(1290.0)


def table(answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.parametrize("kept", [False, True])
def test_its_past_as_a_table(signed_in, seen_home, kept):
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    record(seen_home.miner, 120, end)
    if kept:
        keep()
    answer = signed_in.get(reverse("miner-history", args=[seen_home.miner.pk]))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="avalon-')
    rows = table(answer)
    assert len(rows) == 8
    assert sum(float(row["energy_wh"]) for row in rows) == pytest.approx(2580)
    assert {row["hash_rate_th_s"] for row in rows} == {"80.0"}


def test_its_minutes_as_a_table(signed_in, seen_home):
    record(seen_home.miner, 30)
    (first, *rest) = table(signed_in.get(reverse("miner-history", args=[seen_home.miner.pk]), {"resolution": "minute"}))
    assert len(rest) == 29
    assert (first["status"], first["power_w"], first["desired_w"]) == ("heating", "1290.0", "1300.0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", first["at_utc"])


@pytest.mark.parametrize(("name", "value"), [("from", "soon"), ("to", "2026-11-22"), ("resolution", "day")])
def test_garbage_is_refused_in_words(signed_in, seen_home, name, value):
    answer = signed_in.get(reverse("miner-history", args=[seen_home.miner.pk]), {name: value})
    assert answer.status_code == 422
    assert value in answer.json()["error"]


def test_what_the_pool_sees_and_owes_is_on_the_pages(signed_in, seen_home):
    now = timezone.now()
    said = PoolReading(hash_rate_th_s=84.2, unpaid_sat=123_456, workers_ok=1, workers_off=2)
    factories.pool(seen_home.site, name="Ocean", reading=to_json(said), read_at=now, problem="It does not answer.")
    factories.pool(seen_home.site, name="New pool")
    for address in (reverse("miners"), reverse("miner", args=[seen_home.miner.pk])):
        page = signed_in.get(address).content.decode().replace("\u202f", " ")
        for words in (
            "Ocean",
            "84.2 TH/s",
            "123 456 sat",
            "It does not answer.",
            "Machines gone quiet",
            "not been asked yet",
        ):
            assert words in page
