"""Every driver with the device it is tested on. Adding a line here puts a driver through the whole contract suite."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from integrations.registry import Adapter, AdapterConfig
from miners import drivers
from miners.drivers.asic_rs.driver import AsicRs, is_installed
from miners.drivers.avalon.driver import AvalonMiner
from miners.drivers.axeos.driver import AxeOSMiner
from miners.drivers.braiins.driver import Braiins
from miners.drivers.heater_21energy.driver import Heater21Energy
from miners.drivers.luxos.driver import LuxOSMiner
from miners.drivers.shelly.driver import ShellyPlug
from miners.drivers.vnish.driver import Vnish
from miners.power import Identity
from miners.state import MinerSnapshot
from tests.emulators import braiins, heater21
from tests.emulators.avalon import MINI_3, NANO_3S, Avalon
from tests.emulators.axeos import GAMMA_OLD, NERDQAXE, NERDQAXE_OLD, AxeOS
from tests.emulators.base import Emulator
from tests.emulators.clock import Clock
from tests.emulators.epic import EpicOnUsualPorts
from tests.emulators.faults import WITHOUT_END, Fault
from tests.emulators.luxos import LuxOS
from tests.emulators.plug import PlugEmulator
from tests.emulators.vnish import VnishEmulator
from tests.servers.process import PATIENT_SECONDS, missing


@dataclass(frozen=True)
class Device:
    """A kind of device: its driver, how to make one (emulated, heating), and what the driver can do with it."""

    name: str
    adapter: type[Adapter]
    make: Callable[[Clock], Emulator]
    #: Settings beside the address.
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: The driver can switch it off (else only a plug can).
    switches_off: bool = True
    #: How far the watts it says may be from the truth (share): an estimate errs.
    error: float = 0.02
    #: It stops heating when no pool answers.
    needs_pool: bool = True
    #: Another firmware behind the same wire: what a fault does to the exchange is shown by its sibling.
    is_variant: bool = False
    #: It has more than one power, or its driver writes nothing that is so already.
    is_stepped: bool = True
    #: What its snapshot holds beside power while it heats (`test_telling` has the older ones).
    tells: frozenset[str] = frozenset()
    #: It says that it protects itself; else it is only off.
    tells_protection: bool = True
    #: Its library opens several connections at once.
    many_at_once: bool = False

    def __str__(self) -> str:
        return self.name


#: What a device gets that will not answer (s); one that does gets `PATIENT_SECONDS`.
SHORT_SECONDS = 0.2


def seconds_for(fault: Fault | None) -> float:
    """A time to give up in: short where nothing comes."""
    return SHORT_SECONDS if fault in WITHOUT_END else PATIENT_SECONDS


class Bench:
    """One emulated device and the driver on it."""

    def __init__(self, device: Device, *, clock: Any = None) -> None:
        self.device = device
        self.clock = clock or Clock()
        self.emulator = device.make(self.clock)
        self.config: AdapterConfig = device.adapter.Config.model_validate(
            {"address": self.emulator.address, **device.settings}
        )

    @property
    def rig(self):
        return self.emulator.settle()

    @property
    def full_w(self) -> float:
        return self.emulator.rig.nature.most_w

    def identify(self) -> Identity:
        return self.device.adapter.identify(self.config, time.monotonic() + PATIENT_SECONDS)

    def read(self, seconds: float = PATIENT_SECONDS) -> MinerSnapshot:
        return self.device.adapter.read_alone(self.config, time.monotonic() + seconds)

    def write(self, power_w: float, seconds: float = PATIENT_SECONDS) -> None:
        self.device.adapter.write(self.config, None, power_w, time.monotonic() + seconds)

    def commands_during(self, action: Callable[[], Any]) -> list[str]:
        """The commands that reached the device while `action` ran."""
        before = len(self.emulator.commands)
        action()
        return self.emulator.commands[before:]

    def after(self, seconds: float) -> MinerSnapshot:
        """What it shows when so much of its time has passed."""
        self.clock.advance(seconds)
        return self.read()

    def close(self) -> None:
        self.emulator.close()


#: An Avalon's dead-man writes by itself; it has tests of its own.
_NO_TIMER = {"dead_man_minutes": None}


def _epic(clock: Clock) -> Emulator:
    if not is_installed():
        missing("pyasic-rs", "pip install -r requirements-miners.txt")
    return EpicOnUsualPorts(clock)


_PASSWORD = {"password": braiins.PASSWORD}
_LEVELS = {"level_watts": ", ".join(str(watts) for watts in heater21.LEVEL_WATTS)}
DEVICES: list[Device] = [
    Device("axeos", AxeOSMiner, AxeOS),
    Device("axeos-old", AxeOSMiner, lambda clock: AxeOS(clock, GAMMA_OLD), switches_off=False, is_variant=True),
    Device("nerdqaxe", AxeOSMiner, lambda clock: AxeOS(clock, NERDQAXE)),
    Device("nerdqaxe-old", AxeOSMiner, lambda clock: AxeOS(clock, NERDQAXE_OLD), switches_off=False, is_variant=True),
    Device("avalon-q", AvalonMiner, Avalon, {"dead_man_minutes": None}),
    Device(
        "avalon-mini-3",
        AvalonMiner,
        lambda clock: Avalon(clock, MINI_3),
        {"dead_man_minutes": None},
        is_variant=True,
    ),
    Device(
        "avalon-nano-3s",
        AvalonMiner,
        lambda clock: Avalon(clock, NANO_3S),
        {"dead_man_minutes": None},
        switches_off=False,
    ),
    Device("luxos", LuxOSMiner, LuxOS, error=0.1),
    Device("braiins", Braiins, braiins.BraiinsEmulator, _PASSWORD),
    Device(
        "braiins-older",
        Braiins,
        lambda clock: braiins.BraiinsEmulator(clock, detailed=False, says_power_at_rest=False),
        _PASSWORD,
        is_variant=True,
    ),
    Device("vnish", Vnish, VnishEmulator, _PASSWORD),
    Device(
        "vnish-presets",
        Vnish,
        lambda clock: VnishEmulator(clock, version="1.2.6", wrapped=True, says_power_at_rest=False),
        _PASSWORD,
        is_variant=True,
    ),
    Device("heater-21energy", Heater21Energy, heater21.Heater21Emulator, _LEVELS),
    Device(
        "heater-21energy-old",
        Heater21Energy,
        lambda clock: heater21.Heater21Emulator(clock, old=True, says_power_at_rest=False),
        _LEVELS,
        is_variant=True,
    ),
    Device("heater-21energy-untyped", Heater21Energy, heater21.Heater21Emulator, is_variant=True),
    Device("asic-rs-epic", AsicRs, _epic, {**_PASSWORD, "full_power_w": 2170}, many_at_once=True, is_stepped=False),
    # Its off timer starts anew at every "on"; it has tests of its own.
    Device("shelly-plug", ShellyPlug, PlugEmulator, {"auto_off_minutes": None}, needs_pool=False, is_stepped=False),
]


def _testing() -> list[ModuleType]:
    """What driver folders bring for their tests: a module `testing` with `DEVICES` and `EXAMPLE` settings."""
    folders = [one.name for one in pkgutil.iter_modules(drivers.__path__) if one.ispkg]
    names = [f"{drivers.__name__}.{folder}.testing" for folder in folders]
    return [import_module(name) for name in names if find_spec(name) is not None]


TESTING = _testing()
DEVICES += [device for module in TESTING for device in module.DEVICES]
