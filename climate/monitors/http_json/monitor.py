"""A room's temperature from a device's own web address: Shelly, ESPHome, Tasmota, or any other that answers JSON.

Shapes of their answers: `docs/mqtt-and-http-sensors.md`.
"""

from __future__ import annotations

from pydantic import Field

from climate.json_reading import JsonReadingConfig, filled, reading, with_presence, with_window
from climate.state import ClimateReading
from climate.web_sensor import SensorUrl, ask_sensor
from integrations.json_path import document
from integrations.registry import Adapter, Kind, register
from integrations.tls import Certificate, certificate_field


@register
class HttpJsonClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "http_json"
    label = "Web address (JSON)"
    description = "A sensor in this network that answers JSON at an address: Shelly, ESPHome, Tasmota and others."

    class Config(JsonReadingConfig):
        url: SensorUrl = Field(
            max_length=500,
            description="The address to read, for example http://192.168.1.20/rpc/Shelly.GetStatus.",
        )
        certificate: Certificate = certificate_field()

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return filled(config)

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> ClimateReading:
        """°C and %; without a time in the answer the time of asking counts. Raises `AdapterError`."""
        answer, what = ask_sensor(config.url, config.certificate, deadline)
        found = document(answer.body, what, may_be_plain=not config.json_path)
        seen = reading(config, found, what, None)
        if config.window_path:
            seen = with_window(seen, config, lambda: (found, what))
        return with_presence(seen, config, lambda: (found, what)) if config.presence_path else seen
