"""A room’s temperature from an address whose whole answer is the number (`21.5`), as self-built sensors have it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from climate.state import ClimateReading
from climate.told import ToldCelsius
from climate.web_sensor import SensorUrl, ask_sensor
from integrations import units
from integrations.errors import BadAnswer
from integrations.registry import Adapter, AdapterConfig, Kind, register
from integrations.text import excerpt, text_of
from integrations.tls import Certificate, certificate_field

#: A number and its unit; what is longer is a page.
_MOST_BYTES = 64


@register
class HttpNumberClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "http_number"
    label = "Web address (only a number)"
    description = "A sensor in this network whose whole answer is the temperature, like 21.5."

    class Config(AdapterConfig):
        url: SensorUrl = Field(
            max_length=500, description="The address to read, for example http://192.168.1.20/temperature."
        )
        unit: Literal["°C", "°F", "K"] = Field(
            "°C",
            description="The unit of the number. A unit that the sensor writes behind it (21.5 °C) counts instead.",
        )
        certificate: Certificate = certificate_field()

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"temperature_celsius"}

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> ClimateReading:
        """°C, at the time of asking. Raises `AdapterError`."""
        answer, what = ask_sensor(config.url, config.certificate, deadline, _MOST_BYTES)
        try:
            text = text_of(answer.body)
        except UnicodeDecodeError:
            raise BadAnswer(f"{what} says ‘{excerpt(answer.body)}’; a number is needed.") from None
        told = ToldCelsius()
        celsius = units.measured(text.strip(), config.unit, told, what)
        return ClimateReading(celsius, number=told.number, unit=told.unit)
