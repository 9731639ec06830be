"""How fast the temperature of a room can change, and so what its sensor may say next. Pure.

Two followers run after what a sensor says, each no faster than physics allow. The air of a room may
change by the sensor's own limit of jumps in 10 min (draught, sun on the sensor, a door); the room as a
whole, walls and all, by 3 K an hour, and its air may run ahead of it by so much and no more. A value
further from either than the limit of jumps is not explained by time, however small its steps were.
Both rise faster by what the room's miners can give, and fall faster while a contact says that the window is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: Fastest fall or rise of a closed room as a whole without its miners, K/h. What falls faster is taken for an open
#: window throughout heating-control practice (3 °C/h).
ROOM_K_PER_HOUR = 3.0
#: How far the air of a room may be from its walls beyond a sensor's own limit of jumps, K. In an old house of
#: 1.4 h time constant at −10 °C outside the air falls 12 K in the first hour.
AIR_AHEAD_K = 8.0
#: The lightest room, Wh/K: 10 m² of air, what stands in it and the skin of its walls. 1 kW warms it by 20 K/h.
LIGHTEST_ROOM_WH_PER_K = 50.0
#: What an open window adds to a fall, K/h.
OPEN_WINDOW_K_PER_HOUR = 30.0
#: The slowest cooling, K/h: a passive house loses about 1 K a day in winter.
SLOWEST_COOLING_K_PER_HOUR = 1 / 24
#: A sensor's limit of jumps is what the air may do in so long.
JUMP_WITHIN = timedelta(minutes=10)
_ROUNDING_K = 1e-6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What may move a room's temperature: watts its miners can give, and whether a contact says its window is open."""

    heat_w: float = 0.0
    window_open: bool = False


@dataclass(frozen=True, slots=True)
class Followers:
    """Where air and room are by what was believed, °C."""

    air_celsius: float
    room_celsius: float

    def towards(self, seen: float, gap: timedelta, jump_k: float, around: Surroundings) -> Followers:
        """Both after `gap`, drawn towards `seen` (°C) as fast as they can move."""
        hours = max(0.0, gap.total_seconds() / 3600)
        heat = around.heat_w / LIGHTEST_ROOM_WH_PER_K
        window = OPEN_WINDOW_K_PER_HOUR if around.window_open else 0.0
        air = jump_k * (timedelta(hours=1) / JUMP_WITHIN)
        return Followers(
            _moved(self.air_celsius, seen, (air + window) * hours, (air + heat) * hours),
            _moved(self.room_celsius, seen, (ROOM_K_PER_HOUR + window) * hours, (ROOM_K_PER_HOUR + heat) * hours),
        )

    def explain(self, seen: float, jump_k: float) -> bool:
        """Whether a room can be at `seen` (°C) now."""
        return (
            abs(seen - self.air_celsius) <= jump_k + _ROUNDING_K
            and abs(seen - self.room_celsius) <= jump_k + AIR_AHEAD_K + _ROUNDING_K
        )

    def lowest_celsius(self, gap: timedelta, jump_k: float, around: Surroundings) -> float:
        """The coldest a room can be `gap` after."""
        fallen = self.towards(-273.15, gap, jump_k, around)
        return max(fallen.air_celsius - jump_k, fallen.room_celsius - jump_k - AIR_AHEAD_K)


def _moved(follower: float, seen: float, fall_k: float, rise_k: float) -> float:
    return min(max(seen, follower - fall_k), follower + rise_k)


def faded_celsius(high: float, since: timedelta, holds: timedelta) -> float:
    """The highest a room may still be so long after it was seen at `high`; nothing fades while it `holds`."""
    return high - SLOWEST_COOLING_K_PER_HOUR * max(0.0, (since - holds).total_seconds() / 3600)
