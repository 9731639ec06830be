"""Values that no room can have reached since the last one that was believed: pure.

Such a value is *in doubt*, and no waiting makes it true: it would be as impossible in an hour. The doubt is over when
the value has come back more than half the way to the last good one, or has leapt back to where its room may be by now
(as a unit that is right again does), when another good sensor of the room bears it out, or when a person says that
it is right.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sites import remembered

from . import unit_guess
from .room_physics import JUMP_WITHIN, ROOM_K_PER_HOUR, Followers
from .sensor_look import Look, words

MEMORY_TIMES = ("doubt_since", "doubt_at")
MEMORY = (
    "doubt",
    "doubt_since",
    "doubt_why",
    "doubt_at",
    "doubt_now",
    "doubt_air",
    "doubt_room",
    "doubt_back",
    "doubt_unit",
)


def judge(look: Look) -> tuple[str, dict[str, Any]]:
    """Why what it says is in doubt (empty: it is not), and what to remember until it is believed again.

    Memory: `doubt` (°C, the furthest), `doubt_since` (ISO), `doubt_why`; of what it says meanwhile `doubt_now` (°C),
    `doubt_at` (ISO), `doubt_air` and `doubt_room` (°C, followers), `doubt_unit`, and `doubt_back`: it leapt back.
    """
    if look.last is None or look.confirmation.by_another_sensor or look.confirmed_by_hand:
        return "", {}
    if look.limits.is_outdoor:
        return _outdoors(look), {}
    return _begins(look) if look.doubted_since is None else _goes_on(look)


def kept(look: Look, within: timedelta) -> dict[str, Any]:
    """The doubt while nothing can be read: one of less than `within` is forgotten."""
    since = look.doubted_since
    if since is None or (look.reading is None and look.now - since < within):
        return {}
    return {key: look.memory[key] for key in MEMORY if key in look.memory}


def _outdoors(look: Look) -> str:
    """Weather and sun have no such bounds: a jump there counts when it has stayed."""
    last, last_at = look.last
    if look.now - last_at >= JUMP_WITHIN or abs(look.seen - last) <= look.limits.max_jump_k:
        return ""
    return f"jumped from {words(last)} to {words(look.seen)} °C"


def _begins(look: Look) -> tuple[str, dict[str, Any]]:
    (last, _), seen, jump_k = look.last, look.seen, look.limits.max_jump_k
    turned = unit_guess.is_turned(look.reading.number, look.reading.unit, look.unit_before, last)
    if look.moved.explain(seen, jump_k) and not (turned and abs(seen - last) > jump_k):
        return "", {}
    why = f"jumped from {words(last)} to {words(seen)} °C, faster than a room can change{look.hint}"
    began = {"doubt": seen, "doubt_since": look.now.isoformat(), "doubt_why": why, "doubt_unit": look.reading.unit}
    return why, began | _stream(look, Followers(seen, seen), is_back=False)


def _stream(look: Look, followers: Followers, *, is_back: bool) -> dict[str, Any]:
    return {
        "doubt_now": look.seen,
        "doubt_at": look.now.isoformat(),
        "doubt_air": round(followers.air_celsius, 4),
        "doubt_room": round(followers.room_celsius, 4),
        "doubt_back": is_back,
    }


def _goes_on(look: Look) -> tuple[str, dict[str, Any]]:
    (last, last_at), memory, seen = look.last, look.memory, look.seen
    now_celsius, air, room = (remembered.number(memory.get(key)) for key in ("doubt_now", "doubt_air", "doubt_room"))
    before = seen if now_celsius is None else now_celsius
    at = remembered.past(memory.get("doubt_at"), look.now) or look.now
    stream = Followers(before if air is None else air, before if room is None else room)
    stream = stream.towards(seen, look.now - at, look.limits.max_jump_k, look.around)
    away_k, is_back = abs(seen - last), memory.get("doubt_back") is True
    if not stream.explain(seen, look.limits.max_jump_k) or _is_unit_back(look):
        is_back, stream = away_k < abs(before - last), Followers(seen, seen)
    furthest = remembered.number(memory.get("doubt"))
    furthest = before if furthest is None else furthest
    may_differ_k = look.limits.max_jump_k + ROOM_K_PER_HOUR * (look.now - last_at).total_seconds() / 3600
    is_over = away_k <= may_differ_k and (is_back or away_k <= abs(furthest - last) / 2)
    if not is_over:
        furthest = max(seen, furthest, key=lambda celsius: abs(celsius - last))
    why = memory.get("doubt_why")
    why = why if isinstance(why, str) and why else "jumped, faster than a room can change"
    after = {
        "doubt": furthest,
        "doubt_since": look.doubted_since.isoformat(),
        "doubt_why": why,
        "doubt_unit": look.reading.unit if is_over else memory.get("doubt_unit") or "",
    }
    return "" if is_over else why, after | _stream(look, stream, is_back=is_back)


def _is_unit_back(look: Look) -> bool:
    """It says its number in the unit of before again."""
    doubted = look.memory.get("doubt_unit")
    return bool(look.reading.unit and doubted) and look.reading.unit == look.unit_before != doubted
