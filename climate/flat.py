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

from . import remembered
from .state import SensorHealth

HARD_SHARE = 0.6
SUSPECT_AFTER = timedelta(hours=2)
#: As long as any other input may be unknown while a miner runs (DESIGN §5.2).
LOST_AFTER_SUSPECT = timedelta(minutes=10)
#: Of a time in which nobody looked no more than this counts; the longest control period is shorter.
LONGEST_STEP = timedelta(minutes=15)
MEMORY_TIMES = ("flat_at", "flat_since")


@dataclass(frozen=True, slots=True)
class Flat:
    """A room's sensors have stood still; not believed from `since` (aware UTC)."""

    health: SensorHealth
    since: datetime


def judge(
    values: Mapping[str, float], share: float, memory: Mapping[str, Any], now: datetime
) -> tuple[Flat | None, dict[str, Any]]:
    """Whether the sensors stand still, and what to remember.

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
        hard_s = _filled(hard_s, share, remembered.past(memory.get("flat_at"), now), now) if values else hard_s
    if since is None and hard_s >= SUSPECT_AFTER.total_seconds():
        since = now
    after = {"flat_values": {**before, **values}, "flat_hard_s": round(hard_s, 3), "flat_at": now.isoformat()}
    if since is None:
        return None, after
    lost = now - since >= LOST_AFTER_SUSPECT
    return Flat(SensorHealth.LOST if lost else SensorHealth.SUSPECT, since), after | {"flat_since": since.isoformat()}


def _filled(hard_s: float, share: float, last: datetime | None, now: datetime) -> float:
    """The balance of hard heating (s) after what has happened since `last`."""
    passed = min(now - last, LONGEST_STEP).total_seconds() if last is not None else 0.0
    if share > HARD_SHARE:
        return min(hard_s + passed, SUSPECT_AFTER.total_seconds())
    return max(0.0, hard_s - passed * HARD_SHARE / (1 - HARD_SHARE))


def sentence(name: str, flat: Flat, values: Mapping[str, float]) -> str:
    """What a person reads. `values`: °C by the sensors' names."""
    shown = " and ".join(f"‘{sensor}’ {celsius:.1f} °C" for sensor, celsius in values.items())
    hours = SUSPECT_AFTER // timedelta(hours=1)
    return (
        f"{name} was heated hard for {hours} h and nothing moved: {shown or 'its sensors'} all the time. "
        "It is not believed until it changes; look after it."
    )
