"""What the contract suites try with Shelly plugs: settings as somebody fills them in, and emulated devices."""

from miners.drivers.shelly.driver import ShellyPlug
from tests.drivers.device import Device
from tests.emulators.plug import PlugEmulator

#: Settings as somebody fills them in.
EXAMPLE = {"address": "192.168.1.45"}
#: Its off timer starts anew at every "on"; it has tests of its own.
_NO_TIMER = {"auto_off_minutes": None}
DEVICES = [Device("shelly-plug", ShellyPlug, PlugEmulator, _NO_TIMER, needs_pool=False, is_stepped=False)]
