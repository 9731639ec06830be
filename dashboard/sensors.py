"""How far a zone's temperature can be believed, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from . import formats
from .facts import ZoneFacts

_WORDS = {"ok": "believed", "suspect": "in doubt", "lost": "lost"}


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of a zone, their health in a word, and the limits that hold whatever they say."""

    names: tuple[str, ...]
    health: str
    problem: str
    observed_at: datetime | None
    humidity: str
    high_limit: str
    frost_limit: str


def sensors(
    zone: ZoneFacts, names: Sequence[str], *, high_limit_celsius: float, frost_limit_celsius: float | None
) -> Sensors:
    """`frost_limit_celsius` None: frost protection is switched off."""
    humidity = zone.live.get("humidity_percent")
    return Sensors(
        names=tuple(names),
        health=_WORDS.get(zone.live.get("sensor"), "not known yet"),
        problem=zone.live.get("problem") or "",
        observed_at=formats.parse_time(zone.live.get("observed_at")),
        humidity="" if humidity is None else formats.percent(humidity),
        high_limit=formats.celsius(high_limit_celsius),
        frost_limit="" if frost_limit_celsius is None else formats.celsius(frost_limit_celsius),
    )
