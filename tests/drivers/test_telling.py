"""What each driver finds in the bytes it reads anyway: temperatures, fan, uptime, blocks; and what no device tells."""

from __future__ import annotations

import pytest

from miners.state import MinerStatus

from .device import BOARDS, CHIPS, COMMON
from .devices import DEVICES

ALL = COMMON | CHIPS | BOARDS | {"inlet_temperature_celsius", "outlet_temperature_celsius", "blocks_found"}


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_what_it_tells_of_itself(device, bench_of):
    bench = bench_of(device)
    bench.emulator.blocks_found = 3
    seen = bench.after(900)
    assert seen.status is MinerStatus.HEATING
    found = {name for name in ALL if getattr(seen, name) is not None}
    assert found == device.tells
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
    bench = bench_of(next(one for one in DEVICES if one.name == "axeos"))
    bench.emulator.tamper = lambda reply: reply.replace(b'"temp2": -1', b'"temp2": 99')
    seen = bench.read()
    assert seen.chip_temperature_celsius == 99
    assert seen.average_chip_temperature_celsius == pytest.approx((99 + bench.rig.chip_celsius) / 2)
