"""Which sites are due: by their period on the store's clock, or at once when a face wrote a wish."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sites.clock import is_ahead
from sites.faults import StoreUnavailable
from sites.models import Site
from sites.store import remember, remembered, store

_SERVED_SECONDS = 24 * 3600.0


@dataclass(slots=True)
class Due:
    """Sites to run now, all there are, and the longest period among them (s)."""

    now: list[UUID] = field(default_factory=list)
    every: list[UUID] = field(default_factory=list)
    longest_period_seconds: float = 0.0


def wake(site_id: object) -> None:
    """Have the next tick run a pass of this site, without a write to the database."""
    with suppress(StoreUnavailable):
        store().delete(f"cadence:{site_id}")


def note_served(site_id: object, asked: datetime) -> None:
    """That this call for a pass was answered, where the database cannot take it down."""
    remember(_served_key(site_id), asked.isoformat(), _SERVED_SECONDS)


def _served_key(site_id: object) -> str:
    return f"served:{site_id}"


def due_sites(now: datetime, tick_seconds: float) -> Due:
    """The sites to run now; claims their period, so that no other worker runs them too."""
    due = Due()
    for pk, period, asked in Site.objects.values_list("pk", "control_period_seconds", "next_pass_at"):
        # Half a tick of slack keeps a 10 s period at 10 s, not at 12.
        claimed = store().add(f"cadence:{pk}", 1, max(0.5, period - tick_seconds / 2))
        wanted = asked is not None and (asked <= now or is_ahead(asked, now))
        due.every.append(pk)
        due.longest_period_seconds = max(due.longest_period_seconds, period)
        if claimed or (wanted and remembered(_served_key(pk)) != asked.isoformat()):
            due.now.append(pk)
    return due
