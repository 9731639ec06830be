"""The watchdog: when passes stop completing, every miner believed on is told to be off (design.md §5.9).

It stands beside the engine: a thread of its own, the monotonic clock, controllers held in memory,
no database, no worker. A completed pass hands over what it would take to switch off; when a site's
next pass does not complete within three periods (at least 60 s), that is done. When no pass even
ends any more, the program ends afterwards, to be started afresh by the supervisor; a site whose
passes run but fail is told, and ends nothing.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from integrations.ask import call_all
from sites.heartbeat import LATE_AFTER_SECONDS, late_after_seconds
from sites.store import store

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
OFF_SECONDS = 5.0
#: An off that was not taken is sent again after this long.
AGAIN_SECONDS = 10.0
#: Sending off and ending must fit in here; the supervisor waits this much longer than the watchdog.
GRACE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Heater:
    """How to switch one miner off without anything but memory: `off(deadline)`, monotonic."""

    miner_id: str
    name: str
    off: Callable[[float], None]
    #: Looks at it, until a deadline (monotonic): it is off, without anything pending.
    is_off: Callable[[float], bool] | None = None


@dataclass(slots=True)
class _Watched:
    completed: float
    limit_seconds: float
    heaters: dict[str, Heater]
    failed: float = float("-inf")
    fired_at: float | None = None
    still_on: dict[str, Heater] = field(default_factory=dict)
    #: Miners seen off by the last pass, which need not be told.
    resting: frozenset[str] = frozenset()


def _completed_key(site_id: str) -> str:
    return f"completed:{site_id}"


def _is_stuck(one: _Watched, now: float) -> bool:
    return now - max(one.completed, one.failed) > one.limit_seconds


class Watchdog:
    """Watches completed passes of the sites this process controls."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._name = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._sites: dict[str, _Watched] = {}
        self._fired: dict[str, set[str]] = {}
        self._marker: Path | None = None
        self._end: Callable[[], None] | None = None
        self._tell: Callable[[Collection[str]], None] | None = None
        self._is_excused: Callable[[], bool] = lambda: False
        self._excused_at = float("-inf")

    def completed(
        self, site_id: str, period_seconds: float, heaters: Collection[Heater], resting: Collection[str] = ()
    ) -> None:
        """A pass of this site has completed; `heaters` are its miners believed on, `resting` those seen off."""
        limit = late_after_seconds(period_seconds)
        by_id = {one.miner_id: one for one in heaters}
        with self._lock:
            self._sites[site_id] = _Watched(self._monotonic(), limit, by_id, resting=frozenset(resting))
        # For the other workers of a fleet: gone again when no pass completes in time.
        store().set(_completed_key(site_id), self._name, limit)

    def failed(
        self, site_id: str, period_seconds: float, heaters: Collection[Heater], seen_off: Collection[str]
    ) -> None:
        """A pass of this site has ended without completing: its time goes on. `seen_off`: ids of miners read as off."""
        now, limit = self._monotonic(), late_after_seconds(period_seconds)
        with self._lock:
            one = self._sites.setdefault(site_id, _Watched(now, limit, {}))
            one.failed, one.heaters = now, {heater.miner_id: heater for heater in heaters}
            if one.fired_at is not None:
                one.still_on = {pk: heater for pk, heater in one.heaters.items() if pk not in seen_off}

    def watched(self, site_id: str) -> tuple[list[Heater], frozenset[str]] | None:
        """What may be on in a site this process controls, and which miners are seen off; None: another one does."""
        with self._lock:
            one = self._sites.get(site_id)
            return None if one is None else (list(one.heaters.values()), one.resting)

    def site_ids(self) -> list[str]:
        """The sites this process controls."""
        with self._lock:
            return list(self._sites)

    def keep_only(self, site_ids: Collection[str]) -> None:
        """Stop watching sites that are gone."""
        with self._lock:
            self._sites = {pk: one for pk, one in self._sites.items() if pk in site_ids}

    def late_sites(self) -> list[str]:
        """Ids of the sites whose next pass should have completed by now."""
        now = self._monotonic()
        with self._lock:
            return [pk for pk, one in self._sites.items() if now - one.completed > one.limit_seconds]

    def stuck_sites(self) -> list[str]:
        """Ids of the late sites whose passes do not even fail: nothing works on them."""
        now = self._monotonic()
        with self._lock:
            return [pk for pk, one in self._sites.items() if _is_stuck(one, now)]

    def fired(self, site_id: str) -> set[str]:
        """Ids of the site's miners that were told off by the watchdog and are not forgotten yet."""
        with self._lock:
            return set(self._fired.get(site_id, ()))

    def forget_fired(self, site_id: str, miner_ids: Collection[str]) -> None:
        """A completed pass has noted that these miners are to be off."""
        with self._lock:
            left = self._fired.get(site_id, set()) - set(miner_ids)
            if left == self._fired.get(site_id, set()):
                return
            if left:
                self._fired[site_id] = left
            else:
                del self._fired[site_id]
            self._write_marker()

    def arm(
        self,
        marker: Path,
        end: Callable[[], None],
        tell: Callable[[Collection[str]], None] | None = None,
        is_excused: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take over from the last process. `marker`: file that tells the next start; `end`: ends the process.

        `tell(site_ids)`: raises the alarm for homes that are late now, within `GRACE_SECONDS` less `OFF_SECONDS`.
        `is_excused()`: no pass can run for want of something that a new start would not bring.
        """
        self._marker, self._end, self._tell, self._is_excused = marker, end, tell, is_excused
        self._read_marker()

    def start(
        self,
        marker: Path,
        end: Callable[[], None],
        tell: Callable[[Collection[str]], None],
        is_excused: Callable[[], bool],
    ) -> None:
        """`arm`, then look every second from a thread."""
        self.arm(marker, end, tell, is_excused)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception:
                log.exception("the watchdog failed to look")

    def look(self) -> bool:
        """Look once: tell off what is late; True when no pass ends any more and the program must end."""
        now = self._monotonic()
        self._leave_to_others(now)
        with self._lock:
            late = {pk: one for pk, one in self._sites.items() if now - one.completed > one.limit_seconds}
            all_stuck = bool(late) and all(_is_stuck(one, now) for one in self._sites.values())
            due = {pk: one for pk, one in late.items() if one.fired_at is None or now - one.fired_at >= AGAIN_SECONDS}
            news = [pk for pk, one in due.items() if one.fired_at is None]
            for one in due.values():
                if one.fired_at is None:
                    one.still_on = dict(one.heaters)
                one.fired_at = now
        if due:
            self._switch_off(due)
        if news and self._tell is not None:
            self._raise(news)
        if all_stuck and self._end is not None and not self._is_waiting(now):
            log.critical("no pass ends any more: the program ends to be started afresh")
            self._end()
        return all_stuck

    def _is_waiting(self, now: float) -> bool:
        """What passes need is not there, or has come back so lately that none can have ended yet."""
        if self._is_excused():
            self._excused_at = now
        return now - self._excused_at <= LATE_AFTER_SECONDS

    def _raise(self, site_ids: list[str]) -> None:
        """Off comes first, then the word; that nobody could be told must not keep the program from ending."""
        try:
            self._tell(site_ids)
        except Exception:
            log.exception("that control is late could not be told")

    def _leave_to_others(self, now: float) -> None:
        """Stop watching late sites whose passes complete in another process of the fleet."""
        with self._lock:
            late = [
                pk for pk, one in self._sites.items() if now - one.completed > one.limit_seconds and not one.fired_at
            ]
        try:
            others = [pk for pk in late if store().get(_completed_key(pk)) not in (None, self._name)]
        except Exception:
            log.exception("the store does not answer; no other process is known to control these homes")
            return
        with self._lock:
            for pk in others:
                self._sites.pop(pk, None)

    def _switch_off(self, due: dict[str, _Watched]) -> None:
        heaters = {("watchdog", one.miner_id): one for watched in due.values() for one in watched.still_on.values()}
        if not heaters:
            return
        with self._lock:
            for pk, watched in due.items():
                self._fired.setdefault(pk, set()).update(watched.still_on)
            self._write_marker()
        log.critical("passes are late: switching off %s", ", ".join(one.name for one in heaters.values()))
        outcomes = call_all({key: one.off for key, one in heaters.items()}, OFF_SECONDS)
        for watched in due.values():
            for miner_id in list(watched.still_on):
                error = outcomes[("watchdog", miner_id)].error
                if error is None:
                    watched.still_on.pop(miner_id, None)
                else:
                    log.critical(
                        "the watchdog could not switch off %s: %s", heaters[("watchdog", miner_id)].name, error
                    )

    def _write_marker(self) -> None:
        """Tell the next start, without the database; a full disk must not stop the switching off."""
        if self._marker is None:
            return
        try:
            if self._fired:
                self._marker.write_text(json.dumps({pk: sorted(ids) for pk, ids in self._fired.items()}))
            else:
                self._marker.unlink(missing_ok=True)
        except OSError as error:
            log.error("the watchdog could not write its marker: %s", error)

    def _read_marker(self) -> None:
        try:
            found = json.loads(self._marker.read_text())
            fired = {str(pk): {str(one) for one in ids} for pk, ids in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return
        with self._lock:
            self._fired = fired


#: The watchdog of this process.
watchdog = Watchdog()
