"""A room's temperature from MQTT: Zigbee2MQTT, Tasmota, Shelly, ESPHome, or whatever else publishes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from climate.json_reading import Found, JsonReadingConfig, Words, filled, reading, with_presence, with_window, words_of
from climate.state import ClimateReading
from climate.wake_up import age_advice, reports_every_by_topic, reports_every_seconds
from integrations.connections.mqtt import is_topic
from integrations.connections.mqtt_availability import (
    AVAILABLE_WORDS,
    is_zigbee2mqtt,
    refuse_unavailable,
    suggested_topics,
)
from integrations.connections.mqtt_heard import Message, Want, readings
from integrations.errors import AdapterError, Unreachable
from integrations.registry import Adapter, Advice, Ask, ConnectionKind, Kind, register

_MOST_AVAILABILITY_TOPICS = 4


def _topic_or_none(text: str) -> str:
    return _topic(text) if text else text


def _topics(text: str) -> str:
    topics = topics_of(text)
    if len(topics) > _MOST_AVAILABILITY_TOPICS:
        raise PydanticCustomError("topics", "at most {most} topics are possible", {"most": _MOST_AVAILABILITY_TOPICS})
    return ", ".join(map(_topic, topics))


def topics_of(text: str) -> tuple[str, ...]:
    """The topics in “a/LWT, b/bridge/state”."""
    return tuple(topic for part in text.split(",") if (topic := part.strip()))


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
        availability_topics: Annotated[str, AfterValidator(_topics)] = Field(
            "",
            description="Where the device, and what connects it, tell whether they are there (birth message and last "
            "will), with commas between: tele/<name>/LWT, or zigbee2mqtt/<name>/availability and "
            "zigbee2mqtt/bridge/state. Gone by one of them, the value is not believed from then on. Not for "
            "devices that sleep.",
        )
        available_values: Words = Field(
            AVAILABLE_WORDS,
            max_length=200,
            description="What such a topic says while all is well, with commas between; anything else means gone.",
        )

    @classmethod
    def wants(cls, config: Config) -> tuple[Want, ...]:
        window, presence = _contact(config.window_topic, config.window_path, config), _presence(config)
        others = [Want(topic) for topic in topics_of(config.availability_topics)]
        return tuple(dict.fromkeys(want for want in (_temperature(config), window, presence, *others) if want))

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        topics = {"window_open": config.window_topic, "is_occupied": config.presence_topic}
        return filled(config) | {name for name, topic in topics.items() if topic}

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        """°C and %; the time is the message's own, else its arrival. Raises `AdapterError`."""
        refuse_unavailable(answers, topics_of(config.availability_topics), words_of(config.available_values))
        what = f"‘{config.topic[:80]}’"
        seen = _newest(config, readings(answers, _temperature(config)), what)
        _refuse_expired(config, seen.observed_at, answers.at, what)
        window, presence = _contact(config.window_topic, config.window_path, config), _presence(config)
        if window:
            seen = with_window(seen, config, _finder(answers, window))
        if presence:
            seen = with_presence(seen, config, _finder(answers, presence))
        return seen

    @classmethod
    def advice(cls, config: Config, answers: Mapping[str, Any], ask: Ask) -> list[Advice]:
        """Its own time, where the device tells whether it is there, and how often it reports."""
        found = readings(answers, Want(config.topic))
        parsed = found[0][1]
        advice = [_own_time(config, parsed), _availability(config, parsed, ask)]
        every = reports_every_seconds(parsed) or cls.reports_every_seconds(config)
        return [one for one in (*advice, age_advice(every)) if one is not None]

    @classmethod
    def cautions(cls, config: Config) -> list[str]:
        if config.timestamp_path or not is_zigbee2mqtt(config.topic, None):
            return []
        return [_ZIGBEE2MQTT_NEEDS_TIME]

    @classmethod
    def reports_every_seconds(cls, config: Config) -> float | None:
        return reports_every_by_topic(config.topic)


