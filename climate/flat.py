"""A room that is heated hard and shows no change at all: its sensor stands still, whatever its clock says.

Counted is heating above 60 % of what the room's miners can give, as a balance: what runs above fills
it, what runs below drains it so much faster that a duty under 60 % never fills it. After 2 h in which
every sensor of the room said bit for bit the same, the room's temperature is not believed any more;
10 min later it counts as lost. Any change of any of them ends it.

Bit for bit, because a room whose losses balance full power in a cold week may well stay within 0.1 K,
but no sensor is that quiet: noise and its own steps move it. A coarse one (0.5 K) may be wronged; then
heating stops, the room cools, the value moves, and heating goes on: being off is the proof.
Source: heating-control practice (“flat ≥ 2 h while power > 60 % = suspect”).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered

from .reports import USUAL_LIMIT
from .state import SensorHealth

HARD_SHARE = 0.6
SUSPECT_AFTER = timedelta(hours=2)
#: As long as any other input may be unknown while a miner runs (design.md §5.2).
LOST_AFTER_SUSPECT = timedelta(minutes=10)
#: Of a time in which nobody looked no more than this counts; the longest control period is shorter.
LONGEST_STEP = timedelta(minutes=15)
MEMORY_TIMES = ("flat_at", "flat_since")


@dataclass(frozen=True, slots=True)
class Flat:
    """A room's sensors have stood still for so long (`after`); not believed from `since` (aware UTC)."""

    health: SensorHealth
    since: datetime
    after: timedelta = SUSPECT_AFTER


def judge(
    values: Mapping[str, float],
    share: float,
    memory: Mapping[str, Any],
    now: datetime,
    suspect_after: timedelta = SUSPECT_AFTER,
) -> tuple[Flat | None, dict[str, Any]]:
    """Whether the sensors stand still, and what to remember. `suspect_after`: longer for those that report seldom.

    `values`: °C of every believed sensor of the room by id; `share`: of the watts its miners can give
    those that heat it now. Memory: `flat_values`, `flat_hard_s` (s), `flat_at`, `flat_since` (ISO).
    """
    before = memory.get("flat_values")
    before = before if isinstance(before, dict) else {}
    # One that blinks or joins later neither moves nor ends anything.
    if any(values[key] != before[key] for key in values if key in before):
        before, hard_s, since = {}, 0.0, None
    else:
        hard_s = remembered.number(memory.get("flat_hard_s"), 0) or 0.0
        since = remembered.past(memory.get("flat_since"), now)
        last = remembered.past(memory.get("flat_at"), now)
        hard_s = _filled(hard_s, share, last, now, suspect_after) if values else hard_s
    if since is None and hard_s >= suspect_after.total_seconds():
        since = now
    after = {"flat_values": {**before, **values}, "flat_hard_s": round(hard_s, 3), "flat_at": now.isoformat()}
    if since is None:
        return None, after
    lost = now - since >= LOST_AFTER_SUSPECT
    health = SensorHealth.LOST if lost else SensorHealth.SUSPECT
    return Flat(health, since, suspect_after), after | {"flat_since": since.isoformat()}


def patience(limit_of_age: timedelta) -> timedelta:
    """How long the sensors of a room may stand still while it is heated hard: a sensor that may be silent for hours
    has to have reported a few times."""
    return SUSPECT_AFTER if limit_of_age <= USUAL_LIMIT else max(SUSPECT_AFTER, 3 * limit_of_age)


def _filled(hard_s: float, share: float, last: datetime | None, now: datetime, most: timedelta) -> float:
    """The balance of hard heating (s) after what has happened since `last`."""
    passed = min(now - last, LONGEST_STEP).total_seconds() if last is not None else 0.0
    if share > HARD_SHARE:
        return min(hard_s + passed, most.total_seconds())
    return max(0.0, hard_s - passed * HARD_SHARE / (1 - HARD_SHARE))


def sentence(name: str, flat: Flat, values: Mapping[str, float]) -> str:
    """What a person reads. `values`: °C by the sensors' names."""
    shown = " and ".join(f"‘{sensor}’ {celsius:.1f} °C" for sensor, celsius in values.items())
    hours = flat.after // timedelta(hours=1)
    return (
        f"{name} was heated hard for {hours} h and nothing moved: {shown or 'its sensors'} all the time. "
        "It is not believed until it changes; check it."
    )
