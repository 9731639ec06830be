"""“Never below”: what a unit keeps its rooms above whatever the sun gives, where its policy looks at it. Pure.

It never asks for more than the room's target: while that is lower (away, eco, an open window), the target's own band
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from climate.state import ZoneState


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where heating for it begins and ends (°C), and whether the room is below or above; None: not known."""

    lower_celsius: float
    upper_celsius: float
    is_below: bool | None
    is_above: bool | None


def of_zone(zone: ZoneState, never_below_celsius: float | None) -> Minimum | None:
    """The minimum of a zone in a unit that is set to this; None: it has none."""
    if never_below_celsius is None:
        return None
    lower = min(never_below_celsius, zone.lower_bound)
    upper, seen = lower + 2 * zone.hysteresis_celsius, zone.temperature_celsius
    if seen is None:
        return Minimum(lower, upper, None, None)
    return Minimum(lower, upper, seen < lower, seen >= upper)


def needs_heat(zone: ZoneState, never_below_celsius: float | None) -> bool:
    """Whether the room is to be warmed for its minimum, so that what there is of the sun does not matter."""
    found = of_zone(zone, never_below_celsius)
    return found is not None and found.is_above is False
