"""What is the same physical thing, and what is not: the keys of controllers. Rows are never saved here."""

from __future__ import annotations

import pytest

from integrations.models import HomeAssistant, SimulatedHouse
from integrations.whereabouts import same_host, same_url
from miners.identity.devices import keys_of, same_serial
from miners.models import MinerController

PLUG = {"entity_switch": "switch.miner_plug"}


def at(adapter_type: str, address: str, serial: str = "", **config) -> MinerController:
    return MinerController(
        adapter_type=adapter_type, config={"address": address, **config}, identity={"serial": serial} if serial else {}
    )


def on(url: str, **config) -> MinerController:
    return MinerController(
        adapter_type="home_assistant_switch", config={**PLUG, **config}, home_assistant=HomeAssistant(url=url)
    )


HOUSE = SimulatedHouse()


def simulated(miner: str, house: SimulatedHouse = HOUSE) -> MinerController:
    return MinerController(adapter_type="simulated", config={"miner": miner}, simulated_house=house)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on("http://ha.local:8123"), on("http://ha.local:8123/", entity_power="sensor.power")),
        (on("http://ha.local:8123"), on("https://HA.Local.:8123", auto_off_minutes=30)),
        (on("http://ha.local"), on("http://ha.local:80")),
        (on("http://127.0.0.1:8123"), on("http://localhost:8123")),
        (on("http://[::1]:8123"), on("http://[0:0::1]:8123/")),
        (at("avalon", "192.168.1.40"), at("avalon", "192.168.1.40:4028")),
        (at("avalon", "Avalon.local"), at("avalon", "avalon.local.")),
        (at("avalon", "192.168.1.40"), at("luxos", "192.168.1.40")),
        (at("axeos", "192.168.1.40:80"), at("asic_rs", "192.168.1.40")),  # a generalist knows its devices, too
        (at("avalon", "192.168.1.40", "02:00:AB:cd:00:01"), at("avalon", "192.168.1.77", "0200abcd0001")),
        (at("axeos", "fd00::40"), at("axeos", "[FD00:0::40]:80")),
        (at("axeos", "::ffff:192.168.1.40"), at("axeos", "192.168.1.40")),
        (at("shelly_plug", "192.168.1.40", channel=1), at("shelly_plug", "192.168.1.40:80", channel=1, load_w=50)),
        (at("shelly_plug", "192.168.1.40", "AABB00", channel=1), at("shelly_plug", "plug.lan", "aa:bb:00", channel=1)),
        (simulated("avalon"), simulated("Avalon")),
    ],
)
def test_the_same_thing_has_a_key_in_common(one, other):
    assert keys_of(one) & keys_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on("http://ha.local:8123"), on("http://ha.local:8124")),
        (on("http://ha.local:8123"), on("http://other.local:8123")),
        (on("http://ha.local:8123"), on("http://ha.local:8123", entity_switch="switch.other")),
        (on("http://ha.local:8123/one"), on("http://ha.local:8123/two")),
        (at("avalon", "192.168.1.40"), at("avalon", "192.168.1.4")),
        (at("avalon", "192.168.1.40:4028"), at("avalon", "192.168.1.40:4029")),
        (at("axeos", "192.168.1.40:80"), at("avalon", "192.168.1.40:4028")),
        (at("avalon", "192.168.1.40", "unknown"), at("avalon", "192.168.1.41", "unknown")),
        (at("avalon", "192.168.1.40", "00:00:00:00"), at("avalon", "192.168.1.41", "00000000")),
        (at("shelly_plug", "192.168.1.40", "AABB00"), at("shelly_plug", "192.168.1.40", "AABB00", channel=1)),
        (simulated("avalon"), simulated("heater")),
        (simulated("avalon"), simulated("avalon", SimulatedHouse())),
    ],
)
def test_another_thing_has_not(one, other):
    assert keys_of(one)
    assert keys_of(other)
    assert not keys_of(one) & keys_of(other)


@pytest.mark.parametrize(
    "row",
    [
        at("avalon", "not an address"),
        MinerController(adapter_type="dummy"),
        MinerController(adapter_type="gone", config={"address": "192.168.1.40"}),
        MinerController(adapter_type="home_assistant_switch", config=PLUG),
        on("http://ha.local:8123", entity_switch="Not one"),
    ],
)
def test_what_is_no_physical_thing_has_none(row):
    assert keys_of(row) == set()


def test_what_no_spelling_helps_stays_as_it_is():
    assert same_host("") == ""
    assert same_url("http://[half:8123") == "http://[half:8123"
    assert same_serial(None) == ""
    assert len(next(iter(keys_of(at("avalon", "a" * 63 + ".b" * 90))))) <= 700
