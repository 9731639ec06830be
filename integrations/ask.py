"""Asking many connections at once, and never waiting longer than asked to.

Every blocking call runs in a daemon thread of its own and has a deadline. A call that does not
come back by then (name resolution, a driver without a timeout) is *abandoned*: its thread is left
alone, and the same key is not called again until it has returned, so that at most one thread per
key hangs. Keys that were late last time run in a narrow lane of their own, the longest untried
first: however many hang, the others find room at once. Sessions of real connections stay open
between calls; connections that cannot block (`may_block = False`, the simulated house) are asked
in the calling thread.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from . import registry
from .errors import AdapterError, DeadlineExceeded
from .registry import Session

#: A blocking function of its deadline (`time.monotonic()`).
Call = Callable[[float], Any]
Sentence = Callable[[str | None], AdapterError]

log = logging.getLogger(__name__)

#: Calls that run at the same time for one caller: of healthy keys, and of keys late last time.
FAST_LANE = 64
SLOW_LANE = 4
#: Threads that may hang for ever, over the whole process; beyond it late keys are not called at all.
MOST_ABANDONED = 100
#: A call's own deadline comes this part of the time earlier, so that its own words win.
_OWN_SHARE = 0.95
_MOST_SESSIONS = 500
_SOMEBODY = "The device"


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A connection row and the keys wanted of it."""

    connection: Any
    keys: Collection[str]


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """What one connection answered, or the error why not. `session` is None when it could not be opened."""

    session: Session | None
    answers: Mapping[str, Any] | None = None
    error: AdapterError | None = None


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What one call returned, or the error it ended with."""

    value: Any = None
    error: AdapterError | None = None


@dataclass(slots=True)
class _Late:
    """What is remembered of a key that was late: how many calls are still out, since when, when last tried."""

    out: int = 0
    out_since: datetime | None = None
    last_tried: float = 0.0


@dataclass(slots=True)
class _Flight:
    """One call under way; whichever of its two ends comes first is noted under the lock."""

    key: Hashable
    lane: _Lane
    returned: bool = False
    abandoned: bool = False


@dataclass(slots=True)
class _Lane:
    """Keys waiting for one of `room` places."""

    room: int
    waiting: deque[Hashable] = field(default_factory=deque)


_late: dict[Hashable, _Late] = {}
_late_lock = threading.Lock()
_sessions: OrderedDict[uuid.UUID, tuple[bytes, Session]] = OrderedDict()
_sessions_lock = threading.Lock()


def ask_connections(
    requests: Sequence[AskRequest], seconds: float, *, now: datetime | None = None
) -> dict[uuid.UUID, AskOutcome]:
    """Ask all connections at the same time; every one has an outcome after at most `seconds`.

    The outcomes are by id of the connection row. `now` is the time of simulated houses (default:
    the wall clock). Raises nothing.
    """
    outcomes: dict[uuid.UUID, AskOutcome] = {}
    sessions: dict[uuid.UUID, Session] = {}
    blocking: dict[Hashable, Call] = {}
    for request in requests:
        key = request.connection.pk
        try:
            session = sessions[key] = open_session(request.connection, now=now)
        except AdapterError as error:
            outcomes[key] = AskOutcome(None, error=error)
            continue
        ask = _asker(session, request.keys)
        if getattr(session, "may_block", True):
            blocking[key] = ask
        else:
            done = _run(ask, time.monotonic() + seconds)
            outcomes[key] = AskOutcome(session, done.value, done.error)
    names = {request.connection.pk: str(request.connection) for request in requests}
    for key, done in call_all(blocking, seconds, names=names).items():
        outcomes[key] = AskOutcome(sessions[key], done.value, done.error)
    return outcomes


def call(key: Hashable, function: Call, seconds: float, *, name: str = "The device") -> Any:
    """Run `function(deadline)` and return its value; raises `AdapterError` after `seconds` at the latest."""
    done = call_all({key: function}, seconds, names={key: name})[key]
    if done.error is not None:
        raise done.error
    return done.value


def call_all(
    calls: Mapping[Hashable, Call], seconds: float, *, names: Mapping[Hashable, str] = MappingProxyType({})
) -> dict[Hashable, CallOutcome]:
    """Run all `calls[key](deadline)` at the same time, at most `seconds` altogether. Raises nothing.

    `deadline` (`time.monotonic()`) is a little before the end. Whatever a call raises becomes the
    `AdapterError` of its outcome. `names` is how sentences call a key (default "The device").
    """
    if not calls:
        return {}
    end = time.monotonic() + seconds
    own_deadline = end - seconds * (1 - _OWN_SHARE)
    returned: queue.SimpleQueue[tuple[_Flight, CallOutcome]] = queue.SimpleQueue()
    refused, lanes = _sort_into_lanes(calls)
    errors: dict[Hashable, AdapterError] = {key: sentence(names.get(key)) for key, sentence in refused.items()}
    outcomes: dict[Hashable, CallOutcome] = {}
    flights: dict[Hashable, _Flight] = {}
    while True:
        for lane in lanes:
            while lane.room and lane.waiting and time.monotonic() < own_deadline:
                key = lane.waiting.popleft()
                flights[key] = _start(key, lane, calls[key], own_deadline, returned)
        if not flights:
            break
        try:
            flight, outcome = returned.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        del flights[flight.key]
        flight.lane.room += 1
        outcomes[flight.key] = outcome
        _remember(flight.key, late=isinstance(outcome.error, DeadlineExceeded))
    for key, flight in flights.items():
        _abandon(flight)
        errors[key] = _did_not_return(names.get(key))
    for key in (key for lane in lanes for key in lane.waiting):
        errors[key] = _not_asked(names.get(key))
    return outcomes | {key: CallOutcome(error=error) for key, error in errors.items()}


def open_session(connection: Any, *, now: datetime | None = None) -> Session:
    """The session of a connection row; kept while address and secret stay the same. Raises `AdapterError`."""
    opener = registry.openers[connection.kind]
    digest = _digest(connection)
    with _sessions_lock:
        kept = _sessions.get(connection.pk)
        if kept is not None and kept[0] == digest:
            _sessions.move_to_end(connection.pk)
            return kept[1]
    session = opener(connection)
    if not getattr(session, "may_block", True):
        session.now = now
        return session
    with _sessions_lock:
        _sessions[connection.pk] = (digest, session)
        if len(_sessions) > _MOST_SESSIONS:
            _sessions.popitem(last=False)
    return session


def running_session(connection: Any) -> Session | None:
    """The session that passes have of a connection, None without one of this very address and secret."""
    with _sessions_lock:
        kept = _sessions.get(connection.pk)
        return kept[1] if kept is not None and kept[0] == _digest(connection) else None


def forget() -> None:
    """Forget kept sessions and late keys (tests; after a fork)."""
    with _sessions_lock, _late_lock:
        _sessions.clear()
        _late.clear()


def _digest(connection: Any) -> bytes:
    parts = (getattr(connection, name, "") for name in ("url", "certificate", "token"))
    secret = "\0".join(map(str, parts))
    return hashlib.sha256(secret.encode()).digest()


def _asker(session: Session, keys: Collection[str]) -> Call:
    return lambda deadline: session.ask(keys, deadline)


def _sort_into_lanes(calls: Mapping[Hashable, Call]) -> tuple[dict[Hashable, Sentence], tuple[_Lane, _Lane]]:
    """The keys that must not be called now with the reason, and the lanes of the others."""
    refused: dict[Hashable, Sentence] = {}
    fast, slow = _Lane(FAST_LANE), []
    with _late_lock:
        out = sum(late.out for late in _late.values())
        for key in calls:
            late = _late.get(key)
            if late is None:
                fast.waiting.append(key)
            elif late.out:
                refused[key] = partial(_still_out, since=late.out_since)
            elif out >= MOST_ABANDONED:
                refused[key] = _not_asked
            else:
                slow.append((late.last_tried, key))
    slow.sort(key=lambda item: item[0])
    return refused, (fast, _Lane(SLOW_LANE, deque(key for _, key in slow)))


def _start(key: Hashable, lane: _Lane, function: Call, deadline: float, returned: queue.SimpleQueue) -> _Flight:
    flight = _Flight(key, lane)
    lane.room -= 1

    def run() -> None:
        outcome = _run(function, deadline)
        _back(flight)
        returned.put((flight, outcome))

    threading.Thread(target=run, name="ask", daemon=True).start()
    return flight


def _run(function: Call, deadline: float) -> CallOutcome:
    try:
        return CallOutcome(function(deadline))
    except AdapterError as error:
        return CallOutcome(error=error)
    except Exception:
        # One broken adapter must not take the others down; the sentence sends its owner to the log.
        log.exception("an adapter failed in a way it must not")
        return CallOutcome(
            error=AdapterError("The adapter failed through an error of its own. The log has the details.")
        )


def _remember(key: Hashable, *, late: bool) -> None:
    with _late_lock:
        if late:
            _late.setdefault(key, _Late()).last_tried = time.monotonic()
        elif key in _late and not _late[key].out:
            del _late[key]


def _back(flight: _Flight) -> None:
    """The call has returned; if it was abandoned, its key may be tried again."""
    with _late_lock:
        flight.returned = True
        if flight.abandoned and flight.key in _late:
            _late[flight.key].out -= 1


def _abandon(flight: _Flight) -> None:
    with _late_lock:
        late = _late.setdefault(flight.key, _Late())
        late.last_tried = time.monotonic()
        if not flight.returned:
            flight.abandoned = True
            late.out, late.out_since = late.out + 1, datetime.now(UTC)


def _did_not_return(name: str | None) -> DeadlineExceeded:
    return DeadlineExceeded(f"{name or _SOMEBODY} took the call and did not come back in time.")


def _still_out(name: str | None, since: datetime) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"{name or _SOMEBODY} has not come back from a call of {since:%H:%M:%S} UTC; it is asked again when it does."
    )


def _not_asked(name: str | None) -> DeadlineExceeded:
    return DeadlineExceeded(f"{name or _SOMEBODY} was not asked this time: too many others do not answer.")
