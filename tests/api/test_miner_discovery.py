"""Looking for miners through the API."""

from __future__ import annotations

import pytest

from integrations import ask
from miners import tasks
from miners.discovery import job
from tests import factories
from tests.api.conftest import problems
from tests.emulators.avalon import Avalon
from tests.emulators.braiins import PASSWORD, BraiinsEmulator
from tests.emulators.clock import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> list:
    """What was handed to the workers."""
    handed: list = []
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: handed.append(args))
    return handed


@pytest.fixture
def device():
    """`device(Family)`: an emulated one."""
    made = []

    def make(family):
        made.append(family(Clock()))
        return made[-1]

    yield make
    for one in made:
        one.close()
    ask.forget()


def begin(api, home, addresses="127.0.0.1:1"):
    return api.post("/miner-discovery", {"site_id": str(home.pk), "addresses": addresses})


def test_a_search_begins_goes_on_and_ends(api, home, sent, device):
    avalon = device(Avalon)
    answer = begin(api, home, f"{avalon.address}, 127.0.0.1:1")
    assert (answer.status_code, answer.json()["stage"], answer.json()["by"]) == (202, "waiting", "anna")
    tasks.discover(*sent[0])
    told = api.get(answer["Location"]).json()
    assert (told["stage"], told["looked"], told["total"]) == ("done", 2, 2)
    found = told["found"][0]
    assert (found["address"], found["adapter_type"], found["model"]) == (avalon.address, "avalon", "Avalon Q")
    assert [level["power_w"] for level in found["identity"]["power"]["levels"]] == [830, 1350, 1660]


def test_one_at_a_time_and_cancelled(api, home, sent):
    first = begin(api, home)
    again = begin(api, home)
    assert again.status_code == 409
    assert first.json()["id"] in again.json()["detail"]
    assert api.delete(first["Location"]).status_code == 204
    assert api.get(first["Location"]).json()["stage"] == "cancelled"
    assert begin(api, home).status_code == 202


@pytest.mark.parametrize("addresses", ["8.8.8.8", "10.0.0.0/8", "", "http://8.8.8.8/", "192.168.1.7 example.com/24"])
def test_what_is_no_place_of_a_home_is_refused_by_name(api, home, sent, addresses):
    answer = begin(api, home, addresses)
    assert answer.status_code == 422
    assert problems(answer)["body.addresses"].endswith(".")
    assert sent == []


def test_a_site_that_is_not_there(api, home, sent):
    home.delete()
    assert begin(api, home).status_code == 422


def test_one_address_now(api, home, device):
    avalon = device(Avalon)
    answer = api.post("/miner-discovery/probe", {"address": avalon.address}).json()
    assert (answer["answers"], answer["found"]["model"], answer["known_as"]) == (True, "Avalon Q", None)
    row = factories.controller(home, adapter_type="avalon", config={"address": avalon.address})
    assert api.post("/miner-discovery/probe", {"address": avalon.address}).json()["known_as"] == str(row.pk)
    silent = api.post("/miner-discovery/probe", {"address": "127.0.0.1:1"}).json()
    assert (silent["answers"], silent["found"]) == (False, None)


def test_a_password_opens_what_asks_for_one_and_is_never_shown(api, device):
    body = {"address": device(BraiinsEmulator).address, "adapter_type": "braiins"}
    closed = api.post("/miner-discovery/probe", body).json()["found"]
    assert (closed["needs_password"], closed["identity"]) == (True, {})
    opened = api.post("/miner-discovery/probe", {**body, "config": {"password": PASSWORD}})
    assert opened.json()["found"]["model"] == "Antminer S19k Pro"
    assert PASSWORD not in opened.content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"address": "8.8.8.8"}, "address"),
        ({"address": "127.0.0.1-3"}, "address"),
        ({"address": "127.0.0.1:1", "adapter_type": "dummy"}, "adapter_type"),
        ({"address": "127.0.0.1:1", "config": {"password": "x"}}, "config"),
        ({"address": "127.0.0.1:1", "adapter_type": "avalon", "config": {"nonsense": 1}}, "config.nonsense"),
    ],
)
def test_probes_that_make_no_sense(api, db, body, field):
    assert f"body.{field}" in problems(api.post("/miner-discovery/probe", body))


def test_searches_are_forgotten(api, home):
    answer = begin(api, home)
    from sites.store import store

    store().delete(job._state(answer.json()["id"]))
    assert api.get(answer["Location"]).status_code == 404
    assert api.delete(answer["Location"]).status_code == 404
