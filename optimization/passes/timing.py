"""Wall-clock steps: found against the monotonic clock, and undone in everything that counts time.

A wall clock that jumps must not make a minimum on time look served, nor a timer run for ever
(design.md §5.10). Pure but for the rows it shifts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from integrations.connections.simulated_house import redated
from miners import desired_state
from optimization.control.memory import Memory, parse_time
from sites.clock import Clock
from sites.heartbeat import late_after_seconds

from . import inputs, own_off, pending, rise, rooms, unrecorded, went_off, witnesses
from .load import House, SiteRows

STEP_SECONDS = 60.0
#: What a pass remembers of times by name, whatever its shape. When something was decided or measured is not moved: it
#: is told by the clock of then.
_SHELL_TIMES = (
    "plug_told_on",
    "cuts_told",
    "unconfirmed",
    "starting_since",
    "not_answering_since",
    "connection_bad",
    "energy_doubt",
)


#: A pass itself may wait for devices: what comes within three times this is no gap, however short the period.
_LONGEST_PASS_SECONDS = 5.0


def wall_step(memory: Memory, clock: Clock, now: datetime) -> timedelta:
    """By how much the wall clock was set since the last pass; zero when it just ran. Notes this pass as the last."""
    step, last = step_since(memory, clock, now), memory.shell.get("clock") or {}
    noted = {"wall": now.isoformat(), "monotonic": clock.monotonic(), "boot": clock.boot(), "booted": now.isoformat()}
    if last.get("boot") == clock.boot() and parse_time(last.get("booted")):
        noted["booted"] = _moved(last["booted"], step)
    memory.shell["clock"] = noted
    return step


def forget_unobserved(memory: Memory, clock: Clock, period_seconds: float) -> None:
    """A rule's `for` counts only time that was observed: after a gap of more than three periods it starts again.

    To be asked before `wall_step`, which notes this pass as the last.
    """
    gap_seconds = _gap_seconds(memory, clock)
    if not 0 <= gap_seconds <= 3 * max(period_seconds, _LONGEST_PASS_SECONDS):
        memory.holds = {}


def _gap_seconds(memory: Memory, clock: Clock) -> float:
    """How long ago the last pass was; infinite where nobody knows.

    Of another boot (another machine of a fleet, too) only the wall clock can tell; below 0 it was set back meanwhile.
    """
    last = memory.shell.get("clock") or {}
    if last.get("boot") == clock.boot():
        return clock.monotonic() - last["monotonic"]
    wall = parse_time(last.get("wall"))
    return float("inf") if wall is None else (clock.now() - wall).total_seconds()


def step_since(memory: Memory, clock: Clock, now: datetime) -> timedelta:
    """By how much the wall clock was set since the last pass."""
    last = memory.shell.get("clock") or {}
    wall = parse_time(last.get("wall"))
    if wall is None:
        return timedelta(0)
    if last.get("boot") == clock.boot():
        step = (now - wall).total_seconds() - (clock.monotonic() - last["monotonic"])
        return timedelta(seconds=step) if abs(step) > STEP_SECONDS else timedelta(0)
    # After a reboot only a step back shows.
    return now - wall if (now - wall).total_seconds() < -STEP_SECONDS else timedelta(0)


def set_houses(chunk: Iterable[SiteRows], clock: Clock, now: datetime) -> None:
    """Simulated houses take part in a step of the clock: no time passes in them. To be called before they are asked."""
    for rows in chunk:
        houses = [row for row in rows.connections.values() if isinstance(row, House)]
        step = step_since(rows.memory, clock, now) if houses else timedelta(0)
        for row in houses if step else ():
            row.state = redated(row.state, step)


def nobody_looked(memory: Memory, clock: Clock, period_seconds: float) -> bool:
    """Whether the last pass was so long ago that what a device did since is nobody's known wish.

    To be asked before `wall_step`, which notes this pass as the last.
    """
    return _gap_seconds(memory, clock) > late_after_seconds(period_seconds)


def shift(rows: SiteRows, step: timedelta) -> None:
    """Move every remembered time by `step`, so that elapsed times stay what they were."""
    memory = rows.memory
    seconds = step.total_seconds()
    _shift_holds(memory, step)
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
    inputs.shift(memory, step)
    for name in (*_SHELL_TIMES, *pending.MEMORY_TIMES, *went_off.MEMORY_TIMES):
        memory.shell[name] = _moved_in(memory.shell.get(name) or {}, step)
    trends = memory.shell.get("trends")
    for points in trends.values() if isinstance(trends, dict) else ():
        for point in points if isinstance(points, list) else ():
            point[0] += seconds
    for desired in rows.desired.values():
        desired_state.moved_with_clock(desired, step=step)


def _moved_in(value: Any, step: timedelta) -> Any:
    """The same with every time in it moved."""
    if isinstance(value, dict):
        return {key: _moved_in(one, step) for key, one in value.items()}
    if isinstance(value, list):
        return [_moved_in(one, step) for one in value]
    return _moved(value, step)


def _shift_holds(memory: Memory, step: timedelta) -> None:
    """Of what began before this boot only the time since then counts when the clock is set forward: it may have stood
    still while the machine was off.
    """
    booted = parse_time((memory.shell.get("clock") or {}).get("booted"))
    begun = 0.0 if booted is None or step < timedelta(0) else (booted - step).timestamp()
    seconds = step.total_seconds()
    for holds in memory.holds.values():
        for key, since in holds.items():
            holds[key] = max(since, begun) + seconds


def _moved(text: Any, step: timedelta) -> Any:
    at = parse_time(text)
    return text if at is None else (at + step).isoformat()
