"""A climate reading from a JSON document: what the adapters for MQTT and HTTP have in common. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from climate.state import ClimateReading
from integrations import units
from integrations.errors import AdapterError, BadAnswer
from integrations.json_path import JsonPath, measured, pick
from integrations.registry import AdapterConfig

#: Unix times from here on are milliseconds (as seconds they would be in the year 5138).
_MILLISECONDS_FROM = 1e11


class JsonReadingConfig(AdapterConfig):
    """Where temperature, humidity and time stand in a document."""

    json_path: JsonPath = Field(
        "",
        description="Where the temperature stands in the JSON, for example temperature or "
        "StatusSNS.AM2301.Temperature or list[0].tC. Empty: all of it is the number.",
    )
    unit: Literal["°C", "°F", "K"] = Field("°C", description="The unit the sensor reports in.")
    humidity_path: JsonPath = Field("", description="Where the relative humidity (%) stands. Empty: it has none.")
    timestamp_path: JsonPath = Field(
        "",
        description="Where the time of the measurement stands: Unix seconds or milliseconds, or ISO 8601 with "
        "its offset. Empty: it has none.",
    )


def reading(config: JsonReadingConfig, document: Any, what: str, arrived_at: datetime | None) -> ClimateReading:
    """°C and %; the time is the document's own, else `arrived_at`. A humidity that cannot be read is None.

    Raises `AdapterError`: a temperature or a time that is asked for has to be there.
    """
    temperature = measured(document, config.json_path, units.celsius, config.unit, what)
    observed_at = _time(pick(document, config.timestamp_path, what), what) if config.timestamp_path else arrived_at
    return ClimateReading(temperature, _humidity(config, document, what), observed_at)


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
    seen = "".join(letter if letter.isprintable() else "?" for letter in str(value)[:40])
    raise BadAnswer(f"{what} gives ‘{seen}’ as its time; Unix seconds or ISO 8601 with an offset is needed.")
