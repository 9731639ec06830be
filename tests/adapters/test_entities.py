"""Entities as adapters see them: ids, what is missing and what it was probably meant to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pytest
from pydantic import ValidationError

from integrations import units
from integrations.connections.entities import (
    EntityAnswers,
    EntityState,
    entity,
    entity_field,
    entity_type,
    is_entity_id,
    measured,
    nearest,
)
from integrations.errors import AdapterError, BadAnswer, NotFound, Unreachable
from integrations.registry import AdapterConfig

AT = datetime(2026, 11, 22, 15, 53, 28, tzinfo=UTC)
KNOWN = ("switch.miner_plug", "sensor.miner_power", "sensor.living_room_temperature", "light.hall")


def answers(*states: EntityState, known=KNOWN, starting=False) -> EntityAnswers:
    result = EntityAnswers({state.entity_id: state for state in states})
    result.known, result.starting = known, starting
    return result


@pytest.mark.parametrize("text", ["sensor.a", "switch.miner_plug", "input_boolean.x_1"])
def test_entity_ids(text):
    assert is_entity_id(text)


NO_IDS = ["", "sensor", "Sensor.a", "sensor.a b", "sensor.a\n", "sensor.é", "sensor.a.b", ".a", "a.", "{{1}}.a"]


@pytest.mark.parametrize("text", [*NO_IDS, "a." + "b" * 260])
def test_what_is_no_entity_id(text):
    assert not is_entity_id(text)


def test_the_nearest_is_named():
    with pytest.raises(NotFound) as caught:
        entity(answers(), "switch.mner_plug")
    assert str(caught.value) == "‘switch.mner_plug’ is not known to Home Assistant. Nearest: switch.miner_plug."


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sensor.livingroom_temperature", "sensor.living_room_temperature"),
        ("switch.hall", "light.hall"),
        ("sensor.zzzzzzz", None),
    ],
)
def test_nearest(typed, meant):
    assert nearest(typed, KNOWN) == meant


def test_nothing_similar_is_not_invented():
    with pytest.raises(NotFound, match=r"is not known to Home Assistant\.$"):
        entity(answers(), "sensor.zzzzzzz")


def test_missing_while_starting_is_transient():
    with pytest.raises(Unreachable, match="still starting"):
        entity(answers(starting=True), "switch.miner_plug")


@pytest.mark.parametrize(
    ("state", "unit", "error", "words"),
    [
        ("unavailable", "°C", Unreachable, "unavailable"),
        ("unknown", "°C", Unreachable, "no value"),
        ("", "°C", Unreachable, "no value"),
        ("2.000,5", "°C", BadAnswer, "point"),
        ("70 °F", "°C", BadAnswer, "but that it is in ‘°C’"),
        ("nan", "°C", BadAnswer, "number"),
        ("20.5", "hPa", BadAnswer, "‘hPa’"),
        ("20.5", None, BadAnswer, "no unit"),
        ("on", "°C", BadAnswer, "‘on’"),
    ],
)
def test_what_cannot_be_measured(state, unit, error, words):
    with pytest.raises(error, match=words) as caught:
        measured(answers(EntityState("sensor.a", state, unit, observed_at=AT)), "sensor.a", units.celsius)
    assert "‘sensor.a’" in str(caught.value)


@pytest.mark.parametrize("state", ["21,5", "21.5 °C", "21.5\u00a0°C"])
def test_a_state_with_a_comma_or_its_unit(state):
    seen = answers(EntityState("sensor.a", state, "°C", observed_at=AT))
    assert measured(seen, "sensor.a", units.celsius) == (21.5, AT)


def test_a_thermostat_is_read_by_its_current_temperature():
    state = EntityState("climate.bedroom", "heat", "°F", observed_at=AT, current_temperature=64.4)
    assert measured(answers(state), "climate.bedroom", units.celsius) == (pytest.approx(18.0), AT)


def test_a_thermostat_without_a_thermometer():
    with pytest.raises(AdapterError, match="no current temperature"):
        measured(answers(EntityState("climate.x", "heat", "°C", observed_at=AT)), "climate.x", units.celsius)


class _Config(AdapterConfig):
    entity_switch: Annotated[str, entity_type("switch", "light")] = entity_field("What switches.", "switch", "light")
    entity_power: Annotated[str, entity_type("sensor", optional=True)] = entity_field("Watts.", "sensor", default="")


def test_config_fields():
    config = _Config(entity_switch=" switch.a ")
    assert (config.entity_switch, config.entity_power) == ("switch.a", "")
    schema = _Config.model_json_schema()["properties"]["entity_switch"]
    assert schema["entity_domains"] == ["switch", "light"]
    assert schema["description"] == "What switches."


@pytest.mark.parametrize(
    ("text", "words"), [("sensor.a", "switch or light"), ("Switch.A", "one looks like switch"), ("", "looks like")]
)
def test_config_fields_refuse_what_does_not_fit(text, words):
    with pytest.raises(ValidationError, match=words):
        _Config(entity_switch=text)
