"""Whether what happens is recorded: since when not, and why. Told by whoever commits, read by every page.

The word is shared through the store where that answers, and kept in this process where it does not.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from .faults import DATABASE_ERRORS, Fault, StoreUnavailable, fault_of
from .models import HistoryMark
from .patience import waiting_at_most
from .store import remember, remembered, store

log = logging.getLogger(__name__)

_KEY = "unrecorded"
#: A commit this long ago is word enough that commits succeed; after a failure one is tried again sooner.
FRESH_SECONDS, FAILED_SECONDS = 120.0, 10.0
_PROBE = "probe"

_lock = threading.Lock()
_own: dict[str, Any] | None = None
_last_commit = float("-inf")
_last_failure = float("-inf")


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Nothing has been stored since then. `text`: why, and what a person can do."""

    since: datetime
    key: str
    text: str
    by: str = ""


def failed(error: BaseException, now: datetime | None = None, *, by: str = "") -> Fault | None:
    """Something could not be stored; since when is kept. None: `error` is about something else."""
    global _own, _last_failure
    fault = fault_of(error)
    if fault is None:
        return None
    before = state()
    since = before.since if before else now or timezone.now()
    said = {"since": since.isoformat(), "key": fault.key, "text": fault.text, "by": before.by if before else by}
    if before is None or before.key != fault.key:
        log.error("nothing can be stored: %s (%s)", fault.text, error)
    with _lock:
        _own, _last_failure = said, time.monotonic()
    remember(_KEY, said)
    return fault


def forget() -> None:
    """As a process that has just begun (tests)."""
    global _own, _last_commit, _last_failure
    with _lock:
        _own, _last_commit, _last_failure = None, float("-inf"), float("-inf")


def committed(was: Unrecorded | None) -> None:
    """Something was stored. `was`: what `state()` said before, so that a healthy pass asks nothing more."""
    global _own, _last_commit
    with _lock:
        _last_commit = time.monotonic()
        if was is None and _own is None:
            return
        _own = None
    with suppress(StoreUnavailable):
        store().delete(_KEY)
    log.warning("what happens is stored again")


def state() -> Unrecorded | None:
    """None: as far as anybody knows, what happens is stored."""
    said = remembered(_KEY) or _own
    since = parse_datetime(said["since"]) if said else None
    return None if since is None else Unrecorded(since, said["key"], said["text"], said.get("by", ""))


def find_out() -> Unrecorded | None:
    """`state()`, after trying a write where nothing was stored for a while: cheap, and rarely made."""
    now, before = time.monotonic(), state()
    if now - _last_failure < FAILED_SECONDS:
        return before
    if before is None and now - _last_commit < FRESH_SECONDS:
        return None
    try:
        with waiting_at_most(1.0), transaction.atomic():
            HistoryMark.objects.update_or_create(series=_PROBE, defaults={"last_reading_id": int(time.time())})
    except DATABASE_ERRORS as error:
        if failed(error, by=_PROBE) is None:
            raise
        return state()
    # So little may find room where a pass does not: a pass that could not commit ends it itself. Of a request
    # nobody may be left who does.
    if before is None or before.by:
        committed(before)
    return state()
