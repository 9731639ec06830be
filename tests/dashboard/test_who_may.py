"""Every address with an account that has no staff rights: what it may open, and what ends on the page that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from sites.models import Site
from tests import factories

pytestmark = pytest.mark.django_db

#: Every named address outside the admin and the API; a new one is to be entered here.
EVERYBODY = {
    "home", "zone", "zone-chart", "zone-history", "week", "week-save", "pulse", "energy", "energy-chart", "miners",
    "miner", "miner-history", "miner-chart", "policies", "activity", "safety", "show-site", "target", "target-resume",
    "target-undo", "away-start", "away-end", "away-undo", "away-resume", "miner-off", "miner-on", "miner-resume",
    "all-off", "resume-all", "all-homes-off", "resume-all-homes", "acknowledge",
    "confirm-value", "withdraw",
}  # fmt: skip
STAFF = {
    "remove-demo", "look-around", "setup", "setup-rooms", "setup-miners", "setup-energy", "setup-finish", "add-miner",
    "age-limit", "add-miner-found", "add-miner-open", "add-miner-settings", "add-room", "setup-connection",
    "setup-discard", "setup-meters",
}  # fmt: skip
#: Open to strangers, or the page of refusal itself.
DOORS = {"sign-in", "sign-in-link", "sign-out", "healthz", "not-allowed", "favicon", "manifest"}
_SAMPLES = {"uuid": "00000000-0000-4000-8000-000000000000", "path": "00000000-0000-4000-8000-000000000000", "int": "1",
            "str": "x", "slug": "x"}  # fmt: skip
REFUSED = "You may not change the set-up"


def addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """(name, address) of everything below, parameters filled in."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + re.sub(r"<(?:(\w+):)?\w+>", lambda found: _SAMPLES[found[1] or "str"], str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield pattern.name or "", route
        elif route != "/api/v1/":
            yield from addresses(pattern, route)


@pytest.fixture
def ben(db) -> Client:
    client = Client()
    client.force_login(factories.user("ben", staff=False))
    return client


def is_refused(response) -> bool:
    return response.status_code == 403 and REFUSED in response.content.decode()


@pytest.fixture
def anna(db):
    return factories.user("anna")


def test_every_page_and_action_knows_who_may(ben, anna, home):
    own = {name: route for name, route in addresses() if not route.startswith("/admin/")}
    assert set(own) == EVERYBODY | STAFF | DOORS
    for name in EVERYBODY | STAFF:
        for method in ("get", "post"):
            assert is_refused(getattr(ben, method)(own[name])) is (name in STAFF), (method, name)
    assert Site.objects.count() == 1


def test_nothing_of_the_set_up_opens(ben, anna, home):
    every = [route for _, route in addresses() if route.startswith("/admin/")]
    assert len(every) > 100
    for route in every:
        if "(?P" in route or route == "/admin/logout/":
            continue
        for method in ("get", "post"):
            response = getattr(ben, method)(route)
            if response.status_code == 302:
                response = ben.get(response["Location"], follow=True)
            assert is_refused(response) or response.status_code in (404, 405), (method, route, response.status_code)


def test_the_page_names_whom_to_ask(ben, anna):
    said = ben.get(reverse("not-allowed")).content.decode()
    assert "Ask anna." in said
    assert "All off" in said


def test_a_live_action_leads_to_that_page(ben, anna, home):
    answer = ben.post(reverse("look-around"), HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Redirect"]) == (403, reverse("not-allowed"))


def test_links_to_the_set_up_are_shown_to_those_who_may(seen_home, ben, anna):
    seen_home.publish()
    staff, links = Client(), re.compile(r'href="(/admin/[^"]*|/setup/[^"]*|/miners/add/[^"]*)"')
    staff.force_login(anna)
    pages = ["home", "miners", "energy", "policies", "activity", "safety"]
    urls = [reverse(name) for name in pages]
    urls += [reverse("zone", args=[seen_home.zone.pk]), reverse("miner", args=[seen_home.miner.pk])]
    urls.append(reverse("week", args=[seen_home.zone.pk]))
    for url in urls:
        assert links.findall(staff.get(url).content.decode()), url
        assert not links.findall(ben.get(url).content.decode()), url


def test_without_any_home_nobody_is_sent_into_a_wall(ben, anna):
    page = ben.get("/").content.decode()
    assert "Ask anna." in page
    assert "/setup/" not in page


def test_somebody_who_signs_in_from_the_set_up_comes_back_there(client, anna):
    response = client.get("/admin/miners/miner/", follow=True)
    assert response.redirect_chain[-1][0] == "/sign-in/?next=/admin/miners/miner/"
    client.force_login(anna)
    assert client.get("/admin/login/?next=/admin/miners/miner/", follow=True).status_code == 200
