"""How far a sensor can be believed: pure, from what it says now and what is remembered of it.

Sources: design.md §5.1 (unavailable → lost after 2 min; age → lost after its own limit; plausible
−10…45 °C; a value that moves faster than a room can is suspect until something else confirms it), and
“down after 2 min, up after 5 min of good data” of heating-control practice. How fast a room can change
is `room_physics`'s answer, what is in doubt `doubt`'s, which of the believed values control sees `steady`'s;
what all of a room's sensors together show is judged in `flat`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sites import remembered
from sites.clock import is_ahead

from . import doubt as doubts
from . import steady
from .room_physics import Followers, Surroundings, faded_celsius
from .sensor_look import (
    JUMP_K,
    PLAUSIBLE_CELSIUS,
    PLAUSIBLE_OUTDOORS_CELSIUS,
    Confirmation,
    Limits,
    Look,
)
from .state import ClimateReading, SensorHealth

__all__ = [
    "JUMP_K",
    "PLAUSIBLE_CELSIUS",
    "PLAUSIBLE_OUTDOORS_CELSIUS",
    "Confirmation",
    "Limits",
    "MonitorState",
    "judge",
]

UNAVAILABLE_LOST_AFTER = timedelta(minutes=2)
#: A sensor that was lost is believed again after this long of good data; one that only blinked, at once.
RETURN_AFTER = timedelta(minutes=5)
#: So far beyond what any room has a value in doubt may go and still be the same doubt, K.
BEYOND_K = 20.0
#: How long the last good value of a sensor says in full how hot its room may be; after that it fades.
LAST_COUNTS_FOR = timedelta(hours=1)
#: What of a sensor's memory is a time (ISO): moved when the wall clock is set.
MEMORY_TIMES = ("bad_since", "good_since", "last_at", "reported_at", *doubts.MEMORY_TIMES, *steady.MEMORY_TIMES)
#: What is known of a sensor only since it was believed last; a belief replaces it, doubt and loss keep it.
_OF_BELIEF = (
    "last",
    "last_at",
    "last_observed",
    "reported_at",
    "air",
    "room",
    "unit",
    "confirmed",
    *steady.MEMORY,
)


@dataclass(frozen=True, slots=True)
class MonitorState:
    """One monitor after judging: °C that control sees (None: not believed), why not, since when.

    `says_celsius` is its own word now, believed or not (None: none that can be read); `plausible_celsius`
    the highest its room may be by what was seen within the last hour, `faded_celsius` by the last good
    value before that. `doubted_celsius`: what it says is in doubt; the room itself cannot be colder than
    `lowest_possible_celsius`.
    """

    name: str
    temperature_celsius: float | None
    humidity_percent: float | None
    observed_at: datetime | None
    health: SensorHealth
    problem: str = ""
    plausible_celsius: float | None = None
    since: datetime | None = None
    says_celsius: float | None = None
    doubted_celsius: float | None = None
    faded_celsius: float | None = None
    lowest_possible_celsius: float | None = None


def judge(
    name: str,
    reading: ClimateReading | None,
    error: str,
    memory: dict[str, Any],
    *,
    limits: Limits,
    now: datetime,
    around: Surroundings | None = None,
    confirmation: Confirmation | None = None,
) -> tuple[MonitorState, dict[str, Any]]:
    """The monitor's state at `now` and its memory for the next pass.

    `reading` None: it could not be read, `error` says why. Memory of a good one: `last` (°C, believed), `last_at`,
    `reported_at`, `last_observed` (ISO), `air` and `room` (°C, followers), what `steady` keeps, the `unit` of its
    source, `confirmed` (the last word of a person that counted). Of a bad one also `bad_since`
    (ISO), `lost`; while it is in doubt what `doubt` keeps; while what it says could be believed again `good_since`
    (ISO) and `good` (°C).
    """
    look = Look(reading, memory, limits, now, around or Surroundings(), confirmation or Confirmation())
    fault, streak = (error, {}) if reading is None else (_fault(look), {})
    if fault:
        problem, doubt = fault, doubts.kept(look, UNAVAILABLE_LOST_AFTER)
    else:
        problem, doubt = doubts.judge(look)
        if not problem and _must_prove_itself(look):
            streak = _streak(look)
            problem = _returning(look, streak)
    if not problem:
        return _believed(name, look)
    return _not_believed(name, look, problem, doubt, streak)


def _fault(look: Look) -> str:
    """Why this reading by itself is not to be believed, as the rest of a sentence; empty when it may be."""
    seen, (low, high) = look.seen, look.limits.plausible_celsius
    # One that is in doubt already may go on a little beyond what any room has: it is the same doubt.
    more_k = BEYOND_K if look.doubted_since is not None else 0.0
    if not low - more_k <= seen <= high + more_k:  # also refuses NaN
        hint = "" if look.limits.is_outdoor else look.hint
        return f"{look.limits.not_plausible(seen)}{hint}"
    observed = look.reading.observed_at
    if observed is not None and is_ahead(observed, look.now):
        return "reports from the future; a clock is wrong"
    if observed is not None and look.now - observed > look.limits.stale_after:
        return f"has been silent for {_minutes(look.now - observed)}"
    return ""


def _streak(look: Look) -> dict[str, Any]:
    """Since when a sensor that is not believed has said what can be; a jump among it begins again."""
    since, before = remembered.past(look.memory.get("good_since"), look.now), look.number("good")
    if since is None or before is None or abs(look.seen - before) > look.limits.max_jump_k:
        since = look.now
    return {"good_since": since.isoformat(), "good": look.seen}


def _must_prove_itself(look: Look) -> bool:
    """A sensor that was lost, or in doubt for more than a moment, has to be good for a while first."""
    if look.confirmed_by_hand or look.confirmation.by_another_sensor:
        return False
    since = look.doubted_since
    return bool(look.memory.get("lost")) or (since is not None and look.now - since >= UNAVAILABLE_LOST_AFTER)


def _returning(look: Look, streak: dict[str, Any]) -> str:
    """How far it is on its way back, as the rest of a sentence; empty when it is back."""
    good_for = look.now - datetime.fromisoformat(streak["good_since"])
    if good_for >= RETURN_AFTER:
        return ""
    minute = timedelta(minutes=1)
    was = "was lost" if look.memory.get("lost") else "was in doubt"
    return f"{was} and has been good again for {good_for // minute} of {RETURN_AFTER // minute} min"


def _believed(name: str, look: Look) -> tuple[MonitorState, dict[str, Any]]:
    seen, observed, memory = look.seen, look.reading.observed_at or look.now, look.memory
    is_again = look.last is None or "bad_since" in memory
    gap = timedelta(0) if look.last is None else look.gap
    steadied = {} if is_again and not _only_blinked(look) else memory
    shown, of_steady = steady.judge(seen, gap, look.is_new_report, steadied, look.now)
    explained = look.last is not None and not (look.confirmed_by_hand or look.confirmation.by_another_sensor)
    moved = look.moved if explained else Followers(seen, seen)
    reported_at = look.now_text if look.is_new_report else memory.get("reported_at") or look.now_text
    after = {
        "last": seen,
        "last_at": look.now_text,
        "last_observed": observed.isoformat(),
        "reported_at": reported_at,
        "air": round(moved.air_celsius, 4),
        "room": round(moved.room_celsius, 4),
        **of_steady,
    }
    if look.reading.unit:
        after["unit"] = look.reading.unit
    if look.confirmation.key:
        after["confirmed"] = look.confirmation.key
    humidity = look.reading.humidity_percent
    return MonitorState(name, shown, humidity, observed, SensorHealth.OK, "", seen, says_celsius=seen), after


def _only_blinked(look: Look) -> bool:
    """It was away, or odd, for a moment only: its jumps are those of before."""
    since = remembered.past(look.memory.get("bad_since"), look.now)
    return since is not None and look.now - since < UNAVAILABLE_LOST_AFTER and not look.memory.get("lost")


def _not_believed(
    name: str, look: Look, problem: str, doubt: dict[str, Any], streak: dict[str, Any]
) -> tuple[MonitorState, dict[str, Any]]:
    reading, memory, now = look.reading, look.memory, look.now
    since = remembered.past(memory.get("bad_since"), now) or now
    stale = (
        reading is not None and reading.observed_at is not None and now - reading.observed_at > look.limits.stale_after
    )
    is_doubted = problem == doubt.get("doubt_why")
    was_doubted = bool(streak) and bool(doubt) and not memory.get("lost")
    lost = not (is_doubted or was_doubted) and (
        bool(memory.get("lost")) or stale or now - since >= UNAVAILABLE_LOST_AFTER
    )
    kept = {key: memory[key] for key in _OF_BELIEF if key in memory}
    after = {**kept, **streak, **doubt, "bad_since": since.isoformat(), **({"lost": True} if lost else {})}
    state = MonitorState(
        name,
        None,
        None,
        reading.observed_at if reading is not None else remembered.time(memory.get("last_observed")),
        SensorHealth.LOST if lost else SensorHealth.SUSPECT,
        problem,
        _plausible(look),
        since,
        says_celsius=_says(look),
        faded_celsius=_faded(look),
    )
    if is_doubted:
        lowest = look.followers.lowest_celsius(now - look.last[1], look.limits.max_jump_k, look.around)
        state = replace(state, doubted_celsius=look.seen, lowest_possible_celsius=lowest)
    return state, after


def _says(look: Look) -> float | None:
    """Its own word, if it is one that can be shown."""
    return None if look.reading is None or not abs(look.seen) < 1e4 else look.seen


def _plausible(look: Look) -> float | None:
    """The highest the room may be, believed or not: what it says now if any room could have it, or the last good."""
    candidates = [look.last[0]] if look.last is not None and look.now - look.last[1] < LAST_COUNTS_FOR else []
    low, high = look.limits.plausible_celsius
    if look.reading is not None and low <= look.seen <= high:
        candidates.append(look.seen)
    return max(candidates, default=None)


def _faded(look: Look) -> float | None:
    """The highest the room may still be by the last good value: in full for an hour, then less and less."""
    if look.last is None:
        return None
    last, last_at = look.last
    return faded_celsius(last, look.now - last_at, LAST_COUNTS_FOR)


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
