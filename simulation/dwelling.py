"""Rooms of one home beside each other: walls and doors between their airs.

Each room is a `Building` of its own; what passes between two of them is the heat of one minute at the temperatures
the minute began with, taken from the one and given to the other, so that no energy is made. Stable while a passage
conducts far less in a minute than the air of a room holds (100 W/K: 1 % of a small room).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .building import Building
from .values import check_range


@dataclass(frozen=True, slots=True)
class Passage:
    """What connects two rooms, by their places."""

    here: int
    there: int
    w_per_k: float

    def __post_init__(self) -> None:
        check_range("passage.w_per_k", self.w_per_k, 0, 1000)


def advance(rooms: Sequence[Building], heat_w: Sequence[float], passages: Sequence[Passage] = ()) -> None:
    """All rooms one minute on, with `heat_w` into the air of each."""
    gains_w = list(heat_w)
    for passage in passages:
        flow_w = passage.w_per_k * (rooms[passage.there].air_celsius - rooms[passage.here].air_celsius)
        gains_w[passage.here] += flow_w
        gains_w[passage.there] -= flow_w
    for room, gain_w in zip(rooms, gains_w, strict=True):
        room.advance(gain_w)
