"""Every fault at every kind of write (off, on, level) of every driver: in time, never confirmed unless it happened, and
done at the next try. And what only a joined meter reveals.

What is "confirmed" is asked of the loop's own `readback`; what happened, of the rig.
"""

from __future__ import annotations

import contextlib

import pytest

from integrations.errors import AdapterError
from miners.drivers.shelly.driver import ShellyPlug
from miners.state import MinerStatus
from miners.status import evidence, readback
from tests.emulators.faults import NO_ANSWER, OF_COMMANDS, Fault, Scope
from tests.emulators.plug import PlugEmulator
from tests.emulators.rig import Phase, Rig

from .devices import DEVICES, Bench, Device, seconds_for

WIRES = [device for device in DEVICES if not device.is_variant]
SWITCHED = [device for device in DEVICES if device.switches_off]
#: Those with more than one level to be told; 21energy needs them typed in, and an Avalon Mini 3 has one.
STEPPED = [device for device in WIRES if device.is_stepped]
FAULTS = (*NO_ANSWER, *OF_COMMANDS)
ON_THE_WAY = (Phase.BOOT, Phase.INIT, Phase.WORK)
#: Longer than any emulated device needs to boot, wake and ramp (s).
LONG = 900.0


@pytest.fixture
def bench(device, bench_of):
    return bench_of(device)


def under(fault: Fault, bench: Bench, power_w: float) -> None:
    """Write `power_w` while every write meets this fault: an error with a sentence, or nothing, by the deadline."""
    bench.emulator.fail(fault, scope=Scope.WRITE)
    with contextlib.suppress(AdapterError):
        bench.write(power_w, seconds_for(fault))
    assert not bench.emulator.outwaited
    bench.emulator.fail(None)


def never_confirmed_falsely(bench: Bench, wanted_w: float, model) -> bool:
    """Whether the loop counts `wanted_w` as done now; it may only where the rig agrees."""
    seen = bench.read()
    confirmed = readback.is_confirmed(round(wanted_w), seen, model)
    rig = bench.rig
    if confirmed and not wanted_w:
        assert not rig.is_drawing
    if confirmed and wanted_w:
        assert rig.phase in ON_THE_WAY
        if seen.status is MinerStatus.HEATING:
            assert rig.power_w == pytest.approx(wanted_w, rel=0.25)
    return confirmed


@pytest.mark.parametrize("device", [one for one in WIRES if one.switches_off], ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("wanted", ["off", "on"])
def test_a_fault_at_switching(bench, fault, wanted):
    model = bench.identify().power
    if wanted == "on":
        bench.write(0)
        assert bench.after(LONG).status is MinerStatus.OFF
    wanted_w = model.max_w if wanted == "on" else 0.0
    under(fault, bench, wanted_w)
    never_confirmed_falsely(bench, wanted_w, model)
    bench.clock.advance(LONG if wanted == "on" else 60)  # on is confirmed when its watts are there
    # A library that keeps its connection open does not meet a listener that refuses new ones.
    happened = fault in (Fault.WRONG_ACK, Fault.DONE_NOT_ACKED) or (fault is Fault.REFUSE and bench.device.many_at_once)
    assert never_confirmed_falsely(bench, wanted_w, model) is happened
    assert (bench.rig.phase in ON_THE_WAY) is (happened is (wanted == "on"))
    for _ in range(5):  # as the loop does: until it is seen
        bench.write(wanted_w)
        bench.clock.advance(30)
    bench.clock.advance(LONG)
    assert never_confirmed_falsely(bench, wanted_w, model)


@pytest.mark.parametrize("device", STEPPED, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_at_a_level(bench, fault):
    model = bench.identify().power
    least_w = model.min_w
    assert least_w < model.max_w
    under(fault, bench, least_w)
    bench.clock.advance(LONG)
    happened = fault in (Fault.WRONG_ACK, Fault.DONE_NOT_ACKED)
    assert never_confirmed_falsely(bench, least_w, model) is happened
    assert (bench.rig.power_w < 0.9 * model.max_w) is happened
    bench.write(least_w)
    bench.clock.advance(LONG)
    assert never_confirmed_falsely(bench, least_w, model)
    assert bench.rig.power_w == pytest.approx(least_w, rel=0.1)


class Meter(PlugEmulator):
    """A metering plug before a rig: what it measures is that rig's truth."""

    def __init__(self, clock, rig: Rig) -> None:
        self.load = rig
        super().__init__(clock)

    def _status(self):
        return {**super()._status(), "apower": round(self.load.settle().power_w, 1)}


@pytest.mark.parametrize("device", SWITCHED, ids=str)
def test_a_joined_meter_reveals_what_its_bytes_do_not(bench):
    """It goes on telling that it is off while somebody has woken it: alone no driver can see that."""
    model = bench.identify().power
    bench.write(0)
    assert bench.after(LONG).status is MinerStatus.OFF
    bench.read()
    bench.emulator.fail(Fault.FROZEN, scope=Scope.READ)
    assert bench.read().status is MinerStatus.OFF
    bench.emulator.rig.wake()
    meter = Bench(Device("meter", ShellyPlug, lambda clock: Meter(clock, bench.emulator.rig)), clock=bench.clock)
    try:
        for seconds in (5, 30, 60, LONG):
            bench.clock.advance(seconds)
            shown = evidence.joined("It", bench.read(), meter.read(), model)
            if bench.rig.is_drawing:
                assert shown.status is not MinerStatus.OFF
                assert not readback.is_confirmed(0, shown, model)
                assert "W" in shown.problem
        assert bench.rig.is_drawing
        assert shown.status is MinerStatus.HEATING
        assert shown.power_w == pytest.approx(bench.rig.power_w, abs=1)
    finally:
        meter.close()
