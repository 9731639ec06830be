"""Wall-clock steps: found against the monotonic clock, and undone in everything that counts time.

A wall clock that jumps must not make a minimum on time look served, nor a timer run for ever
(DESIGN §5.10). Pure but for the rows it shifts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from optimization.control.memory import Memory, parse_time
from sites.clock import Clock
from sites.heartbeat import late_after_seconds

from . import own_off, pending, rise, rooms, unrecorded, went_off, witnesses
from .load import SiteRows

STEP_SECONDS = 60.0


def wall_step(memory: Memory, clock: Clock, now: datetime) -> timedelta:
    """By how much the wall clock was set since the last pass; zero when it just ran."""
    last = memory.shell.get("clock") or {}
    memory.shell["clock"] = {"wall": now.isoformat(), "monotonic": clock.monotonic(), "boot": clock.boot()}
    wall = parse_time(last.get("wall"))
    if wall is None:
        return timedelta(0)
    if last.get("boot") == clock.boot():
        step = (now - wall).total_seconds() - (clock.monotonic() - last["monotonic"])
        return timedelta(seconds=step) if abs(step) > STEP_SECONDS else timedelta(0)
    # After a reboot only a step back shows.
    return now - wall if (now - wall).total_seconds() < -STEP_SECONDS else timedelta(0)


def nobody_looked(memory: Memory, clock: Clock, period_seconds: float) -> bool:
    """Whether the last pass was so long ago that what a device did since is nobody's known wish.

    To be asked before `wall_step`, which notes this pass as the last. Of another boot (another machine of a
    fleet, too) only the wall clock can tell.
    """
    last = memory.shell.get("clock") or {}
    if last.get("boot") == clock.boot():
        gap_seconds = clock.monotonic() - last["monotonic"]
    else:
        wall = parse_time(last.get("wall"))
        gap_seconds = float("inf") if wall is None else (clock.now() - wall).total_seconds()
    return gap_seconds > late_after_seconds(period_seconds)


def shift(rows: SiteRows, step: timedelta) -> None:
    """Move every remembered time by `step`, so that elapsed times stay what they were."""
    memory = rows.memory
    seconds = step.total_seconds()
    for holds in memory.holds.values():
        for key in holds:
            holds[key] += seconds
    memory.unknown_since = {key: _moved(text, step) for key, text in memory.unknown_since.items()}
    memory.outside_on = {key: [_moved(text, step) for text in texts] for key, texts in memory.outside_on.items()}
    for trip in memory.trips.values():
        trip.trips = [_moved(text, step) for text in trip.trips]
    for one in memory.sensors.values():
        for key in rooms.MEMORY_TIMES:
            if key in one:
                one[key] = _moved(one[key], step)
    witnesses.shift(memory, step)
    rise.shift(memory, step)
    own_off.shift(memory, step)
    unrecorded.shift(memory, step)
    went_off.shift(memory, step)
    for name in ("plug_told_on", *pending.MEMORY_TIMES, *went_off.MEMORY_TIMES):
        memory.shell[name] = {key: _moved(text, step) for key, text in (memory.shell.get(name) or {}).items()}
    for desired in rows.desired.values():
        for name in (
            "changed_at",
            "switched_on_at",
            "switched_off_at",
            "confirmed_at",
            "next_attempt_at",
            "seen_at",
            "written_at",
        ):
            at = getattr(desired, name)
            if at is not None:
                setattr(desired, name, at + step)
        desired.starts = [_moved(text, step) for text in desired.starts]


def _moved(text: str, step: timedelta) -> str:
    at = parse_time(text)
    return text if at is None else (at + step).isoformat()
