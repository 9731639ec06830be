"""The session on Home Assistant against servers that say exactly what we want, right or wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from climate.monitors.home_assistant.monitor import HomeAssistantClimateMonitor
from climate.state import ClimateReading
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.errors import BadAnswer, NotFound, Refused, Unauthorized, Unreachable
from tests.servers.process import free_port, soon

from .fake_home import LIVING_ROOM, PERSON, TOKEN, WINDOW, FakeHome
from .faults import CONTENT, EXCHANGE, STATUS, huge

TEMPERATURE, THERMOSTAT, PLUG = "sensor.living_room_temperature", "climate.heatapp_living_room", "switch.miner_plug"
REPORTED = datetime(2026, 11, 22, 15, 59, 37, 62000, tzinfo=UTC)


def session(server, token: str = TOKEN) -> HomeAssistantSession:
    return HomeAssistantSession(server.url, token)


@pytest.mark.parametrize(
    "ways",
    [{}, {"is_admin": False}, {"is_admin": None}, {"templates": 400}, {"templates": 404}, {"templates": 405}],
    ids=["administrator", "guest", "no WebSocket", "400", "404", "405"],
)
def test_shapes_of_2026_by_template_and_by_states(stub, ways):
    home = FakeHome(**ways)
    answers = session(stub(home)).ask([TEMPERATURE, THERMOSTAT, PLUG], soon())
    temperature = answers[TEMPERATURE]
    assert (temperature.state, temperature.unit, temperature.device_class) == ("21.37", "°C", "temperature")
    assert temperature.observed_at == REPORTED
    assert temperature.name == "Living Room Temperature"
    assert (answers[THERMOSTAT].current_temperature, answers[THERMOSTAT].unit) == (68.0, "°F")
    assert answers[PLUG].state == "off"
    # Since when, and who did it: kept apart from when it was last reported.
    changed_at = datetime(2026, 11, 22, 15, 53, 28, 163055, tzinfo=UTC)
    assert (temperature.changed_at, temperature.user_id) == (changed_at, "e20e3c68a2f94ce3bb58af9b7d9ecff1")
    assert (answers[PLUG].changed_at, answers[PLUG].user_id) == (changed_at, "")


@pytest.mark.parametrize("is_admin", [True, False])
def test_a_room_of_2026_with_window_and_people(stub, is_admin):
    """The temperature's own `last_reported` counts, not that of its contact nor of the last change."""
    config = HomeAssistantClimateMonitor.Config(
        entity_temperature=TEMPERATURE, entity_window=WINDOW["entity_id"], entity_presence=PERSON["entity_id"]
    )
    home = FakeHome(LIVING_ROOM, WINDOW, PERSON, is_admin=is_admin)
    answers = session(stub(home)).ask(HomeAssistantClimateMonitor.wants(config), soon())
    reading = HomeAssistantClimateMonitor.read(config, answers)
    assert reading == ClimateReading(
        21.37, None, REPORTED, window_open=True, is_occupied=False, number=21.37, unit="°C"
    )


def test_a_thermostat_of_2026_is_read_in_its_own_unit(stub):
    config = HomeAssistantClimateMonitor.Config(entity_temperature=THERMOSTAT)
    answers = session(stub(FakeHome())).ask(HomeAssistantClimateMonitor.wants(config), soon())
    assert HomeAssistantClimateMonitor.read(config, answers).temperature_celsius == 20.0


def test_one_question_for_everything(stub):
    home = FakeHome()
    asking = session(stub(home))
    for _ in range(3):
        asking.ask([TEMPERATURE, PLUG, THERMOSTAT], soon())
    # Whose token it is is asked once.
    assert home.paths == ["/api/websocket", *["/api/template"] * 3]


@pytest.mark.parametrize("is_admin", [False, None])
def test_no_template_is_asked_for_where_it_would_be_refused(stub, is_admin):
    """Home Assistant counts that refusal as a wrong token."""
    home = FakeHome(templates=401, is_admin=is_admin)
    asking = session(stub(home))
    for _ in range(3):
        asking.ask([TEMPERATURE], soon())
    assert home.paths == ["/api/websocket", *["/api/states"] * 3]


def test_a_release_without_templates_is_remembered(stub):
    home = FakeHome(templates=404)
    asking = session(stub(home))
    for _ in range(3):
        asking.ask([TEMPERATURE], soon())
    assert home.asked == ["/api/template", *["/api/states"] * 3]


def test_a_starting_home_does_not_count_as_refusing_templates(stub):
    """While it starts, every path is 404; afterwards templates are asked again."""
    home = FakeHome()
    server = stub(lambda request, wire: wire.answer(404, b"404: Not Found", "text/plain"))
    asking = session(server)
    with pytest.raises(Unreachable, match="may be starting"):
        asking.ask([TEMPERATURE], soon())
    server.behave = home
    assert TEMPERATURE in asking.ask([TEMPERATURE], soon())
    assert set(home.asked) <= {"/api/template", "/api/states"}


def test_missing_entities_are_absent_and_the_others_known(stub):
    answers = session(stub(FakeHome())).ask([TEMPERATURE, "switch.mner_plug"], soon())
    assert set(answers) == {TEMPERATURE}
    assert PLUG in answers.known
    assert not answers.starting


def test_the_list_of_entities_is_not_fetched_every_time(stub):
    home = FakeHome()
    asking = session(stub(home))
    for _ in range(3):
        asking.ask(["switch.mner_plug"], soon())
    assert home.paths.count("/api/states") == 1


