"""Looking at a whole subnet of emulated devices, byte by byte: who is found, what is never done, how long it takes."""

from __future__ import annotations

import threading
import time

import pytest

from integrations.errors import AdapterError
from miners import discovery
from miners.discovery import Look, look_at, open_ports, probe, search
from miners.power import from_json
from miners.typed_addresses import Target, targets
from tests.emulators.avalon import Avalon
from tests.emulators.braiins import PASSWORD, BraiinsEmulator
from tests.emulators.clock import Clock
from tests.emulators.faults import Fault
from tests.emulators.plug import PlugEmulator
from tests.emulators.vnish import PASSWORD as VNISH_PASSWORD
from tests.emulators.vnish import VnishEmulator


class Heard:
    """What a search told, and whether two spoke at once."""

    def __init__(self) -> None:
        self.looks: dict[str, Look] = {}

    def __call__(self, look: Look) -> None:
        assert look.address not in self.looks
        self.looks[look.address] = look

    def found(self, address: str):
        return self.looks[address].found


def always() -> bool:
    return True


def test_a_street_of_devices(street, neighbours):
    heard = Heard()
    began = time.monotonic()
    assert search(targets(street.net), heard, always)
    assert time.monotonic() - began < discovery.HOST_SECONDS + 3
    assert len(heard.looks) == 14
    kinds = {number: heard.found(street.at(number)) for number in range(1, 15)}
    assert {number: found.adapter_type for number, found in kinds.items() if found} == {
        1: "axeos",
        2: "avalon",
        3: "luxos",
        4: "vnish",
        5: "shelly_plug",
        6: "shelly_plug",
        7: "braiins",
        8: "heater_21energy",
        9: "avalon",
    }
    assert [look.answers for look in heard.looks.values()].count(False) == 1
    assert (kinds[9].model, kinds[9].status) == ("Avalon Mini 3", "heating")
    assert from_json(kinds[2].identity["power"]).max_w == 1660
    assert kinds[2].power_w > 1000


def test_nothing_is_written_and_no_password_tried_at_a_stranger(street, neighbours):
    search(targets(street.net), Heard(), always)
    for emulator in neighbours.emulators:
        # All that is not a plain GET: Shelly's question what somebody is, and a login where it was said to be needed.
        allowed = (
            ("Shelly.GetDeviceInfo", "auth/login") if emulator is neighbours.braiins else ("Shelly.GetDeviceInfo",)
        )
        assert [one for one in emulator.commands if not any(name in one for name in allowed)] == [], emulator


def test_what_needs_a_password_is_found_and_asked_for_it(street):
    street.settle(1, BraiinsEmulator(Clock()), 80)
    street.settle(2, PlugEmulator(Clock(), password="correct horse"), 80)
    for number, model in ((1, "Braiins OS"), (2, "Shelly PlugSG3")):
        found = look_at(Target(street.at(number)), time.monotonic() + 5).found
        assert (found.model, found.needs_password, dict(found.identity)) == (model, True, {})
        assert "password" in found.problem
    opened = probe(street.at(1), "braiins", {"user": "root", "password": PASSWORD}).found
    assert (opened.model, opened.needs_password) == ("Antminer S19k Pro", False)
    wrong = probe(street.at(1), "braiins", {"password": "wrong"}).found
    assert wrong.needs_password
    assert "refuses the password" in wrong.problem


def test_one_that_tells_what_it_is_without_its_password_is_asked_for_it_all_the_same(street):
    """Else a wrong one would show at the first switching, on a cold evening."""
    street.settle(1, VnishEmulator(Clock()), 80)
    found = look_at(Target(street.at(1)), time.monotonic() + 5).found
    assert (found.model, found.needs_password, dict(found.identity)) == ("Antminer S19j Pro with VNish", True, {})
    opened = probe(street.at(1), "vnish", {"password": VNISH_PASSWORD}).found
    assert opened.identity
    assert not opened.needs_password


def test_one_that_cannot_be_used_as_it_is_says_why(street):
    emulator = street.settle(1, BraiinsEmulator(Clock()), 80)
    emulator.tuner = False
    found = probe(street.at(1), "braiins", {"password": PASSWORD}).found
    assert (found.needs_password, dict(found.identity)) == (False, {})
    assert "power target" in found.problem


