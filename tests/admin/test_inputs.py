"""Every input of every set-up page has a name, none shows raw JSON, and no time is called wrong that is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from miners import power
from miners.level_watts_field import LevelWattsField
from miners.models import Miner
from tests import factories

from .test_pages import REGISTERED, row_of, url_of

_UNSEEN = ("hidden", "submit", "button", "image")


@dataclass
class Controls(HTMLParser):
    """The inputs of a page, rows that a script adds included, and what names them."""

    labelled: set[str] = field(default_factory=set)
    found: list[tuple[dict, bool]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _labels: int = 0
    _textarea: bool = False

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "label":
            self._labels += 1
            self.labelled.add(attributes.get("for") or "")
        elif tag in ("input", "select", "textarea") and attributes.get("type") not in _UNSEEN:
            self.found.append((attributes, self._labels > 0))
            self._textarea = tag == "textarea"
            if tag == "input":
                self.texts.append(attributes.get("value") or "")

    def handle_endtag(self, tag):
        self._labels -= tag == "label"
        self._textarea = self._textarea and tag != "textarea"

    def handle_data(self, data):
        if self._textarea:
            self.texts.append(data)

    @property
    def nameless(self) -> list[str]:
        return [
            one.get("name") or one.get("id") or "?"
            for one, is_inside in self.found
            if not (is_inside or one.get("aria-label") or one.get("aria-labelledby") or one.get("id") in self.labelled)
        ]


def controls_of(html: str) -> Controls:
    found = Controls()
    # What follows the content is the menu of the set-up, the same on every page.
    found.feed(html)
    return found


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_input_has_a_name_and_none_shows_raw_json(page, filled, model):
    for path in (url_of(model, "add"), url_of(model, "change", row_of(filled, model).pk)):
        answer = page.get(path)
        if answer.status_code == 403:
            continue
        seen = controls_of(answer.content.decode())
        # “s” is the search of the menu, with a placeholder of its own.
        assert [name for name in seen.nameless if name != "s"] == []
        assert [text for text in seen.texts if text.strip() in ("{}", "[]", "null", "None")] == []


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_labels_are_words(page, filled, model):
    """No name of a field in the code: “Hash rate th s”."""
    for path in (url_of(model, "add"), url_of(model, "change", row_of(filled, model).pk)):
        labels = re.findall(r"<label[^>]*>\s*([^<]+?)\s*<", page.get(path).content.decode())
        assert [
            label for label in labels if re.search(r"_|\b(th s|celsius|[Uu]rl|[Jj]son|btc|soc|w|wh|th)\b", label)
        ] == []


LEVELS = power.PowerModel((power.Level("eco", 800.0), power.Level("super", 1600.0)))


def test_measured_levels_are_typed_one_a_line(page, filled):
    miner = filled.miner
    miner.controller.identity = {"model": "Avalon", "power": power.to_json(LEVELS)}
    miner.controller.save()
    address = reverse("admin:miners_miner_change", args=[miner.pk])
    form = page.get(address).context["adminform"].form
    assert "It has: eco, super." in form.fields["level_watts"].help_text
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in values.items() if value is not None and value is not False}
    data |= {"zones": [str(zone.pk) for zone in miner.zones.all()], "controller": str(miner.controller_id)}
    data |= {name: str(getattr(miner, f"{name}_id") or "") for name in ("circuit", "cutoff")}
    refused = page.post(address, data | {"level_watts": "eco 810"})
    assert "write a level’s name, a colon and its watts" in refused.content.decode()
    unknown = page.post(address, data | {"level_watts": "turbo: 810"})
    assert "Give 1 to 20000 W for: eco, super." in unknown.content.decode()
    stored = page.post(address, data | {"level_watts": "eco: 810 W\r\nsuper: 1583,5"})
    assert stored.status_code == 302, stored.context["adminform"].form.errors
    assert Miner.objects.get(pk=miner.pk).level_watts == {"eco": 810, "super": 1583.5}


def test_levels_as_typed_come_back():
    typed = LevelWattsField(required=False)
    for stored in ({}, {"eco": 810, "a: b": 900.5}):
        assert typed.clean(typed.prepare_value(stored)) == stored
        assert not typed.has_changed(stored, typed.prepare_value(stored))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_no_time_is_marked_as_wrong_in_another_time_zone(browser, live_server, client, home):
    """Django draws a red triangle beside times where the clock of the browser differs from the server's."""
    client.force_login(factories.user("ada"))
    zone = factories.zone(home)
    context = browser.new_context(timezone_id="Asia/Tokyo", viewport={"width": 360, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    for address in (
        reverse("admin:climate_targetperiod_add"),
        reverse("admin:climate_climatezone_change", args=[zone.pk]),
        reverse("admin:miners_miner_add"),
    ):
        page.goto(live_server.url + address)
        marks = page.locator(".timezonewarning")
        assert [mark for mark in marks.all() if mark.is_visible()] == []
    context.close()
