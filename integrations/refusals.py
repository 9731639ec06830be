"""How often refused credentials are shown again: all processes together, and over restarts of the program.

Home Assistant bans the address of whoever shows it a wrong token a few times, and then no new token helps; brokers may
have such bans, too. So after a refusal they are tried at most three times in the first hour, the refused one included,
and once an hour after that. Other credentials, or another address, are other keys and are tried at once. Where
something is to be switched off, that is what the next try is used for.

The count lives in the shared store; beside it, for an installation of one process, in a small file, so that a program
that is started again and again does not begin to count again each time. Pauses run on the store's clock.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from sites.store import MemoryStore, Store, store

log = logging.getLogger(__name__)

HOUR_SECONDS = 3600.0
#: So many refusals in the first hour; the pauses after each of them but the last.
MOST_IN_FIRST_HOUR = 3
_PAUSES_SECONDS = (300.0, 1500.0)
#: Longer than a pause, so that the count outlives it.
_KEPT_SECONDS = 25 * HOUR_SECONDS
#: No try lasts longer; whoever died in one holds the next up no longer than this.
_ONE_TRY_SECONDS = 60.0
#: An off that waits says so at least this often (`miners.status.readback.RETRY_MAX`, and a pass that is late).
_OFF_WAITS_SECONDS = 90.0


def pause_seconds(refusals: int) -> float:
    """How long to wait after so many refusals in a row."""
    return _PAUSES_SECONDS[refusals - 1] if 0 < refusals < MOST_IN_FIRST_HOUR else HOUR_SECONDS


class Waits(Exception):
    """The credentials are not to be shown now, but at `until` (aware UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Refusals:
    """What is known of one pair of credentials and the place they are for. Safe from several threads and processes."""

    def __init__(self, *credentials: str) -> None:
        # Keyed: a password of few letters must not be guessable from a file or from Redis.
        self._key = salted_hmac("integrations.refusals", "\0".join(credentials)).hexdigest()[:40]
        self._has_looked = False

    def before(self, *, is_off: bool = False) -> bool:
        """To be called before they are shown: whether they were refused before. Raises `Waits`.

        `is_off`: to switch something off; that waits for no store, where this process knows of no refusal. After True,
        one of the three below is to be called.
        """
        known = self._known_here() if is_off else self._known()
        if known is None:
            return False
        if self._must_wait(known, is_off):
            if is_off:
                _set(self._name("off"), True, _OFF_WAITS_SECONDS)
            raise Waits(_time(known["until"]))
        if not _add(self._name(f"try:{known['count']}"), True, _ONE_TRY_SECONDS):
            raise Waits(_time(known["until"]))  # somebody else is trying them this very moment
        return True

    @property
    def count(self) -> int:
        """How often in a row they were refused."""
        known = self._known()
        return 0 if known is None else known["count"]

    def refused(self, *, is_off: bool = False, already: int = 0) -> datetime:
        """They were refused, after `already` refusals that were taken for something else; the time of the next try."""
        known, now = self._known(), _now()
        count = (0 if known is None else known["count"]) + 1 + already
        pause = pause_seconds(count)
        first = now if known is None else _time(known["first"])
        until = now + timedelta(seconds=pause)
        self._note({"count": count, "first": first.isoformat(), "until": until.isoformat()})
        _set(self._name("wait"), True, pause)
        if is_off:
            _set(self._name("off-wait"), True, pause)
        if known is None:
            _set(self._name("hour"), True, HOUR_SECONDS)
        return until

    def accepted(self) -> None:
        """They were taken: nothing is held against them any more."""
        if self._known() is None:
            return
        for part in ("count", "wait", "hour", "off", "off-wait"):
            _delete(self._name(part))
        _forget_in_file(self._key)

    def unanswered(self) -> None:
        """The try came to nothing: it does not count."""
        known = self._known()
        if known is not None:
            _delete(self._name(f"try:{known['count']}"))

    def _must_wait(self, known: dict[str, Any], is_off: bool) -> bool:
        waits = _get(self._name("wait")) is not None
        if not is_off:
            return waits or _get(self._name("off")) is not None
        is_early = known["count"] < MOST_IN_FIRST_HOUR and _get(self._name("hour")) is not None
        return waits and not (is_early and _get(self._name("off-wait")) is None)

    def _known(self) -> dict[str, Any] | None:
        known = _get(self._name("count"))
        if known is None and not self._has_looked:
            return self._known_here()
        if known is None:
            _own.delete(self._name("count"))  # another process found that they are taken again
        else:
            _own.set(self._name("count"), known, _KEPT_SECONDS)
        return known

    def _known_here(self) -> dict[str, Any] | None:
        """What this process knows by itself, or the last one left in the file."""
        known = _own.get(self._name("count"))
        if known is None and not self._has_looked:
            known = self._from_file()
        self._has_looked = True
        return known

    def _note(self, known: dict[str, Any]) -> None:
        _set(self._name("count"), known, _KEPT_SECONDS)
        _keep_in_file(self._key, known)

    def _from_file(self) -> dict[str, Any] | None:
        """What the last run of the program left; nobody waits longer than an hour, whatever the clocks did since."""
        known = _file().get(self._key)
        try:
            until, first, count = _time(known["until"]), _time(known["first"]), max(1, int(known["count"]))
        except (KeyError, TypeError, ValueError):
            return None
        now = _now()
        left = min((until - now).total_seconds(), HOUR_SECONDS)
        left_of_hour = min((first - now).total_seconds() + HOUR_SECONDS, HOUR_SECONDS)
        known = {"count": count, "first": first.isoformat(), "until": (now + timedelta(seconds=left)).isoformat()}
        _set(self._name("count"), known, _KEPT_SECONDS)
        if left > 0:
            _set(self._name("wait"), True, left)
        if left_of_hour > 0:
            _set(self._name("hour"), True, left_of_hour)
        return known

    def _name(self, part: str) -> str:
        return f"refused:{self._key}:{part}"


def _now() -> datetime:
    return datetime.now(UTC)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(text)
    return at


# --- the store, and what holds while it does not answer --------------------------------------------

_own = MemoryStore()
#: A store that does not answer, or slowly, is left alone so long: not every request may wait for it.
_LEFT_ALONE_SECONDS = 60.0
_SLOW_SECONDS = 1.0
_left_alone_until = float("-inf")


def _shared(ask: Callable[[Store], Any]) -> Any:
    """The answer of the shared store, else that of this process's own memory."""
    global _left_alone_until
    began = time.monotonic()
    if began < _left_alone_until:
        return ask(_own)
    try:
        return ask(store())
    except Exception:
        log.warning("the store does not answer; refused credentials are counted in this process alone")
        _left_alone_until = time.monotonic() + _LEFT_ALONE_SECONDS
        return ask(_own)
    finally:
        if time.monotonic() - began > _SLOW_SECONDS:
            _left_alone_until = time.monotonic() + _LEFT_ALONE_SECONDS


def forget() -> None:
    """Forget what this process knows (tests)."""
    global _left_alone_until
    _own.clear()
    _left_alone_until = float("-inf")
    path = _path()
    if path is not None:
        path.unlink(missing_ok=True)


def _get(name: str) -> Any:
    return _shared(lambda where: where.get(name))


def _set(name: str, value: Any, seconds: float) -> None:
    _own.set(name, value, seconds)
    _shared(lambda where: where.set(name, value, seconds))


def _add(name: str, value: Any, seconds: float) -> bool:
    return _shared(lambda where: where.add(name, value, seconds))


def _delete(name: str) -> None:
    _own.delete(name)
    _shared(lambda where: where.delete(name))


# --- the file -------------------------------------------------------------------------------------

_file_lock = threading.Lock()


def _path() -> Path | None:
    """None: a fleet has Redis, which outlives its processes."""
    return None if settings.REDIS_URL else Path(settings.DATA_DIR) / "refused.json"


def _file() -> dict[str, Any]:
    path = _path()
    try:
        found = json.loads(path.read_text()) if path is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep_in_file(key: str, known: dict[str, Any]) -> None:
    with _file_lock:
        found = {name: one for name, one in _file().items() if _is_young(one)}
        _write({**found, key: known})


def _forget_in_file(key: str) -> None:
    with _file_lock:
        found = _file()
        if found.pop(key, None) is not None:
            _write(found)


def _is_young(known: Any) -> bool:
    try:
        return abs(_now() - _time(known["until"])) < timedelta(seconds=_KEPT_SECONDS)
    except (KeyError, TypeError, ValueError):
        return False


def _write(found: dict[str, Any]) -> None:
    """A full disk must not keep anything from being counted in memory."""
    path = _path()
    if path is None:
        return
    beside = path.with_suffix(".tmp")
    try:
        beside.write_text(json.dumps(found))
        os.replace(beside, path)
    except OSError as error:
        log.warning("refused credentials cannot be noted in %s: %s", path, error)
        with suppress(OSError):
            beside.unlink(missing_ok=True)
