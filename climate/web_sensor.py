"""A sensor at a web address of its own: what an address may be, and one question to it."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from integrations.http import MEGABYTE, Answer, Http
from integrations.http_status import status_error
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


SensorUrl = Annotated[str, AfterValidator(_url)]


def ask_sensor(url: str, certificate: str, deadline: float, limit_bytes: int = MEGABYTE) -> tuple[Answer, str]:
    """What is answered at `url`, and what to call the sensor in sentences. Raises `AdapterError`."""
    parts = urlsplit(url)
    with closing(Http(f"{parts.scheme}://{parts.netloc}", name=_NAME, certificate=certificate)) as device:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = device.request("GET", path, deadline=deadline, limit_bytes=limit_bytes)
        what = f"{_NAME} at {device.place}"
    if answer.status == 200:
        return answer, what
    raise status_error(
        answer.status,
        what,
        locked="asks for a password ({status}). Allow reading without, or let it use MQTT.",
        unknown="does not know this address (404). Check what stands after the host.",
    )
