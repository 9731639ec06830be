"""Away, holidays and all eco in words: the bar while one holds, the line of one still to come. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from climate.targets import Preset

from . import formats
from .facts import Moment, PeriodFacts

_ENOUGH_NAMES = 3


@dataclass(frozen=True, slots=True)
class AwayBar:
    """A period that holds: what, since and until when, what that means; `back`: what the button says."""

    id: str
    title: str
    meaning: str
    back: str


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A period to come: “Holiday from Sat 08:00 until Sun 18:00: every room at its away temperature.”"""

    id: str
    title: str
    meaning: str


def away_bars(periods: Sequence[PeriodFacts], at: Moment) -> tuple[AwayBar, ...]:
    """One for the period that decides for the whole home now, and one for each of some rooms."""
    whole = home_period(periods, at)
    held = ([whole] if whole else []) + [one for one in periods if one.rooms and one.starts_at <= at.now]
    return tuple(
        AwayBar(period.id, f"{_title(period)} since {_times(period, at)}.", f"{_meaning(period)}.", _back(period))
        for period in held
    )


def home_period(periods: Sequence[PeriodFacts], at: Moment) -> PeriodFacts | None:
    """Of the periods of the whole home that hold now the one that came last."""
    held = (one for one in periods if one.starts_at <= at.now and not one.rooms)
    return max(held, key=lambda one: one.came_at, default=None)


def planned_lines(periods: Sequence[PeriodFacts], at: Moment) -> tuple[PlannedLine, ...]:
    """One for each period still to come."""
    return tuple(
        PlannedLine(period.id, f"{_title(period)} from {_times(period, at)}", _meaning(period))
        for period in periods
        if period.starts_at > at.now
    )


def _title(period: PeriodFacts) -> str:
    name = "All eco" if period.preset == Preset.ECO and period.name == Preset.ECO.label else period.name
    return name[:1].upper() + name[1:]


def _times(period: PeriodFacts, at: Moment) -> str:
    start = formats.moment(period.starts_at, at.now, at.tz)
    end = formats.moment(period.ends_at, at.now, at.tz) if period.ends_at else "you end it"
    return f"{start}, until {end}"


def _meaning(period: PeriodFacts) -> str:
    rooms = "Every room"
    if period.rooms:
        rooms = ", ".join(period.rooms[:_ENOUGH_NAMES])
        if len(period.rooms) > _ENOUGH_NAMES:
            rooms += f" and {len(period.rooms) - _ENOUGH_NAMES} more"
    if period.preset:
        whose = "its" if len(period.rooms) < 2 else "their"
        kept = f"{whose} {Preset(period.preset).label} temperature"
    else:
        kept = formats.celsius(period.target_celsius)
    return f"{rooms} {'are' if len(period.rooms) > 1 else 'is'} kept at {kept}"


def _back(period: PeriodFacts) -> str:
    return "Back to the schedule" if period.preset in (Preset.ECO, Preset.COMFORT) else "I’m back"
