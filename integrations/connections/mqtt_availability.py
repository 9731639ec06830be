"""Whether a device is there, as MQTT devices tell it: birth messages, last wills, Zigbee2MQTT, Tasmota, Shelly. Pure.

Such a topic is retained: the device says “online” when it connects, and the broker says “offline” for it when it is
gone. Plain words and JSON (`{"state":"online"}`) are understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..errors import AdapterError, Unreachable
from ..text import printable
from .mqtt_heard import NOTHING, message, parse

#: What devices call being there: Zigbee2MQTT, Tasmota, ESPHome, Shelly, Homie, Home Assistant.
AVAILABLE_WORDS = "online, available, connected, ready, sleeping, alive, true, on, 1"
#: Where JSON says it.
_NAMES = ("state", "status", "availability", "connected", "online")
#: Devices that sleep: they are gone for their broker most of the time, and nothing is wrong with them.
_SLEEPERS = re.compile(r"(^|/)shelly(plus|pro)?(ht|flood|motion|dw|door|smoke|button|blu)", re.IGNORECASE)
_LONGEST_WORD = 40


def refuse_unavailable(answers: Mapping[str, Any], topics: Iterable[str], available: Collection[str]) -> None:
    """Raise `Unreachable` where one of the topics says anything but one of the `available` words (lower case).

    A topic that nothing has come on says nothing.
    """
    for topic in topics:
        if topic not in answers:
            continue
        word = _word(answers, topic)
        if word.lower() not in available:
            raise Unreachable(
                f"‘{topic[:80]}’ says ‘{word}’, so its device is not available. If that word means that it is, add it "
                "to the available values."
            )


def suggested_topics(topic: str, parsed: Any) -> tuple[str, ...]:
    """Where the device that reports on `topic` (its last message: `parsed`) most likely tells whether it is there."""
    if _SLEEPERS.search(topic):
        return ()
    if is_zigbee2mqtt(topic, parsed):
        return (f"{topic}/availability", f"{topic.rpartition('/')[0]}/bridge/state")
    if topic.endswith("/SENSOR"):  # Tasmota
        return (f"{topic.removesuffix('SENSOR')}LWT",)
    esphome = re.fullmatch(r"(.+)/(sensor|binary_sensor)/[^/]+/state", topic)
    if esphome:
        return (f"{esphome[1]}/status",)
    shelly = re.fullmatch(r"(shellies/[^/]+)/.+", topic) or re.fullmatch(r"(.+)/(events/rpc|status/[^/]+)", topic)
    return (f"{shelly[1]}/online",) if shelly else ()


def is_zigbee2mqtt(topic: str, parsed: Any) -> bool:
    """Whether Zigbee2MQTT reports there: by its usual base topic, or by the link quality in its messages."""
    return "/" in topic and (topic.startswith("zigbee2mqtt/") or (isinstance(parsed, dict) and "linkquality" in parsed))


def _word(answers: Mapping[str, Any], topic: str) -> str:
    """What the topic says, plain or in JSON."""
    try:
        parsed = parse(message(answers, topic).payload)
    except AdapterError:
        return "?"
    if isinstance(parsed, dict):
        parsed = next((parsed[name] for name in _NAMES if name in parsed), None)
    if parsed is NOTHING or parsed is None or isinstance(parsed, dict | list):
        return "?"
    text = json.dumps(parsed) if isinstance(parsed, bool) else str(parsed).strip()
    return printable(text[:_LONGEST_WORD]) or "?"
