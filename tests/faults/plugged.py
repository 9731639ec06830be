"""A home of the running program with one heater on an emulated plug, for faults of the program itself.

Its room is read by a sensor that always says the same: cold. That takes a site marked as a test bench.
"""

from __future__ import annotations

from tests.emulators.clock import Clock
from tests.emulators.plug import PlugEmulator
from tests.process.program import Program

SITE = "Bench"
#: What such a program needs in its environment.
ENVIRONMENT = {"TEST_BENCH_SITES": SITE, "TICK_SECONDS": "1"}

_SET_UP = """
from tests import factories
site = factories.site(name="{site}", control_period_seconds=2)
sensor = factories.climate_monitor(site, config={{"temperature_celsius": 19.0}})
zone = factories.zone(site, "Hall", monitor=sensor)
plug = factories.controller(site, name="Plug", adapter_type="shelly_plug", config={{"address": "{address}"}})
miner = factories.miner(site, zones=[zone], controller=plug, nominal_power_w=1000, min_on_seconds=0, min_off_seconds=0)
factories.unit(site, miners=[miner], policy=factories.policy())
"""


def plug() -> PlugEmulator:
    """A plug in our own time; what is behind it heats as long as it is on."""
    return PlugEmulator(Clock(speed=1.0))


def is_on(device: PlugEmulator) -> bool:
    device.settle()
    return device._on


def set_up(program: Program, device: PlugEmulator) -> None:
    """The home in a prepared database."""
    code = _SET_UP.format(site=SITE, address=device.address)
    done = program.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
