"""Which parts of an energy snapshot are young enough to be believed. Pure.

Each part has its own limit of age: a meter that stands still beside live ones is unknown. But a source often moves no
time while its value stays the same, and some values do stay: there is no sun all night, and a full battery rests.
Where standing still proves nothing, it is no fault (`_stands_still_rightly`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sites.clock import is_ahead

from .state import PARTS, EnergySnapshot

#: Limits of parts that have a time of their own, where a person set none: a home's draw never stands still for long;
#: a charge of some kWh may take an hour for one percent.
FLOW_LIMIT, CHARGE_LIMIT = timedelta(minutes=20), timedelta(hours=2)
#: The limit of all parts that nobody has changed; who sets more has sources that are slower altogether.
USUAL_LIMIT = timedelta(hours=1)
#: How long a resting battery may show the same.
REST_LIMIT = timedelta(hours=16)
#: A production of nothing: after sunrise (shade, snow), and where nobody knows when the sun rises.
NO_SUN_LIMIT, NIGHT_LIMIT = timedelta(hours=3), timedelta(hours=18)
#: Less than this is nothing (W): the standby of an inverter, the noise of a meter.
NOTHING_W = 50.0
#: What moves the charge by less than a percent in two hours (W).
TRICKLE_W = 150.0
#: At this height of the sun (degrees) no panel gives a watt any more.
DARK_BELOW_DEGREES = -3.0


@dataclass(frozen=True, slots=True)
class Sky:
    """Where the sun is over a home; None: nobody knows where the home is."""

    elevation_degrees: float | None = None
    #: Time since sunrise, zero before it.
    since_sunrise: timedelta | None = None

    @property
    def is_dark(self) -> bool:
        return self.elevation_degrees is not None and self.elevation_degrees < DARK_BELOW_DEGREES


def limits(usual: timedelta, own: Mapping[str, timedelta | None]) -> dict[str, timedelta]:
    """The limit of each part: what a person set for it, else what suits it."""
    found = {}
    for part in PARTS:
        suits = CHARGE_LIMIT if part in ("battery_soc_percent", "battery_remaining_wh") else FLOW_LIMIT
        if usual != USUAL_LIMIT:
            suits = min(suits, usual) if usual < USUAL_LIMIT else max(suits, usual)
        found[part] = own.get(part) or suits
    return found


def silent(
    snapshot: EnergySnapshot, limits: Mapping[str, timedelta], sky: Sky, now: datetime
) -> tuple[frozenset[str], list[str]]:
    """The parts that are too old or from the future, and a sentence on each."""
    parts, sentences = set(), []
    for part, at in snapshot.observed.items():
        if getattr(snapshot, part) is None:
            continue
        if is_ahead(at, now):
            sentences.append(f"{_start(snapshot.name_of(part))} reports from the future; a clock is wrong.")
        elif now - at > limits[part] and not _stands_still_rightly(part, snapshot, now - at, sky, limits):
            minutes = int((now - at).total_seconds() // 60)
            sentences.append(
                f"{_start(snapshot.name_of(part))} has been silent for {minutes} min, so its value is not used."
            )
        else:
            continue
        parts.add(part)
    return frozenset(parts), sentences


def _stands_still_rightly(
    part: str, snapshot: EnergySnapshot, age: timedelta, sky: Sky, limits: Mapping[str, timedelta]
) -> bool:
    value = getattr(snapshot, part)
    if part == "production_w" and value <= NOTHING_W:
        if sky.since_sunrise is None:
            return age <= NIGHT_LIMIT
        return sky.is_dark or min(age, sky.since_sunrise) <= NO_SUN_LIMIT
    if part == "battery_w":
        return abs(value) <= NOTHING_W and age <= REST_LIMIT and not _charge_moves(snapshot, limits)
    if part in ("battery_soc_percent", "battery_remaining_wh"):
        return abs(snapshot.battery_w or 0.0) <= TRICKLE_W and age <= REST_LIMIT
    return False


def _charge_moves(snapshot: EnergySnapshot, limits: Mapping[str, timedelta]) -> bool:
    """The charge has changed since the power last did: a battery that rests does not do that."""
    power_at, charge_at = snapshot.observed.get("battery_w"), snapshot.observed.get("battery_soc_percent")
    return power_at is not None and charge_at is not None and charge_at - power_at > limits["battery_w"]


def _start(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
