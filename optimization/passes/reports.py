"""How often sensors report, which limit of age suits them, and what rooms get whose sensors are silent for hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from climate import ration, reports
from climate.ration import Ration
from climate.reports import Suggestion
from climate.state import ClimateReading, ZoneState
from optimization.control.memory import Memory
from optimization.site_plan.plan import SensorPlan

from . import rooms
from .heat import Snapshots, drawn_w
from .load import SiteRows
from .observe import Observation

#: Where gaps and rations are remembered, by monitor and by room.
_GAPS, _RATIONS = "reports", "rations"


def note(rows: SiteRows, observation: Observation, memory: Memory, now: datetime) -> None:
    """Remember when each sensor last reported."""
    before, kept = _part(memory, _GAPS), {}
    for zone in rows.zones.values():
        for monitor in zone.monitors:
            reading = rooms.reading_of(observation, monitor.pk, ClimateReading)
            reported = None if reading is None else reading.observed_at
            kept[str(monitor.pk)] = reports.note(_of(before, monitor.pk), reported, now)
    memory.shell[_GAPS] = kept


def suggestion(memory: Memory, monitor: SensorPlan) -> Suggestion | None:
    """A limit of age that suits the sensor better than its own."""
    return reports.suggestion(_of(_part(memory, _GAPS), monitor.pk), monitor.limit_of_age)


def with_rations(
    rows: SiteRows, zones: Mapping[UUID, ZoneState], snapshots: Snapshots, memory: Memory, now: datetime
) -> dict[UUID, ZoneState]:
    """The zones; one that is read only by sensors that may be silent for hours has its ration."""
    before, kept, result = _part(memory, _RATIONS), {}, {}
    for pk, zone in zones.items():
        result[pk] = zone
        slow = _slow(rows, pk, zone)
        if slow is None:
            continue
        name, reported_at = slow
        kept[str(pk)] = ration.given(_of(before, pk), reported_at, _most_w(rows, snapshots, pk), now)
        given_wh = kept[str(pk)]["wh"]
        result[pk] = replace(zone, ration=Ration(name, reported_at, given_wh, rows.zones[pk].area_sqm))
    memory.shell[_RATIONS] = kept
    return result


def _most_w(rows: SiteRows, snapshots: Snapshots, zone_pk: UUID) -> float:
    """The watts that may go into a room now: all of a miner that heats several, and of one that does not answer but
    may be on."""
    watts = 0.0
    for pk, _ in rows.zones[zone_pk].heated_by:
        desired, drawn = rows.desired.get(pk), drawn_w(rows, snapshots, pk)
        may_be_on = (
            desired is not None and (desired.power_w > 0 or desired.seen_on) and not snapshots[pk].status.is_known
        )
        watts += max(drawn, rows.miners[pk].most_w) if may_be_on else drawn
    return watts


def silence(memory: Memory, monitors: Iterable[SensorPlan]) -> str:
    """What is to be done about sensors that are lost only because they report seldom; nothing: that is not why."""
    found = [(one.name, suits) for one in monitors if (suits := suggestion(memory, one)) is not None]
    raised = [(name, suits) for name, suits in found if suits.is_raise]
    return " ".join(f"‘{name}’: {suits.sentence} Take it on the room's page." for name, suits in raised)


def _slow(rows: SiteRows, pk: UUID, zone: ZoneState) -> tuple[str, datetime] | None:
    """The sensor that reported last, where every believed one may be silent for more than the usual hour."""
    pairs = zip(rows.zones[pk].sensors, zone.sensors, strict=True)
    good = [(row, seen) for row, seen in pairs if seen.temperature_celsius is not None and seen.observed_at is not None]
    if not good or any(row.limit_of_age <= reports.USUAL_LIMIT for row, _ in good):
        return None
    row, seen = max(good, key=lambda pair: pair[1].observed_at)
    return row.name, seen.observed_at


def _part(memory: Memory, name: str) -> dict[str, Any]:
    found = memory.shell.get(name)
    return found if isinstance(found, dict) else {}


def _of(part: Mapping[str, Any], pk: UUID) -> dict[str, Any]:
    found = part.get(str(pk))
    return found if isinstance(found, dict) else {}
