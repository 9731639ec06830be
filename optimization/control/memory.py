"""What a site's decisions remember between passes: plain data, JSON-able, replaced never mutated by callers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class ZoneTrip:
    """The high limit of one zone: tripped now, when it tripped lately, latched until acknowledged."""

    tripped: bool = False
    latched: bool = False
    trips: list[str] = field(default_factory=list)  # ISO times of the last 24 h


@dataclass(slots=True)
class Memory:
    """Timers and trips. Times are ISO strings or epoch seconds, keys are ids."""

    #: Rule timers per miner: {miner_id: {timer key: epoch seconds}}.
    holds: dict[str, dict[str, float]] = field(default_factory=dict)
    #: Since when a unit's needed input is unknown.
    unknown_since: dict[str, str] = field(default_factory=dict)
    trips: dict[str, ZoneTrip] = field(default_factory=dict)
    #: When a miner was found switched on from outside: {miner_id: [ISO times]}.
    outside_on: dict[str, list[str]] = field(default_factory=dict)
    #: Sensor memory by monitor id (see climate.sensors).
    sensors: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Kept by the pass shell, opaque here (minute sums, last decisions, …).
    shell: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Memory:
        """The memory in `data`; what is missing or malformed starts empty (timers then count anew)."""
        if not isinstance(data, dict):
            return cls()
        known = {name: data[name] for name in cls.__slots__ if isinstance(data.get(name), dict)}
        trips = known.pop("trips", {})
        memory = cls(**known)
        memory.trips = {zone: ZoneTrip(**trip) for zone, trip in trips.items() if isinstance(trip, dict)}
        return memory


def parse_time(text: str | None) -> datetime | None:
    """The aware time in ISO `text`, or None."""
    try:
        value = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return value if value is not None and value.tzinfo is not None else None
