"""A room's temperature from MQTT: Zigbee2MQTT, Tasmota, Shelly, ESPHome, or whatever else publishes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from climate.json_reading import Found, JsonReadingConfig, reading, with_presence, with_window
from climate.state import ClimateReading
from integrations.connections.mqtt import is_topic, message
from integrations.errors import BadAnswer, Unreachable
from integrations.json_path import document
from integrations.registry import Adapter, ConnectionKind, Kind, register

#: Longer than any word a contact says, bytes.
_LONGEST_WORD = 40


def _topic_or_none(text: str) -> str:
    return _topic(text) if text else text


def _topic(text: str) -> str:
    if not is_topic(text):
        example = {"example": "zigbee2mqtt/living_room"}
        raise PydanticCustomError("topic", "this is no single topic (no + and #); one looks like {example}", example)
    return text


@register
class MqttClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "mqtt"
    label = "MQTT"
    description = "A sensor that reports to an MQTT broker: Zigbee2MQTT, Tasmota, Shelly, ESPHome and others."
    connection = ConnectionKind.MQTT

    class Config(JsonReadingConfig):
        topic: Annotated[str, AfterValidator(_topic)] = Field(
            description="The topic it reports on, for example zigbee2mqtt/living_room."
        )
        expire_after_seconds: int | None = Field(
            None,
            ge=10,
            le=86_400,
            description="A value older than this is dropped at once. Empty: only the sensor's own limit of age counts.",
            json_schema_extra={"unit": "s"},
        )
        trust_retained: bool = Field(
            False,
            description="Believe the value the broker kept from before as if it had just come. Its age is unknown: "
            "off, it waits for the sensor's next report (a time in the message settles it, too).",
        )

        window_topic: Annotated[str, AfterValidator(_topic_or_none)] = Field(
            "",
            description="The topic of a window or door contact of the room. Empty with a path for it: the same topic.",
        )
        presence_topic: Annotated[str, AfterValidator(_topic_or_none)] = Field(
            "", description="The topic that tells whether somebody is there. Empty with a path for it: the same topic."
        )

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (config.topic, config.window_topic, config.presence_topic))))

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        """°C and %; the time is the message's own, else its arrival. Raises `AdapterError`."""
        heard, what = message(answers, config.topic), f"‘{config.topic[:80]}’"
        seen = reading(config, document(heard.payload, what, may_be_plain=not config.json_path), what, heard.arrived_at)
        if heard.is_retained and not (config.trust_retained or config.timestamp_path):
            raise Unreachable(
                f"{what} has only an old value of unknown age ({seen.temperature_celsius:.1f} °C, kept by the "
                "broker); it counts when the sensor reports again."
            )
        _refuse_expired(config, seen.observed_at, answers.at, what)
        if config.window_topic or config.window_path:
            seen = with_window(seen, config, _finder(answers, config.window_topic or config.topic))
        if config.presence_topic or config.presence_path:
            seen = with_presence(seen, config, _finder(answers, config.presence_topic or config.topic))
        return seen


def _finder(answers: Mapping[str, Any], topic: str) -> Found:
    """What came on a topic: JSON, or the plain word that many contacts send. A retained one is as good as any."""

    def found() -> tuple[Any, str]:
        payload, what = message(answers, topic).payload, f"‘{topic[:80]}’"
        try:
            return document(payload, what), what
        except BadAnswer:
            return payload[:_LONGEST_WORD].decode("utf-8", "replace"), what

    return found


def _refuse_expired(config: MqttClimateMonitor.Config, observed_at: datetime, now: datetime, what: str) -> None:
    limit = config.expire_after_seconds
    if limit is not None and now - observed_at > timedelta(seconds=limit):
        age_seconds = (now - observed_at).total_seconds()
        raise Unreachable(f"{what} has said nothing for {age_seconds:.0f} s; it expires after {limit} s.")
