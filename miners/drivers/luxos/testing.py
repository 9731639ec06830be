"""What the contract suites try with LuxOS: settings as somebody fills them in, and emulated devices."""

from miners.drivers.luxos.driver import LuxOSMiner
from tests.drivers.device import BOARDS, COMMON, Device
from tests.emulators.luxos import LuxOS

#: Settings as somebody fills them in.
EXAMPLE = {"address": "antminer.local"}
DEVICES = [Device("luxos", LuxOSMiner, LuxOS, error=0.1, tells=COMMON | BOARDS | {"blocks_found"})]
