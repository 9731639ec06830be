"""A device's own switch-off, its dead-man, moved by something else: noticed in the pass that sees it.

A switch-off that is too late is as wrong as none. Who moved it cannot be read from a device, only that it was not this
program; that it happens again is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from miners.state import MinerSnapshot
from miners.status import readback
from optimization.control.memory import Memory, parse_time
from optimization.site_plan.plan import ControllerPlan
from sites.models import Severity
from sites.words import duration

from .driver import rearm_seconds
from .heat import Snapshots
from .load import SiteRows

_REMEMBERED = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Moved:
    """How often within 24 h, when last, and where to (s; 0: taken away)."""

    times: int
    last_at: datetime
    to_seconds: float

    @property
    def words(self) -> str:
        """“has moved the own switch-off to 8 h ahead”."""
        if self.to_seconds <= 0:
            return "has removed the own switch-off"
        return f"has moved the own switch-off to {readback.ahead_words(self.to_seconds)} ahead"


def watch(
    rows: SiteRows, snapshots: Snapshots, plugs: Snapshots, memory: Memory, now: datetime
) -> list[tuple[str, str]]:
    """Note how the switch-offs stand; what is to be told (severity, sentence). `plugs`: upstream ones, by miner."""
    kept, told = dict(_kept(memory)), []
    for row, whose, snapshot in _devices(rows, snapshots, plugs):
        key, left = str(row.pk), snapshot.switches_off_in_seconds
        before = kept.get(key) if isinstance(kept.get(key), dict) else {}
        # Most devices tell of no switch-off: their settings need not be looked at.
        seconds = None if left is None or not snapshot.status.is_on else rearm_seconds(row)
        if seconds is None:
            if before:  # one that told of a wrong one before, and of none now, has a right one
                kept[key] = {**before, "right": snapshot.status.is_on and left is None, "moved_now": False}
            continue
        is_wrong = readback.is_own_off_wrong(seconds, left)
        moved_now = is_wrong and before.get("right") is True
        times = [*_recent(before, now), *([now] if moved_now else [])]
        kept[key] = {
            "right": not is_wrong,
            "moved_now": moved_now,
            "times": [at.isoformat() for at in times[-10:]],
            "to": left if moved_now else before.get("to", 0.0),
        }
        if moved_now and len(times) == 1:
            what = Moved(1, now, left).words
            told.append((Severity.WARNING, f"Something else {what} of {whose}. It is set back to {duration(seconds)}."))
    memory.shell["own_off"] = kept
    return told


def was_moved(memory: Memory, row_pk: UUID | None) -> bool:
    """It was right at the last look and is not any more."""
    entry = _kept(memory).get(str(row_pk))
    return isinstance(entry, dict) and entry.get("moved_now") is True


def moved(memory: Memory, row_pk: UUID, now: datetime) -> Moved | None:
    """How often its switch-off was moved within 24 h; None: never."""
    entry = _kept(memory).get(str(row_pk))
    times = _recent(entry, now) if isinstance(entry, dict) else []
    return Moved(len(times), times[-1], float(entry.get("to") or 0.0)) if times else None


def shift(memory: Memory, step: timedelta) -> None:
    """The wall clock was set."""
    memory.shell["own_off"] = {
        key: {**entry, "times": [(at + step).isoformat() for at in _times(entry)]}
        for key, entry in _kept(memory).items()
        if isinstance(entry, dict)
    }


def _devices(
    rows: SiteRows, snapshots: Snapshots, plugs: Snapshots
) -> Iterator[tuple[ControllerPlan, str, MinerSnapshot]]:
    """Controllers and upstream plugs, what they are called, and what they showed."""
    for pk, miner in rows.miners.items():
        if miner.controller is not None:
            yield miner.controller, miner.name, snapshots[pk]
        if miner.cutoff is not None and pk in plugs:
            yield miner.cutoff, f"the upstream plug of {miner.name}", plugs[pk]


def _recent(entry: dict[str, Any], now: datetime) -> list[datetime]:
    return [at for at in _times(entry) if timedelta(0) <= now - at < _REMEMBERED]


def _times(entry: dict[str, Any]) -> list[datetime]:
    return [at for text in entry.get("times") or () if (at := parse_time(text)) is not None]


def _kept(memory: Memory) -> dict[str, Any]:
    kept = memory.shell.get("own_off")
    return kept if isinstance(kept, dict) else {}
