"""What each driver finds in the bytes it reads anyway: temperatures, fan, uptime, blocks; and what no device tells."""

from __future__ import annotations

import pytest

from miners.state import MinerStatus

from .devices import DEVICES

#: Of each device: the fields of the snapshot that its answers hold while it heats.
COMMON = {"hash_rate_th_s", "fan_rpm", "uptime_seconds"}
CHIPS = {"chip_temperature_celsius", "average_chip_temperature_celsius"}
BOARDS = {"board_temperature_celsius", "average_board_temperature_celsius"}
BITAXE = COMMON | CHIPS | {"board_temperature_celsius", "blocks_found"}
HOTTEST = {"chip_temperature_celsius", "board_temperature_celsius"}
TELLS = {
    "axeos": BITAXE,
    "axeos-old": BITAXE,
    "nerdqaxe": BITAXE,
    "nerdqaxe-old": BITAXE,
    "avalon-q": COMMON | CHIPS | {"inlet_temperature_celsius", "outlet_temperature_celsius"},
    "avalon-mini-3": COMMON | CHIPS | {"inlet_temperature_celsius", "outlet_temperature_celsius"},
    "avalon-nano-3s": COMMON | CHIPS | {"outlet_temperature_celsius"},
    "luxos": COMMON | BOARDS | {"blocks_found"},
    "braiins": COMMON | {"chip_temperature_celsius", "blocks_found"},
    "braiins-older": COMMON | {"chip_temperature_celsius", "blocks_found"},
    "vnish": (COMMON - {"uptime_seconds"}) | HOTTEST | {"blocks_found"},
    "vnish-presets": (COMMON - {"uptime_seconds"}) | HOTTEST | {"blocks_found"},
    "heater-21energy": {"hash_rate_th_s", "fan_rpm", "chip_temperature_celsius"},
    "heater-21energy-old": {"hash_rate_th_s", "blocks_found"},
    "heater-21energy-untyped": {"hash_rate_th_s", "fan_rpm", "chip_temperature_celsius"},
    "asic-rs-epic": COMMON | BOARDS,
    "shelly-plug": set(),
}
ALL = COMMON | CHIPS | BOARDS | {"inlet_temperature_celsius", "outlet_temperature_celsius", "blocks_found"}


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_what_it_tells_of_itself(device, bench_of):
    bench = bench_of(device)
    bench.emulator.blocks_found = 3
    seen = bench.after(900)
    assert seen.status is MinerStatus.HEATING
    found = {name for name in ALL if getattr(seen, name) is not None}
    assert found == TELLS.get(device.name, device.tells)
    truth = bench.rig.chip_celsius
    for hottest, mean in (("chip", "average_chip"), ("board", "average_board")):
        high, low = (getattr(seen, f"{one}_temperature_celsius") for one in (hottest, mean))
        if high is not None and low is not None:
            assert truth - 10 < low <= high < truth + 10
    assert seen.blocks_found in (None, 3)


@pytest.mark.parametrize("name", ["axeos", "nerdqaxe", "avalon-q", "luxos"])
def test_what_is_off_has_no_temperature_of_zero(name, bench_of):
    bench = bench_of(next(one for one in DEVICES if one.name == name))
    bench.write(0)
    seen = bench.after(900)
    assert seen.status is MinerStatus.OFF
    for field in (*CHIPS, *BOARDS):
        assert getattr(seen, field) is None or getattr(seen, field) > 15


def test_two_sensors_are_two_chips(bench_of):
    """A Bitaxe with two sensors says −1 for one it does not have."""
    bench = bench_of(DEVICES[0])
    bench.emulator.tamper = lambda reply: reply.replace(b'"temp2": -1', b'"temp2": 99')
    seen = bench.read()
    assert seen.chip_temperature_celsius == 99
    assert seen.average_chip_temperature_celsius == pytest.approx((99 + bench.rig.chip_celsius) / 2)
