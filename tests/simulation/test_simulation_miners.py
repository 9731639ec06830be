"""The miner as a machine, and the battery: levels, boot, ramp, cool-down, limits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import BatterySpec, demo_house, demo_spec, miner, miners, power_cut, set_power, step
from simulation.battery import exchange_w, stored_after_wh
from simulation.machine import PHASES, MinerState, commanded, level_w, ticked

AT = datetime(2025, 1, 10, 18, 0, tzinfo=UTC)
AVALON, HEATER = demo_spec(1).miners


def seconds(state, count):
    return step(state, state.at + timedelta(seconds=count))


@pytest.mark.parametrize(
    ("request_w", "level"),
    [(0, 0), (-5, 0), (1, 800), (799.9, 800), (800, 800), (1299, 800), (1300, 1300), (1599.99, 1300), (9e9, 1600)],
)
def test_requests_become_levels(request_w, level):
    assert level_w(AVALON, request_w) == level


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf")])
def test_a_request_that_is_no_number_is_refused(nonsense):
    with pytest.raises(ValueError, match="avalon"):
        set_power(demo_house(1, AT), "avalon", nonsense)


def test_an_unknown_miner_is_a_key_error_that_helps():
    with pytest.raises(KeyError, match="avalon, heater"):
        set_power(demo_house(1, AT), "avalom", 800)


def test_a_start_boots_ramps_and_heats():
    state = demo_house(1, AT)
    assert miners(state) == ("avalon", "heater")
    assert miner(state, "avalon").status == "off"
    state = set_power(state, "avalon", 1600)
    assert miner(state, "avalon").status == "starting"  # at once, for a read-back
    seen, powers = [], []
    for _ in range(36):
        state = seconds(state, 10)
        seen.append(miner(state, "avalon").status)
        powers.append(miner(state, "avalon").power_w)
    assert seen == sorted(seen, key=["starting", "ramping", "heating"].index)
    assert seen.index("ramping") in (11, 12)  # two minutes of boot
    assert powers == sorted(powers)
    assert max(powers[:11]) < 450
    assert powers[-1] == 1600
    assert miner(state, "avalon").hash_rate_th_s == 90
    assert 55 < miner(state, "avalon").chip_temperature_celsius < 85


def test_off_is_off_within_seconds_and_cools_down():
    state = seconds(set_power(demo_house(1, AT), "avalon", 1600), 600)
    state = set_power(state, "avalon", 0)
    assert miner(state, "avalon").status == "stopping"
    assert miner(state, "avalon").power_w == 30
    assert miner(state, "avalon").hash_rate_th_s == 0
    assert miner(seconds(state, 50), "avalon").status == "stopping"
    state = seconds(state, 80)
    assert (miner(state, "avalon").status, miner(state, "avalon").power_w) == ("off", 3)
    assert miner(seconds(state, 1800), "avalon").chip_temperature_celsius < 30


def test_levels_change_without_a_reboot():
    state = seconds(set_power(demo_house(1, AT), "avalon", 1600), 600)
    state = set_power(state, "avalon", 900)
    assert miner(state, "avalon").status == "ramping"
    state = seconds(state, 60)
    assert (miner(state, "avalon").status, miner(state, "avalon").power_w) == ("heating", 800)
    state = seconds(set_power(state, "avalon", 1300), 60)
    assert (miner(state, "avalon").power_w, miner(state, "avalon").target_w) == (1300, 1300)


def test_a_start_while_cooling_down_waits_for_the_fans():
    state = seconds(set_power(demo_house(1, AT), "avalon", 1600), 600)
    state = seconds(set_power(state, "avalon", 0), 20)
    state = set_power(state, "avalon", 800)
    assert miner(state, "avalon").status == "stopping"
    assert miner(seconds(state, 60), "avalon").status == "starting"
    assert miner(seconds(state, 600), "avalon").power_w == 800


def test_a_cancelled_start_never_heats():
    state = seconds(set_power(demo_house(1, AT), "avalon", 1600), 30)
    state = set_power(state, "avalon", 0)
    assert miner(seconds(state, 120), "avalon").status == "off"


def test_the_same_command_again_is_the_very_same_state():
    state = seconds(set_power(demo_house(1, AT), "heater", 850), 60)
    assert set_power(state, "heater", 900) is state


def test_a_plug_can_drive_it():
    state = demo_house(1, AT)
    state = seconds(set_power(state, "heater", miner(state, "heater").levels_w[-1]), 600)
    assert miner(state, "heater").power_w == 850
    assert miner(seconds(set_power(state, "heater", 0), 60), "heater").power_w == 0


def test_after_a_power_cut_what_ran_runs_and_some_start_by_themselves():
    state = seconds(set_power(demo_house(1, AT), "heater", 450), 600)
    state = power_cut(state)
    assert miner(state, "avalon").status == "starting"  # was off, forgets it
    assert miner(state, "heater").status == "starting"
    state = seconds(state, 600)
    assert miner(state, "avalon").power_w == 1600
    assert miner(state, "heater").power_w == 450
    state = seconds(set_power(state, "heater", 0), 600)
    assert miner(power_cut(state), "heater").status == "off"


def test_a_power_cut_returns_to_the_last_level():
    state = seconds(set_power(demo_house(1, AT), "avalon", 800), 600)
    state = seconds(set_power(state, "avalon", 0), 600)
    assert miner(seconds(power_cut(state), 600), "avalon").power_w == 800


commands = st.lists(st.tuples(st.floats(-100, 2500), st.integers(0, 40)), max_size=12)


@given(commands, st.sampled_from([AVALON, HEATER]))
def test_whatever_is_commanded_power_stays_possible_and_the_end_is_the_target(sequence, spec):
    state = MinerState(power_w=spec.standby_w)
    energy_wh = 0.0
    for watts, ticks in sequence:
        state = commanded(spec, state, watts)
        for _ in range(ticks):
            state = ticked(spec, state, 10.0)
            energy_wh += state.power_w / 360
            assert 0 <= state.power_w <= spec.levels_w[-1]
            assert state.phase in PHASES
            assert state.target_w or state.power_w <= max(spec.cooldown_w, spec.standby_w)
    for _ in range(60):
        state = ticked(spec, state, 10.0)
        energy_wh += state.power_w / 360
    assert state.power_w == (state.target_w or spec.standby_w)
    assert state.phase == ("heating" if state.target_w else "off")
    assert state.energy_wh == pytest.approx(energy_wh)


@pytest.mark.parametrize(
    "change",
    [
        {"levels_w": ()},
        {"levels_w": (800.0, 800.0, 1000.0)},
        {"levels_w": (1000.0, 800.0, 1600.0)},
        {"hash_rates_th_s": (1.0,)},
        {"boot_to_w": 5000.0},
        {"slew_up_w_per_s": 0.0},
        {"levels_w": (float("nan"), 1.0, 2.0)},
    ],
)
def test_impossible_miners_are_refused(change):
    with pytest.raises(ValueError, match="avalon"):
        replace(AVALON, **change)


BATTERY = BatterySpec(capacity_wh=10_000, charge_w=5000, discharge_w=4000, round_trip=0.81)


@given(st.floats(1000, 10_000), st.floats(-9000, 9000), st.floats(0.001, 2))
def test_battery_never_passes_its_limits_nor_invents_energy(stored, surplus, hours):
    power = exchange_w(BATTERY, stored, surplus, hours)
    after = stored_after_wh(BATTERY, stored, power, hours)
    assert -4000 <= power <= 5000
    assert 1000 - 1e-6 <= after <= 10_000
    assert abs(power) <= abs(surplus)
    assert power * surplus >= 0
    ratio = 0.9 if power > 0 else 1 / 0.9
    assert after - stored == pytest.approx(power * hours * ratio, abs=1e-6)


def test_battery_round_trip():
    stored = stored_after_wh(BATTERY, 5000, 1000, 1)
    assert stored == pytest.approx(5900)
    assert stored_after_wh(BATTERY, stored, -810, 1) == pytest.approx(5000)


def test_full_takes_nothing_and_empty_gives_nothing():
    assert exchange_w(BATTERY, 10_000, 3000, 0.01) == 0
    assert exchange_w(BATTERY, 1000, -3000, 0.01) == 0
    assert exchange_w(BATTERY, 500, -3000, 0.01) == 0  # below its floor it only charges
