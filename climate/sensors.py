"""How far a sensor can be believed: pure, from what it says now and what is remembered of it.

Sources: DESIGN §5.1 (unavailable → lost after 2 min; age → lost after its own limit; plausible
−10…45 °C), jump limit of heating-control practice (5 K in 10 min), and its "down after 2 min, up
after 5 min of good data". What all of a room's sensors together show is judged in `flat`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites.clock import is_ahead

from . import remembered
from .state import ClimateReading, SensorHealth

PLAUSIBLE_CELSIUS = (-10.0, 45.0)
PLAUSIBLE_OUTDOORS_CELSIUS = (-40.0, 50.0)
UNAVAILABLE_LOST_AFTER = timedelta(minutes=2)
#: A sensor that was lost is believed again after this long of good data; one that only blinked, at once.
RETURN_AFTER = timedelta(minutes=5)
JUMP_K, JUMP_WITHIN = 5.0, timedelta(minutes=10)
#: How long the last good value of a sensor still says how hot its room may be.
LAST_COUNTS_FOR = timedelta(hours=1)
#: What of a sensor's memory is a time (ISO): moved when the wall clock is set.
MEMORY_TIMES = ("bad_since", "good_since", "last_at")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believed of one sensor: its age, °C from…to, and K within 10 min."""

    stale_after: timedelta = timedelta(hours=1)
    plausible_celsius: tuple[float, float] = PLAUSIBLE_CELSIUS
    max_jump_k: float = JUMP_K

    @property
    def why_not_plausible(self) -> str:
        if self.plausible_celsius == PLAUSIBLE_CELSIUS:
            return "which no room has"
        if self.plausible_celsius == PLAUSIBLE_OUTDOORS_CELSIUS:
            return "which no weather has"
        low, high = self.plausible_celsius
        return f"but only {_celsius(low)} to {_celsius(high)} °C are believed of it"


@dataclass(frozen=True, slots=True)
class MonitorState:
    """One monitor's word after judging: °C believed (None: not), highest plausible °C, why not, since when."""

    name: str
    temperature_celsius: float | None
    humidity_percent: float | None
    observed_at: datetime | None
    health: SensorHealth
    problem: str = ""
    plausible_celsius: float | None = None
    since: datetime | None = None


def judge(
    name: str,
    reading: ClimateReading | None,
    error: str,
    memory: dict[str, Any],
    *,
    limits: Limits,
    now: datetime,
) -> tuple[MonitorState, dict[str, Any]]:
    """The monitor's state at `now` and its memory for the next pass.

    `reading` None: it could not be read, `error` says why. Memory of a good one: `last` (°C, believed),
    `last_at`, `last_observed` (ISO); of a bad one also `bad_since` (ISO), `lost` and, while what it says
    could be believed again, `good_since` (ISO) and `good` (°C).
    """
    fault = error if reading is None else _fault(reading, limits, now)
    streak = {} if fault else _streak(reading.temperature_celsius, limits, memory, now)
    problem = fault or _jump(reading.temperature_celsius, limits, memory, now) or _returning(memory, streak, now)
    if not problem:
        return _believed(name, reading, now)
    since = remembered.past(memory.get("bad_since"), now) or now
    stale = reading is not None and reading.observed_at is not None and now - reading.observed_at > limits.stale_after
    lost = bool(memory.get("lost")) or stale or now - since >= UNAVAILABLE_LOST_AFTER
    kept = {key: value for key, value in memory.items() if key not in ("good_since", "good", "lost")}
    after = {**kept, **streak, "bad_since": since.isoformat(), **({"lost": True} if lost else {})}
    state = MonitorState(
        name,
        None,
        None,
        reading.observed_at if reading is not None else remembered.time(memory.get("last_observed")),
        SensorHealth.LOST if lost else SensorHealth.SUSPECT,
        problem,
        _plausible(reading, limits, memory, now),
        since,
    )
    return state, after


def _believed(name: str, reading: ClimateReading, now: datetime) -> tuple[MonitorState, dict[str, Any]]:
    celsius, observed = reading.temperature_celsius, reading.observed_at or now
    after = {"last": celsius, "last_at": now.isoformat(), "last_observed": observed.isoformat()}
    state = MonitorState(name, celsius, reading.humidity_percent, observed, SensorHealth.OK, plausible_celsius=celsius)
    return state, after


def _fault(reading: ClimateReading, limits: Limits, now: datetime) -> str:
    """Why this reading by itself is not to be believed, as the rest of a sentence; empty when it may be."""
    seen, (low, high) = reading.temperature_celsius, limits.plausible_celsius
    if not low <= seen <= high:  # also refuses NaN
        return f"says {_celsius(seen)} °C, {limits.why_not_plausible}"
    observed = reading.observed_at
    if observed is not None and is_ahead(observed, now):
        return "reports from the future; a clock is wrong"
    if observed is not None and now - observed > limits.stale_after:
        return f"has been silent for {_minutes(now - observed)}"
    return ""


def _jump(seen: float, limits: Limits, memory: dict[str, Any], now: datetime) -> str:
    """Further from the last believed value than a room goes in so short a time."""
    last, last_at = _number(memory.get("last"), limits), remembered.time(memory.get("last_at"))
    if last is None or last_at is None or not timedelta(0) <= now - last_at < JUMP_WITHIN:
        return ""
    return f"jumped from {last:.1f} to {seen:.1f} °C" if abs(seen - last) > limits.max_jump_k else ""


def _streak(seen: float, limits: Limits, memory: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Since when a sensor that is not believed has said what can be; a jump among it begins anew."""
    since, before = remembered.past(memory.get("good_since"), now), _number(memory.get("good"), limits)
    if since is None or before is None or abs(seen - before) > limits.max_jump_k:
        since = now
    return {"good_since": since.isoformat(), "good": seen}


def _returning(memory: dict[str, Any], streak: dict[str, Any], now: datetime) -> str:
    """A sensor that was lost has to be good for a while first."""
    if not memory.get("lost"):
        return ""
    good_for = now - datetime.fromisoformat(streak["good_since"])
    if good_for >= RETURN_AFTER:
        return ""
    minute = timedelta(minutes=1)
    return f"was lost and has been good again for {good_for // minute} of {RETURN_AFTER // minute} min"


def _plausible(reading: ClimateReading | None, limits: Limits, memory: dict[str, Any], now: datetime) -> float | None:
    """The highest the room may be, believed or not: what it says now if any room could have it, or the last good.

    The last good value of a dead sensor fades: for ever, it would keep a tripped limit from releasing.
    """
    last, last_at = _number(memory.get("last"), limits), remembered.time(memory.get("last_at"))
    fresh = last_at is not None and now - last_at < LAST_COUNTS_FOR
    candidates = [last] if last is not None and fresh else []
    low, high = limits.plausible_celsius
    if reading is not None and low <= reading.temperature_celsius <= high:
        candidates.append(reading.temperature_celsius)
    return max(candidates, default=None)


def _number(value: Any, limits: Limits) -> float | None:
    """A remembered °C; what is not plausible was never believed, so the memory is damaged."""
    return remembered.number(value, *limits.plausible_celsius)


def _celsius(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
