"""What the contract suites try of pyasic-rs: settings as somebody fills them in, and an emulated device."""

from miners.drivers.asic_rs.driver import AsicRs, is_installed
from tests.drivers.device import BOARDS, COMMON, Device
from tests.emulators.base import Emulator
from tests.emulators.clock import Clock
from tests.emulators.epic import PASSWORD, EpicOnUsualPorts
from tests.servers.process import missing

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.46"}


def _epic(clock: Clock) -> Emulator:
    if not is_installed():
        missing("pyasic-rs", ".venv/bin/python -m pip install -r requirements-miners.txt")
    return EpicOnUsualPorts(clock)


_SETTINGS = {"password": PASSWORD, "full_power_w": 2170}
DEVICES = [Device("asic-rs-epic", AsicRs, _epic, _SETTINGS, many_at_once=True, is_stepped=False, tells=COMMON | BOARDS)]
