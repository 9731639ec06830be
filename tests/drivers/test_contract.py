"""What holds for every driver of a miner, on a device that speaks the bytes of its firmware."""

from __future__ import annotations

import contextlib
import math
from datetime import timedelta

import pytest

from integrations.errors import AdapterError
from miners.power import DEVICE_CLASSES, Identity, OffBy, PowerSource
from miners.state import MinerStatus
from tests.emulators.faults import NO_ANSWER, Fault, Scope

from .devices import DEVICES, seconds_for

SWITCHED = [device for device in DEVICES if device.switches_off]
WIRES = [device for device in DEVICES if not device.is_variant]
each_device = pytest.mark.parametrize("device", DEVICES, ids=str)
each_switched = pytest.mark.parametrize("device", SWITCHED, ids=str)
#: Longer than any emulated device needs to boot, wake and ramp (s).
LONG = 900.0


@pytest.fixture
def bench(device, bench_of):
    return bench_of(device)


def fails(action, bench, fault: Fault):
    """`action(seconds)` fails with a sentence, while what is wrong lasts."""
    with pytest.raises(AdapterError) as caught:
        action(seconds_for(fault))
    assert not bench.emulator.outwaited
    sentence = str(caught.value)
    assert sentence.endswith((".", "?"))
    assert sentence.isprintable()
    assert len(sentence) < 300
    return caught.value


@each_device
def test_identifies(bench):
    identity = bench.identify()
    assert isinstance(identity, Identity)
    assert identity.model
    assert identity.version
    watts = [level.power_w for level in identity.power.levels]
    assert watts == sorted(set(watts))
    assert watts[0] > 0
    assert all(one == round(one) for one in watts), "the loop asks for whole watts"
    assert identity.power.max_w == pytest.approx(bench.full_w, rel=0.25)
    assert identity.power.device_class in DEVICE_CLASSES
    assert (identity.power.off_by is OffBy.DEVICE) == bench.device.switches_off
    assert all(sentence.endswith(".") for sentence in identity.limits)
    assert not bench.emulator.commands


@each_device
def test_reads_a_heating_device(bench):
    seen = bench.after(LONG)
    assert seen.status is MinerStatus.HEATING
    assert seen.power_w == pytest.approx(bench.rig.power_w, rel=bench.device.error)
    assert seen.power_is_measured == (seen.power_source in (PowerSource.METER, PowerSource.FIRMWARE))
    assert seen.power_source is not PowerSource.NONE
    if seen.hash_rate_th_s is not None:
        assert seen.hash_rate_th_s == pytest.approx(bench.rig.hash_rate_th_s, rel=0.05)
    if seen.chip_temperature_celsius is not None:
        assert 20 < seen.chip_temperature_celsius < 110
    for value in (seen.power_w, seen.hash_rate_th_s, seen.chip_temperature_celsius, seen.fan_rpm, seen.uptime_seconds):
        assert value is None or math.isfinite(value)
    assert seen.observed_at is None or seen.observed_at.utcoffset() == timedelta(0)
    assert not bench.emulator.commands


@each_switched
def test_off_is_done_when_seen_and_written_once(bench):
    assert bench.commands_during(lambda: bench.write(0))
    for _ in range(40):
        seen = bench.read()
        if seen.status is MinerStatus.OFF:
            break
        assert bench.rig.is_drawing or seen.status is not MinerStatus.HEATING
        bench.clock.advance(2)
    assert seen.status is MinerStatus.OFF
    assert not bench.rig.is_drawing
    assert bench.commands_during(lambda: bench.write(0)) == []


@each_switched
def test_never_off_while_it_draws(bench):
    for power_w in (0, bench.full_w):
        bench.write(power_w)
        for _ in range(12):
            seen = bench.read()
            assert not (seen.status is MinerStatus.OFF and bench.rig.is_drawing)
            bench.clock.advance(0.7 if power_w == 0 else 7)


@each_switched
def test_on_again_ramps_and_heats(bench):
    full_w = bench.identify().power.max_w
    bench.write(0)
    assert bench.after(LONG).status is MinerStatus.OFF
    assert bench.commands_during(lambda: bench.write(full_w))
    seen = []
    for _ in range(180):
        seen.append(bench.read().status)
        if seen[-1] is MinerStatus.HEATING:
            break
        assert seen[-1] in (MinerStatus.OFF, MinerStatus.STARTING, MinerStatus.RAMPING, MinerStatus.UNREACHABLE)
        bench.clock.advance(5)
    assert seen[-1] is MinerStatus.HEATING
    assert bench.rig.is_drawing
    assert MinerStatus.STARTING in seen
    assert bench.commands_during(lambda: bench.write(full_w)) == []


@each_switched
@pytest.mark.parametrize("later", [0, 2, 6])
def test_an_off_right_after_a_start_ends_in_off_for_good(bench, later):
    """The device has not acted on the start when the off comes: what is “off” then must stay so."""
    full_w = bench.identify().power.max_w
    bench.write(0)
    assert bench.after(LONG).status is MinerStatus.OFF
    bench.write(full_w)
    bench.clock.advance(later)
    for _ in range(20):  # as passes do: until it is seen off
        with contextlib.suppress(AdapterError):
            bench.write(0)
        with contextlib.suppress(AdapterError):
            if bench.read().status is MinerStatus.OFF:
                break
        bench.clock.advance(5)
    assert bench.read().status is MinerStatus.OFF
    seen = bench.after(LONG)
    assert (seen.status, bench.rig.is_drawing) == (MinerStatus.OFF, False)


