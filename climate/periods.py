"""Periods planned ahead of each other: where two of the same rooms overlap, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Planned:
    """From a time until another (aware; None: until resumed), of these rooms; none: the whole home."""

    name: str
    starts_at: datetime
    ends_at: datetime | None
    zone_ids: frozenset[UUID] = frozenset()

    def overlaps(self, other: Planned) -> bool:
        same_rooms = not self.zone_ids or not other.zone_ids or bool(self.zone_ids & other.zone_ids)
        return same_rooms and _before(self.starts_at, other.ends_at) and _before(other.starts_at, self.ends_at)

    def words(self, tz: ZoneInfo) -> str:
        """“‘Holiday’ (24 Dec 18:00 – 2 Jan 10:00)” in the site's time."""
        end = "until you end it" if self.ends_at is None else _moment(self.ends_at, tz)
        return f"‘{self.name}’ ({_moment(self.starts_at, tz)} – {end})"


def _before(start: datetime, end: datetime | None) -> bool:
    return end is None or start < end


def _moment(at: datetime, tz: ZoneInfo) -> str:
    local = at.astimezone(tz)
    return f"{local.day} {local:%b %H:%M}"


def find_clash(new: Planned, others: Iterable[Planned]) -> Planned | None:
    """The first of `others` that claims a moment of a room of `new`."""
    return next((other for other in sorted(others, key=lambda one: one.starts_at) if new.overlaps(other)), None)
