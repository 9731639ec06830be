"""A room's temperature from Home Assistant: a sensor, or what a thermostat measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from climate.state import ClimateReading
from integrations import units
from integrations.connections.entities import entity_field, entity_type, measured
from integrations.errors import AdapterError
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register

_TEMPERATURE_DOMAINS = ("sensor", "climate", "input_number", "number")
_HUMIDITY_DOMAINS = ("sensor", "input_number", "number")


@register
class HomeAssistantClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "home_assistant"
    label = "Home Assistant"
    description = "A temperature sensor or thermostat that Home Assistant knows. °C, °F and K are understood."
    connection = ConnectionKind.HOME_ASSISTANT

    class Config(AdapterConfig):
        entity_temperature: Annotated[str, entity_type(*_TEMPERATURE_DOMAINS)] = entity_field(
            "The room's temperature: a sensor, or a thermostat (its current temperature is read).",
            *_TEMPERATURE_DOMAINS,
        )
        entity_humidity: Annotated[str, entity_type(*_HUMIDITY_DOMAINS, optional=True)] = entity_field(
            "The room's relative humidity, if there is a sensor for it.", *_HUMIDITY_DOMAINS, default=""
        )

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(filter(None, (config.entity_temperature, config.entity_humidity)))

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        """°C and %; the time is the temperature's. A humidity that cannot be read is None."""
        temperature, at = measured(answers, config.entity_temperature, units.celsius)
        return ClimateReading(temperature, _humidity(config, answers), at)


def _humidity(config: HomeAssistantClimateMonitor.Config, answers: Mapping[str, Any]) -> float | None:
    if not config.entity_humidity:
        return None
    try:
        return measured(answers, config.entity_humidity, units.percent)[0]
    except AdapterError:
        return None
