"""The rig is the truth that drivers are judged by, so it has to be one."""

from __future__ import annotations

import pytest

from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

NATURE = Nature({"low": Setting(500, 25), "full": Setting(1000, 50)}, "full", 10, boot_seconds=20, init_seconds=10)


@pytest.fixture
def rig():
    return Rig(NATURE, Clock())


def after(rig: Rig, seconds: float) -> Rig:
    rig.clock.advance(seconds)
    return rig.settle()


def test_at_work_it_draws_its_level_and_the_energy_adds_up(rig):
    assert after(rig, 3600).power_w == 1000
    assert rig.energy_wh == pytest.approx(1000)
    assert rig.hash_rate_th_s == 50
    assert rig.chip_celsius == pytest.approx(NATURE.hot_celsius, abs=0.5)


def test_sleep_falls_within_seconds_and_waking_ramps(rig):
    rig.sleep()
    assert after(rig, 2).power_w == pytest.approx(500)
    assert after(rig, 3).power_w == 10
    rig.wake()
    assert after(rig, 9).power_w == 10
    assert 10 < after(rig, 20).power_w < 1000
    assert not rig.shown_hash_rate_th_s > rig.hash_rate_th_s
    assert after(rig, 60).power_w == 1000


def test_a_level_is_ramped_to(rig):
    rig.choose("low")
    assert after(rig, 30).power_w == 500
    assert after(rig, 60).hash_rate_th_s == 25


@pytest.mark.parametrize("survives", [True, False])
def test_a_power_cut_ends_all_and_off_may_survive_it(survives):
    rig = Rig(Nature(NATURE.settings, "full", 10, off_survives_power_cut=survives), Clock())
    rig.sleep()
    after(rig, 60)
    rig.cut_mains()
    assert after(rig, 5).power_w == 0
    rig.restore_mains()
    assert after(rig, 300).is_drawing is not survives
    assert rig.uptime_seconds == 300


def test_without_a_pool_or_a_supply_it_does_not_heat(rig):
    rig.has_pool = False
    assert after(rig, 60).power_w == 10
    rig.has_pool, rig.psu_works = True, False
    assert after(rig, 120).power_w == 10


def test_a_fan_that_stands_ends_in_protection(rig):
    rig.fan_works = False
    assert after(rig, 600).phase is Phase.PROTECT
    assert rig.power_w == 10


def test_what_happened_at_a_time_that_has_passed_happened_then(rig):
    began = rig.clock.now()
    rig.clock.advance(100)
    rig.sleep(at=began + 40)
    assert rig.settle().energy_wh == pytest.approx((40 * 1000 + 2 * 1000 + 56 * 10) / 3600, rel=0.03)


def test_a_fast_clock_runs_fast_and_a_frozen_one_stands():
    frozen, fast = Clock(), Clock(speed=10_000)
    began = frozen.now()
    while fast.now() - began < 60:
        pass
    assert frozen.now() == began
