"""A room's temperature from a device's own web address: Shelly, ESPHome, Tasmota, or any other that answers JSON.

Shapes of their answers: `docs/mqtt-and-http-sensors.md`.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from climate.json_reading import JsonReadingConfig, filled, reading, with_presence, with_window
from climate.state import ClimateReading
from integrations.errors import BadAnswer, NotFound, Unauthorized, Unreachable
from integrations.http import Answer, Http
from integrations.json_path import document
from integrations.registry import Adapter, Kind, register
from integrations.tls import Certificate, certificate_field
from integrations.whereabouts import as_url

_NAME = "The sensor"
_SECRETS = {"password", "pass", "pwd", "token", "apikey", "api_key", "auth"}


def _url(text: str) -> str:
    """An address that can be asked, without secrets in it: it is shown to everyone signed in."""
    text = as_url(text)
    try:
        parts = urlsplit(text)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_good = None, False
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        example = {"example": "http://192.168.1.20/rpc/Shelly.GetStatus"}
        raise PydanticCustomError("url", "this is no address; one looks like {example}", example)
    if "@" in parts.netloc or _SECRETS & {name.lower() for name, _ in parse_qsl(parts.query)}:
        raise PydanticCustomError(
            "url_secret", "an address is shown to everyone; leave user and password out, or let the sensor use MQTT"
        )
    return text


@register
class HttpJsonClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "http_json"
    label = "Web address (JSON)"
    description = "A sensor in this network that answers JSON at an address: Shelly, ESPHome, Tasmota and others."

    class Config(JsonReadingConfig):
        url: Annotated[str, AfterValidator(_url)] = Field(
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
        parts = urlsplit(config.url)
        device = Http(f"{parts.scheme}://{parts.netloc}", name=_NAME, certificate=config.certificate)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            answer = _checked(device.request("GET", path, deadline=deadline), device.place)
        finally:
            device.close()
        what = f"{_NAME} at {device.place}"
        found = document(answer.body, what, may_be_plain=not config.json_path)
        seen = reading(config, found, what, None)
        if config.window_path:
            seen = with_window(seen, config, lambda: (found, what))
        return with_presence(seen, config, lambda: (found, what)) if config.presence_path else seen


def _checked(answer: Answer, place: str) -> Answer:
    """`answer` when it is a success, else the error its status stands for."""
    if answer.status == 200:
        return answer
    if answer.status in (401, 403):
        raise Unauthorized(
            f"{_NAME} at {place} asks for a password ({answer.status}). Allow reading without, or let it use MQTT."
        )
    if answer.status == 404:
        raise NotFound(f"{_NAME} at {place} does not know this address (404). Check what stands after the host.")
    if answer.status in (502, 503, 504):
        raise Unreachable(f"{_NAME} at {place} is not ready ({answer.status}).")
    raise BadAnswer(f"{_NAME} at {place} answered {answer.status}.")
