"""How far a sensor can be believed: pure, from what it says now and what is remembered of it.

Sources: DESIGN §5.1 (unavailable → lost after 2 min; age → lost after its own limit; plausible
−10…45 °C), jump limit of heating-control practice (5 K in 10 min).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .state import ClimateReading, SensorHealth

PLAUSIBLE_CELSIUS = (-10.0, 45.0)
UNAVAILABLE_LOST_AFTER = timedelta(minutes=2)
JUMP_K, JUMP_WITHIN = 5.0, timedelta(minutes=10)
#: How long the last good value of a sensor still says how hot its room may be.
LAST_COUNTS_FOR = timedelta(hours=1)
#: A source's clock may run a little ahead of ours.
FUTURE_TOLERANCE = timedelta(seconds=60)


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
    stale_after: timedelta,
    now: datetime,
) -> tuple[MonitorState, dict[str, Any]]:
    """The monitor's state at `now` and its memory for the next pass.

    `reading` None: it could not be read, `error` says why. Memory: `bad_since` (ISO), `last`
    (°C, believed), `last_at`, `last_observed` (ISO).
    """
    problem = error if reading is None else _problem(reading, memory, stale_after, now)
    if reading is not None and not problem:
        observed = reading.observed_at or now
        after = {"last": reading.temperature_celsius, "last_at": now.isoformat(), "last_observed": observed.isoformat()}
        state = MonitorState(
            name,
            reading.temperature_celsius,
            reading.humidity_percent,
            observed,
            SensorHealth.OK,
            plausible_celsius=reading.temperature_celsius,
        )
        return state, after
    since = _time(memory.get("bad_since"))
    since = since if since is not None and since <= now else now
    after = {**memory, "bad_since": since.isoformat()}
    stale = reading is not None and reading.observed_at is not None and now - reading.observed_at > stale_after
    lost = stale or now - since >= UNAVAILABLE_LOST_AFTER
    return (
        MonitorState(
            name,
            None,
            None,
            reading.observed_at if reading is not None else _time(memory.get("last_observed")),
            SensorHealth.LOST if lost else SensorHealth.SUSPECT,
            problem,
            _plausible(reading, memory, now),
            since,
        ),
        after,
    )


def _problem(reading: ClimateReading, memory: dict[str, Any], stale_after: timedelta, now: datetime) -> str:
    """Why `reading` is not to be believed, as the rest of a sentence; empty when it is."""
    seen, (low, high) = reading.temperature_celsius, PLAUSIBLE_CELSIUS
    if not low <= seen <= high:  # also refuses NaN
        return f"says {seen:.1f} °C, which no room has"
    observed = reading.observed_at
    if observed is not None and observed - now > FUTURE_TOLERANCE:
        return "reports from the future; a clock is wrong"
    if observed is not None and now - observed > stale_after:
        return f"has been silent for {_minutes(now - observed)}"
    last, last_at = _last(memory), _time(memory.get("last_at"))
    if last is not None and last_at is not None:
        elapsed = now - last_at
        if timedelta(0) <= elapsed < JUMP_WITHIN and abs(seen - last) > JUMP_K:
            return f"jumped from {last:.1f} to {seen:.1f} °C"
    return ""


def _plausible(reading: ClimateReading | None, memory: dict[str, Any], now: datetime) -> float | None:
    """The highest the room may be, believed or not: what it says now if any room could have it, or the last good.

    The last good value of a dead sensor fades: for ever, it would keep a tripped limit from releasing.
    """
    low, high = PLAUSIBLE_CELSIUS
    last, last_at = _last(memory), _time(memory.get("last_at"))
    fresh = last_at is not None and now - last_at < LAST_COUNTS_FOR
    candidates = [last] if last is not None and fresh else []
    if reading is not None and low <= reading.temperature_celsius <= high:
        candidates.append(reading.temperature_celsius)
    return max(candidates, default=None)


def _last(memory: dict[str, Any]) -> float | None:
    """The last believed °C; what no room has was never believed, so the memory is damaged."""
    last, (low, high) = memory.get("last"), PLAUSIBLE_CELSIUS
    return last if isinstance(last, int | float) and low <= last <= high else None


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _time(text: Any) -> datetime | None:
    try:
        value = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if value is not None and value.tzinfo is not None else None
