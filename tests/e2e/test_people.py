"""People at the switch: at the plug, in Home Assistant's own app, and on our page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from miners.models import ManualRequest
from sites.models import ActivityLog

from .home import UPPER, become, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.django_db]


def test_switched_off_in_home_assistant_stays_off_for_two_hours(house, ha, page):
    house.believe_for(timedelta(hours=4))  # Home Assistant's own clock is not set ahead
    house.heat()
    ha.switch("switch.miner_plug", False)
    become(ha, "switch.miner_plug", "off")
    house.periods(5)
    assert not house.is_on()
    assert house.miner_live["reason_code"] == "outside_off"
    assert "switched off at the device" in page()
    wish = ManualRequest.objects.get(miner=house.miner, cancelled_at=None)
    assert (wish.power_w, wish.origin) == (0, "outside")
    house.clock.skip((wish.until - house.clock.now()).total_seconds() - 120)
    house.periods(1)
    assert not house.is_on()
    assert house.miner_live["reason_code"] == "outside_off"
    house.clock.skip(120)
    house.periods(1)
    become(ha, "switch.miner_plug", "on")


def test_switched_on_in_home_assistant_is_off_again_and_told_once(house, ha):
    show(ha, living_room_temperature=UPPER)
    house.periods(2)
    for _ in range(3):
        ha.switch("switch.miner_plug", True)
        become(ha, "switch.miner_plug", "on")
        house.periods(1)
        become(ha, "switch.miner_plug", "off")
        house.periods(1)
    told = ActivityLog.objects.filter(site=house.site, text__contains="switched on from outside; it is")
    assert told.count() == 1
    assert "switched_on_outside" in house.alarms()


def test_all_off_acts_in_the_next_pass_and_holds_until_resumed(house, ha, page, client):
    house.miner.min_on_seconds = 7200  # a person's off may break it
    house.miner.save()
    house.heat()
    page()  # signs in
    answer = client.post(reverse("all-off", args=[house.site.pk]))
    assert answer.status_code in (200, 302)
    assert house.wake_time() is not None
    house.look(after=0)
    become(ha, "switch.miner_plug", "off")
    assert house.wake_time() is None
    house.periods(3)
    assert not house.is_on()
    text = page()
    assert "All miners are off by hand" in text
    assert "Every one is confirmed off" in text
    client.post(reverse("resume-all", args=[house.site.pk]))
    house.look(after=0)
    become(ha, "switch.miner_plug", "on")


def test_an_off_wish_reaches_a_plug_that_was_never_ours(house, ha):
    """Found running at the first sight: it is taken over as it is, and a warm room ends it."""
    ha.switch("switch.miner_plug", True)
    become(ha, "switch.miner_plug", "on")
    show(ha, living_room_temperature=19.0)
    house.periods(1)
    assert house.is_on()
    assert house.commands() == []
    house.becomes(UPPER)
    become(ha, "switch.miner_plug", "off")
