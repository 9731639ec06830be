"""A real Home Assistant and a real Mosquitto: weekday schedule, a target by hand, a window contact, a second sensor."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.urls import reverse

from climate.models import TemperatureSlot, ZoneReading
from integrations.models import MqttBroker
from integrations.probe import probe
from optimization.models import Decision
from tests import factories
from tests.adapters.mqtt_broker import Publisher
from tests.servers.homeassistant_config import MINER_PLUG_W
from tests.servers.process import wait_until

from .home import Home, become, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.django_db]

TOPIC = "zigbee2mqtt/living_room"


@pytest.fixture
def contact(make_home) -> Home:
    """A home whose sensor row names a window contact, too."""
    return make_home(climate={"entity_window": "binary_sensor.living_room_window"})


def open_window(house: Home, is_open: bool) -> None:
    house.ha.switch("input_boolean.window_open", is_open)
    become(house.ha, "binary_sensor.living_room_window", "on" if is_open else "off")


def slots_around(house: Home, celsius: float) -> None:
    """Every day of the week, ±2 h around now, this target; the rest of it the default."""
    local = house.clock.now().astimezone(house.site.tz)
    begin, end = ((local + timedelta(hours=hours)).time().replace(second=0, microsecond=0) for hours in (-2, 2))
    TemperatureSlot.objects.create(zone=house.zone, start_time=begin, end_time=end, target_celsius=celsius)


def test_the_week_and_then_a_hand_decide_the_target(house, ha, page, client):
    slots_around(house, 18.5)
    show(ha, living_room_temperature=19.2)
    house.periods(1)
    told = house.zone_live
    assert (told["target_celsius"], told["target_source"], told["next_celsius"]) == (18.5, "schedule", 21.0)
    assert not house.is_on()
    page()  # signs in
    answer = client.post(reverse("target", args=[house.zone.pk]), {"preset": "comfort", "hold": "2h"})
    assert answer.status_code in (200, 302)
    house.look(after=1)
    become(ha, "switch.miner_plug", "on")
    assert (house.zone_live["target_celsius"], house.zone_live["target_source"]) == (21.0, "hand")
    assert Decision.objects.get(miner=house.miner, action="start").target_celsius == 21.0
    client.post(reverse("target-resume", args=[house.zone.pk]))
    house.look(after=1)
    become(ha, "switch.miner_plug", "off")
    assert house.zone_live["target_source"] == "schedule"


def test_another_day_of_the_week_has_another_target(house):
    local = house.clock.now().astimezone(house.site.tz)
    TemperatureSlot.objects.create(
        zone=house.zone, weekdays=127 & ~(1 << local.weekday()), start_time=time(0), end_time=time(0), preset="eco"
    )
    house.periods(1)
    assert house.zone_live["target_celsius"] == 21.0
    house.believe_for(timedelta(hours=48))  # Home Assistant's own clock is not set ahead
    house.clock.skip(86_400)
    house.periods(1)
    assert (house.zone_live["target_celsius"], house.zone_live["target_preset"]) == (18.0, "eco")


def test_an_open_window_pauses_the_heating(contact, ha, page):
    contact.heat()
    open_window(contact, True)
    contact.periods(3)
    assert contact.is_on()  # for half a minute it may have been a bird
    contact.periods(1)
    become(ha, "switch.miner_plug", "off")
    reason = "The window of Living room is open"
    assert contact.miner_live["reason"].startswith(reason)
    assert reason in page()
    open_window(contact, False)
    contact.periods(1)
    become(ha, "switch.miner_plug", "on")
    contact.clock.skip(60)
    contact.periods(1)
    assert list(ZoneReading.objects.values_list("window_open", "target_celsius"))[:1] == [(False, 21.0)]


def test_read_now_says_what_the_window_does(contact, ha):
    show(ha, living_room_temperature=21.3)
    assert probe(contact.sensor).sentence.startswith("21.3 °C, window closed, reported ")
    open_window(contact, True)
    assert probe(contact.sensor).sentence.startswith("21.3 °C, window open, reported ")


def test_a_second_sensor_by_mqtt(house, ha, mosquitto):
    broker = MqttBroker.objects.create(site=house.site, name="Broker", host="127.0.0.1", port=mosquitto.port)
    second = factories.climate_monitor(
        house.site,
        name="Sofa",
        adapter_type="mqtt",
        mqtt_broker=broker,
        config={"topic": TOPIC, "json_path": "temperature", "window_path": "contact", "window_open_values": "false"},
    )
    house.zone.monitors.add(second)
    show(ha, living_room_temperature=19.0)
    sensor = Publisher(mosquitto.port)
    try:
        house.periods(1)  # listens from now on

        def says(celsius: float, contact: str = "true"):
            def shown() -> bool:
                sensor.say(TOPIC, f'{{"temperature": {celsius}, "contact": {contact}}}')
                house.look(after=1)
                return abs((house.zone_live["temperature_celsius"] or 0) - expected) < 0.01

            expected = max(19.0, celsius) if abs(celsius - 19.0) > 1.5 else (19.0 + celsius) / 2
            wait_until(shown, f"{expected} °C in the room")

        says(19.4)
        assert (house.zone_live["sensor"], house.zone_live["problem"]) == ("ok", "")
        become(ha, "switch.miner_plug", "on")
        says(21.8)  # warmer by 2.8 K: control is on the warmer
        assert house.zone_live["sensor"] == "suspect"
        assert "‘Living room sensor’ 19.0 °C and ‘Sofa’ 21.8 °C. The warmest counts." in house.zone_live["problem"]
        become(ha, "switch.miner_plug", "off")
        assert house.commands() == [MINER_PLUG_W, 0]
        says(19.4, contact="false")
        house.periods(4)
        assert house.zone_live["lowered"] == "window"
        assert not house.is_on()
    finally:
        sensor.close()
