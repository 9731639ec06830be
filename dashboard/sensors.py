"""How far a room's temperature can be believed: each of its sensors, its window, its people, its limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from climate.reports import words
from sites.words import ended

from . import formats
from .facts import Moment, ZoneFacts

_HEALTH = {"ok": ("believed", "calm"), "suspect": ("in doubt", "wait"), "lost": ("lost", "alarm")}


@dataclass(frozen=True, slots=True)
class SensorLine:
    """One sensor: what control sees of it, how far that is believed (a word and a tone), why not, how old it is.

    `says`: its own word, where that is another; `doubted`: the °C in doubt that a person may say is right, as a form
    sends it.
    """

    name: str
    value: str
    health: str
    tone: str
    problem: str
    observed_at: datetime | None
    stale_after_seconds: int
    #: What is to be known of its settings.
    cautions: tuple[str, ...] = ()
    #: A limit of age that suits it better: why, in seconds, in words, and where to post it.
    suits: str = ""
    suits_seconds: int = 0
    suits_words: str = ""
    id: str = ""
    says: str = ""
    doubted: str = ""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A sensor's row: its limit of age (s), and what is to be known of its settings."""

    id: str
    name: str
    limit_seconds: int
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of a zone, what they say together, and the limits that hold whatever they say."""

    lines: tuple[SensorLine, ...]
    problem: str
    humidity: str
    window: str
    presence: str
    high_limit: str
    frost_limit: str


def sensors(
    zone: ZoneFacts,
    monitors: Sequence[Monitor],
    at: Moment,
    *,
    high_limit_celsius: float,
    frost_limit_celsius: float | None,
) -> Sensors:
    """`frost_limit_celsius` None: that is switched off."""
    humidity, seen = zone.live.get("humidity_percent"), zone.live.get("monitors") or {}
    lines = tuple(_line(monitor, seen.get(monitor.id) or {}) for monitor in monitors)
    return Sensors(
        lines=lines,
        problem=_problem(zone, [(monitor.name, seen.get(monitor.id) or {}) for monitor in monitors]),
        humidity="" if humidity is None else formats.percent(humidity),
        window=_window(zone.live, at),
        presence={True: "somebody is there", False: "nobody is there"}.get(zone.live.get("is_occupied"), ""),
        high_limit=formats.celsius(high_limit_celsius),
        frost_limit="" if frost_limit_celsius is None else formats.celsius(frost_limit_celsius),
    )


def _line(monitor: Monitor, seen: Mapping[str, Any]) -> SensorLine:
    health, tone = _HEALTH.get(seen.get("health"), ("not known yet", "wait"))
    problem, suits_seconds = seen.get("problem") or "", seen.get("suits_seconds") or 0
    value, doubted = formats.celsius(seen.get("temperature_celsius")), seen.get("doubted_celsius")
    return SensorLine(
        name=monitor.name,
        value=value,
        says=_says(seen, value),
        doubted="" if doubted is None else f"{doubted:g}",
        health=health,
        tone=tone,
        problem=ended(f"It {problem}") if problem else "",
        observed_at=formats.parse_time(seen.get("observed_at")),
        stale_after_seconds=monitor.limit_seconds // 2,
        cautions=monitor.cautions,
        suits=seen.get("suits") or "",
        suits_seconds=suits_seconds,
        suits_words=words(timedelta(seconds=suits_seconds)) if suits_seconds else "",
        id=monitor.id,
    )


def _says(seen: Mapping[str, Any], value: str) -> str:
    """Its own word, where control sees another: a jump that waits for another report, or what is not believed."""
    says = seen.get("says_celsius")
    if says is None or formats.celsius(says) == value:
        return ""
    waits = seen.get("temperature_celsius") is not None
    return f"says {formats.celsius(says)}{', waits for another report' if waits else ''}"


def _problem(zone: ZoneFacts, told: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What is wrong with them together, and with window and people; what one sensor's own line says is not repeated."""
    problem = zone.live.get("problem") or ""
    of_one = {ended(f"The sensor ‘{name}’ {seen['problem']}") for name, seen in told if seen.get("problem")}
    return "" if problem in of_one else problem


def _window(live: Mapping[str, Any], at: Moment) -> str:
    since = formats.parse_time(live.get("window_open_since"))
    if since is None:
        return ""
    how = "looks open" if live.get("window_by_slope") else "open"
    return f"{how} since {formats.moment(since, at.now, at.tz)}"
