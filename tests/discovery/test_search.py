"""Looking at a whole subnet of emulated devices, byte by byte: who is found, what is never done, what holds it up."""

from __future__ import annotations

import threading

import pytest

from integrations.errors import AdapterError
from miners.discovery import scan
from miners.discovery.scan import Look, look_at, open_ports, probe, search
from miners.discovery.typed_addresses import Target, targets
from miners.power import from_json
from tests.emulators.avalon import Avalon
from tests.emulators.braiins import PASSWORD, BraiinsEmulator
from tests.emulators.clock import Clock
from tests.emulators.faults import Fault
from tests.emulators.heater21 import Heater21Emulator
from tests.emulators.plug import PlugEmulator
from tests.emulators.vnish import PASSWORD as VNISH_PASSWORD
from tests.emulators.vnish import VnishEmulator
from tests.servers.process import PATIENT_SECONDS, soon

from .street import Neighbours


class Heard:
    """What a search told, and whether two spoke at once. When all others were heard, the `neighbours` that hang go."""

    def __init__(self, neighbours: Neighbours | None = None) -> None:
        self.looks: dict[str, Look] = {}
        self._neighbours = neighbours

    def __call__(self, look: Look) -> None:
        assert look.address not in self.looks
        self.looks[look.address] = look
        if self._neighbours is not None and len(self.looks) == 12:
            self._neighbours.give_up()

    def found(self, address: str):
        return self.looks[address].found


def always() -> bool:
    return True


def test_a_street_of_devices(street, neighbours):
    heard = Heard(neighbours)
    assert search(targets(street.net), heard, always)
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
    search(targets(street.net), Heard(neighbours), always)
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
        found = look_at(Target(street.at(number)), soon()).found
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
    found = look_at(Target(street.at(1)), soon()).found
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
    found = look_at(Target(street.at(1)), soon()).found
    assert found.model == "Avalon Z9"
    assert "cannot be switched" in found.problem
    assert "Put it behind a plug" in found.problem


@pytest.mark.parametrize("make", [Avalon, BraiinsEmulator, PlugEmulator])
def test_a_typed_port_is_asked_by_everybody(make):
    emulator = make(Clock())
    try:
        found = look_at(Target("127.0.0.1", emulator.port), soon()).found
        assert found is not None
        assert found.address == emulator.address
    finally:
        emulator.close()


def test_a_typed_port_that_hangs_is_named_as_typed(monkeypatch):
    monkeypatch.setattr(scan, "DRIVER_SECONDS", 0.3)
    emulator = Avalon(Clock())
    emulator.fail(Fault.HANG)
    try:
        look = look_at(Target("127.0.0.1", emulator.port), soon())
        assert f"accepts the connection (port {emulator.port}) but" in look.problem
    finally:
        emulator.close()


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.GARBAGE, Fault.HUGE, Fault.DROP, Fault.TRUNCATE])
def test_no_misbehaviour_holds_a_look_up(street, fault, monkeypatch):
    monkeypatch.setattr(scan, "DRIVER_SECONDS", 0.4)
    emulator = street.settle(1, Avalon(Clock()), 80, 4028)
    emulator.fail(fault)
    look = look_at(Target(street.at(1)), soon())
    assert look.found is None
    assert look.answers
    assert not emulator.outwaited
    if fault in (Fault.HANG, Fault.DRIP):
        assert "did not answer in time" in look.problem


def test_an_address_where_nobody_is(street):
    assert look_at(Target(street.at(14)), soon()) == Look(street.at(14))


def test_a_name_nobody_knows_and_one_that_leads_outside(monkeypatch):
    look = look_at(Target("no-such-host.invalid"), soon())
    assert "not known in this network" in look.problem
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("8.8.8.8", 80))])
    look = look_at(Target("outside"), soon())
    assert (look.answers, look.found) == (False, None)
    assert "8.8.8.8" in look.problem


def test_ports_that_refuse_and_addresses_that_are_none(street):
    assert open_ports(street.at(14), [80, 4028], soon()) == []
    assert open_ports("255.255.255.255", [80], soon()) == []
    assert open_ports("no address", [80], soon()) == []


def test_it_ends_at_its_deadline_and_hears_nobody_afterwards(monkeypatch):
    release = threading.Event()

    def hang(target, deadline, adapters):
        release.wait(PATIENT_SECONDS)
        return Look(target.address)

    monkeypatch.setattr(scan, "look_at", hang)
    heard = Heard()
    before = threading.active_count()
    assert not search(targets("127.0.0.0/24"), heard, always, seconds=0.5)
    assert threading.active_count() - before <= 64
    release.set()
    for thread in threading.enumerate():
        if thread.name == "ask":
            thread.join()
    assert heard.looks == {}


def test_one_that_nobody_wants_any_more_asks_no_further(monkeypatch):
    asked = []
    monkeypatch.setattr(scan, "look_at", lambda target, deadline, adapters: asked.append(target))
    search(targets("127.0.0.0/24"), Heard(), lambda: False)
    assert asked == []


def test_a_driver_that_breaks_ends_no_look(street, monkeypatch, caplog):
    from miners.drivers.axeos.driver import AxeOSMiner

    def broken(config, deadline):
        raise RuntimeError("a bug")

    monkeypatch.setattr(AxeOSMiner, "identify", broken)
    street.settle(1, PlugEmulator(Clock()), 80)
    assert look_at(Target(street.at(1)), soon()).found.adapter_type == "shelly_plug"
    assert "axeos failed" in caplog.text


def test_a_probe_comes_back_in_time(street, monkeypatch):
    monkeypatch.setattr(scan, "PROBE_SECONDS", 0.3)
    avalon = street.settle(1, Avalon(Clock()), 4028)
    avalon.fail(Fault.HANG)
    with pytest.raises(AdapterError):
        probe(street.at(1), "avalon")
    assert not avalon.outwaited


def test_one_that_does_not_tell_what_it_takes_says_which_setting_is_missing(street, monkeypatch):
    emulator = street.settle(1, Heater21Emulator(Clock()), 80)
    emulator.rig.sleep()
    summary = emulator._summary()
    summary["miningDevices"] |= {"powerTargetW": None, "enabled": 0, "powerConsumptionW": 0}
    monkeypatch.setattr(emulator, "_summary", lambda: summary)
    found = look_at(Target(street.at(1)), soon(9)).found
    assert (found.needs, dict(found.identity)) == (("level_watts",), {})
    assert "Enter the watts" in found.problem
    opened = probe(street.at(1), "heater_21energy", {"level_watts": "420, 590, 760, 930, 1100"}).found
    assert opened.identity
