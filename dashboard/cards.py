"""The card of a room as plain values: everything that is said about it, ready to print.

Pure: facts and a moment in, dataclasses of finished words out. A card never holds an age (the
page lets it tick); two equal cards look the same, which is how a live page knows what changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any

from climate.models import TARGET_MIN_CELSIUS
from climate.targets import Preset

from . import degrees, formats, sparkline
from .energy_panel import paid_by
from .facts import AlarmFacts, Moment, ZoneFacts
from .miner_cards import MinerLine, is_on, miner_line
from .sparkline import HOURS, Sparkline
from .target_text import Aim, aim_of
from .trouble import State, Trouble, trouble_of
from .window import SHORTEST


@dataclass(frozen=True, slots=True)
class PresetChoice:
    """A preset of the room to choose: “Eco 18.0°”; `is_on`: it holds now."""

    key: str
    label: str
    degrees: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Slider:
    """What a target can be dragged to, in the unit shown: numbers as the page writes them."""

    least: str
    most: str
    value: str
    step: str
    unit: str


def _slider(zone: ZoneFacts) -> Slider:
    least, most = degrees.shown(TARGET_MIN_CELSIUS), degrees.shown(zone.highest_target_celsius)
    value = degrees.shown(zone.target.effective_celsius)
    # The ends lie within the bounds, so that none of them is refused.
    return Slider(f"{ceil(least)}", f"{floor(most * 10) / 10:.1f}", f"{value:.1f}", "0.1", degrees.symbol())


@dataclass(frozen=True, slots=True)
class ZoneCard:
    """One zone, in the order a person reads it."""

    id: str
    name: str
    state: State
    trouble: Trouble | None
    temperature: str
    is_known: bool
    last_known: str
    aim: Aim
    planned: str
    slider: Slider
    presets: tuple[PresetChoice, ...]
    by_hand: bool
    spark: Sparkline | None
    past: str
    trend: str
    observed_at: datetime | None
    stale_after_seconds: int
    miners: tuple[MinerLine, ...]
    paid_by: str
    why: str


def _sensor_trouble(zone: ZoneFacts, at: Moment) -> Trouble | None:
    """What the sensor's own health says where no alarm has been raised yet."""
    health = zone.live.get("sensor")
    if not zone.has_sensor:
        return Trouble(
            "No sensor reads this room yet.", "", "Nothing heats it.", "Choose a sensor for it in Set-up.", "warn"
        )
    if health not in ("lost", "suspect"):
        return None
    since = formats.parse_time(zone.live.get("observed_at"))
    default = "The sensor has been silent." if health == "lost" else "The sensor’s value is in doubt."
    return Trouble(
        zone.live.get("problem") or default,
        formats.moment(since, at.now, at.tz) if since else "",
        "" if zone.live.get("heating") else "Heating is off.",
        "Check the sensor’s battery and reach. Heating resumes by itself when it has reported well for a while."
        if health == "lost"
        else "",
        "alarm" if health == "lost" else "warn",
    )


def _zone_state(zone: ZoneFacts, aim: Aim) -> State:
    live, temperature = zone.live, zone.live.get("temperature_celsius")
    if not live:
        return State("waiting", "wait")
    if not zone.has_sensor:
        return State("no sensor", "wait")
    if live.get("sensor") == "lost":
        return State("sensor lost", "alarm")
    if live.get("heating"):
        return State("heating", "heat")
    if zone.miners and all(miner.wish is not None and miner.wish.power_w == 0 for miner in zone.miners):
        return State("off by hand", "away")
    if live.get("window_open_since"):
        return State("window open", "away")
    if temperature is None:
        return State("sensor in doubt" if live.get("sensor") == "suspect" else "waiting", "wait")
    if temperature < aim.celsius - zone.hysteresis_celsius:
        return State("below target", "cold")
    if aim.resting:
        return State(aim.resting, "away")
    return State("warm" if temperature >= aim.celsius + zone.hysteresis_celsius else "at target", "calm")


def _presets(zone: ZoneFacts) -> tuple[PresetChoice, ...]:
    return tuple(
        PresetChoice(key, Preset(key).label.capitalize(), formats.degrees(celsius), key == zone.target.preset)
        for key, celsius in zone.presets
    )


def _why(zone: ZoneFacts, aim: Aim) -> str:
    """The last decision's sentence: of a running miner first."""
    if not zone.live:
        return "Waiting for the first look at this room."
    if not zone.miners:
        return "No miner heats this room yet. Add one in Set-up."
    if aim.is_news:
        return "The new target counts from the next look on."
    by_running = sorted(zone.miners, key=lambda miner: not is_on(miner.live))
    return next((miner.live["reason"] for miner in by_running if miner.live.get("reason")), "")


def _temperature(zone: ZoneFacts) -> str:
    celsius = zone.live.get("temperature_celsius")
    if celsius is None:
        return "no reading" if zone.live else "no reading yet"
    return formats.degrees(celsius)


def _last_known(zone: ZoneFacts, at: Moment) -> str:
    if not zone.live or zone.live.get("temperature_celsius") is not None:
        return ""
    seen = next((row for row in reversed(zone.rows) if row.temperature_celsius is not None), None)
    if seen is None:
        return ""
    return f"last {formats.degrees(seen.temperature_celsius)} at {formats.moment(seen.at, at.now, at.tz)}"


def _past(spark: Sparkline, at: Moment) -> str:
    """How far back the drawing reaches: “last 6 h”, “since 14:05” while the history is young."""
    span = spark.end - spark.begin
    if SHORTEST < span < timedelta(hours=HOURS):
        return f"since {formats.moment(spark.begin, at.now, at.tz)}"
    return f"last {formats.duration(span.total_seconds())}"


def zone_card(
    zone: ZoneFacts, at: Moment, *, alarms: Sequence[AlarmFacts] = (), energy: Mapping[str, Any] | None = None
) -> ZoneCard:
    """The card of one zone. `energy`: the live energy of its unit's source, if it has one."""
    aim = aim_of(zone, at)
    subjects = {f"zone:{zone.id}", *(f"miner:{miner.id}" for miner in zone.miners)}
    trouble = trouble_of(alarms, subjects, at) or _sensor_trouble(zone, at)
    why = _why(zone, aim)
    heating_w = zone.live.get("heating_w") or 0.0
    spark = sparkline.of_room(zone.id, zone.rows, zone.hysteresis_celsius, at.now)
    return ZoneCard(
        id=zone.id,
        name=zone.name,
        state=_zone_state(zone, aim),
        trouble=trouble,
        temperature=_temperature(zone),
        is_known=zone.live.get("temperature_celsius") is not None,
        last_known=_last_known(zone, at),
        aim=aim,
        planned=formats.degrees(zone.target.effective_celsius),
        slider=_slider(zone),
        presets=_presets(zone),
        by_hand=zone.by_hand,
        spark=spark,
        past=_past(spark, at) if spark else "",
        trend=formats.trend(zone.live.get("trend_celsius_per_hour")),
        observed_at=formats.parse_time(zone.live.get("observed_at")),
        stale_after_seconds=(zone.stale_after_seconds or 0) // 2,
        miners=tuple(miner_line(miner, at) for miner in zone.miners),
        paid_by=paid_by(heating_w, energy) if energy else "",
        why="" if trouble is not None and why in trouble.text else why,
    )
