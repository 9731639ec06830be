"""What the contract suites try with VNish: settings as somebody fills them in, and emulated devices."""

from miners.drivers.vnish.driver import Vnish
from tests.drivers.device import Device
from tests.emulators.vnish import PASSWORD, VnishEmulator

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.43", "password": "p"}
_PASSWORD = {"password": PASSWORD}
_TELLS = {
    "hash_rate_th_s",
    "fan_rpm",
    "chip_temperature_celsius",
    "board_temperature_celsius",
    "blocks_found",
}
DEVICES = [
    Device("vnish", Vnish, VnishEmulator, _PASSWORD, tells=_TELLS),
    Device(
        "vnish-presets",
        Vnish,
        lambda clock: VnishEmulator(clock, version="1.2.6", wrapped=True, says_power_at_rest=False),
        _PASSWORD,
        is_variant=True,
        tells=_TELLS,
    ),
]
