"""A small network on loopback: emulated devices on the ports they really have, and hosts nobody expects."""

from __future__ import annotations

import socket
import time
from typing import Any

from miners.discovery import scan
from tests.emulators.avalon import MINI_3, Avalon
from tests.emulators.axeos import AxeOS
from tests.emulators.base import Emulator
from tests.emulators.braiins import BraiinsEmulator
from tests.emulators.clock import Clock
from tests.emulators.faults import Fault
from tests.emulators.heater21 import Heater21Emulator
from tests.emulators.luxos import LuxOS
from tests.emulators.plug import PlugEmulator
from tests.emulators.usual_ports import UsualPorts
from tests.emulators.vnish import VnishEmulator
from tests.servers.process import PATIENT_SECONDS, loopback_network


class WallClock(Clock):
    """Devices that whole passes control live in the passes' time."""

    def now(self) -> float:
        return time.time()


class Mute:
    """Takes every connection and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()


def be_patient(monkeypatch) -> None:
    """A search waits for whoever answers, however busy the machine; those that never do must `give_up`."""
    for name in ("CONNECT_SECONDS", "DRIVER_SECONDS", "HOST_SECONDS", "SEARCH_SECONDS", "PROBE_SECONDS"):
        monkeypatch.setattr(scan, name, PATIENT_SECONDS)


class Street:
    """`net` is its subnet; `settle(number, emulator, ports)` moves a device into one of its 14 houses."""

    def __init__(self) -> None:
        self._base = loopback_network()
        self.net = f"{self._base}.0/28"
        self._all: list[Any] = []

    def at(self, number: int) -> str:
        return f"{self._base}.{number}"

    def settle(self, number: int, device: Any, *ports: int) -> Any:
        self._all += [UsualPorts(ports, device.port, self.at(number)), device]
        return device

    def close(self) -> None:
        for one in self._all:
            one.close()


class Neighbours:
    """One of each on a street: numbers are houses; empty ones are left out. Times are those of `clock`."""

    def __init__(self, street: Street, clock: Clock) -> None:
        self.axeos: AxeOS = street.settle(1, AxeOS(clock), 80)
        self.avalon: Avalon = street.settle(2, Avalon(clock), 4028)
        self.luxos: LuxOS = street.settle(3, LuxOS(clock), 4028)
        self.vnish: VnishEmulator = street.settle(4, VnishEmulator(clock), 80)
        self.shelly: PlugEmulator = street.settle(5, PlugEmulator(clock), 80)
        self.locked_shelly: PlugEmulator = street.settle(6, PlugEmulator(clock, password="correct horse"), 80)
        self.braiins: BraiinsEmulator = street.settle(7, BraiinsEmulator(clock), 80)
        self.heater: Heater21Emulator = street.settle(8, Heater21Emulator(clock), 80)
        self.mini: Avalon = street.settle(9, Avalon(clock, MINI_3), 80, 4028)
        self.hanging: Emulator = street.settle(10, AxeOS(clock), 80)
        self.hanging.fail(Fault.HANG)
        self.garbage: Emulator = street.settle(11, LuxOS(clock), 80, 4028)
        self.garbage.fail(Fault.GARBAGE)
        self.huge: Emulator = street.settle(12, AxeOS(clock), 80)
        self.huge.fail(Fault.HUGE)
        self.mute: Mute = street.settle(13, Mute(), 80, 4028)

    def give_up(self) -> None:
        """Those that never answer go off the network."""
        self.hanging.close()
        self.mute.close()

    @property
    def emulators(self) -> list[Emulator]:
        return [one for one in vars(self).values() if isinstance(one, Emulator)]
