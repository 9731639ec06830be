"""What the contract suites try with Avalon: settings as somebody fills them in, and emulated devices."""

from miners.drivers.avalon.driver import AvalonMiner
from tests.drivers.device import CHIPS, COMMON, Device
from tests.emulators.avalon import MINI_3, NANO_3S, Avalon

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.40"}
#: Its dead-man writes by itself; it has tests of its own.
_NO_TIMER = {"dead_man_minutes": None}
_OUTLET = COMMON | CHIPS | {"outlet_temperature_celsius"}
_INLET = _OUTLET | {"inlet_temperature_celsius"}
DEVICES = [
    Device("avalon-q", AvalonMiner, Avalon, _NO_TIMER, tells=_INLET),
    Device(
        "avalon-mini-3",
        AvalonMiner,
        lambda clock: Avalon(clock, MINI_3),
        _NO_TIMER,
        is_variant=True,
        tells=_INLET,
    ),
    Device(
        "avalon-nano-3s",
        AvalonMiner,
        lambda clock: Avalon(clock, NANO_3S),
        _NO_TIMER,
        switches_off=False,
        tells=_OUTLET,
    ),
]
