"""What the contract suites try with 21energy's heaters: settings as somebody fills them in, and emulated devices."""

from miners.drivers.heater_21energy.driver import Heater21Energy
from tests.drivers.device import Device
from tests.emulators.heater21 import LEVEL_WATTS, Heater21Emulator

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.44"}
_LEVELS = {"level_watts": ", ".join(str(watts) for watts in LEVEL_WATTS)}
_TELLS = {"hash_rate_th_s", "fan_rpm", "chip_temperature_celsius"}
DEVICES = [
    Device("heater-21energy", Heater21Energy, Heater21Emulator, _LEVELS, tells=_TELLS),
    Device(
        "heater-21energy-old",
        Heater21Energy,
        lambda clock: Heater21Emulator(clock, old=True, says_power_at_rest=False),
        _LEVELS,
        is_variant=True,
        tells={"hash_rate_th_s", "blocks_found"},
    ),
    Device("heater-21energy-untyped", Heater21Energy, Heater21Emulator, is_variant=True, tells=_TELLS),
]
