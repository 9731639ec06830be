"""Home Assistant's clock, restarts, and what it holds against a token."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.models import ClimateMonitor
from integrations import refusals
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant import HomeAssistantSession, turn
from integrations.connections.home_assistant_states import BeforeRestart, SourceClock
from integrations.errors import AdapterError, Unauthorized, Unreachable, in_words
from integrations.models import HomeAssistant
from integrations.probe import probe
from sites.store import store

from .fake_home import CLIMATE, LIVING_ROOM, TOKEN, UNAUTHORIZED, FakeHome

TEMPERATURE, PLUG = "sensor.living_room_temperature", "switch.miner_plug"
BEGIN = datetime(2026, 1, 15, 12, tzinfo=UTC)


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


def session(server, token: str = TOKEN) -> HomeAssistantSession:
    return HomeAssistantSession(server.url, token)


def reported(home: FakeHome, seconds_ago: float, state: str = "21.37", **changes: Any) -> None:
    """Let the sensor have reported so long ago by the home's own clock."""
    at = (home.now() - timedelta(seconds=seconds_ago)).isoformat()
    times = {"last_reported": at, "last_updated": at, "last_changed": at}
    home.states[TEMPERATURE] = {**LIVING_ROOM, "state": state, **times, **changes}


# --- its clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_hours", [-30, -1, 0, 2, 24 * 365])
@pytest.mark.parametrize("is_admin", [True, False], ids=["template", "Date"])
def test_ages_are_taken_in_its_own_clock(stub, ahead_hours, is_admin):
    home = FakeHome(is_admin=is_admin)
    home.clock_ahead = timedelta(hours=ahead_hours)
    reported(home, 600)
    state = session(stub(home)).ask([TEMPERATURE], soon())[TEMPERATURE]
    for at in (state.observed_at, state.changed_at):
        assert abs((datetime.now(UTC) - at).total_seconds() - 600) < 5


def test_a_value_that_stands_still_keeps_its_time(stub):
    """Whatever the answers take: a time that flickers would look like reports."""
    home = FakeHome()
    home.clock_ahead = timedelta(minutes=17)
    reported(home, 60)
    asking = session(stub(home))
    assert len({asking.ask([TEMPERATURE], soon())[TEMPERATURE].observed_at for _ in range(4)}) == 1


def test_its_clock_is_set_while_we_listen(stub):
    home = FakeHome()
    home.clock_ahead = timedelta(hours=1)
    reported(home, 60)
    asking = session(stub(home))
    asking.ask([TEMPERATURE], soon())
    home.clock_ahead = timedelta(0)
    reported(home, 60)
    at = asking.ask([TEMPERATURE], soon())[TEMPERATURE].observed_at
    assert abs((datetime.now(UTC) - at).total_seconds() - 60) < 5


def test_a_time_after_its_own_now_stays_in_the_future(stub):
    """Its clock was set back since the report: nobody knows how old the value is."""
    home = FakeHome()
    reported(home, -900)
    assert session(stub(home)).ask([TEMPERATURE], soon())[TEMPERATURE].observed_at > datetime.now(UTC)


@given(
    ahead=st.floats(-1e7, 1e7),
    answers=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1), st.floats(0, 60)), min_size=1, max_size=20),
)
def test_no_age_is_wrong_by_more_than_an_answer_takes(ahead, answers):
    clock, ours = SourceClock(), BEGIN
    for takes, part, pause in answers:
        ours += timedelta(seconds=pause)
        sent, received = ours, ours + timedelta(seconds=takes)
        shown = sent + timedelta(seconds=takes * part - ahead)
        clock.heard(shown, shown, sent, received)
        wrong_by = abs(clock.ahead_of_it.total_seconds() - ahead)
        assert wrong_by <= takes + 1.001
        ours = received


@pytest.mark.parametrize("header", ["", "yesterday", "Mon, 99 Foo 2026", "\x00"])
def test_without_a_usable_date_its_clock_is_believed(header):
    clock = SourceClock()
    clock.heard_date(header, BEGIN, BEGIN)
    assert clock.ahead_of_it == timedelta(0)


# --- its restarts ---------------------------------------------------------------------------------


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def shown(value: str, reported: float, changed: float) -> EntityState:
    return EntityState("sensor.a", value, "°C", "temperature", at(reported), "A", None, at(changed))


