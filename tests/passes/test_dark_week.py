"""A unit of the shipped solar policy while the sun gives nothing: what a room is never below is held, and only that."""

from __future__ import annotations

import pytest

from energy.state import EnergySnapshot
from miners.models import Miner
from optimization.demo import ensure_shipped_policies
from optimization.models import Decision, OptimizationUnit

from . import bench as bench_module


@pytest.fixture
def dark(bench_home):
    """A hall of 18 °C, target 21 °C, solar policy; the roof gives 100 W and the home takes 300 W."""
    meter = bench_home.add_meter(0.0)
    policy = ensure_shipped_policies()["solar_surplus_room_heating"]
    OptimizationUnit.objects.update(policy=policy, strategy="policy_surplus")
    bench_home.meter = meter
    sun(bench_home, -200.0)
    bench_home.becomes(18.0)
    return bench_home


def sun(home, surplus_w: float) -> None:
    """What is left over; the miner's own watts are part of what the grid gives."""
    own_w = 1000.0 if home.plug.on else 0.0
    bench_module._bench.meters[home.meter] = EnergySnapshot(
        production_w=max(0.0, surplus_w),
        household_w=max(0.0, -surplus_w),
        grid_w=own_w - surplus_w,
    )


def go(home, passes: int, surplus_w: float = -200.0) -> None:
    for _ in range(passes):
        sun(home, surplus_w)
        home.go()


def never_below(celsius: float | None) -> None:
    OptimizationUnit.objects.update(never_below_celsius=celsius)


def test_without_a_minimum_the_room_cools_down(dark):
    go(dark, 30)
    assert not dark.plug.on


def test_below_its_minimum_it_is_heated_from_the_grid_until_it_is_above(dark):
    never_below(18.5)
    go(dark, 2)
    assert dark.plug.on
    reason = Decision.objects.filter(action="start").latest("at").reason
    assert "temperature 18.0 °C is below the minimum 18.5 °C" in reason
    go(dark, 60)
    dark.becomes(19.0)
    go(dark, 30)
    assert dark.plug.on, "up to the width of the band above it"
    dark.becomes(19.6)
    go(dark, 30)
    assert not dark.plug.on
    reason = Decision.objects.filter(action="stop").latest("at").reason
    assert "is at least the minimum plus hysteresis 19.5 °C and grid import" in reason


def test_it_never_asks_for_more_than_the_target(dark):
    never_below(30.0)
    dark.becomes(20.4)
    go(dark, 2)
    assert dark.plug.on
    dark.becomes(21.5)
    go(dark, 2)
    assert not dark.plug.on


def test_without_one_the_reasons_do_not_speak_of_it(dark):
    go(dark, 8, 1500.0)
    assert dark.plug.on
    go(dark, 30)
    reason = Decision.objects.filter(action="stop").latest("at").reason
    assert "minimum" not in reason
    assert Miner.objects.count() == 1
