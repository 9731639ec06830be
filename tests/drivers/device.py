"""A kind of device as the contract suites take it, and one of it on a bench: what a driver’s `testing` builds on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from integrations.registry import Adapter, AdapterConfig
from miners.power import Identity
from miners.state import MinerSnapshot
from tests.emulators.base import Emulator
from tests.emulators.clock import Clock
from tests.emulators.faults import WITHOUT_END, Fault
from tests.servers.process import PATIENT_SECONDS

#: Fields of a snapshot that many devices tell together (`Device.tells`).
COMMON = frozenset({"hash_rate_th_s", "fan_rpm", "uptime_seconds"})
CHIPS = frozenset({"chip_temperature_celsius", "average_chip_temperature_celsius"})
BOARDS = frozenset({"board_temperature_celsius", "average_board_temperature_celsius"})


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
    #: What its snapshot holds beside power while it heats.
    tells: Set[str] = frozenset()
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
