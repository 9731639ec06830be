"""What holds for every adapter, whatever its kind; a new one is checked by being registered."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from climate.state import ClimateReading
from energy.state import EnergySnapshot
from integrations import registry
from integrations.connections.entities import EntityAnswers, EntityState
from integrations.connections.mqtt_heard import Message, MqttAnswers
from integrations.connections.simulated_house import SimulatedHouseSession
from integrations.errors import AdapterError
from integrations.registry import ConnectionKind, Kind
from miners.state import MinerSnapshot
from tests.chance import examples
from tests.drivers.devices import DEVICES
from tests.servers.process import soon

from .testing_modules import brought_by, example_of

AT = datetime(2026, 11, 22, 15, 53, 28, tzinfo=UTC)
READINGS = {
    Kind.CLIMATE_MONITOR: ClimateReading,
    Kind.ENERGY_MONITOR: EnergySnapshot,
    Kind.MINER_CONTROLLER: MinerSnapshot,
}
ALL = [(kind, adapter) for kind in Kind for adapter in registry.adapters(kind).values()]
CONNECTED = [(kind, adapter) for kind, adapter in ALL if adapter.connection is not None]
#: Miners on the network are read in `tests/drivers`, on emulators that speak their bytes.
DRIVERS = [
    (kind, adapter)
    for kind, adapter in ALL
    if kind is Kind.MINER_CONTROLLER and "address" in adapter.Config.model_fields
]
#: Services on the internet are read in `tests/pools`, on bytes recorded from them.
SERVICES = (Kind.POOL_TRACKER, Kind.HASH_PRICE_SOURCE)
STANDALONE = [pair for pair in ALL if pair[1].connection is None and pair not in DRIVERS and pair[0] not in SERVICES]
ON_HOME_ASSISTANT = [pair for pair in CONNECTED if pair[1].connection is ConnectionKind.HOME_ASSISTANT]


ON_MQTT = [pair for pair in CONNECTED if pair[1].connection is ConnectionKind.MQTT]
PRETENDED = {"dummy", "simulated"}


def names(value):
    return f"{value[0]}:{value[1].key}"


def config_of(adapter):
    return adapter.Config.model_validate(example_of(adapter))


def good_answers(adapter, keys):
    if adapter.connection is ConnectionKind.SIMULATED_HOUSE:
        session = SimulatedHouseSession(SimpleNamespace(seed=1, state={}))
        return session.ask(keys, soon())
    if adapter.connection is ConnectionKind.MQTT:
        return mqtt_answers(keys, brought_by(adapter).DOCUMENT)
    return EntityAnswers({key: EntityState(key, *brought_by(adapter).STATES[key], observed_at=AT) for key in keys})


def mqtt_answers(keys, payload):
    return MqttAnswers({key.topic: Message(payload, AT, is_retained=False) for key in keys}, at=AT)


def check_reading(kind, reading):
    """The right class; no NaN, no naive time, nothing in the future."""
    assert type(reading) is READINGS[kind]
    for field in dataclasses.fields(reading):
        value = getattr(reading, field.name)
        if isinstance(value, float):
            assert math.isfinite(value), field.name
    if reading.observed_at is not None:
        assert reading.observed_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("pair", ALL, ids=names)
def test_describes_itself(pair):
    kind, adapter = pair
    assert adapter.kind is kind
    assert adapter.label
    assert adapter.description.endswith(".")
    for name, field in adapter.Config.model_json_schema().get("properties", {}).items():
        assert field.get("description", "").endswith("."), name
        if name.endswith(("_w", "_wh", "_celsius", "_percent", "_seconds")):
            assert field.get("unit"), name
        if name.startswith("entity_"):
            assert field.get("entity_domains"), name


@pytest.mark.parametrize("pair", ALL, ids=names)
def test_refuses_what_it_does_not_know(pair):
    adapter = pair[1]
    with pytest.raises(ValidationError):
        adapter.Config.model_validate({**example_of(adapter), "bogus": 1})


@pytest.mark.parametrize("pair", [pair for pair in ALL if pair[0] is Kind.MINER_CONTROLLER], ids=names)
def test_controllers_say_what_cuts_the_power_when_the_program_is_gone(pair):
    adapter = pair[1]
    assert adapter.dead_man or adapter.dead_man_help.endswith(".")


@pytest.mark.parametrize("pair", ALL, ids=names)
def test_only_real_adapters_count_as_real(pair):
    assert pair[1].is_real == (pair[1].key not in PRETENDED)


@pytest.mark.parametrize("pair", CONNECTED, ids=names)
def test_reads_good_answers(pair):
    kind, adapter = pair
    config = config_of(adapter)
    keys = adapter.wants(config)
    assert keys
    reading = adapter.read(config, good_answers(adapter, keys))
    check_reading(kind, reading)
    assert reading.observed_at is not None


@pytest.mark.parametrize("pair", CONNECTED, ids=names)
def test_missing_answers_are_an_error(pair):
    adapter = pair[1]
    nothing = {ConnectionKind.HOME_ASSISTANT: EntityAnswers(), ConnectionKind.MQTT: MqttAnswers(at=AT)}
    with pytest.raises(AdapterError):
        adapter.read(config_of(adapter), nothing.get(adapter.connection, {}))


@pytest.mark.parametrize("pair", STANDALONE, ids=names)
def test_reads_alone(pair, stub):
    kind, adapter = pair
    config = config_of(adapter)
    if "url" in adapter.Config.model_fields:
        device = stub(lambda request, wire: wire.answer(200, brought_by(adapter).DOCUMENT))
        config = config.model_copy(update={"url": device.url})
    check_reading(kind, adapter.read_alone(config, soon()))


ANSWERS = [
    (kind, adapter, body, due)
    for kind, adapter in STANDALONE
    for body, due in getattr(brought_by(adapter), "ANSWERS", {}).items()
]


@pytest.mark.parametrize(("kind", "adapter", "body", "due"), ANSWERS, ids=lambda value: getattr(value, "key", None))
def test_an_answer_gives_what_its_folder_says(kind, adapter, body, due, stub):
    device = stub(lambda request, wire: wire.answer(200, body))
    config = config_of(adapter).model_copy(update={"url": device.url})
    if isinstance(due, dict):
        reading = adapter.read_alone(config, soon())
        check_reading(kind, reading)
        assert {name: getattr(reading, name) for name in due} == pytest.approx(due)
    else:
        with pytest.raises(due) as caught:
            adapter.read_alone(config, soon())
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 250


def test_every_web_address_brings_answers():
    at_an_address = {adapter for _, adapter in STANDALONE if "url" in adapter.Config.model_fields}
    assert at_an_address
    assert at_an_address == {adapter for _, adapter, _, due in ANSWERS if not isinstance(due, dict)}


def test_every_driver_of_a_miner_is_in_its_contract_suite():
    assert {adapter for _, adapter in DRIVERS} == {device.adapter for device in DEVICES}


@pytest.mark.parametrize("pair", DRIVERS, ids=names)
@pytest.mark.parametrize("address", ["8.8.8.8", "http://8.8.8.8/", "[2001:4860::1]:80", "192.168.1", "a b", "h:0", ""])
def test_drivers_take_addresses_of_this_home_only(pair, address):
    adapter = pair[1]
    with pytest.raises(ValidationError):
        adapter.Config.model_validate({**example_of(adapter), "address": address})


@pytest.mark.parametrize("pair", DRIVERS, ids=names)
@pytest.mark.parametrize("pasted", ["http://192.168.1.4", " 192.168.1.4 ", "http://192.168.1.4/"])
def test_an_address_pasted_from_a_browser_is_the_device_it_names(pair, pasted):
    adapter = pair[1]
    raw = {**example_of(adapter), "address": pasted}
    assert adapter.Config.model_validate(raw).address == "192.168.1.4"


_json = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)
)
_states = st.sampled_from(["on", "off", "unavailable", "unknown", "", "20.5", "-3", "1e400", "nan", "20,5"]) | st.text(
    max_size=20
)
_units = st.sampled_from([None, "°C", "°F", "K", "W", "kW", "%", "Wh", "kWh"]) | st.text(max_size=5)


@pytest.mark.parametrize("pair", ON_HOME_ASSISTANT, ids=names)
@given(data=st.data())
@examples(150)
def test_any_answer_is_a_sound_reading_or_a_clear_error(pair, data):
    kind, adapter = pair
    config = config_of(adapter)
    states = {
        key: EntityState(
            key, data.draw(_states), data.draw(_units), observed_at=AT, current_temperature=data.draw(_json)
        )
        for key in adapter.wants(config)
        if data.draw(st.booleans())
    }
    try:
        reading = adapter.read(config, EntityAnswers(states))
    except AdapterError as error:
        assert str(error).isprintable()  # noqa: PT017 (either outcome is right)
        assert len(str(error)) < 250  # noqa: PT017
    else:
        check_reading(kind, reading)


@pytest.mark.parametrize("pair", ON_MQTT, ids=names)
@given(payload=st.binary(max_size=20) | _json.map(lambda value: json.dumps({"a": [{"t": value}], "h": value}).encode()))
@examples(150)
def test_any_message_is_a_sound_reading_or_a_clear_error(pair, payload):
    kind, adapter = pair
    config = config_of(adapter)
    try:
        reading = adapter.read(config, mqtt_answers(adapter.wants(config), payload))
    except AdapterError as error:
        assert str(error).isprintable()  # noqa: PT017 (either outcome is right)
        assert len(str(error)) < 250  # noqa: PT017
    else:
        check_reading(kind, reading)
