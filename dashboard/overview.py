"""The home in five figures: how warm, how many rooms warm enough, what heats, what it costs, what comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from climate.targets import Preset

from . import formats
from .away import PlannedLine, home_period, planned_lines
from .energy_panel import balance
from .facts import Moment, PeriodFacts, ZoneFacts
from .target_text import aim_of

CHANGES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """“Heating now: 1.6 kW, 1 room”; `tone` as in the cards."""

    key: str
    label: str
    value: str
    note: str
    tone: str = "calm"


@dataclass(frozen=True, slots=True)
class Change:
    """“Bedroom → 18.0° at 22:00”."""

    room: str
    target: str
    when: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole home: figures, what changes next, what is planned; `held`: the preset every room is kept at, by
    which period (`held_by`)."""

    figures: tuple[Figure, ...]
    changes: tuple[Change, ...]
    planned: tuple[PlannedLine, ...]
    held: str
    held_by: str


def overview(
    zones: Sequence[ZoneFacts],
    periods: Sequence[PeriodFacts],
    energy: Mapping[str, Any] | None,
    outdoor: Mapping[str, Any] | None,
    at: Moment,
) -> Overview:
    """`energy`: the live energy of the home, if it has a source that says anything; `outdoor`: its outdoor sensor."""
    figures = [_warmth(zones), _warm_enough(zones, at), _heating(zones)]
    if energy is not None:
        value, note = balance(energy)
        figures.append(Figure("energy", "Energy", value, note))
    if outdoor is not None:
        celsius = outdoor.get("temperature_celsius")
        figures.append(
            Figure("outdoor", "Outdoors", formats.degrees(celsius), "now" if celsius is not None else "no reading")
        )
    held, held_by = _held(periods, at)
    return Overview(tuple(figures), _changes(zones, at), planned_lines(periods, at), held, held_by)


def _warmth(zones: Sequence[ZoneFacts]) -> Figure:
    known = [zone.live["temperature_celsius"] for zone in zones if zone.live.get("temperature_celsius") is not None]
    note = f"{len(zones)} room{'' if len(zones) == 1 else 's'}"
    if len(known) < len(zones):
        note = f"{len(known)} of {note}" if known else "no reading"
    return Figure("average", "On average", formats.degrees(mean(known)) if known else formats.UNKNOWN, note)


def _warm_enough(zones: Sequence[ZoneFacts], at: Moment) -> Figure:
    """Rooms not below their target band; a room nothing is known of, or with a window open, counts as not warm."""
    warm = sum(_is_warm_enough(zone, at) for zone in zones)
    tone = "calm" if warm == len(zones) else "cold"
    opened = sum(bool(zone.live.get("window_open_since")) for zone in zones)
    windows = f"rooms, {opened} with a window open" if opened else "rooms"
    return Figure("warm", "At target", f"{warm} of {len(zones)}", "warm enough" if tone == "calm" else windows, tone)


def _is_warm_enough(zone: ZoneFacts, at: Moment) -> bool:
    """Whose window is open is held to no target, so it is not at one, however warm it still is."""
    celsius = zone.live.get("temperature_celsius")
    if celsius is None or zone.live.get("window_open_since"):
        return False
    return celsius >= aim_of(zone, at).celsius - zone.hysteresis_celsius


def _heating(zones: Sequence[ZoneFacts]) -> Figure:
    heated = [zone.live.get("heating_w") or 0.0 for zone in zones if zone.live.get("heating")]
    watts, count = sum(heated), len(heated)
    note = f"{count} room{'' if count == 1 else 's'}" if count else "no room"
    return Figure("heating", "Heating now", formats.power(watts), note, "heat" if count else "calm")


def _changes(zones: Sequence[ZoneFacts], at: Moment) -> tuple[Change, ...]:
    """The next changes of any room's target, the soonest first."""
    coming = sorted(
        (zone.target.until, zone.name, zone.target.next_celsius)
        for zone in zones
        if zone.target.until is not None and zone.target.next_celsius is not None
    )
    return tuple(
        Change(name, formats.degrees(celsius), formats.at_moment(when, at.now, at.tz))
        for when, name, celsius in coming[:CHANGES_SHOWN]
    )


def _held(periods: Sequence[PeriodFacts], at: Moment) -> tuple[str, str]:
    """Preset and id of the period that keeps the whole home away or at eco now; empty: none does."""
    held = home_period(periods, at)
    return (held.preset, held.id) if held is not None and held.preset in (Preset.AWAY, Preset.ECO) else ("", "")
