"""A room from Home Assistant: its temperature (a sensor or a thermostat), its window, and who is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from climate.state import ClimateReading
from climate.told import ToldCelsius
from integrations import units
from integrations.connections.entities import domain_of, entity_field, entity_type, is_on, measured
from integrations.errors import AdapterError
from integrations.registry import Adapter, AdapterConfig, Advice, Ask, ConnectionKind, Kind, register

_TEMPERATURE_DOMAINS = ("sensor", "climate", "input_number", "number")
_HUMIDITY_DOMAINS = ("sensor", "input_number", "number")
_WINDOW_DOMAINS = ("binary_sensor", "cover", "input_boolean")
_PRESENCE_DOMAINS = ("binary_sensor", "person", "device_tracker", "group", "input_boolean")


@register
class HomeAssistantClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "home_assistant"
    label = "Home Assistant"
    description = "A temperature sensor or thermostat that Home Assistant knows. °C, °F and K are understood."
    connection = ConnectionKind.HOME_ASSISTANT

    class Config(AdapterConfig):
        entity_temperature: Annotated[str, entity_type(*_TEMPERATURE_DOMAINS)] = entity_field(
            "The room's temperature: a sensor, or a thermostat (its current temperature is read; when its own sensor "
            "fails it keeps showing the last one, so a sensor is the better choice).",
            *_TEMPERATURE_DOMAINS,
            classes=("temperature",),
        )
        entity_humidity: Annotated[str, entity_type(*_HUMIDITY_DOMAINS, optional=True)] = entity_field(
            "The room's relative humidity, if there is a sensor for it.",
            *_HUMIDITY_DOMAINS,
            classes=("humidity",),
            default="",
        )
        entity_window: Annotated[str, entity_type(*_WINDOW_DOMAINS, optional=True)] = entity_field(
            "A window or door contact of the room (on = open), or a roof window that is a cover. "
            "Heating pauses while it is open; a group of contacts will do.",
            *_WINDOW_DOMAINS,
            classes=("window", "door", "opening", "garage_door"),
            default="",
        )
        entity_presence: Annotated[str, entity_type(*_PRESENCE_DOMAINS, optional=True)] = entity_field(
            "What tells whether somebody is there (on or home = yes): a presence or motion sensor, a person, a "
            "group of persons. After 30 min without anybody the room is kept at eco.",
            *_PRESENCE_DOMAINS,
            classes=("occupancy", "presence", "motion"),
            default="",
        )

    @classmethod
    def cautions(cls, config: Config) -> tuple[str, ...]:
        return (thermostat_caution(config.entity_temperature),) if is_thermostat(config.entity_temperature) else ()

    @classmethod
    def advice(cls, config: Config, answers: Mapping[str, Any], ask: Ask) -> list[Advice]:
        return [Advice(caution) for caution in cls.cautions(config)]

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        entities = (config.entity_temperature, config.entity_humidity, config.entity_window, config.entity_presence)
        return tuple(filter(None, entities))

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        parts = {
            "temperature_celsius": config.entity_temperature,
            "humidity_percent": config.entity_humidity,
            "window_open": config.entity_window,
            "is_occupied": config.entity_presence,
        }
        return {name for name, entity_id in parts.items() if entity_id}

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        """°C and %; the time is the temperature's. Whatever else cannot be read is None, and why is said."""
        told = ToldCelsius()
        temperature, at = measured(answers, config.entity_temperature, told)
        window, window_problem = _is_on(config.entity_window, answers)
        presence, presence_problem = _is_on(config.entity_presence, answers)
        humidity = _humidity(config, answers)
        words = (window, presence, window_problem, presence_problem)
        return ClimateReading(temperature, humidity, at, *words, told.number, told.unit)


def is_thermostat(entity_id: str) -> bool:
    return domain_of(entity_id) == "climate"


def thermostat_caution(entity_id: str) -> str:
    return (
        f"‘{entity_id}’ is a thermostat: when its own sensor fails, it keeps showing the last temperature, and nothing "
        "here can see that. Choose the sensor itself where Home Assistant has it."
    )


def _humidity(config: HomeAssistantClimateMonitor.Config, answers: Mapping[str, Any]) -> float | None:
    if not config.entity_humidity:
        return None
    try:
        return measured(answers, config.entity_humidity, units.percent)[0]
    except AdapterError:
        return None


def _is_on(entity_id: str, answers: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the entity is on, and why nobody knows; neither without an entity."""
    if not entity_id:
        return None, ""
    try:
        return is_on(answers, entity_id), ""
    except AdapterError as error:
        return None, str(error)
