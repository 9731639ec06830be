"""pyasic-rs: what it guesses is not believed, and a desk without it says so. The package itself, on ePIC's bytes,
stands in the contract suite; here its answers are made up as it really makes them (see each test)."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType, SimpleNamespace

import pytest
from pydantic import ValidationError

from integrations.errors import BadAnswer, DeadlineExceeded, MissingSetting, Refused, Unreachable
from miners.drivers.asic_rs import driver as asic_rs
from miners.drivers.asic_rs.driver import AsicRs, is_installed
from miners.power import OffBy
from miners.state import MinerStatus
from tests.emulators.whatsminer import WhatsMiner
from tests.servers.process import PATIENT_SECONDS, missing, soon

from .devices import Device

CONFIG = AsicRs.Config.model_validate({"address": "127.0.0.1"})


def state(name):
    return type(name, (), {})()


class HashRate(float):
    def as_unit(self, unit):
        return self


def data(**told):
    """What `get_data` gives: an ordinary object, its fields None or default where nothing was told."""
    usual = {
        "wattage": None,
        "is_mining": True,
        "operating_state": None,
        "hashrate": None,
        "pools": [],
        "fans": [],
        "hashboards": [],
        "average_temperature": None,
        "uptime": None,
        "firmware_version": None,
        "mac": None,
        "serial_number": None,
    }
    return SimpleNamespace(**(usual | told))


class Miner:
    def __init__(self, told, firmware="UMC OS", make="Antminer"):
        self.told, self.firmware, self.make, self.model = told, firmware, make, "S19"
        self.supports_pause = self.supports_resume = True
        self.answers_command = True
        self.commands = []

    async def get_data(self):
        return self.told

    async def pause(self):
        self.commands.append("pause")
        return self.answers_command

    async def resume(self):
        self.commands.append("resume")
        return self.answers_command

    def set_auth(self, user, password):
        self.auth = user, password


@pytest.fixture
def library(monkeypatch):
    """`library(miner)`: the package finds this miner (or nothing, or raises)."""
    monkeypatch.setattr(asic_rs, "_known", {})
    monkeypatch.setattr(asic_rs, "is_installed", lambda: True)

    def install(miner):
        class MinerFactory:
            def __getattr__(self, name):
                return lambda *_: self

            async def get_miner(self, ip):
                if isinstance(miner, Exception):
                    raise miner
                return miner

        package, factory, values = (
            ModuleType("pyasic_rs"),
            ModuleType("pyasic_rs.factory"),
            ModuleType("pyasic_rs.data"),
        )
        factory.MinerFactory = MinerFactory
        values.HashRateUnit = SimpleNamespace(TeraHash="TH")
        for module in (package, factory, values):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        return miner

    return install


def read(seconds=PATIENT_SECONDS, config=CONFIG):
    return AsicRs.read_alone(config, soon(seconds))


def write(power_w):
    AsicRs.write(CONFIG, None, power_w, soon())


def test_a_dead_miner_is_an_ordinary_answer_without_watts_and_unreachable(library):
    library(Miner(data()))
    with pytest.raises(Unreachable):
        read()


def test_nothing_found_is_unreachable(library):
    library(None)
    with pytest.raises(Unreachable, match="does not answer"):
        read()


@pytest.mark.parametrize(("make", "firmware"), [("Canaan", "Avalon Stock"), ("Antminer", "LuxOS"), ("Bitaxe", "AxeOS")])
def test_families_it_mistakes_are_sent_to_their_own_driver(library, make, firmware):
    miner = library(Miner(data(wattage=2085.0, operating_state=state("Mining")), firmware, make))
    for action in (read, lambda: write(0), lambda: AsicRs.identify(CONFIG, soon())):
        with pytest.raises(Refused, match="Choose that kind"):
            action()
    assert miner.commands == []


def test_its_default_of_mining_is_no_word(library):
    library(Miner(data(wattage=20.0, is_mining=True), firmware="Some OS"))
    assert read().status is MinerStatus.UNKNOWN
    library(Miner(data(wattage=20.0, is_mining=False), firmware="Some OS"))
    asic_rs._known.clear()
    assert read().status is MinerStatus.UNKNOWN


def test_the_operating_state_is_the_word_and_watts_outrank_it(library):
    miner = library(Miner(data(wattage=2000.0, operating_state=state("Paused"))))
    seen = read()
    assert seen.status is MinerStatus.HEATING
    assert "says it is off" in seen.problem
    miner.told = data(wattage=20.0, operating_state=state("Paused"))
    assert read().status is MinerStatus.OFF
    miner.told = data(wattage=20.0, operating_state=state("Error"))
    assert read().status is MinerStatus.PROTECT
    miner.told = data(wattage=20.0, operating_state=state("Unknown"))
    assert read().status is MinerStatus.UNKNOWN


def test_telemetry(library):
    told = data(
        wattage=2000.0,
        operating_state=state("Mining"),
        hashrate=HashRate(95.0),
        uptime=timedelta(hours=1),
        average_temperature=60.0,
        fans=[SimpleNamespace(rpm=rpm) for rpm in (None, 4800.0, 0.0)],
        hashboards=[
            SimpleNamespace(
                board_temperature=64.0,
                chips=[SimpleNamespace(temperature=celsius) for celsius in (None, 71.0, 67.0)],
            ),
            SimpleNamespace(board_temperature=None, chips=[]),
        ],
        pools=[SimpleNamespace(pools=[SimpleNamespace(alive=False)])],
    )
    library(Miner(told))
    seen = read()
    assert (seen.status, seen.pool_alive) == (MinerStatus.HEATING, False)
    assert (seen.hash_rate_th_s, seen.uptime_seconds, seen.fan_rpm) == (95.0, 3600.0, 4800.0)
    assert (seen.chip_temperature_celsius, seen.board_temperature_celsius) == (71.0, 64.0)
    assert (seen.average_chip_temperature_celsius, seen.average_board_temperature_celsius) == (69.0, 60.0)


def test_off_is_sent_even_to_one_that_does_not_say_what_it_does(library):
    miner = library(Miner(data()))
    write(0)
    assert miner.commands == ["pause"]
    miner.told = data(wattage=20.0, operating_state=state("Idling"))
    write(0)
    assert miner.commands == ["pause"]
    write(1000)
    assert miner.commands == ["pause", "resume"]


def test_a_command_not_taken_is_an_error(library):
    library(Miner(data(wattage=2000.0, operating_state=state("Mining")))).answers_command = False
    with pytest.raises(Refused, match="did not take"):
        write(0)


def test_what_cannot_be_switched_is_said(library):
    miner = library(Miner(data(wattage=2000.0, operating_state=state("Mining"))))
    miner.supports_pause = False
    with pytest.raises(Refused, match="plug"):
        write(0)
    for pause, resume in ((False, True), (True, False), (False, False)):
        miner.supports_pause, miner.supports_resume = pause, resume
        identity = AsicRs.identify(CONFIG, soon())
        assert identity.limits[0] == "pyasic-rs cannot switch it: only a plug can. Its figures are read."
        assert identity.power.off_by is OffBy.PLUG
    miner.supports_pause = miner.supports_resume = True
    assert AsicRs.identify(CONFIG, soon()).power.off_by is OffBy.DEVICE


def test_a_machine_that_answers_and_tells_no_watts_says_so_and_is_switched_by_its_hash_rate(library):
    told = {"hashrate": HashRate(95.0), "uptime": timedelta(hours=1)}
    miner = library(Miner(data(operating_state=state("Mining"), **told)))
    seen = read()
    assert (seen.status, seen.power_w) == (MinerStatus.HEATING, None)
    assert seen.problem == "The miner does not say what it draws."
    with pytest.raises(MissingSetting, match="does not tell what it draws") as caught:
        AsicRs.identify(CONFIG, soon())
    assert caught.value.settings == ("full_power_w",)
    config = AsicRs.Config.model_validate({"address": "127.0.0.1", "full_power_w": 1400})
    assert AsicRs.identify(config, soon()).power.max_w == 1400
    assert read(config=config).power_w == 1400
    miner.told = data(operating_state=state("Paused"), **{**told, "hashrate": HashRate(0.0)})
    assert read().status is MinerStatus.OFF
    write(1400)
    assert miner.commands == ["resume"]


def test_an_avalon_is_sent_to_its_driver_and_told_what_else_there_is(library):
    library(Miner(data(wattage=2085.0), "Avalon Stock", "Canaan"))
    with pytest.raises(Refused, match="needs a plug"):
        read()


def test_a_recorded_m20s_through_the_package_is_read_and_only_a_plug_switches_it(bench_of):
    if not is_installed():
        missing("pyasic-rs", "pip install -r requirements-miners.txt")
    bench = bench_of(Device("m20s", AsicRs, WhatsMiner, many_at_once=True))
    identity = bench.identify()
    assert "M20S" in identity.model
    assert (identity.power.off_by, identity.power.max_w) == (OffBy.PLUG, 3417)
    seen = bench.read()
    assert (seen.status, seen.power_w) == (MinerStatus.HEATING, 3417)
    assert seen.hash_rate_th_s == pytest.approx(67.4, abs=0.05)
    with pytest.raises(Refused, match="Put it behind a plug"):
        bench.write(0)
    assert bench.emulator.commands == []


def test_whatever_it_raises_is_a_clear_error_and_the_miner_is_looked_for_again(library):
    library(RuntimeError("panicked at\nsrc/lib.rs"))
    with pytest.raises(BadAnswer, match="panicked at src") as caught:
        read()
    assert str(caught.value).isprintable()
    library(Miner(data(wattage=2000.0, operating_state=state("Mining"))))
    assert read().status is MinerStatus.HEATING


def test_it_ends_at_the_deadline(library):
    class Mute(Miner):
        async def get_data(self):
            await asyncio.sleep(PATIENT_SECONDS)

    library(Mute(data()))
    with pytest.raises(DeadlineExceeded):
        read(0.1)


def test_unknown_power_is_asked_for(library):
    library(Miner(data(wattage=20.0, operating_state=state("Paused"))))
    with pytest.raises(BadAnswer, match="Enter what it takes"):
        AsicRs.identify(CONFIG, soon())


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(asic_rs, "is_installed", lambda: False)
    for action in (read, lambda: write(0), lambda: AsicRs.identify(CONFIG, soon())):
        with pytest.raises(Unreachable, match="requirements-miners"):
            action()


def test_the_form_says_whether_the_package_is_there():
    assert "requirements-miners.txt" in asic_rs.described(False)
    assert "requirements" not in asic_rs.described(True)
    assert AsicRs.description == asic_rs.described(asic_rs.is_installed())


@pytest.mark.parametrize("address", ["192.168.1.4:80", "[fd00::1]:80"])
def test_its_ports_are_fixed(address):
    with pytest.raises(ValidationError, match="leave the port out"):
        AsicRs.Config.model_validate({"address": address})


def test_an_event_loop_in_the_same_thread_does_not_disturb_it():
    async def inside() -> int:
        async def answer() -> int:
            return 42

        return asic_rs._in_a_loop(answer)

    # In a thread of its own: that of the tests may have a loop already (the browser's).
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(asyncio.run, inside()).result() == 42
