"""A card kept as it was rendered looks as if it were rendered again, for every reader and at every moment."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from climate.models import ZoneReading
from dashboard import fragments, last_hours
from dashboard.templatetags import look
from tests import factories

CARD = re.compile(r'<article class="card zone.*?</article>', re.DOTALL)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def card(client) -> str:
    return CARD.search(client.get("/").content.decode()).group()


def without_token(html: str) -> str:
    return TOKEN.sub("", html)


@pytest.fixture
def rendered(monkeypatch):
    """The templates of kept parts that were rendered."""
    made, render = [], look.render_to_string
    monkeypatch.setattr(look, "render_to_string", lambda name, *args: made.append(name) or render(name, *args))
    return made


def test_a_kept_card_is_what_its_template_makes(signed_in, seen_home, monkeypatch, rendered):
    seen_home.publish()
    first, kept = card(signed_in), card(signed_in)
    assert rendered == ["dashboard/_zone_card.html"]
    monkeypatch.setattr(fragments, "KEPT", frozenset())
    plain = card(signed_in)
    assert without_token(first) == without_token(kept) == without_token(plain)


def test_each_reader_has_the_token_of_his_own_session(signed_in, seen_home, rendered):
    seen_home.publish()
    other = Client()
    other.force_login(factories.user())
    tokens = [TOKEN.findall(card(client)) for client in (signed_in, other, signed_in)]
    assert rendered == ["dashboard/_zone_card.html"]
    assert all(len(set(those)) == 1 and len(those) >= 4 for those in tokens)
    assert len({those[0] for those in tokens}) == 3  # masked anew for each answer
    page = other.get("/").content.decode()
    zone, token = re.search(r'action="(/zones/[^"]+/target/)"', page).group(1), TOKEN.search(page).group(1)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = other.cookies
    assert strict.post(zone, {"step": "up", "csrfmiddlewaretoken": token}).status_code in (200, 302)


def test_an_age_goes_on_in_a_kept_card(signed_in, seen_home, rendered):
    seen_home.publish()
    now = timezone.now()
    ages = []
    for seconds in (0, 20):
        with time_machine.travel(now.replace(second=10) + timedelta(seconds=seconds), tick=False):
            ages.append(re.search(r'<time class="ago"[^>]*>([^<]+)<', card(signed_in)).group(1))
    assert rendered == ["dashboard/_zone_card.html"]
    assert ages[0] != ages[1]


def test_new_minutes_are_read_without_reading_the_old_ones_again(db, monkeypatch, django_assert_num_queries):
    zone, now, clock = factories.zone(factories.site()), timezone.now().replace(second=0, microsecond=0), [0.0]
    monkeypatch.setattr(last_hours.time, "monotonic", lambda: clock[0])

    def minute(number: int) -> None:
        ZoneReading.objects.create(zone=zone, at=now + timedelta(minutes=number), temperature_celsius=20 + number / 100)

    for number in range(-400, 0):
        minute(number)
    first = last_hours.of_zones(zone.pk, [zone.pk], now)[zone.pk]
    assert len(first) == 360
    with django_assert_num_queries(0):
        assert last_hours.of_zones(zone.pk, [zone.pk], now)[zone.pk] is first
    clock[0] += last_hours.NEWER_AFTER_SECONDS
    assert last_hours.of_zones(zone.pk, [zone.pk], now)[zone.pk] is first
    minute(0)
    clock[0] += last_hours.NEWER_AFTER_SECONDS
    grown = last_hours.of_zones(zone.pk, [zone.pk], now + timedelta(minutes=1))[zone.pk]
    assert (len(grown), grown[:-1], grown[-1].at) == (360, first[1:], now)
    minute(-1000)  # stored late, and too old
    ZoneReading.objects.filter(at=now - timedelta(minutes=30)).update(temperature_celsius=25.0)
    clock[0] += last_hours.ALL_AFTER_SECONDS
    again = last_hours.of_zones(zone.pk, [zone.pk], now + timedelta(minutes=1))[zone.pk]
    assert max(row.temperature_celsius for row in again) == 25.0