def test_a_restart_makes_no_old_value_young():
    memory = BeforeRestart()
    memory.kept(shown("20.5", 0, 0))
    memory.interrupted()
    restored = memory.kept(shown("20.5", 40, 40))
    assert (restored.observed_at, restored.changed_at) == (at(0), at(0))
    assert memory.kept(shown("20.5", 40, 40)).observed_at == at(0)
    # A second restart does not, either; a report does.
    memory.interrupted()
    assert memory.kept(shown("20.5", 50, 50)).observed_at == at(0)
    assert memory.kept(shown("20.5", 55, 50)).observed_at == at(55)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("20.5", 0, 0), ("20.6", 40, 40), 40),  # another value is a report
        (("20.5", 0, 0), ("20.5", 40, 0), 40),  # reported again, as it was never gone
        (("20.5", 0, 0), ("20.5", 0, 0), 0),
    ],
)
def test_after_an_interruption_reports_are_reports(before, after, expected):
    memory = BeforeRestart()
    memory.kept(shown(*before))
    memory.interrupted()
    assert memory.kept(shown(*after)).observed_at == at(expected)


def test_a_value_that_came_back_without_an_interruption_is_new():
    memory = BeforeRestart()
    memory.kept(shown("20.5", 0, 0))
    memory.kept(shown("unavailable", 10, 10))
    assert memory.kept(shown("20.5", 20, 20)).observed_at == at(20)


def test_what_is_unavailable_after_a_restart_is_compared_when_it_is_back():
    memory = BeforeRestart()
    memory.kept(shown("20.5", 0, 0))
    memory.interrupted()
    for state in ("unavailable", "unknown"):
        assert memory.kept(shown(state, 40, 40)).state == state
    assert memory.kept(shown("20.5", 41, 41)).observed_at == at(0)


def test_a_restart_as_the_session_sees_it(stub):
    home = FakeHome()
    reported(home, 1800)
    server = stub(home)
    asking = session(server)
    first = asking.ask([TEMPERATURE], soon())[TEMPERATURE].observed_at
    server.behave = lambda request, wire: wire.answer(502, b"", "text/plain")
    with pytest.raises(Unreachable):
        asking.ask([TEMPERATURE], soon())
    reported(home, 0)  # restored with the time of its start
    server.behave = home
    assert asking.ask([TEMPERATURE], soon())[TEMPERATURE].observed_at == first


# --- a token it refuses ---------------------------------------------------------------------------


@pytest.fixture
def hours(monkeypatch):
    """`hours.at += 1` lets an hour pass for what is held against a token."""
    clock = SimpleNamespace(at=0.0)
    monkeypatch.setattr("sites.store.time", SimpleNamespace(monotonic=lambda: 1000 + clock.at * 3600))
    monkeypatch.setattr(refusals, "_now", lambda: BEGIN + timedelta(hours=clock.at))
    store.cache_clear()
    return clock


@pytest.fixture
def counting(stub):
    """`counting(home)`: a server that counts as Home Assistant does, by REST and by WebSocket."""

    def start(home: FakeHome):
        def behave(request, wire):
            is_right = request.headers.get("authorization") == f"Bearer {home.token}"
            if request.path == "/api/websocket":
                return home(request, _Listening(wire, server))
            server.refused += not is_right
            return home(request, wire)

        server = stub(behave)
        server.refused = 0
        return server

    return start


class _Listening:
    """A wire that notes `auth_invalid`."""

    def __init__(self, wire, server) -> None:
        self._wire, self._server = wire, server

    def __getattr__(self, name):
        return getattr(self._wire, name)

    def send(self, data: bytes) -> None:
        self._server.refused += b"auth_invalid" in data
        self._wire.send(data)


def tried(call) -> AdapterError | None:
    try:
        call()
    except AdapterError as error:
        return error
    return None


def test_a_revoked_token_is_shown_three_times_in_an_hour_by_all_sessions_together(counting, hours):
    home = FakeHome()
    server = counting(home)
    sessions = [session(server) for _ in range(4)]
    for one in sessions:
        one.ask([TEMPERATURE], soon())
    home.token = "another"
    for minute in range(60):
        hours.at = minute / 60
        for one in sessions:
            assert isinstance(tried(lambda one=one: one.ask([TEMPERATURE], soon())), Unauthorized)
            assert isinstance(tried(lambda one=one: one.config(soon())), Unauthorized)
            assert isinstance(tried(lambda one=one: turn(one, PLUG, on=False, deadline=soon())), Unauthorized)
            assert isinstance(tried(lambda one=one: one.notify("a", "b", "c", soon())), Unauthorized)
    assert server.refused == 3
    assert tried(lambda: session(server, "another").ask([TEMPERATURE], soon())) is None


