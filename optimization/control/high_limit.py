"""The high limit of a zone: trips on the highest plausible reading, releases 2 K below, latches on the third trip.

Readings count as their sensors say them, believed or not.

A latched zone stays off until a person acknowledges the alarm (design.md §5.4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from climate.state import ZoneState

from .memory import Memory, ZoneTrip, parse_time

RELEASE_K = 2.0
LATCHING_TRIPS = 3
TRIP_WINDOW = timedelta(hours=24)


def update_trips(
    zones: Iterable[ZoneState], acknowledged: Collection[str], memory: Memory, now: datetime
) -> dict[str, ZoneTrip]:
    """The trips after these readings. `acknowledged`: ids of zones whose latch a person has released."""
    return {
        zone.zone_id: _update(zone, memory.trips.get(zone.zone_id, ZoneTrip()), zone.zone_id in acknowledged, now)
        for zone in zones
    }


def _update(zone: ZoneState, trip: ZoneTrip, acknowledged: bool, now: datetime) -> ZoneTrip:
    recent = [
        text for text in trip.trips if (at := parse_time(text)) is not None and now - at < TRIP_WINDOW and at <= now
    ]
    hot = zone.highest_celsius is not None and zone.highest_celsius >= zone.high_limit_celsius
    may_be = [celsius for celsius in (zone.highest_celsius, zone.faded_high_celsius) if celsius is not None]
    # The last value of sensors that nobody believes keeps it tripped as long as the room may be as warm.
    cool = zone.highest_celsius is not None and max(may_be) <= zone.high_limit_celsius - RELEASE_K
    latched = trip.latched and not acknowledged
    if trip.latched and acknowledged:
        recent = []
    if trip.tripped:
        # No reading at all never releases: only a seen cool room does.
        return ZoneTrip(tripped=not cool, latched=latched, trips=recent)
    if not hot:
        return ZoneTrip(tripped=False, latched=latched, trips=recent)
    recent.append(now.isoformat())
    return ZoneTrip(tripped=True, latched=latched or len(recent) >= LATCHING_TRIPS, trips=recent)
