"""A climate reading from JSON documents: what the adapters for MQTT and HTTP have in common. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from climate.state import ClimateReading
from climate.told import ToldCelsius
from integrations import units
from integrations.errors import AdapterError, BadAnswer
from integrations.json_path import JsonPath, measured, pick
from integrations.registry import AdapterConfig
from integrations.text import printable

#: A document and what to call it in sentences; raises `AdapterError` when there is none.
Found = Callable[[], tuple[Any, str]]
#: Unix times from here on are milliseconds (as seconds they would be in the year 5138).
_MILLISECONDS_FROM = 1e11


#: What says neither yes nor no.
_UNKNOWN = frozenset({"", "none", "null", "unknown", "unavailable"})
_LONGEST_WORD = 40


def _words(text: str) -> str:
    if not words_of(text):
        raise PydanticCustomError("words", "at least one value is needed, for example on or true")
    return text


def words_of(text: str) -> frozenset[str]:
    """The values in “true, open, on”, as they are compared: without case."""
    return frozenset(word for part in text.split(",") if (word := part.strip().lower()))


Words = Annotated[str, AfterValidator(_words)]


class JsonReadingConfig(AdapterConfig):
    """Where temperature, humidity, time, window and presence stand in a document."""

    json_path: JsonPath = Field(
        "",
        description="Where the temperature stands in the JSON, for example temperature or "
        "StatusSNS.AM2301.Temperature or list[0].tC. Empty: all of it is the number.",
    )
    unit: Literal["°C", "°F", "K"] = Field(
        "°C", description="The unit of the number. A unit that the sensor writes behind it (21.5 °C) counts instead."
    )
    humidity_path: JsonPath = Field("", description="Where the relative humidity (%) stands. Empty: it has none.")
    timestamp_path: JsonPath = Field(
        "",
        description="Where the time of the measurement stands: Unix seconds or milliseconds, or ISO 8601 with "
        "its offset. Empty: it has none.",
    )
    window_path: JsonPath = Field(
        "", description="Where a window or door contact of the room stands. Empty: there is none."
    )
    window_open_values: Words = Field(
        "true, on, open, 1",
        max_length=100,
        description="What the contact says when open, with commas between. Zigbee2MQTT's contact: false.",
    )
    presence_path: JsonPath = Field("", description="Where it stands whether somebody is there. Empty: nothing tells.")
    presence_values: Words = Field(
        "true, on, home, occupied, 1",
        max_length=100,
        description="What is said when somebody is there, with commas between.",
    )


def filled(config: JsonReadingConfig) -> set[str]:
    """The fields of a reading that there is a path for."""
    paths = {
        "humidity_percent": config.humidity_path,
        "window_open": config.window_path,
        "is_occupied": config.presence_path,
    }
    return {"temperature_celsius"} | {name for name, path in paths.items() if path}


def reading(config: JsonReadingConfig, document: Any, what: str, arrived_at: datetime | None) -> ClimateReading:
    """°C and %; the time is the document's own, else `arrived_at`. A humidity that cannot be read is None.

    Raises `AdapterError`: a temperature or a time that is asked for has to be there.
    """
    told = ToldCelsius()
    temperature = measured(document, config.json_path, told, config.unit, what)
    observed_at = _time(pick(document, config.timestamp_path, what), what) if config.timestamp_path else arrived_at
    humidity = _humidity(config, document, what)
    return ClimateReading(temperature, humidity, observed_at, number=told.number, unit=told.unit)


def with_window(reading: ClimateReading, config: JsonReadingConfig, found: Found) -> ClimateReading:
    """With what the contact says in the document that `found` gives; where it says nothing, with why."""
    is_open, problem = _says(found, config.window_path, words_of(config.window_open_values))
    return replace(reading, window_open=is_open, window_problem=problem)


def with_presence(reading: ClimateReading, config: JsonReadingConfig, found: Found) -> ClimateReading:
    """The same for whether somebody is there."""
    is_there, problem = _says(found, config.presence_path, words_of(config.presence_values))
    return replace(reading, is_occupied=is_there, presence_problem=problem)


def _says(found: Found, path: str, yes: frozenset[str]) -> tuple[bool | None, str]:
    """Yes for one of these values, no for any other; None and why when it cannot be read or says nothing."""
    try:
        document, what = found()
        value = pick(document, path, what)
    except AdapterError as error:
        return None, str(error)
    if isinstance(value, dict | list):
        return None, f"{what} has no single value at ‘{path[:60]}’."
    word = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
    if word in _UNKNOWN:
        return None, f"{what} does not say at present."
    return word[:_LONGEST_WORD] in yes, ""


def _humidity(config: JsonReadingConfig, document: Any, what: str) -> float | None:
    if not config.humidity_path:
        return None
    try:
        return measured(document, config.humidity_path, units.percent, "%", what)
    except AdapterError:
        return None


def _time(value: Any, what: str) -> datetime:
    """Aware UTC; a time without an offset is refused, because nobody knows whose it is."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
        at = datetime.fromisoformat(value)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    seen = printable(str(value)[:40])
    raise BadAnswer(f"{what} gives ‘{seen}’ as its time; Unix seconds or ISO 8601 with an offset is needed.")
