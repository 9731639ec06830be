"""The heat that a room may get between two reports of a sensor that is silent for hours. Pure.

Nobody sees how warm the room becomes meanwhile, so the energy is bounded: at most what lifts the part of a room that
warms fast (air, furniture, surfaces) by 1.5 K. That part is taken as small, so that the ration errs on the cool side:
80 kJ/K for each m² of floor, a "very light" building (EN ISO 13790:2008, 12.3.1.2), and 12 m² where the area is not
specified. Frost protection may lift it by 6 K: a room at its frost limit is far from its high limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sites import remembered

LIFT_K, FROST_LIFT_K = 1.5, 6.0
CAPACITY_WH_PER_K_SQM = 80.0 / 3.6
USUAL_AREA_SQM = 12.0


@dataclass(frozen=True, slots=True)
class Ration:
    """What a room has been given since its last report (Wh), and how much of it is allowed."""

    sensor: str
    reported_at: datetime
    given_wh: float
    area_sqm: float | None = None

    def most_wh(self, is_frost: bool) -> float:
        area_sqm = self.area_sqm or USUAL_AREA_SQM
        return CAPACITY_WH_PER_K_SQM * area_sqm * (FROST_LIFT_K if is_frost else LIFT_K)

    def left_wh(self, is_frost: bool) -> float:
        return max(0.0, self.most_wh(is_frost) - self.given_wh)


def given(memory: Mapping[str, Any], reported_at: datetime, heating_w: float, now: datetime) -> dict[str, Any]:
    """The memory of a room after a pass: the Wh it was given since the report at `reported_at`.

    `heating_w` is what heats it now; between two passes it counts as if it had done so all the time.
    """
    before = remembered.past(memory.get("at"), now)
    known = remembered.number(memory.get("wh"), 0) or 0.0
    is_new = remembered.time(memory.get("reported")) != reported_at
    since = max(filter(None, (before, reported_at if is_new else None)), default=reported_at)
    added = max(0.0, (now - since).total_seconds()) / 3600 * heating_w
    return {"reported": reported_at.isoformat(), "at": now.isoformat(), "wh": (0.0 if is_new else known) + added}
