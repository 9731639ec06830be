"""What breaks at Home Assistant while a room is heated: what the program does, and what a person reads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from miners.models import DesiredState, ManualRequest
from miners.status import evidence
from optimization.models import Decision
from optimization.passes.late import raise_alarms
from optimization.passes.run import run_sites
from sites import live
from sites.models import ActivityLog, Alarm
from tests import factories
from tests.servers.homeassistant_config import MINER_PLUG_W
from tests.servers.process import wait_until

from .home import PERIOD_S, SOLAR, SUNNY, UPPER, Home, become, show

pytestmark = [pytest.mark.homeassistant, pytest.mark.django_db]


@pytest.mark.parametrize("mode", ["unavailable", "unknown"])
def test_a_silent_sensor_stops_the_heat_after_two_minutes_and_says_so(house, ha, page, mode):
    house.heat()
    ha.mode("living_room_temperature", mode)
    become(ha, "sensor.living_room_temperature", mode)
    for _ in range(12):  # up to 110 s after the first pass that missed it
        house.periods(1)
        assert house.is_on()
    house.periods(1)
    become(ha, "switch.miner_plug", "off")
    assert house.zone_live["sensor"] == "lost"
    assert house.miner_live["guard"] == "sensor_lost"
    assert "Living room sensor" in house.miner_live["reason"]
    stop = Decision.objects.get(miner=house.miner, action="stop")
    assert stop.reason == house.miner_live["reason"]
    assert "sensor_lost" in house.alarms()
    text = page()
    assert house.miner_live["reason"] in text
    assert "sensor lost" in text

    ha.mode("living_room_temperature", "ok")
    become(ha, "sensor.living_room_temperature", "19.0")
    house.believe_again()
    house.periods(1)
    assert house.is_on()
    assert house.alarms() == {}


def test_an_alarm_is_one_notification_and_goes_with_its_cause(house, ha):
    """In Home Assistant's own notifications: added once, however many passes find it, removed on recovery."""
    house.heat()
    ha.mode("living_room_temperature", "unavailable")
    become(ha, "sensor.living_room_temperature", "unavailable")
    house.periods(14)  # the pass after the one that found it tells it
    alarm = Alarm.objects.get(site=house.site, ended_at=None)
    become(ha, "sensor.last_notification", "added: Edge Mining: Sensor lost")
    added = ha.state("sensor.last_notification")
    assert alarm.text in added["attributes"]["message"]
    assert alarm.remedy in added["attributes"]["message"]
    house.periods(3)
    assert ha.state("sensor.last_notification")["last_updated"] == added["last_updated"]

    ha.mode("living_room_temperature", "ok")
    become(ha, "sensor.living_room_temperature", "19.0")
    house.believe_again()
    house.periods(1)
    become(ha, "sensor.last_notification", "removed: Edge Mining: Sensor lost")
    removed = ha.state("sensor.last_notification")
    assert removed["attributes"]["notification_id"] == added["attributes"]["notification_id"]


def test_late_control_is_a_notification_even_when_no_pass_runs(house, ha):
    house.heat()
    raise_alarms([str(house.site.pk)])
    become(ha, "sensor.last_notification", "added: Edge Mining: Control is late")
    assert "No control pass of" in ha.state("sensor.last_notification")["attributes"]["message"]
    house.periods(2)
    become(ha, "sensor.last_notification", "removed: Edge Mining: Control is late")
    assert house.alarms() == {}


@pytest.mark.parametrize(
    ("shown", "told"),
    [(26.0, "jumped from 19.0 to 26.0 °C, faster than a room can change"), (80.0, "says 80.0 °C, which no room has")],
    ids=["a jump", "no room has it"],
)
def test_a_value_that_cannot_be_is_not_believed_and_ends_the_heat_after_two_minutes(house, ha, page, shown, told):
    house.heat()
    show(ha, living_room_temperature=shown)
    house.periods(12)
    assert house.is_on()
    assert house.zone_live["temperature_celsius"] is None
    house.periods(1)
    become(ha, "switch.miner_plug", "off")
    assert told in house.miner_live["reason"]
    assert told in page()


