"""What a quarter or an hour of a miner's minutes amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sites.rollup import Series, count_starts

from .models import MinerHour, MinerQuarter, MinerReading
from .state import MinerStatus

_ON = {str(status) for status in MinerStatus if status.is_on}


class MinerMinute(NamedTuple):
    """One minute row. W, TH/s."""

    at: datetime
    status: str
    power_w: float | None
    desired_w: float
    hash_rate_th_s: float | None

    @property
    def is_on(self) -> bool:
        return self.status in _ON

    @property
    def drawn_w(self) -> float:
        """As measured, else as asked for while it is on."""
        if self.power_w is not None:
            return max(0.0, self.power_w)
        return self.desired_w if self.is_on else 0.0


def fold(minutes: Sequence[MinerMinute], before: MinerMinute | None) -> dict[str, Any]:
    """The columns of `MinerBucket`."""
    rates = [one.hash_rate_th_s for one in minutes if one.hash_rate_th_s is not None]
    return {
        "energy_wh": sum(one.drawn_w for one in minutes) / 60,
        "hash_rate_th_s": sum(rates) / len(rates) if rates else None,
        "on_minutes": sum(one.is_on for one in minutes),
        "starts": count_starts(minutes, before, attrgetter("is_on")),
    }


MINERS = Series(
    name="miners",
    owner="miner",
    readings=MinerReading,
    quarters=MinerQuarter,
    hours=MinerHour,
    columns=MinerMinute._fields,
    minute=MinerMinute,
    fold=fold,
)
