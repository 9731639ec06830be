"""What the contract suites try with Braiins OS: settings as somebody fills them in, and emulated devices."""

from miners.drivers.braiins.driver import Braiins
from tests.drivers.device import COMMON, Device
from tests.emulators.braiins import PASSWORD, BraiinsEmulator

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.42", "password": "p"}
_PASSWORD = {"password": PASSWORD}
_TELLS = COMMON | {"chip_temperature_celsius", "blocks_found"}
DEVICES = [
    Device("braiins", Braiins, BraiinsEmulator, _PASSWORD, tells=_TELLS),
    Device(
        "braiins-older",
        Braiins,
        lambda clock: BraiinsEmulator(clock, detailed=False, says_power_at_rest=False),
        _PASSWORD,
        is_variant=True,
        tells=_TELLS,
    ),
]