def test_a_sensor_that_repeats_an_old_value_is_lost_after_an_hour(house, ha):
    house.heat()
    house.clock.skip(3500)
    house.periods(1)
    assert house.is_on()
    house.clock.skip(150)
    house.periods(1)
    become(ha, "switch.miner_plug", "off")
    assert "has been silent for 6" in house.miner_live["reason"]


def test_a_sensor_that_is_gone_is_named_with_the_nearest_there_is(make_home, page):
    house = make_home(climate={"entity_temperature": "sensor.livingroom_temperature"})
    house.periods(1)
    assert "‘sensor.livingroom_temperature’ is not known" in house.zone_live["problem"]
    assert "sensor.living_room_temperature" in house.zone_live["problem"]
    assert "Nearest: sensor.living_room_temperature" in page()


def test_home_assistant_killed_while_heating(house, ha, page):
    house.heat()
    ha.kill()
    for _ in range(13):
        house.periods(1)
    assert house.miner_live["status"] == "unreachable"
    assert house.miner_live["desired_w"] == 0
    assert not house.miner_live["confirmed"]
    assert not house.connection_live["ok"]
    assert {"cannot_switch_off", "sensor_lost", "connection_lost"} <= set(house.alarms())
    told = house.alarms()["cannot_switch_off"]
    assert "was on when last seen" in told
    for path in ("/", reverse("miners")):
        text = page(path)
        assert "it was on when last seen" in text
        assert "switch the plug or the breaker off by hand" in text
    house.periods(5)  # nothing crashes, and nobody is told twice
    assert ActivityLog.objects.filter(site=house.site, text__contains="Cannot switch off").count() == 1

    # It comes back with the plug still on, in a room that has become warm: off comes first.
    ha.boot()
    ha.switch("switch.miner_plug", True)
    show(ha, living_room_temperature=UPPER + 0.3)
    before = len(house.commands())
    house.look(after=1)  # whatever pause the repeats had reached
    become(ha, "switch.miner_plug", "off")
    assert house.commands()[before:] == [0]
    house.believe_again()
    assert house.alarms() == {}
    assert house.miner_live["confirmed"]
    assert "it was on when last seen" not in page()


def test_control_resumes_by_itself_while_home_assistant_comes_up(make_home, ha):
    # As a device that joins some seconds after the start: until then this entity is a 404.
    house = make_home(climate={"entity_temperature": "sensor.late_to_join"})

    def join() -> None:
        ha.put_state("sensor.late_to_join", "19.0", unit_of_measurement="°C")

    join()
    house.heat()
    ha.kill()
    house.periods(1)
    assert house.connection_live["code"] == "unreachable"
    ha.boot(wait=False)
    # No pass raises, whatever it meets: refused, 404 for everything, entities missing.
    wait_until(lambda: house.look(after=0.5) and house.connection_live["ok"], "Home Assistant answers")
    ha.wait_until_up()
    house.periods(3)
    assert "‘sensor.late_to_join’ is not known to Home Assistant" in house.zone_live["problem"]
    assert house.zone_live["sensor"] == "suspect"
    assert not house.is_on()  # the plug came back off
    join()
    # Nobody switched it: the cold room is heated again at once.
    house.periods(2)
    assert house.is_on()
    house.periods(1)
    assert house.miner_live["confirmed"]
    assert house.alarms() == {}
    assert not ManualRequest.objects.filter(miner=house.miner).exists()


def test_a_plug_that_comes_back_off_needs_a_reason_to_start(house, ha):
    house.heat()
    ha.switch("input_boolean.miner_plug_available", False)
    become(ha, "switch.miner_plug", "unavailable")
    house.periods(1)
    ha.switch("input_boolean.miner_plug", False)
    show(ha, miner_power=0)
    house.becomes(21.0)  # between the bounds: warm enough not to start
    ha.switch("input_boolean.miner_plug_available", True)
    become(ha, "switch.miner_plug", "off")
    house.periods(3)
    assert not house.is_on()
    assert house.miner_live["desired_w"] == 0
    assert house.commands() == [MINER_PLUG_W]
    assert ActivityLog.objects.filter(site=house.site, text__contains="came back switched off").count() == 1
    house.miner.min_off_seconds = 600
    house.miner.save()
    house.becomes(19.5)
    assert house.miner_live["guard"] == "min_off"  # counted from when it was found off
    house.clock.skip(600)
    house.periods(1)
    become(ha, "switch.miner_plug", "on")