_ZIGBEE2MQTT_NEEDS_TIME = (
    "Zigbee2MQTT repeats old values when it starts, so without a time in its messages a dead sensor looks alive. "
    "Switch on ‘Last seen’ in Zigbee2MQTT (Settings, Advanced, ISO 8601) and enter last_seen as the timestamp path."
)


def _own_time(config: MqttClimateMonitor.Config, parsed: Any) -> Advice | None:
    if config.timestamp_path or not is_zigbee2mqtt(config.topic, parsed):
        return None
    if isinstance(parsed, dict) and "last_seen" in parsed:
        text = "The message has its own time, ‘last_seen’: with it as the timestamp path, no old value looks new."
        return Advice(text, {"timestamp_path": "last_seen"})
    return Advice(_ZIGBEE2MQTT_NEEDS_TIME)


def _availability(config: MqttClimateMonitor.Config, parsed: Any, ask: Ask) -> Advice | None:
    """The topics where the device most likely tells whether it is there, as far as something stands there."""
    wanted = [] if config.availability_topics else suggested_topics(config.topic, parsed)
    heard = ask(wanted) if wanted else {}
    there = [topic for topic in wanted if topic in heard]
    if not there:
        return None
    names = " and ".join(f"‘{topic[:80]}’" for topic in there)
    text = f"{names} {'tells' if len(there) == 1 else 'tell'} whether it is there: entered as availability topic"
    text += f"{'' if len(there) == 1 else 's'}, the sensor counts as gone as soon as it is."
    return Advice(text, {"availability_topics": ", ".join(there)})


def _temperature(config: MqttClimateMonitor.Config) -> Want:
    """A message is a reading when it has the temperature and, where one is set up, the time."""
    return Want(config.topic, (config.json_path, *filter(None, [config.timestamp_path])))


def _contact(topic: str, path: str, config: MqttClimateMonitor.Config) -> Want | None:
    return Want(topic or config.topic, (path,), is_word=True) if topic or path else None


def _presence(config: MqttClimateMonitor.Config) -> Want | None:
    return _contact(config.presence_topic, config.presence_path, config)


def _newest(config: MqttClimateMonitor.Config, found: list[tuple[Message, Any]], what: str) -> ClimateReading:
    """The reading that counts, of messages newest first: by their own time where they have one, else the newest.

    Without a time of its own, a retained message counts only where the broker is trusted with it.
    """

    def read(one: tuple[Message, Any]) -> ClimateReading:
        return reading(config, one[1], what, one[0].arrived_at)

    if config.timestamp_path:
        return max([read(found[0]), *_readable(read, found[1:])], key=lambda seen: seen.observed_at)
    live = [one for one in found if config.trust_retained or not one[0].is_retained]
    if live:
        return read(live[0])
    raise Unreachable(
        f"{what} has only an old value of unknown age ({read(found[0]).temperature_celsius:.1f} °C, kept by the "
        "broker); it counts when the sensor reports again."
    )


def _readable(
    read: Callable[[tuple[Message, Any]], ClimateReading], older: list[tuple[Message, Any]]
) -> list[ClimateReading]:
    seen = []
    for one in older:
        try:
            seen.append(read(one))
        except AdapterError:
            continue
    return seen


def _finder(answers: Mapping[str, Any], want: Want) -> Found:
    """What a contact said last: JSON, or the plain word that many send. A retained message is as good as any."""
    return lambda: (readings(answers, want)[0][1], f"‘{want.topic[:80]}’")


def _refuse_expired(config: MqttClimateMonitor.Config, observed_at: datetime, now: datetime, what: str) -> None:
    limit = config.expire_after_seconds
    if limit is not None and now - observed_at > timedelta(seconds=limit):
        age_seconds = (now - observed_at).total_seconds()
        raise Unreachable(f"{what} has said nothing for {age_seconds:.0f} s; it expires after {limit} s.")