def test_missing_while_starting(stub):
    home = FakeHome()
    home.core_state = "STARTING"
    answers = session(stub(home)).ask(["switch.other"], soon())
    assert answers.starting


def test_a_thermostat_without_unit_has_that_of_the_system(stub):
    home = FakeHome()
    del home.states[THERMOSTAT]["attributes"]["temperature_unit"]
    asking = session(stub(home))
    try:
        assert [asking.ask([THERMOSTAT], soon())[THERMOSTAT].unit for _ in range(2)] == ["°C", "°C"]
    finally:
        home.states[THERMOSTAT]["attributes"]["temperature_unit"] = "°F"
    assert home.paths.count("/api/config") == 1


def test_many_entities_are_asked_in_parts(stub):
    home = FakeHome()
    ids = [f"sensor.s{n}" for n in range(900)]
    home.states |= {id_: {**home.states[TEMPERATURE], "entity_id": id_} for id_ in ids}
    assert set(session(stub(home)).ask(ids, soon())) == set(ids)
    assert home.asked == ["/api/template"] * 3


@pytest.mark.parametrize("key", ["{{ 1 }}", "sensor.a') }}", "Sensor.A", "sensor"])
def test_what_is_no_id_never_reaches_the_template(stub, key):
    server = stub(FakeHome())
    with pytest.raises(BadAnswer, match="no entity id"):
        session(server).ask([key], soon())
    assert server.requests == []


@pytest.mark.parametrize("fault", [fault for fault in EXCHANGE if fault.behave is not huge] + CONTENT + STATUS, ids=str)
def test_faults_while_asking(stub, fault):
    asking = session(stub(fault.behave))
    with pytest.raises(fault.error) as caught:
        asking.ask([TEMPERATURE], fault.deadline())
    assert fault.word in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("path", ["/api/template", "/api/states"])
def test_ten_megabytes(stub, path):
    """Refused whole, by the template and by the larger limit of the list of states."""
    home = FakeHome(is_admin=path == "/api/template")
    with pytest.raises(BadAnswer, match="more than"):
        session(stub(lambda request, wire: (huge if request.path == path else home)(request, wire))).ask(
            [TEMPERATURE], soon()
        )


@pytest.mark.parametrize("at", [None, "yesterday", "2026-11-22T15:53:28", 17, "99999-01-01T00:00:00+00:00"])
def test_a_state_without_a_usable_time(stub, at):
    home = FakeHome(is_admin=False)
    home.states = {TEMPERATURE: {**home.states[TEMPERATURE], "last_reported": at, "last_updated": at}}
    with pytest.raises(BadAnswer, match="no usable time"):
        session(stub(home)).ask([TEMPERATURE], soon())


@pytest.mark.parametrize("fault", [fault for fault in EXCHANGE if fault.behave is not huge] + STATUS[:2], ids=str)
def test_faults_while_switching(stub, fault):
    asking = session(stub(fault.behave))
    with pytest.raises(fault.error):
        asking.call_service("switch", "turn_off", PLUG, fault.deadline())


def test_switching_says_which_entity(stub):
    server = stub(FakeHome())
    session(server).call_service("switch", "turn_on", PLUG, soon())
    assert (server.requests[0].path, server.requests[0].json()) == ("/api/services/switch/turn_on", {"entity_id": PLUG})


@pytest.mark.parametrize(("status", "error"), [(400, Refused), (404, NotFound), (500, BadAnswer)])
def test_a_refused_service(stub, status, error):
    server = stub(lambda request, wire: wire.answer(status, b"no", "text/plain"))
    with pytest.raises(error, match="turn_on"):
        session(server).call_service("switch", "turn_on", PLUG, soon())


@pytest.mark.parametrize(("service", "entity_id"), [("turn_on/../x", PLUG), ("turn_on", "switch.a/../b")])
def test_no_path_is_built_from_what_was_not_checked(stub, service, entity_id):
    server = stub(FakeHome())
    with pytest.raises(BadAnswer):
        session(server).call_service("switch", service, entity_id, soon())
    assert server.requests == []


def test_check(stub):
    assert session(stub(FakeHome())).check(soon()) == (
        "Home Assistant 2026.11.0 ‘Test Home’ answers: 3 entities, time zone Europe/Zurich."
    )
    guest = session(stub(FakeHome(is_admin=False))).check(soon())
    assert "belongs to ‘Anna’, who is no administrator and may not render templates" in guest
    assert "no WebSocket gets through" in session(stub(FakeHome(is_admin=None))).check(soon())


def test_check_of_something_else(stub):
    with pytest.raises(BadAnswer, match="does not answer like Home Assistant"):
        session(stub(lambda request, wire: wire.answer(200, [1]))).check(soon())


def test_suggestions(stub):
    listed = session(stub(FakeHome())).entities(soon(), ["switch", "sensor"])
    assert [state.entity_id for state in listed] == [TEMPERATURE, PLUG]


def test_refused_connection():
    with pytest.raises(Unreachable, match="refuses the connection"):
        HomeAssistantSession(f"http://127.0.0.1:{free_port()}", "t").ask([TEMPERATURE], soon())


@pytest.mark.parametrize("token", ["", "with space", "line\r\nX-Evil: 1", "töken"])
def test_tokens_that_cannot_be_one(token):
    with pytest.raises(Unauthorized) as caught:
        HomeAssistantSession("http://127.0.0.1:1", token)
    assert token == "" or token not in str(caught.value)
