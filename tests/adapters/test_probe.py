"""“Test connection” and “Read now”: plain words within 5 s, for rows that need not be saved."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from django.db import connection as database

from climate.models import ClimateMonitor
from climate.monitors.dummy import DummyClimateMonitor
from energy.models import EnergyMonitor
from integrations import ask
from integrations.models import HomeAssistant
from integrations.probe import PROBE_SECONDS, Probe, probe
from miners.models import MinerController
from tests import factories

from .fake_home import PLUG, TOKEN, FakeHome
from .faults import EXCHANGE, STATUS, hung


@pytest.fixture(autouse=True)
def _fresh():
    ask.forget()
    yield
    ask.forget()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ClimateMonitor(adapter_type="dummy", config={"temperature_celsius": 20.4, "age_seconds": 40}),
            "20.4 °C, reported 40 s ago.",
        ),
        (
            ClimateMonitor(adapter_type="dummy", config={"humidity_percent": 45, "age_seconds": 7201}),
            "20.0 °C, 45 % humidity, reported 2 h ago.",
        ),
        (
            ClimateMonitor(adapter_type="dummy", config={"window": "open", "presence": "nobody"}),
            "20.0 °C, window open, nobody is there, reported 0 s ago.",
        ),
        (
            ClimateMonitor(adapter_type="dummy", config={"window": "closed", "presence": "somebody"}),
            "20.0 °C, window closed, somebody is there, reported 0 s ago.",
        ),
        (
            ClimateMonitor(adapter_type="dummy", config={"window": "silent"}),
            "20.0 °C, reported 0 s ago. The contact says nothing.",
        ),
        (
            EnergyMonitor(adapter_type="dummy", config={"battery_w": -300, "production_w": 100, "age_seconds": 600}),
            "Producing 100 W, the home takes 500 W, importing 100 W, battery giving 300 W, battery at 80 %, "
            "reported 10 min ago.",
        ),
        (
            MinerController(adapter_type="dummy", config={"status": "no_pool", "measures_power": False}),
            "No pool, power not measured, reported 0 s ago.",
        ),
    ],
)
def test_says_what_was_read(row, sentence, time_machine):
    time_machine.move_to(datetime.now(UTC), tick=False)
    seen = probe(row)
    assert (seen.ok, seen.sentence) == (True, sentence)
    assert json.loads(json.dumps(seen.values)).keys() == seen.values.keys() != set()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ClimateMonitor(adapter_type="nope"), "No adapter 'nope'"),
        (ClimateMonitor(adapter_type="dummy", config={"temperature_celsius": "warm"}), "seen: 'warm'"),
        (ClimateMonitor(adapter_type="dummy", config={"bogus": 1}), "bogus"),
        (ClimateMonitor(adapter_type="dummy", config=[1]), "dictionary"),
        (ClimateMonitor(adapter_type="dummy", config={"fail": "nan"}), "‘nan’"),
        (ClimateMonitor(adapter_type="simulated"), "needs a connection"),
        (MinerController(adapter_type="home_assistant_switch", config={"entity_switch": "switch.a"}), "connection"),
        (HomeAssistant(url="http://127.0.0.1:1", token=""), "needs a token"),
        (HomeAssistant(url="nonsense", token="t"), "looks like http"),
    ],
)
def test_says_what_is_wrong(row, words):
    seen = probe(row)
    assert not seen.ok
    assert words in seen.sentence
    assert seen.code


@pytest.mark.parametrize(
    "fault",
    [fault for fault in EXCHANGE + STATUS if "dripping" not in str(fault) and fault.behave is not hung],
    ids=str,
)
def test_every_fault_of_a_connection_is_a_sentence(stub, fault):
    seen = probe(HomeAssistant(url=stub(fault.behave).url, token=TOKEN))
    assert not seen.ok
    assert fault.word in seen.sentence
    assert TOKEN not in seen.sentence


def test_what_hangs_is_given_up(stub, monkeypatch):
    assert PROBE_SECONDS < 5
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 0.3)
    assert probe(HomeAssistant(url=stub(hung).url, token=TOKEN)).code == "deadline"


def test_an_adapters_bug_does_not_get_through(monkeypatch):
    monkeypatch.setattr(DummyClimateMonitor, "read_alone", lambda config, deadline: 1 / 0)
    seen = probe(ClimateMonitor(adapter_type="dummy"))
    assert not seen.ok
    assert "The log has the details" in seen.sentence


def test_reads_through_a_connection(stub):
    home = HomeAssistant(url=stub(FakeHome()).url, token=TOKEN)
    miner = MinerController(
        adapter_type="home_assistant_switch", config={"entity_switch": PLUG["entity_id"]}, home_assistant=home
    )
    seen = probe(miner)
    assert isinstance(seen, Probe)
    assert (seen.values["status"], seen.values["power_w"]) == ("off", None)


@pytest.mark.django_db
def test_the_look_itself_never_asks_the_database(stub, home, monkeypatch):
    """It has a thread of its own, and a database connection opened there is closed by nobody."""
    connection = factories.home_assistant(home, url=stub(FakeHome()).url, token=TOKEN)
    config = {"entity_switch": PLUG["entity_id"]}
    saved = factories.controller(home, adapter_type="home_assistant_switch", config=config, home_assistant=connection)

    def refuse(*_):
        raise AssertionError("the look asked the database")

    def look_without_database(key, look, seconds, name):
        with database.execute_wrapper(refuse):
            return look(time.monotonic() + seconds)

    monkeypatch.setattr("integrations.probe.call", look_without_database)
    assert probe(MinerController.objects.get(pk=saved.pk)).ok
