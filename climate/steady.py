"""What control sees of a believed sensor: its value, but for jumps that nothing bears out yet. Pure.

A change of up to 1 K, and 3 K for each hour between two reports, counts at once, so that no ramp is ever
late. A larger jump, within what the sensor may jump at all, counts when three reports in 20 s or two in a minute
bear it out, or after 90 s. A jump that came back within half an hour doubles these times, up to half an hour; a
calm day takes one of them back. So one odd reading starts and stops nothing, and a sensor that leaps about
costs a few starts, not one each time. The high limit looks at the sensor's own word all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sites import remembered

from .room_physics import ROOM_K_PER_HOUR

STEP_K = 1.0
#: How many reports have to say so, and for how long.
BORNE_OUT = ((3, timedelta(seconds=20)), (2, timedelta(minutes=1)), (1, timedelta(seconds=90)))
AT_LATEST_AFTER = timedelta(minutes=30)
#: A jump back so soon after another makes both odd.
BACK_WITHIN = timedelta(minutes=30)
#: Without a jump for so long, one of them is forgotten.
CALM_AFTER = timedelta(hours=24)
#: As many as make any wait the longest.
MOST_JUMPS = 7
MEMORY_TIMES = ("jump_since", "jumped_at", "leapt_at")
MEMORY = ("steady", "jump_since", "jump_reports", "jump_rises", "jumps", "jumped_at", "leapt_at", "leapt_up")
_ROUNDING_K = 1e-6


def judge(
    seen: float, gap: timedelta, is_new_report: bool, memory: Mapping[str, Any], now: datetime
) -> tuple[float, dict[str, Any]]:
    """The °C that control sees, and what to remember. `gap`: since the sensor's report before this one.

    Memory: `steady` (°C), of a jump that waits `jump_since` (ISO), `jump_reports` and `jump_rises` (up or down), of
    the last one that counted `leapt_at` (ISO) and `leapt_up`, of odd ones `jumps` and `jumped_at` (ISO, the last).
    """
    steady = remembered.number(memory.get("steady"))
    since, jumps, of_jumps = remembered.past(memory.get("jump_since"), now), *_before(memory, now)
    leapt_at, leapt_up = remembered.past(memory.get("leapt_at"), now), memory.get("leapt_up")
    if leapt_at is not None and now - leapt_at < BACK_WITHIN:
        of_jumps = of_jumps | {"leapt_at": leapt_at.isoformat(), "leapt_up": leapt_up}
    step_k = STEP_K + ROOM_K_PER_HOUR * max(0.0, gap.total_seconds() / 3600)
    if steady is None or abs(seen - steady) <= step_k + _ROUNDING_K:
        return seen, {"steady": seen, **of_jumps, **({} if since is None else _one_more(jumps, now))}
    rises, reports = seen > steady, 0
    if since is None or memory.get("jump_rises") is not rises:
        since = now
    else:
        reports = int(remembered.number(memory.get("jump_reports"), 0, 1e6) or 0)
    reports += is_new_report or not reports
    if any(reports >= count and now - since >= _wait(length, jumps) for count, length in BORNE_OUT):
        is_back = "leapt_at" in of_jumps and leapt_up is not rises
        odd = _one_more(jumps, now) if is_back else {}
        return seen, {"steady": seen, **of_jumps, **odd, "leapt_at": now.isoformat(), "leapt_up": rises}
    return steady, {
        "steady": steady,
        "jump_since": since.isoformat(),
        "jump_reports": reports,
        "jump_rises": rises,
        **of_jumps,
    }


def _wait(length: timedelta, jumps: int) -> timedelta:
    return min(AT_LATEST_AFTER, length * 2**jumps)


def _before(memory: Mapping[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """How many jumps there were of late, and what is remembered of them."""
    at = remembered.past(memory.get("jumped_at"), now)
    jumps = int(remembered.number(memory.get("jumps"), 0, MOST_JUMPS) or 0)
    if at is None or not jumps:
        return 0, {}
    calm = (now - at) // CALM_AFTER
    jumps = max(0, jumps - calm)
    return jumps, {"jumps": jumps, "jumped_at": (at + calm * CALM_AFTER).isoformat()} if jumps else {}


def _one_more(jumps: int, now: datetime) -> dict[str, Any]:
    return {"jumps": min(jumps + 1, MOST_JUMPS), "jumped_at": now.isoformat()}