@each_device
def test_levels_are_the_devices_own(bench):
    model = bench.identify().power
    for level in (*model.levels, model.levels[0]):
        bench.write(level.power_w)
        seen = bench.after(LONG)
        assert seen.status is MinerStatus.HEATING
        assert seen.power_w == pytest.approx(level.power_w, rel=0.15)
        assert bench.rig.power_w == pytest.approx(level.power_w, rel=0.15)
        if model.is_stepped:
            assert seen.set_power_w in (None, level.power_w)
        assert bench.commands_during(lambda watts=level.power_w: bench.write(watts)) == []


@pytest.mark.parametrize("device", WIRES, ids=str)
@pytest.mark.parametrize("fault", NO_ANSWER, ids=str)
def test_faults_of_reading_are_errors(bench, fault):
    bench.emulator.fail(fault)
    fails(bench.read, bench, fault)
    if fault in (Fault.DROP, Fault.GARBAGE, Fault.REFUSE):
        with pytest.raises(AdapterError):
            bench.identify()
    bench.emulator.fail(None)
    assert bench.read().status is MinerStatus.HEATING


@pytest.mark.parametrize("device", [device for device in WIRES if device.switches_off], ids=str)
@pytest.mark.parametrize("fault", NO_ANSWER, ids=str)
def test_faults_of_writing_are_errors_and_confirm_nothing(bench, fault):
    bench.emulator.fail(fault, scope=Scope.WRITE)
    if fault in (Fault.GARBAGE, Fault.TRUNCATE):
        # The command went out; a driver may leave it to the read-back.
        with contextlib.suppress(AdapterError):
            bench.write(0)
    else:
        fails(lambda seconds: bench.write(0, seconds), bench, fault)
    bench.emulator.fail(None)
    assert bench.after(60).status is MinerStatus.HEATING
    assert bench.rig.is_drawing


@each_switched
def test_acknowledged_but_not_done_is_not_confirmed(bench):
    bench.emulator.fail(Fault.ACK_NOT_DONE)
    with contextlib.suppress(AdapterError):  # a driver that looks itself may say so at once
        bench.write(0)
    assert bench.after(60).status is MinerStatus.HEATING
    bench.emulator.fail(None)
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF


@each_switched
def test_a_device_that_tells_old_values_confirms_nothing(bench):
    assert bench.read().status is MinerStatus.HEATING
    bench.emulator.fail(Fault.FROZEN)
    before = bench.read()
    bench.write(0)
    seen = bench.after(60)
    assert seen.status is MinerStatus.HEATING
    assert seen.uptime_seconds == before.uptime_seconds
    bench.emulator.fail(None)
    assert bench.read().status is MinerStatus.OFF


@each_switched
@pytest.mark.parametrize("fault", [Fault.DONE_NOT_ACKED, Fault.WRONG_ACK], ids=str)
def test_done_but_not_acknowledged_is_seen(bench, fault):
    bench.emulator.fail(fault)
    try:
        bench.write(0)
    except AdapterError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 (an error is right; so is a driver that looked itself)
    bench.emulator.fail(None)
    assert bench.after(60).status is MinerStatus.OFF
    assert bench.commands_during(lambda: bench.write(0)) == []


@each_switched
def test_a_power_cut_is_never_off_and_what_came_back_heating_is_seen(bench):
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF
    bench.emulator.cut_mains()
    fails(bench.read, bench, Fault.REFUSE)
    bench.emulator.restore_mains()
    seen = bench.after(LONG)
    assert (seen.status is MinerStatus.HEATING) == bench.rig.is_drawing
    survives = bench.identify().power.off_survives_power_cut
    if survives is not None:
        assert survives == (seen.status is MinerStatus.OFF)
    bench.write(0)
    assert bench.after(60).status is MinerStatus.OFF


@pytest.mark.parametrize("device", [device for device in DEVICES if device.needs_pool], ids=str)
def test_no_pool_is_no_heat(bench):
    bench.emulator.rig.has_pool = False
    seen = bench.after(LONG)
    assert not bench.rig.is_drawing
    assert seen.status in (MinerStatus.NO_POOL, MinerStatus.STARTING)
    assert seen.pool_alive is not True


@each_device
def test_a_device_that_protects_itself_is_not_heating(bench):
    bench.emulator.rig.protect()
    seen = bench.after(60)
    has_reason = bool(seen.fault) or not bench.device.tells_protection
    is_off = seen.status is MinerStatus.OFF and has_reason
    assert is_off or seen.status in (MinerStatus.PROTECT, MinerStatus.UNKNOWN)


@each_device
def test_a_supply_that_fails_is_neither_heat_nor_off(bench):
    bench.emulator.rig.psu_works = False
    seen = bench.after(60)
    assert not bench.rig.is_drawing
    assert seen.status not in (MinerStatus.HEATING, MinerStatus.RAMPING, MinerStatus.OFF)


@each_switched
def test_a_fan_that_stands_ends_in_protection_not_in_a_lie(bench):
    bench.emulator.rig.fan_works = False
    for _ in range(20):
        seen = bench.after(30)
        assert not (seen.status is MinerStatus.HEATING and not bench.rig.is_drawing)
        assert not (seen.status is MinerStatus.OFF and bench.rig.is_drawing)
    assert seen.status is not MinerStatus.HEATING