def test_an_avalon_no_driver_knows_is_named(street):
    emulator = street.settle(1, Avalon(Clock()), 4028)
    emulator.tamper = lambda raw: raw.replace(b"Ver[Q-", b"Ver[Z9-")
    found = look_at(Target(street.at(1)), time.monotonic() + 5).found
    assert found.model == "Avalon Z9"
    assert "does not know" in found.problem


@pytest.mark.parametrize("make", [Avalon, BraiinsEmulator, PlugEmulator])
def test_a_typed_port_is_asked_by_everybody(make):
    emulator = make(Clock())
    try:
        found = look_at(Target("127.0.0.1", emulator.port), time.monotonic() + 8).found
        assert found is not None
        assert found.address == emulator.address
    finally:
        emulator.close()


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.GARBAGE, Fault.HUGE, Fault.DROP, Fault.TRUNCATE])
def test_no_misbehaviour_holds_a_look_up(street, fault, monkeypatch):
    monkeypatch.setattr(discovery, "DRIVER_SECONDS", 0.4)
    emulator = street.settle(1, Avalon(Clock()), 80, 4028)
    emulator.fail(fault)
    began = time.monotonic()
    look = look_at(Target(street.at(1)), time.monotonic() + 5)
    assert look.found is None
    assert look.answers
    assert time.monotonic() - began < 2.5


def test_an_address_where_nobody_is_takes_a_moment(street):
    began = time.monotonic()
    assert look_at(Target(street.at(14)), time.monotonic() + 5) == Look(street.at(14))
    assert time.monotonic() - began < 2


def test_a_name_nobody_knows_and_one_that_leads_outside(monkeypatch):
    look = look_at(Target("no-such-host.invalid"), time.monotonic() + 5)
    assert "not known in this network" in look.problem
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("8.8.8.8", 80))])
    look = look_at(Target("outside"), time.monotonic() + 5)
    assert (look.answers, look.found) == (False, None)
    assert "8.8.8.8" in look.problem


def test_ports_that_refuse_and_addresses_that_are_none(street):
    deadline = time.monotonic() + 1
    assert open_ports(street.at(14), [80, 4028], deadline) == []
    assert open_ports("255.255.255.255", [80], deadline) == []
    assert open_ports("no address", [80], deadline) == []
    assert time.monotonic() < deadline


def test_it_ends_at_its_deadline_and_hears_nobody_afterwards(monkeypatch):
    release = threading.Event()

    def hang(target, deadline, adapters):
        release.wait(20)
        return Look(target.address)

    monkeypatch.setattr(discovery, "look_at", hang)
    heard = Heard()
    before = threading.active_count()
    began = time.monotonic()
    assert not search(targets("127.0.0.0/24"), heard, always, seconds=0.5)
    assert time.monotonic() - began < 1.5
    assert threading.active_count() - before <= 64
    release.set()
    for thread in threading.enumerate():
        if thread.name == "ask":
            thread.join(5)
    assert heard.looks == {}


def test_one_that_nobody_wants_any_more_asks_no_further(monkeypatch):
    asked = []
    monkeypatch.setattr(discovery, "look_at", lambda target, deadline, adapters: asked.append(target))
    search(targets("127.0.0.0/24"), Heard(), lambda: False)
    assert asked == []


def test_a_driver_that_breaks_ends_no_look(street, monkeypatch, caplog):
    from miners.controllers.axeos import AxeOSMiner

    def broken(config, deadline):
        raise RuntimeError("a bug")

    monkeypatch.setattr(AxeOSMiner, "identify", broken)
    street.settle(1, PlugEmulator(Clock()), 80)
    assert look_at(Target(street.at(1)), time.monotonic() + 5).found.adapter_type == "shelly_plug"
    assert "axeos failed" in caplog.text


def test_a_probe_comes_back_in_time(street, monkeypatch):
    monkeypatch.setattr(discovery, "PROBE_SECONDS", 0.3)
    street.settle(1, Avalon(Clock()), 4028).fail(Fault.HANG)
    began = time.monotonic()
    with pytest.raises(AdapterError):
        probe(street.at(1), "avalon")
    assert time.monotonic() - began < 1
