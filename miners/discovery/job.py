"""A search for miners as a background job: one per home, its progress in the shared store, ended by whoever wants.

Nothing of it lives in the database: a search that a restart cuts off is simply started again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from celery import shared_task

from miners.identity.duplicate_devices import Driven
from sites.models import Site
from sites.store import store

from .scan import SEARCH_SECONDS, Look, search
from .typed_addresses import Target, targets

#: A search nobody has taken up by then does not begin any more (s).
TAKEN_UP_WITHIN_SECONDS = 60
#: The home is free again at the latest so long after it was taken up (s), whatever became of the worker.
_BUSY_SECONDS = SEARCH_SECONDS + 30
#: What was found can be looked at so long (s).
KEPT_SECONDS = 3600.0
_TELL_EVERY_SECONDS = 0.3
#: So many that answer and are no miners are named; the rest is counted.
MOST_STRANGERS = 30


class Stage(StrEnum):
    """How far a search is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    OUT_OF_TIME = "out_of_time"  # some places were not looked at any more
    CANCELLED = "cancelled"
    BROKEN_OFF = "broken_off"  # whoever ran it is gone


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it stands. `found`: `discovery.Found` as JSON; `known`: addresses that were left alone, as a
    controller here drives them already; `problems`: sentences on places that could not be looked at.
    """

    id: str
    site_id: str
    by: str
    typed: str
    total: int
    looked: int = 0
    stage: Stage = Stage.WAITING
    found: list[dict[str, Any]] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    strangers_count: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        return self.stage in (Stage.WAITING, Stage.RUNNING)


class Busy(Exception):
    """This home is being searched already; `search_id` is that search."""

    def __init__(self, search_id: str) -> None:
        super().__init__(search_id)
        self.search_id = search_id


def start(home: Site | str, text: str, *, by: str) -> Search:
    """Begin a search of what a person typed. `home`: which one it is for; text names one to be. Raises `NotAPlace` and
    `Busy`.
    """
    places = targets(text)
    driven = Driven()
    known = [place for place in places if place in driven]
    begun = Search(
        id=str(uuid.uuid4()),
        site_id=_key(home),
        by=by[:80],
        typed=" ".join(text.split())[:300],
        total=len(places),
        looked=len(known),
        known=[place.address for place in known],
    )
    if not store().add(_busy(begun.site_id), begun.id, TAKEN_UP_WITHIN_SECONDS + 5):
        raise Busy(str(store().get(_busy(begun.site_id))))
    store().set(_state(begun.id), _stored(begun), KEPT_SECONDS)
    to_do = [place.address for place in places if place not in driven]
    try:
        discover.apply_async((begun.id, to_do), expires=TAKEN_UP_WITHIN_SECONDS)
    except Exception:
        store().delete_if(_busy(begun.site_id), begun.id)
        raise
    return begun


def look_up(search_id: str) -> Search | None:
    """How far it is; None: there is none of this id (any more)."""
    stored = store().get(_state(search_id))
    if stored is None:
        return None
    kept = _search(stored)
    if not kept.goes_on:
        return kept
    if store().get(_cancelled(search_id)):
        return replace(kept, stage=Stage.CANCELLED)
    is_held = store().get(_busy(kept.site_id)) == search_id
    # It may have ended between the two looks.
    return kept if is_held else _ended(search_id, kept)


def running(home: Site | str) -> Search | None:
    """The search for this home that goes on now."""
    search_id = store().get(_busy(_key(home)))
    found = look_up(str(search_id)) if search_id else None
    return found if found is not None and found.goes_on else None


def cancel(search_id: str) -> Search | None:
    """End it: what was found stays to be looked at. None: there is none of this id."""
    kept = look_up(search_id)
    if kept is None or not kept.goes_on:
        return kept
    store().set(_cancelled(search_id), True, KEPT_SECONDS)
    store().delete_if(_busy(kept.site_id), search_id)
    return look_up(search_id)


@shared_task(ignore_result=True, name="miners.tasks.discover")
def discover(search_id: str, addresses: list[str]) -> None:
    """The job itself, in a background worker."""
    kept = look_up(search_id)
    if kept is None or kept.stage is not Stage.WAITING:
        return
    store().set(_busy(kept.site_id), search_id, _BUSY_SECONDS)
    progress = _Progress(kept)
    progress.tell()
    stage = Stage.BROKEN_OFF
    try:
        places = [Target.of(address) for address in addresses]
        is_whole = search(places, progress.add, lambda: not store().get(_cancelled(search_id)))
        stage = Stage.DONE if is_whole else Stage.OUT_OF_TIME
    finally:
        progress.end(stage)
        store().delete_if(_busy(kept.site_id), search_id)


class _Progress:
    """A running search, told to the store a few times a second."""

    def __init__(self, begun: Search) -> None:
        self._now = replace(begun, stage=Stage.RUNNING)
        self._told_at = 0.0

    def add(self, look: Look) -> None:
        now = self._now
        changes: dict[str, Any] = {"looked": now.looked + 1}
        if look.found is not None:
            changes["found"] = [*now.found, look.found.as_json()]
        elif look.problem:
            changes["problems"] = [*now.problems, look.problem][:MOST_STRANGERS]
        elif look.answers:
            changes |= {
                "strangers": [*now.strangers, look.address][:MOST_STRANGERS],
                "strangers_count": now.strangers_count + 1,
            }
        self._now = replace(now, **changes)
        if time.monotonic() - self._told_at >= _TELL_EVERY_SECONDS:
            self.tell()

    def tell(self) -> None:
        store().set(_state(self._now.id), _stored(self._now), KEPT_SECONDS)
        self._told_at = time.monotonic()

    def end(self, stage: Stage) -> None:
        is_cancelled = store().get(_cancelled(self._now.id))
        self._now = replace(self._now, stage=Stage.CANCELLED if is_cancelled else stage)
        self.tell()


def _ended(search_id: str, kept: Search) -> Search:
    stored = store().get(_state(search_id))
    again = kept if stored is None else _search(stored)
    return replace(again, stage=Stage.BROKEN_OFF) if again.goes_on else again


def _key(home: Site | str) -> str:
    return home if isinstance(home, str) else str(home.pk)


def _stored(search: Search) -> dict[str, Any]:
    return {name: getattr(search, name) for name in Search.__slots__}


def _search(stored: Mapping[str, Any]) -> Search:
    return Search(**{**stored, "stage": Stage(stored["stage"])})


def _state(search_id: str) -> str:
    return f"discovery:{search_id}"


def _cancelled(search_id: str) -> str:
    return f"discovery-cancelled:{search_id}"


def _busy(site_id: str) -> str:
    return f"discovery-of:{site_id}"
