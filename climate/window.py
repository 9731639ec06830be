"""An open window pauses the heating of its room: a contact says so, or the temperature falls as through one. Pure.

By contact: open for 30 s, until it says closed or says nothing. By slope, where no contact says
anything: a fall of at least 3 °C/h over 6 min that began suddenly (the room cools on faster than it did
before by at least 2 °C/h) and that less heat does not explain; it ends when the fall does, and after
30 min at the latest. A heater that was switched off makes a leaky room fall just as fast, so
nothing is said while it gives less than it usually did (mean of some 30 min).
Sources: 3 °C/h, 30 s and 30 min cap of heating-control practice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered

CONTACT_AFTER = timedelta(seconds=30)
FALL_K_PER_H = 3.0
#: By so much faster than before, °C/h.
SUDDEN_K_PER_H = 2.0
#: Slower than this it has stopped falling, °C/h.
STILL_K_PER_H = 1.0
SLOPE_AT_MOST = timedelta(minutes=30)
#: The fall is looked for in the last 6 min and compared with the 14 before.
_NOW_S, _BEFORE_S, _END_S = 360.0, 1200.0, 300.0
_LEAST_POINTS = 4
#: Five minutes of it at least, K.
_LEAST_FALL_K = FALL_K_PER_H * 300 / 3600
#: Fewer different values are a coarse sensor's one step.
_LEAST_VALUES = 3
#: Below its usual heat by more than this share of what its miners can give, a room cools for that.
_LESS_HEAT = 0.1
_USUAL_S = 1800.0
#: What less heat makes a room do still shows for so long after the heat is back (6 min looked at, and a slow sensor).
_LESS_SHOWS = timedelta(minutes=12)
MEMORY_TIMES = ("contact_since", "fall_since", "less_at", "usual_at")

#: [epoch s, °C], oldest first, about one a minute; see `zone_state.update_trend`.
Points = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Window:
    """Open since (aware UTC; None: closed), and whether only the temperature says so."""

    open_since: datetime | None = None
    by_slope: bool = False


def judge(
    contact: bool | None, points: Points, share: float, memory: Mapping[str, Any], now: datetime
) -> tuple[Window, dict[str, Any]]:
    """The window at `now`, and what to remember.

    `contact` None: there is none or it says nothing. `share`: of the watts the room's miners can give those
    that heat it. Memory: `contact_since`, `fall_since`, `less_at`, `usual_at` (ISO), `usual` (share).
    """
    usual = _usual(share, memory, now)
    less_at = now if share < usual - _LESS_HEAT else remembered.past(memory.get("less_at"), now)
    after: dict[str, Any] = {"usual": round(usual, 4), "usual_at": now.isoformat()}
    if less_at is not None and now - less_at < _LESS_SHOWS:
        after["less_at"] = less_at.isoformat()
    if contact is not None:
        if not contact:
            return Window(), after
        since = remembered.past(memory.get("contact_since"), now) or now
        opened = since if now - since >= CONTACT_AFTER else None
        return Window(opened), after | {"contact_since": since.isoformat()}
    since = remembered.past(memory.get("fall_since"), now)
    if since is None:
        since = now if "less_at" not in after and _falls_suddenly(points) else None
    elif now - since >= SLOPE_AT_MOST or ((now - since).total_seconds() >= _END_S and _is_still(points)):
        since = None
    return Window(since, since is not None), after | ({"fall_since": since.isoformat()} if since else {})


def _usual(share: float, memory: Mapping[str, Any], now: datetime) -> float:
    """What heated the room of late: a mean that forgets in about half an hour. Not known: all there is."""
    before, last = remembered.number(memory.get("usual"), 0, 1), remembered.past(memory.get("usual_at"), now)
    if before is None or last is None:
        return 1.0
    return share + (before - share) * math.exp(-(now - last).total_seconds() / _USUAL_S)


def _falls_suddenly(points: Points) -> bool:
    if not points:
        return False
    newest = points[-1][0]
    recent = [point for point in points if newest - point[0] <= _NOW_S]
    before = [point for point in points if _NOW_S <= newest - point[0] <= _BEFORE_S]
    if len({point[1] for point in recent}) < _LEAST_VALUES or min(len(recent), len(before)) < _LEAST_POINTS:
        return False
    steep = slope_k_per_h(recent) <= -FALL_K_PER_H and recent[0][1] - recent[-1][1] >= _LEAST_FALL_K
    return steep and slope_k_per_h(recent) <= slope_k_per_h(before) - SUDDEN_K_PER_H


def _is_still(points: Points) -> bool:
    """It does not fall any more; or nobody knows, and then it may not pause the heating either."""
    recent = [point for point in points if points[-1][0] - point[0] <= _END_S]
    return len(recent) < 2 or slope_k_per_h(recent) > -STILL_K_PER_H


def slope_k_per_h(points: Points) -> float:
    """The slope of the straight line through at least two points, °C/h."""
    mean_t = sum(point[0] for point in points) / len(points)
    mean_v = sum(point[1] for point in points) / len(points)
    spread = sum((point[0] - mean_t) ** 2 for point in points)
    return 3600 * sum((point[0] - mean_t) * (point[1] - mean_v) for point in points) / spread
