"""How a machine or a room's heating cycles: the share of a time it was on, and how often it began. Pure.

A month of 40 min in every 120 has more cycles than a drawing has columns, and would look like one solid block: so the
past is told in buckets wide enough to be seen, each with its share and its starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

#: A drawing on a phone shows about so many bars that can be told apart.
MOST_BARS = 120
#: How long a bar may last, minutes; all divide a day.
_WIDTHS_MINUTES = (15, 30, 60, 120, 180, 240, 360, 720, 1440)


class Past(NamedTuple):
    """A stored bucket: recorded minutes, of these on, starts, Wh, and its mean hash rate (None: not known)."""

    at: datetime
    minutes: int
    on_minutes: int
    starts: int
    energy_wh: float
    hash_rate_th_s: float | None = None


class Cycle(NamedTuple):
    """A bar: the share (0…1) of its recorded minutes that it was on, its starts, mean W and hash rate."""

    at: datetime
    share: float
    starts: int
    mean_w: float
    hash_rate_th_s: float | None


def bar_width(span: timedelta, at_least: timedelta = timedelta(minutes=15)) -> timedelta:
    """How long each bar of a drawing of this time lasts; `at_least`: as the buckets it is made of."""
    widths = (timedelta(minutes=minutes) for minutes in _WIDTHS_MINUTES)
    fitting = (width for width in widths if width >= at_least and span / width <= MOST_BARS)
    return next(fitting, timedelta(minutes=_WIDTHS_MINUTES[-1]))


def cycles(past: Iterable[Past], width: timedelta) -> list[Cycle]:
    """The bars of buckets in order; a time without records has none."""
    return [_cycle(begin, list(group)) for begin, group in groupby(past, key=lambda one: _floor(one.at, width))]


def _floor(at: datetime, width: timedelta) -> datetime:
    seconds = int(width.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def _cycle(begin: datetime, parts: list[Past]) -> Cycle:
    minutes = sum(one.minutes for one in parts)
    hashed = [(one.hash_rate_th_s, one.minutes) for one in parts if one.hash_rate_th_s is not None]
    weight = sum(each for _, each in hashed)
    return Cycle(
        begin,
        sum(one.on_minutes for one in parts) / minutes,
        sum(one.starts for one in parts),
        sum(one.energy_wh for one in parts) * 60 / minutes,
        sum(rate * each for rate, each in hashed) / weight if weight else None,
    )
