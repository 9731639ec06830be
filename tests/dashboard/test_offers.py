"""What the wizard offers for a room, a plug and a meter, and what it keeps apart with which reason."""

from __future__ import annotations

import pytest

from dashboard import offers
from integrations.connections.entities import EntityState


def entity(entity_id: str, name: str = "", state: str = "20.5", unit: str | None = "°C", **more) -> EntityState:
    words = name or entity_id.partition(".")[2].replace("_", " ").capitalize()
    return EntityState(entity_id, state, unit, name=words, **more)


def temperature(entity_id: str, name: str = "", state: str = "20.5", **more) -> EntityState:
    return entity(f"sensor.{entity_id}", name, state, **{"device_class": "temperature", **more})


def power(entity_id: str, state: str = "500", unit: str = "W", **more) -> EntityState:
    return entity(f"sensor.{entity_id}", "", state, unit, **{"device_class": "power", **more})


def only(found: list[offers.Offer]) -> offers.Offer:
    (offer,) = found
    return offer


@pytest.mark.parametrize(
    "one",
    [
        temperature("living_room_temperature"),
        temperature("t1", "Temperatur Schlafzimmer", area="Schlafzimmer"),
        temperature("attic_raw", unit="°F", state="68", device_class=None),
        temperature("garage", state="4.0"),
        temperature("aqara_3f", "Climate sensor", state="unavailable"),
        entity("climate.bedroom", "Bedroom", "heat", current_temperature=19.5),
        temperature("cold_cabin", state="-4"),
        temperature("sock_room"),
    ],
)
def test_a_room_is_offered(one):
    assert only(offers.rooms([one])).doubt == ""


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (temperature("outdoor_temperature"), "outdoor sensor (‘outdoor’)"),
        (temperature("t7", "Außentemperatur"), "outdoor sensor (‘außentemperatur’)"),
        (temperature("t7", "Temperatura esterna"), "outdoor sensor (‘esterna’)"),
        (temperature("t7", "Température", area="Jardin"), "outdoor sensor (‘jardin’)"),
        (temperature("t8", "Temperature", platform="openweathermap"), "a weather service"),
        (temperature("cpu_temperature"), "temperature of a device, not of a room (‘cpu’)"),
        (temperature("t9", "Vorlauftemperatur"), "of a device"),
        (temperature("plug_temperature", category="diagnostic"), "counts it as diagnostic"),
        (temperature("t10", state="62"), "shows 62.0\u202f°C, as no room does"),
        (temperature("t10", state="144", unit="°F"), "as no room does"),
        (temperature("t11", device_class="humidity"), "measures humidity"),
    ],
)
def test_what_is_no_room_is_kept_apart_with_a_word(one, why):
    fits = temperature("zz_room")
    found = offers.rooms([one, fits])
    assert [offer.entity for offer in found] == [fits, one]
    assert why in found[1].doubt


def test_a_thermostat_comes_with_its_caution():
    thermostat = entity("climate.x", current_temperature=20)
    assert "keeps showing the last temperature" in only(offers.rooms([thermostat])).caution


def test_a_room_is_called_by_its_area_or_by_its_name():
    found = offers.rooms(
        [
            temperature("a", "Sensor 3 Temperature", area="Kitchen"),
            temperature("b", "Desk Temperature", area="Study"),
            temperature("c", "Shelf Temperature", area="Study"),
            temperature("d", "Hall Temperature"),
            temperature("e", "Temperature"),
            temperature("f", "Outdoor Temperature", area="Kitchen"),
        ]
    )
    names = [offers.room_names(found)[f"sensor.{key}"] for key in "abcdef"]
    assert names == ["Kitchen", "Desk", "Shelf", "Hall", "Temperature", "Outdoor"]


def test_plugs_are_offered_and_lights_only_apart():
    found = offers.switches(
        [
            entity("light.kitchen", unit=None, state="on"),
            entity("fan.bath", unit=None, state="on"),
            entity("input_boolean.helper", unit=None, state="on"),
            entity("switch.tv_child_lock", unit=None, state="on"),
            entity("switch.camera_x", "X", unit=None, state="on", category="config"),
            entity("switch.abc", "Abc", unit=None, state="off"),
            entity("switch.zzz", "Zzz", unit=None, state="off", device_class="outlet"),
            entity("sensor.no_switch"),
        ],
        {"switch.abc": "it drives ‘Avalon’ here"},
    )
    assert [(offer.id, bool(offer.doubt)) for offer in found[:2]] == [("switch.zzz", False), ("switch.abc", False)]
    assert {offer.id: offer.doubt for offer in found[2:]} == {
        "fan.bath": "It is a fan.",
        "light.kitchen": "It is a light.",
        "input_boolean.helper": offers.switches([entity("input_boolean.y")])[0].doubt,
        "switch.tv_child_lock": "It looks like a setting of a device (‘lock’), not a plug.",
        "switch.camera_x": "It is a setting of a device (Home Assistant counts it as config), not a plug.",
    }
    assert found[1].taken == "it drives ‘Avalon’ here"


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (power("grid_power", "-1500"), ""),
        (power("pv_power_kw", "3.2", "kW"), ""),
        (power("mqtt_meter", device_class=None), ""),
        (power("power_production_now"), "forecast"),
        (power("power_production_next_hour"), "forecast"),
        (power("x1", platform="solcast_solar"), "It is a forecast (of ‘solcast_solar’)"),
        (power("pv_vorhersage"), "forecast (‘vorhersage’)"),
        (power("solar_estimated_power"), "forecast (‘estimated’)"),
        (power("inverter_power_limit"), "limit or a statistic (‘limit’)"),
        (power("reactive", device_class="reactive_power"), "measures reactive power, not power"),
    ],
)
def test_a_meter_is_no_forecast(one, why):
    doubt = only(offers.meters([one])).doubt
    assert (why in doubt) if why else doubt == ""


@pytest.mark.parametrize(
    ("one", "is_offered"),
    [
        (entity("sensor.battery_soc", unit="%", device_class="battery"), True),
        (entity("sensor.powerwall_charge", unit="%", device_class=None), True),
        (entity("sensor.living_room_humidity", unit="%", device_class="humidity"), False),
        (entity("sensor.annas_phone_battery", unit="%", device_class="battery"), False),
        (entity("sensor.trv_battery", unit="%", device_class="battery", category="diagnostic"), False),
    ],
)
def test_the_charge_of_a_home_battery(one, is_offered):
    assert (only(offers.shares([one])).doubt == "") is is_offered


def test_a_line_says_name_area_id_and_value():
    one = only(offers.meters([power("grid_power", "-1500", area="Cellar")]))
    assert one.words == "Grid power · Cellar · sensor.grid_power · -1500\u202fW"
    assert only(offers.meters([power("x", "unavailable")])).value == "shows nothing now"
    assert (offers.power_w(power("x", "1.5", "kW")), offers.power_w(power("x", "unknown"))) == (1500.0, None)
    assert (offers.flow(power("x", "-1500")), offers.flow(None)) == ("1.5\u202fkW", "–")
