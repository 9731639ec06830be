"""Random commands, faults, power cuts and lost pools: what is read is never a lie, and all is well after they end."""

from __future__ import annotations

import random

import pytest

from integrations.errors import AdapterError
from miners.state import MinerStatus
from miners.status.inference import HEATS_FROM
from tests.chance import IS_FRESH, seeds
from tests.emulators.faults import Fault, Scope

from .devices import DEVICES, seconds_for

STEPS = 80
PASS_SECONDS = 10
#: Those without end cost real time; they are in the mix, seldom.
QUICK = (Fault.REFUSE, Fault.DROP, Fault.GARBAGE, Fault.TRUNCATE, Fault.WRONG_ACK, Fault.ACK_NOT_DONE)
FAULTS = (*QUICK * 4, *(Fault.DONE_NOT_ACKED,) * 4, Fault.HANG, Fault.DRIP)


SWITCHED = [device for device in DEVICES if device.switches_off and not device.is_variant]


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("device", SWITCHED, ids=str)
def test_never_a_lie_and_well_again(device, bench_of, seed):
    bench, dice = bench_of(device), random.Random(f"{device} {seed}")
    levels = [level.power_w for level in bench.identify().power.levels]
    told = 0
    for _ in range(STEPS):
        _happen(bench, dice)
        if dice.random() < 0.4:
            told += _tell(bench, dice.choice([0, 0, *levels]))
        bench.clock.advance(dice.choice([0.3, 2, PASS_SECONDS, 60]))
        _look(bench, levels[0])
    assert told > 10 or IS_FRESH
    _well_again(bench, max(levels))


def _happen(bench, dice) -> None:
    """Something begins or ends."""
    emulator, what = bench.emulator, dice.random()
    if not emulator.rig.has_mains:
        if what < 0.5:
            emulator.restore_mains()
    elif what < 0.15:
        emulator.fail(dice.choice(FAULTS), scope=dice.choice(list(Scope)), probability=dice.choice([0.3, 1.0]))
    elif what < 0.5:
        emulator.fail(None)
    elif what < 0.55:
        emulator.cut_mains()
    elif what < 0.65:
        emulator.rig.has_pool = not emulator.rig.has_pool


def _tell(bench, power_w: float) -> bool:
    """Whether the command went out as far as the driver knows."""
    try:
        bench.write(power_w, seconds_for(bench.emulator.faults.fault))
    except AdapterError:
        return False
    return True


def _look(bench, least_w: float) -> None:
    try:
        seen = bench.read(seconds_for(bench.emulator.faults.fault))
    except AdapterError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 (an error is never a lie)
        return
    assert bench.emulator.rig.has_mains
    rig = bench.rig
    assert not (seen.status is MinerStatus.OFF and rig.is_drawing)
    assert not (seen.status is MinerStatus.HEATING and rig.power_w < HEATS_FROM * least_w)


def _well_again(bench, most_w: float) -> None:
    """Faults end: within five passes it is off, then on, as told."""
    bench.emulator.fail(None)
    bench.emulator.rig.has_pool = True
    if not bench.emulator.rig.has_mains:
        bench.emulator.restore_mains()
    bench.clock.advance(600)  # boots and ramps are over
    for power_w, status in ((0, MinerStatus.OFF), (most_w, MinerStatus.HEATING)):
        for _ in range(5):
            bench.write(power_w)
            bench.clock.advance(PASS_SECONDS)
        bench.clock.advance(600 if power_w else 60)
        assert bench.read().status is status
