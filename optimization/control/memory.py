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

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ZoneTrip:
        """Read again; damaged times are left out, a trip or latch that is anything but false stands."""
        trips = data.get("trips")
        return cls(
            bool(data.get("tripped")),
            bool(data.get("latched")),
            [text for text in trips if parse_time(text)] if isinstance(trips, list) else [],
        )


@dataclass(slots=True)
class Memory:
    """Timers and trips. Times are ISO strings or epoch seconds, keys are ids."""

    #: Rule timers per miner: {miner_id: {timer key: epoch seconds}}.
    holds: dict[str, dict[str, float]] = field(default_factory=dict)
    #: Since when a unit's needed input is unknown.
    unknown_since: dict[str, str] = field(default_factory=dict)
    trips: dict[str, ZoneTrip] = field(default_factory=dict)
    #: How rooms answer to heat, by zone: see `climate.thermal_model`.
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: When a miner was found switched on from outside: {miner_id: [ISO times]}.
    outside_on: dict[str, list[str]] = field(default_factory=dict)
    #: Sensor memory by monitor id (see climate.sensors), that of a room by “zone:” and its id (see passes.rooms).
    sensors: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Kept by the pass shell, opaque here (minute sums, last decisions, …).
    shell: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data, shared with this memory: to be written down at once, not kept."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "trips": _plain(self.trips)}

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Memory:
        """The memory in `data`; what is missing or malformed starts empty (timers then count anew)."""
        if not isinstance(data, dict):
            return cls()
        return cls(
            holds=_only(dict, data.get("holds")),
            unknown_since=_only(str, data.get("unknown_since")),
            trips={zone: ZoneTrip.from_json(trip) for zone, trip in _only(dict, data.get("trips")).items()},
            rooms=_only(dict, data.get("rooms")),
            outside_on=_only(list, data.get("outside_on")),
            sensors=_only(dict, data.get("sensors")),
            shell=data["shell"] if isinstance(data.get("shell"), dict) else {},
        )


def _plain(trips: dict[str, ZoneTrip]) -> dict[str, Any]:
    return {zone: asdict(trip) for zone, trip in trips.items()}


def _only(kind: type, data: Any) -> dict[str, Any]:
    """The entries of `data` whose value is a `kind`."""
    return {key: value for key, value in data.items() if isinstance(value, kind)} if isinstance(data, dict) else {}


def parse_time(text: Any) -> datetime | None:
    """The aware time in ISO `text`; None for anything else."""
    try:
        value = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if value is not None and value.tzinfo is not None else None