def test_a_token_that_is_good_again_is_found_within_the_hour(counting, hours):
    home = FakeHome()
    home.token = "another"
    server = counting(home)
    asking = session(server)
    for hours.at in (0, 0.1, 0.6, 1.1):
        tried(lambda: asking.ask([TEMPERATURE], soon()))
    assert server.refused == 3
    home.token = TOKEN
    hours.at = 1.7
    assert tried(lambda: asking.ask([TEMPERATURE], soon())) is None
    assert tried(lambda: turn(asking, PLUG, on=False, deadline=soon())) is None


def test_it_says_when_it_is_tried_next(counting, hours):
    home = FakeHome()
    home.token = "another"
    server = counting(home)
    errors = [tried(lambda: session(server).ask([TEMPERATURE], soon())) for _ in range(2)]
    assert {error.next_try_at for error in errors} == {BEGIN + timedelta(minutes=5)}
    assert in_words(errors[1]).endswith("Next try at 12:05 UTC; a changed one is tried at once.")


def test_an_off_is_tried_at_once_and_a_reading_does_not_take_its_turn(counting, hours):
    home = FakeHome()
    server = counting(home)
    asking = session(server)
    asking.ask([TEMPERATURE], soon())
    home.token = "another"
    tried(lambda: asking.ask([TEMPERATURE], soon()))
    assert server.refused == 1
    hours.at = 1 / 60
    tried(lambda: turn(asking, PLUG, on=True, deadline=soon()))
    assert server.refused == 1
    tried(lambda: turn(asking, PLUG, on=False, deadline=soon()))
    assert server.refused == 2
    home.token = TOKEN  # and is right again
    hours.at = 26.1 / 60
    tried(lambda: turn(asking, PLUG, on=False, deadline=soon()))


def test_whose_user_may_not_switch_is_told_so_and_goes_on_reading(stub, hours):
    """A user who may only read: Home Assistant answers 401, and counts it as a wrong token."""
    home, refused = FakeHome(is_admin=False), []

    def behave(request, wire):
        if request.path.startswith("/api/services/"):
            refused.append(request.path)
            return wire.answer(*UNAUTHORIZED)
        return home(request, wire)

    asking = session(stub(behave))
    for minute in range(60):
        hours.at = minute / 60
        assert TEMPERATURE in asking.ask([TEMPERATURE], soon())
        error = tried(lambda on=minute % 2 == 0: turn(asking, PLUG, on=on, deadline=soon()))
        assert "does not allow the user of this token to switch anything" in str(error)
    assert len(refused) == 3


def test_a_ban_is_named_with_its_remedy(stub):
    """A banned address is answered 403, whatever it asks, with a right token as well."""
    server = stub(lambda request, wire: wire.answer(403, b"403: Forbidden", "text/plain"))
    asking = session(server)
    for _ in range(3):
        error = tried(lambda: asking.ask([TEMPERATURE], soon()))
        assert "ip_bans.yaml" in str(error)
        assert error.code == "unauthorized"
    assert len([one for one in server.requests if one.path != "/api/websocket"]) == 1
    tried(lambda: turn(asking, PLUG, on=False, deadline=soon()))
    assert server.requests[-1].path.endswith("turn_off")


def test_a_websocket_that_hangs_leaves_time_for_the_states(stub):
    home = FakeHome()
    server = stub(lambda request, wire: wire.hang() if request.path == "/api/websocket" else home(request, wire))
    assert TEMPERATURE in session(server).ask([TEMPERATURE], soon(3))


# --- a thermostat ---------------------------------------------------------------------------------


def test_a_thermostat_as_a_room_is_advised_against_when_it_is_tried(stub):
    row = ClimateMonitor(
        name="Room",
        adapter_type="home_assistant",
        config={"entity_temperature": CLIMATE["entity_id"]},
        home_assistant=HomeAssistant(url=stub(FakeHome()).url, token=TOKEN),
    )
    seen = probe(row)
    assert seen.ok, seen
    assert "when its own sensor fails, it keeps showing the last temperature" in seen.advice[0].sentence
    row.config = {"entity_temperature": TEMPERATURE}
    assert probe(row).advice == ()