def test_a_hung_home_assistant_holds_up_nobody(house, ha):
    house.heat()
    other = factories.site(control_period_seconds=PERIOD_S)
    sensor = factories.climate_monitor(other, config={"temperature_celsius": 18.0})
    room = factories.zone(other, monitor=sensor)
    plug = factories.controller(other, config={"device": "beside a hung home"})
    heater = factories.miner(other, zones=[room], controller=plug, min_off_seconds=0)
    factories.unit(other, miners=[heater], policy=house.unit.policy)

    def both() -> None:
        assert set(run_sites([house.site.pk, other.pk], clock=house.clock).completed) == {house.site.pk, other.pk}

    ha.freeze()
    both()  # and ends while Home Assistant still hangs
    assert live.read(other.pk)["miners"][str(heater.pk)]["status"] == "heating"
    assert house.connection_live["code"] == "deadline"
    house.clock.skip(130)
    both()  # now it also tries to switch off
    assert "cannot_switch_off" in house.alarms()
    assert live.read(other.pk)["miners"][str(heater.pk)]["status"] == "heating"
    ha.thaw()
    ha.wait_until_up()
    house.periods(2)
    assert house.connection_live["ok"]
    assert "cannot_switch_off" not in house.alarms()


def test_a_wrong_token_is_said_clearly_in_the_admin_and_on_the_page(house, ha, page, client):
    house.connection.token = "not-the-token"
    house.connection.save()
    house.periods(1)
    assert house.connection_live["code"] == "unauthorized"
    assert "refuses the token" in house.alarms()["connection_lost"]
    text = page()
    assert "Home Assistant refuses the token. Create a new long-lived access token" in text
    assert "not-the-token" not in text

    form = {"site": str(house.site.pk), "name": "Home Assistant", "url": ha.url, "token": "another-wrong-one"}
    address = reverse("admin:integrations_homeassistant_probe_stored", args=[house.connection.pk])
    answer = client.post(address, form).json()
    assert not answer["ok"]
    assert "refuses the token" in answer["sentence"]
    assert "another-wrong-one" not in str(answer)
    answer = client.post(address, {**form, "token": ha.token}).json()
    assert answer["ok"], answer
    assert "2024.3" in answer["sentence"]

    house.connection.token = ha.token
    house.connection.save()
    house.periods(1)
    assert house.connection_live["ok"]
    assert house.alarms() == {}


def test_a_token_without_rights_for_templates_controls_all_the_same(house, ha):
    house.connection.token = ha.guest_token
    house.connection.save()
    house.heat()
    house.becomes(UPPER)
    become(ha, "switch.miner_plug", "off")


def test_a_plug_out_of_reach_while_on_is_an_alarm_until_it_is_seen_off(house, ha, page):
    house.heat()
    ha.switch("input_boolean.miner_plug_available", False)
    become(ha, "switch.miner_plug", "unavailable")
    house.becomes(UPPER)
    assert "cannot_switch_off" in house.alarms()
    assert house.miner_live["status"] == "unreachable"
    assert "it was on when last seen" in page()
    assert house.commands()[-1] == 0  # Home Assistant took it, though the plug cannot have heard
    house.periods(3)
    assert "cannot_switch_off" in house.alarms()

    ha.switch("input_boolean.miner_plug_available", True)
    become(ha, "switch.miner_plug", "on")
    house.look(after=1)  # the very next pass, whatever pause the repeats had reached
    become(ha, "switch.miner_plug", "off")
    house.periods(1)
    assert house.alarms() == {}
    assert DesiredState.objects.get(miner=house.miner).seen_on is False


