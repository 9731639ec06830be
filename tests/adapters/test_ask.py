"""`integrations.ask`: all at once, never later than asked, and nobody starves behind a hung connection."""

from __future__ import annotations

import threading
import time
import uuid
from types import SimpleNamespace

import pytest

from integrations import ask, registry
from integrations.ask import AskRequest, ask_connections, call, call_all
from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded
from tests.servers.process import PATIENT_SECONDS, wait_until


@pytest.fixture(autouse=True)
def _fresh():
    ask.forget()
    yield
    ask.forget()


@pytest.fixture
def gate():
    """An event that hung functions wait for; opened at the end so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()
    all_back()


def all_back():
    wait_until(lambda: not any(thread.name == "ask" for thread in threading.enumerate()), "threads gone")


def hang(gate):
    def function(deadline):
        gate.wait(PATIENT_SECONDS)

    return function


def late(deadline):
    """Has nothing when its time is over, as HTTP says."""
    raise DeadlineExceeded("late")


def polite(deadline):
    """Takes all the time it has, and no more."""
    threading.Event().wait(deadline - time.monotonic())
    return late(deadline)


def test_calls_run_at_the_same_time():
    together = threading.Barrier(20)
    outcomes = call_all(dict.fromkeys(range(20), lambda deadline: together.wait(PATIENT_SECONDS)), PATIENT_SECONDS)
    assert {outcome.value for outcome in outcomes.values()} == set(range(20))  # each passed as one of twenty


def test_one_hung_call_delays_nobody_else_beyond_the_end(gate):
    outcomes = call_all({"stuck": hang(gate), "well": lambda deadline: 7}, 0.5, names={"stuck": "The attic"})
    assert outcomes["well"].value == 7
    assert isinstance(outcomes["stuck"].error, DeadlineExceeded)
    assert str(outcomes["stuck"].error).startswith("The attic")


def test_a_stuck_call_is_not_repeated_until_it_returned(gate):
    runs = []

    def function(deadline):
        runs.append(1)
        gate.wait(PATIENT_SECONDS)
        return "back"

    with pytest.raises(DeadlineExceeded):
        call("key", function, 0.3)
    for _ in range(3):
        with pytest.raises(DeadlineExceeded, match=r"has not come back from a call of [\d:]{8} UTC"):
            call("key", function, PATIENT_SECONDS)
    assert len(runs) == 1
    gate.set()
    assert wait_until(lambda: _value("key", function), "asked again") == "back"
    assert len(runs) == 2


def _value(key, function):
    return call_all({key: function}, PATIENT_SECONDS)[key].value


def test_the_function_learns_a_deadline_before_the_end():
    before = time.monotonic()
    deadline = call("key", lambda deadline: deadline, 20.0)
    after = time.monotonic()
    assert before + 18.9 < deadline < after + 19.1


def test_a_polite_function_is_late_but_not_stuck():
    with pytest.raises(DeadlineExceeded, match="late"):
        call("key", late, PATIENT_SECONDS)
    assert call("key", lambda deadline: 1, PATIENT_SECONDS) == 1


def test_late_keys_cannot_starve_the_others():
    """60 keys were late; next time they share a narrow lane, and a healthy one is answered at once."""
    keys = [f"late{n}" for n in range(60)]
    call_all(dict.fromkeys(keys, late), PATIENT_SECONDS)
    running = _Counter()
    ended = []

    def slow(deadline):
        threading.Event().wait(deadline - time.monotonic())
        ended.append("late")
        return late(deadline)

    def healthy(deadline):
        ended.append("healthy")
        return "well"

    outcomes = call_all({key: running.around(slow) for key in keys} | {"healthy": healthy}, 1)
    assert outcomes["healthy"].value == "well"
    assert ended[0] == "healthy"
    assert running.most <= ask.SLOW_LANE
    assert all(isinstance(outcomes[key].error, DeadlineExceeded) for key in keys)
    assert sum("not asked this time" in str(outcomes[key].error) for key in keys) == 60 - ask.SLOW_LANE


def test_every_late_key_gets_its_turn():
    keys = [f"late{n}" for n in range(ask.SLOW_LANE * 3)]
    call_all(dict.fromkeys(keys, late), PATIENT_SECONDS)
    tried = set()
    for _ in range(3):
        all_back()
        call_all({key: lambda deadline, key=key: (tried.add(key), polite(deadline)) for key in keys}, 0.4)
    assert tried == set(keys)


def test_a_recovered_key_is_fast_again():
    keys = [f"k{n}" for n in range(ask.SLOW_LANE * 5)]
    call_all(dict.fromkeys(keys, late), PATIENT_SECONDS)
    outcomes = call_all(dict.fromkeys(keys, lambda deadline: 1), PATIENT_SECONDS)
    assert all(outcome.value == 1 for outcome in outcomes.values())
    together = threading.Barrier(len(keys))
    outcomes = call_all(dict.fromkeys(keys, lambda deadline: together.wait(PATIENT_SECONDS)), PATIENT_SECONDS)
    assert all(outcome.error is None for outcome in outcomes.values())


def test_threads_that_hang_for_ever_are_bounded(gate, monkeypatch):
    monkeypatch.setattr(ask, "MOST_ABANDONED", 3)
    call_all({n: hang(gate) for n in range(5)}, 0.3)
    call_all({"late": late}, PATIENT_SECONDS)
    with pytest.raises(DeadlineExceeded, match="not asked this time"):
        call("late", lambda deadline: 1, PATIENT_SECONDS)


def test_a_bug_in_an_adapter_is_an_error_of_its_own(caplog):
    outcomes = call_all({"bug": lambda deadline: 1 / 0, "well": lambda deadline: 2}, PATIENT_SECONDS)
    assert outcomes["well"].value == 2
    assert type(outcomes["bug"].error) is AdapterError
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivision" not in str(outcomes["bug"].error)


def test_nothing_to_call():
    assert call_all({}, 1) == {}
    assert ask_connections([], 1) == {}


class _Counter:
    """How many run at the same time."""

    def __init__(self):
        self._lock, self._now, self.most = threading.Lock(), 0, 0

    def around(self, function):
        def run(deadline):
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                return function(deadline)
            finally:
                with self._lock:
                    self._now -= 1

        return run


class _Connection(SimpleNamespace):
    kind = registry.ConnectionKind.HOME_ASSISTANT

    def __str__(self):
        return self.name


def connection(**kwargs) -> _Connection:
    return _Connection(**{"pk": uuid.uuid4(), "name": "HA", "url": "http://a", "token": "t", **kwargs})


@pytest.fixture
def opened(monkeypatch):
    """The rows that sessions were opened for; the sessions answer what was asked."""
    rows = []

    def open_(row):
        rows.append(row)
        if row.token == "bad":
            raise BadAnswer("bad address")
        return SimpleNamespace(
            may_block=row.name != "inline",
            ask=lambda keys, deadline: {key: threading.current_thread().name for key in keys},
            now=None,
        )

    monkeypatch.setitem(registry.openers, registry.ConnectionKind.HOME_ASSISTANT, open_)
    return rows


def test_sessions_are_kept_until_address_or_token_change(opened):
    row = connection()
    first = ask_connections([AskRequest(row, ["a"])], PATIENT_SECONDS)[row.pk].session
    assert ask_connections([AskRequest(row, ["a"])], PATIENT_SECONDS)[row.pk].session is first
    row.token = "new"
    assert ask_connections([AskRequest(row, ["a"])], PATIENT_SECONDS)[row.pk].session is not first
    assert len(opened) == 2


def test_an_unusable_address_is_an_outcome_of_its_own(opened):
    bad, good = connection(token="bad"), connection()
    outcomes = ask_connections([AskRequest(bad, ["a"]), AskRequest(good, ["a"])], PATIENT_SECONDS)
    assert str(outcomes[bad.pk].error) == "bad address"
    assert outcomes[bad.pk].session is None
    assert set(outcomes[good.pk].answers) == {"a"}


def test_what_cannot_block_is_asked_in_the_calling_thread(opened):
    inline, other = connection(name="inline"), connection()
    outcomes = ask_connections([AskRequest(inline, ["a"]), AskRequest(other, ["a"])], PATIENT_SECONDS)
    assert outcomes[inline.pk].answers["a"] == threading.current_thread().name
    assert outcomes[other.pk].answers["a"] == "ask"


def test_sessions_that_are_kept_are_bounded(opened, monkeypatch):
    monkeypatch.setattr(ask, "_MOST_SESSIONS", 3)
    for _ in range(10):
        ask_connections([AskRequest(connection(), ["a"])], PATIENT_SECONDS)
    assert len(ask._sessions) == 3
