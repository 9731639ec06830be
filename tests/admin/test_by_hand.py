"""Miners by hand from the set-up: wishes of those ticked, never the device."""

from __future__ import annotations

import pytest
from django.urls import reverse

from miners.models import ManualRequest, Miner
from miners.services import request_power
from tests import factories

LIST = "admin:miners_miner_changelist"


@pytest.fixture
def tick(page, filled):
    """`tick(action, *miners)`: the answer's words."""

    def send(action: str, *miners: Miner) -> str:
        data = {"action": action, "_selected_action": [str(miner.pk) for miner in miners]}
        return page.post(reverse(LIST), data, follow=True).content.decode()

    return send


def wishes() -> list[tuple[str, int, bool]]:
    rows = ManualRequest.objects.filter(cancelled_at=None).select_related("miner")
    return sorted((row.miner.name, row.power_w, row.until is None) for row in rows)


def test_those_ticked_go_off_until_resumed(tick, filled):
    other = factories.miner(filled.miner.site, "Other")
    third = factories.miner(filled.miner.site, "Third")
    assert "told to go off" in tick("switch_off", filled.miner, other)
    assert wishes() == [(filled.miner.name, 0, True), ("Other", 0, True)]
    assert not third.requests.exists()
    assert ManualRequest.objects.first().by == "anna"


def test_on_for_two_hours_and_who_cannot_is_named(tick, filled):
    spare = factories.controller(filled.miner.site)
    aside = factories.miner(filled.miner.site, "Aside", controller=spare, is_active=False)
    bare = factories.miner(filled.miner.site, "Bare")
    words = tick("on_for_two_hours", filled.miner, aside, bare)
    assert wishes() == [(filled.miner.name, filled.miner.nominal_power_w, False)]
    assert "Aside: it is not active" in words
    assert "Bare: it is not active, or nothing switches it." in words


def test_back_to_automatic(tick, filled):
    request_power(filled.miner, 0, by="anna")
    assert "automatic again" in tick("back_to_automatic", filled.miner)
    assert wishes() == []


def test_its_page_is_one_click_away_from_list_and_form(page, filled):
    its_page = reverse("miner", args=[filled.miner.pk])
    assert its_page in page.get(reverse(LIST)).content.decode()
    form = page.get(reverse("admin:miners_miner_change", args=[filled.miner.pk])).content.decode()
    by_hand = reverse("admin:miners_miner_by_hand", args=[filled.miner.pk])
    assert its_page in form
    assert by_hand in form
    assert page.get(by_hand).url == its_page
