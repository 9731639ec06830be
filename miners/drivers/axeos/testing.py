"""What the contract suites try with Bitaxe and NerdQAxe: settings as somebody fills them in, and emulated devices."""

from miners.drivers.axeos.driver import AxeOSMiner
from tests.drivers.device import CHIPS, COMMON, Device
from tests.emulators.axeos import GAMMA_OLD, NERDQAXE, NERDQAXE_OLD, AxeOS

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.41:80"}
_TELLS = COMMON | CHIPS | {"board_temperature_celsius", "blocks_found"}
DEVICES = [
    Device("axeos", AxeOSMiner, AxeOS, tells=_TELLS),
    Device(
        "axeos-old",
        AxeOSMiner,
        lambda clock: AxeOS(clock, GAMMA_OLD),
        switches_off=False,
        is_variant=True,
        tells=_TELLS,
    ),
    Device("nerdqaxe", AxeOSMiner, lambda clock: AxeOS(clock, NERDQAXE), tells=_TELLS),
    Device(
        "nerdqaxe-old",
        AxeOSMiner,
        lambda clock: AxeOS(clock, NERDQAXE_OLD),
        switches_off=False,
        is_variant=True,
        tells=_TELLS,
    ),
]
