"""Everything about Home Assistant against a real one (2024.3.3): reading, switching, restarts, hangs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from climate.models import ClimateMonitor
from energy.models import EnergyMonitor
from integrations import ask
from integrations.ask import AskRequest, ask_connections
from integrations.connections.entities import entity
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.errors import AdapterError, DeadlineExceeded, NotFound, Unauthorized, Unreachable
from integrations.models import HomeAssistant
from integrations.probe import probe
from miners.models import MinerController
from tests.servers.homeassistant import HomeAssistantServer
from tests.servers.process import PATIENT_SECONDS, soon, wait_until

pytestmark = pytest.mark.homeassistant

TEMPERATURE, PLUG, POWER = "sensor.living_room_temperature", "switch.miner_plug", "sensor.miner_power"


@pytest.fixture(autouse=True)
def _fresh():
    ask.forget()
    yield
    ask.forget()


def row(ha: HomeAssistantServer, **kwargs) -> HomeAssistant:
    return HomeAssistant(**{"url": ha.url, "token": ha.token, **kwargs})


def ask_once(connection: HomeAssistant, *keys: str, seconds: float = PATIENT_SECONDS):
    return ask_connections([AskRequest(connection, keys)], seconds)[connection.pk]


@pytest.fixture(params=["administrator", "guest"])
def token(request, ha) -> str:
    """Both ways to read: a guest may not render templates and reads the list of states."""
    return ha.token if request.param == "administrator" else ha.guest_token


def test_reads_states_with_unit_and_own_time(ha, token):
    before = datetime.now(UTC)
    ha.set("living_room_temperature", 21.37)
    answers = HomeAssistantSession(ha.url, token).ask([TEMPERATURE, PLUG, "sensor.no_such_thing"], soon())
    state = answers[TEMPERATURE]
    assert (state.state, state.unit, state.device_class) == ("21.37", "°C", "temperature")
    assert state.name == "Living room temperature"
    assert before <= state.observed_at <= datetime.now(UTC)
    assert set(answers) == {TEMPERATURE, PLUG}
    with pytest.raises(NotFound, match="is not known to Home Assistant"):
        entity(answers, "sensor.no_such_thing")


def test_the_time_is_the_sources_not_the_polls(ha, token):
    ha.set("bedroom_temperature", 17.5)
    session = HomeAssistantSession(ha.url, token)
    first, second = (session.ask(["sensor.bedroom_temperature"], soon()) for _ in range(2))
    assert first["sensor.bedroom_temperature"].observed_at == second["sensor.bedroom_temperature"].observed_at


def test_asking_leaves_no_complaint_in_its_log(ha):
    HomeAssistantSession(ha.url, ha.token).ask([TEMPERATURE, PLUG, "climate.bedroom", "sensor.nothing"], soon())
    assert "helpers.template" not in ha.log.read_text()


@pytest.mark.parametrize(
    ("entity_id", "sensor", "shown", "celsius"),
    [
        (TEMPERATURE, "living_room_temperature", 20.5, 20.5),
        # 50 °F: with its class Home Assistant converts, without it is °F to us.
        ("sensor.garage_temperature_f", "garage_temperature_f", 50.0, 10.0),
        ("sensor.attic_temperature_raw_f", "attic_temperature_raw_f", 68.0, 20.0),
        ("climate.bedroom", "bedroom_temperature", 18.3, 18.3),
    ],
)
def test_temperatures_in_their_own_units(ha, token, entity_id, sensor, shown, celsius):
    ha.set(sensor, shown)
    monitor = ClimateMonitor(
        adapter_type="home_assistant", config={"entity_temperature": entity_id}, home_assistant=row(ha, token=token)
    )
    seen = wait_until(lambda: _value(monitor, celsius), f"{entity_id} shows {celsius}")
    assert seen.sentence.startswith(f"{celsius:.1f} °C, reported ")


def _value(monitor: ClimateMonitor, celsius: float):
    seen = probe(monitor)
    return seen if seen.ok and seen.values["temperature_celsius"] == pytest.approx(celsius) else None


def test_energy(ha, token):
    monitor = EnergyMonitor(
        adapter_type="home_assistant",
        home_assistant=row(ha, token=token),
        config={
            "entity_production": "sensor.pv_power_kw",
            "entity_consumption": "sensor.house_load",
            "entity_grid": "sensor.grid_power",
            "entity_battery_soc": "sensor.battery_soc",
            "entity_battery_power": "sensor.battery_power",
            "entity_battery_remaining_capacity": "sensor.battery_remaining",
        },
    )
    seen = probe(monitor)
    assert seen.ok, seen.sentence
    assert {key: seen.values[key] for key in ("production_w", "household_w", "grid_w", "battery_w")} == {
        "production_w": 3200.0,
        "household_w": 900.0,
        "grid_w": -1500.0,
        "battery_w": 800.0,
    }
    assert (seen.values["battery_soc_percent"], seen.values["battery_remaining_wh"]) == (62.0, 6200.0)
    assert "producing 3.2 kw, the home takes 900 w, exporting 1.5 kw" in seen.sentence.lower()
    ha.mode("grid_power", "unavailable")
    seen = probe(monitor)
    assert seen.values["grid_w"] is None
    assert "‘sensor.grid_power’ is unavailable" in seen.sentence


def controller(connection: HomeAssistant, **config) -> MinerController:
    settings = {"entity_switch": PLUG, "entity_power": POWER, **config}
    return MinerController(adapter_type="home_assistant_switch", config=settings, home_assistant=connection)


def look(connection: HomeAssistant, miner: MinerController):
    outcome = ask_once(connection, *miner.adapter.wants(miner.settings))
    assert outcome.error is None, outcome.error
    return outcome.session, miner.adapter.read(miner.settings, outcome.answers)


def test_switching_on_and_off_and_seeing_it(ha, token):
    connection = row(ha, token=token)
    miner = controller(connection)
    session, seen = look(connection, miner)
    assert (seen.status, seen.power_w) == ("off", 0.0)
    for power_w, status, watts in ((3250, "heating", 3250.0), (0, "off", 0.0)):
        miner.adapter.write(miner.settings, session, power_w, soon())
        assert ha.state(PLUG)["state"] == ("on" if power_w else "off")
        session, seen = look(connection, miner)
        assert (seen.status, seen.power_w, seen.power_is_measured) == (status, watts, True)


def test_since_when_a_switch_is_so_and_who_did_it(ha, token):
    """By template and by the list of states alike."""
    connection = row(ha, token=token)
    miner = controller(connection)
    session, _ = look(connection, miner)
    miner.adapter.write(miner.settings, session, 3250, soon())
    on = session.ask([PLUG], soon())[PLUG]
    ha.switch("input_boolean.miner_plug_available", False)
    ha.switch("input_boolean.miner_plug_available", True)
    again = session.ask([PLUG], soon())[PLUG]
    assert on.user_id
    assert on.changed_at < again.changed_at
    miner.adapter.write(miner.settings, session, 0, soon())


def test_a_command_to_a_plug_out_of_reach_is_sent_but_not_done(ha):
    connection = row(ha)
    miner = controller(connection)
    ha.switch("input_boolean.miner_plug_available", False)
    session, seen = look(connection, miner)
    assert seen.status == "unreachable"
    miner.adapter.write(miner.settings, session, 3250, soon())
    assert ha.state("input_boolean.miner_plug")["state"] == "off"


@pytest.mark.parametrize(("mode", "words"), [("unavailable", "is unavailable"), ("unknown", "has no value")])
def test_a_lost_sensor(ha, token, mode, words):
    ha.mode("living_room_temperature", mode)
    monitor = ClimateMonitor(
        adapter_type="home_assistant", config={"entity_temperature": TEMPERATURE}, home_assistant=row(ha, token=token)
    )
    seen = probe(monitor)
    assert not seen.ok
    assert words in seen.sentence


@pytest.mark.parametrize(
    ("state", "unit", "words"),
    [("garbage", "°C", "‘garbage’"), ("nan", "°C", "‘nan’"), ("1.234,5", "°C", "point"), ("20.5", "hPa", "‘hPa’")],
)
def test_nonsense_from_a_sensor(ha, state, unit, words):
    ha.put_state("sensor.odd", state, unit_of_measurement=unit)
    monitor = ClimateMonitor(
        adapter_type="home_assistant", config={"entity_temperature": "sensor.odd"}, home_assistant=row(ha)
    )
    seen = probe(monitor)
    assert not seen.ok
    assert words in seen.sentence


def test_wrong_token(ha):
    outcome = ask_once(row(ha, token=ha.token[:-3] + "xyz"), TEMPERATURE)
    assert isinstance(outcome.error, Unauthorized)
    seen = probe(row(ha, token="nonsense"))
    assert not seen.ok
    assert "refuses the token" in seen.sentence
    assert "nonsense" not in seen.sentence


def test_the_connection_tells_what_is_there(ha):
    sentence = probe(row(ha)).sentence
    assert sentence.startswith("Home Assistant 2024.3.3 ‘Test Home’ answers: ")
    assert sentence.endswith("entities, time zone Europe/Zurich.")
    assert "may not render templates" in probe(row(ha, token=ha.guest_token)).sentence


def test_a_misspelt_entity(ha):
    seen = probe(controller(row(ha), entity_switch="switch.mner_plug"))
    assert seen.sentence == "‘switch.mner_plug’ is not known to Home Assistant. Nearest: switch.miner_plug."
    assert seen.code == "not_found"


def test_suggestions(ha, token):
    found = {state.entity_id: state for state in HomeAssistantSession(ha.url, token).entities(soon(), ["sensor"])}
    assert found[TEMPERATURE].unit == "°C"
    assert found[TEMPERATURE].name == "Living room temperature"
    assert PLUG not in found


def test_hung_home_ends_at_the_deadline_and_recovers(ha):
    connection = row(ha)
    assert ask_once(connection, TEMPERATURE).error is None
    ha.freeze()
    try:
        outcome = ask_once(connection, TEMPERATURE, seconds=1)
        assert isinstance(outcome.error, DeadlineExceeded)
    finally:
        ha.thaw()
    wait_until(lambda: ask_once(connection, TEMPERATURE).error is None, "answers again")


def test_killed_and_back_without_a_restart_of_ours(ha):
    """Refused, then 404 while it starts, then the values: all transient, and the same session recovers."""
    connection = row(ha)
    session = ask_once(connection, TEMPERATURE).session
    ha.kill()
    outcome = ask_once(connection, TEMPERATURE)
    assert type(outcome.error) is Unreachable
    assert "refuses the connection" in str(outcome.error)
    with pytest.raises(AdapterError):
        controller(connection).adapter.write(controller(connection).settings, session, 0, soon(1))
    ha.boot(wait=False)
    problems = set()
    wait_until(lambda: _answered(connection, problems), "the temperature again")
    assert problems <= {Unreachable, DeadlineExceeded}
    assert ask_once(connection, TEMPERATURE).session is session


def _answered(connection: HomeAssistant, problems: set[type]) -> bool:
    outcome = ask_once(connection, TEMPERATURE)
    try:
        if outcome.error is not None:
            raise outcome.error
        return entity(outcome.answers, TEMPERATURE).state == "20.5"
    except AdapterError as error:
        problems.add(type(error))
        return False


@pytest.fixture(scope="module")
def american() -> Iterator[HomeAssistantServer]:
    """A home in °F."""
    server = HomeAssistantServer(units="us_customary")
    try:
        server.boot()
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("entity_id", [TEMPERATURE, "climate.bedroom"])
def test_a_home_in_fahrenheit(american, entity_id):
    shown = american.state(entity_id)
    expected = 20.5 if entity_id == TEMPERATURE else 18.0
    number = shown["attributes"].get("current_temperature") or float(shown["state"])
    assert number > 60
    monitor = ClimateMonitor(
        adapter_type="home_assistant", config={"entity_temperature": entity_id}, home_assistant=row(american)
    )
    assert probe(monitor).values["temperature_celsius"] == pytest.approx(expected, abs=0.3)


def test_rows_need_not_be_saved(ha):
    assert isinstance(row(ha).pk, uuid.UUID)
    assert probe(row(ha)).ok