def test_a_meter_that_stands_still_confirms_no_off_and_keeps_no_room_cold(make_home, ha, page):
    """After the off it keeps its last value and its time: perhaps it is stuck, perhaps the contact is welded."""
    house = make_home(plug={"entity_power": "sensor.pv_power"})
    show(ha, living_room_temperature=19.0, pv_power=0)
    house.periods(2)
    show(ha, pv_power=MINER_PLUG_W)
    house.becomes(UPPER)
    house.periods(5)
    assert not house.is_on()
    alarm = house.alarms()["off_not_confirmed"]
    assert "its meter still showed 3250 W and reported nothing new" in alarm
    assert alarm in page()
    assert (house.miner_live["status"], house.miner_live["confirmed"]) == ("unconfirmed", False)
    assert not house.zone_live["heating"]
    house.becomes(19.0)
    house.periods(2)
    assert house.is_on()
    house.becomes(UPPER)
    house.periods(2)
    assert list(house.alarms()) == ["off_not_confirmed"]
    show(ha, pv_power=0)
    house.periods(1)
    assert house.alarms() == {}
    assert house.miner_live["confirmed"]


def test_a_plug_that_lies_about_being_off_is_found_by_its_meter(make_home, ha, page, monkeypatch):
    # A meter that the plug of this Home Assistant does not reset: here another sensor plays it.
    monkeypatch.setattr(evidence, "SETTLES", timedelta(0))  # its next report need not be waited for
    house = make_home(plug={"entity_power": "sensor.pv_power"})
    show(ha, living_room_temperature=19.0, pv_power=0)
    house.periods(2)
    assert house.is_on()
    show(ha, pv_power=MINER_PLUG_W - 1)
    house.becomes(UPPER)
    house.periods(1)
    show(ha, pv_power=MINER_PLUG_W)
    house.periods(4)  # the relay sticks: the switch says off, the meter goes on
    assert not house.is_on()
    alarm = house.alarms()["off_not_confirmed"]
    assert "still on and takes 3250 W" in alarm
    assert alarm in page()
    assert house.zone_live["heating"]
    assert not house.miner_live["confirmed"]
    assert house.commands().count(0) >= 3  # it goes on trying
    show(ha, pv_power=0)
    house.periods(1)
    assert house.alarms() == {}
    assert house.miner_live["confirmed"]


def test_a_plug_that_is_on_but_draws_nothing_is_told_after_its_ramp_time(make_home, ha):
    house = make_home(plug={"entity_power": "sensor.pv_power"})
    show(ha, living_room_temperature=19.0, pv_power=0)
    house.periods(2)
    assert house.is_on()
    house.clock.skip(house.miner.ramp_seconds - 3 * PERIOD_S)
    house.periods(1)
    assert house.alarms() == {}
    house.periods(2)
    alarm = house.alarms()["start_not_confirmed"]
    assert "Avalon was told to run but is still starting." in alarm
    assert "‘sensor.pv_power’ shows 0 W" in alarm
    show(ha, pv_power=MINER_PLUG_W)
    house.periods(1)
    assert house.alarms() == {}


def test_missing_energy_values_end_a_solar_run_after_ten_minutes(make_home, ha):
    house = make_home(SOLAR)
    show(ha, living_room_temperature=19.0, **{**SUNNY, "battery_soc": 92})
    house.periods(2)
    assert house.is_on()
    for sensor in ("pv_power", "house_load", "grid_power", "battery_soc", "battery_power", "battery_remaining"):
        ha.mode(sensor, "unavailable")
        become(ha, f"sensor.{sensor}", "unavailable")
    house.periods(1)
    assert "is unavailable in Home Assistant" in house.energy_live["problem"]
    house.clock.skip(590)
    house.look(after=0)
    assert house.is_on()
    house.periods(1)
    become(ha, "switch.miner_plug", "off")
    stop = Decision.objects.get(miner=house.miner, action="stop")
    assert stop.reason_code == "input_unknown"


def test_two_homes_on_one_home_assistant_do_not_disturb_each_other(make_home, ha):
    first, second = make_home(), make_home(plug={"entity_switch": "input_boolean.heater_relay", "entity_power": ""})
    show(ha, living_room_temperature=19.0, **SUNNY)
    second.connection.url = "http://127.0.0.1:1"
    second.connection.save()
    report = run_sites([first.site.pk, second.site.pk], clock=first.clock)
    assert set(report.completed) == {first.site.pk, second.site.pk}
    assert first.is_on()
    assert isinstance(second, Home)
    assert second.connection_live["code"] == "unreachable"
    assert ha.state("input_boolean.heater_relay")["state"] == "off"
