"""From what a device's web API told to one snapshot: word, watts and hash rate as witnesses of each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from miners.power import PowerSource
from miners.state import MinerSnapshot, MinerStatus

from .inference import Word, contradiction, judge

#: An average that fades after the end is no work any more (TH/s); the least of these machines does 20 times as much.
_STILL_WORKS_TH_S = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """W (None: not told), TH/s; `level_w` is what its present level takes.

    Where the device does not tell its level, give a small `level_w` and `knows_level` False: the smaller, the sooner
    watts count as heat. `sentence`: why it is in its state, in its own words.
    """

    word: Word
    power_w: float | None
    level_w: float
    standby_w: float
    hash_rate_th_s: float | None = None
    knows_level: bool = True
    is_stopping: bool = False
    is_tuning: bool = False
    sentence: str = ""
    #: A fault it tells of while it works.
    fault: str = ""
    #: Why its watts cannot be read.
    power_problem: str = ""
    #: It protects itself until somebody restarts it; False: that may end by itself.
    is_latched: bool = False


def snapshot_of(seen: Seen, *, name: str, **telemetry: Any) -> MinerSnapshot:
    """The snapshot; `telemetry` are its other fields."""
    status = _status(seen)
    power_w, source = seen.power_w, PowerSource.FIRMWARE
    if power_w is None:
        is_table = status is MinerStatus.HEATING and seen.knows_level
        power_w, source = (seen.level_w, PowerSource.TABLE) if is_table else (None, PowerSource.NONE)
    protection = seen.sentence or "It protects itself (hot or faulty)."
    fault = seen.fault or (protection if seen.word is Word.PROTECT else "")
    hash_rate = seen.hash_rate_th_s
    if status is MinerStatus.OFF and hash_rate is not None and hash_rate > _STILL_WORKS_TH_S:
        hash_rate = None  # of before: off by word and watts, it does no work
    return MinerSnapshot(
        status=status,
        power_w=power_w,
        power_is_measured=source is PowerSource.FIRMWARE,
        power_source=source,
        hash_rate_th_s=hash_rate,
        problem=_problem(seen, status, name),
        fault=fault,
        is_latched=seen.is_latched,
        **telemetry,
    )


def _problem(seen: Seen, status: MinerStatus, name: str) -> str:
    if seen.word is Word.PROTECT and status is MinerStatus.HEATING:
        said = contradiction(seen.word, seen.power_w, seen.level_w, name)
        return f"{said} {seen.sentence}".strip()
    said = seen.sentence or seen.fault or seen.power_problem
    if said or status is MinerStatus.OFF:
        return said
    return contradiction(seen.word, seen.power_w, seen.level_w, name)


def _status(seen: Seen) -> MinerStatus:
    status = judge(seen.word, seen.power_w, full_w=seen.level_w, level_w=seen.level_w, standby_w=seen.standby_w)
    if seen.power_w is None and seen.hash_rate_th_s is not None:
        # No watts told: a hash rate that is told is the second witness.
        works = seen.hash_rate_th_s > _STILL_WORKS_TH_S
        if seen.word is Word.OFF:
            status = MinerStatus.STOPPING if works else MinerStatus.OFF
        elif seen.word is Word.ON and works:
            status = MinerStatus.HEATING
    if seen.is_stopping and status in (MinerStatus.OFF, MinerStatus.UNKNOWN):
        return MinerStatus.STOPPING
    if seen.is_tuning and status is MinerStatus.HEATING:
        return MinerStatus.RAMPING
    return status
