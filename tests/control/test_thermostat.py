"""The thermostat gives rooms what they need, within what policies permit and guards allow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.control import cases, table
from climate import thermal_model
from climate.state import Target
from miners.power import Level, PowerModel
from optimization.control.decide import decide
from optimization.control.guards import THERMOSTAT_OVER_K
from optimization.control.memory import Memory

from . import worlds
from .worlds import NOW, miner, running, site, unit, zone

LEVELS = PowerModel((Level("low", 800.0), Level("mid", 1300.0), Level("high", 1600.0)), min_write_gap_seconds=0)
STEPS = PowerModel((Level("low", 800.0), Level("high", 3500.0)), step_w=50.0, min_write_gap_seconds=0)


def room(celsius=20.0, *, falls=0.0, warmed_kw=0.0, **kwargs):
    """A room that is learned: it falls by so many K/h without heat, and has long been warmed by so many kW."""
    model = thermal_model.begin(NOW.timestamp(), celsius)
    model.heat = model.lagged = [warmed_kw] * 5
    model.free_celsius = celsius - sum(gain * warmed_kw for gain in model.gains)
    model.drift_k_per_h = -falls
    return zone(celsius, thermal=model, **kwargs)


def avalon(*zones, key="a", on_w=0, power=LEVELS, **kwargs):
    most = int(power.max_w) if power else 1000
    made = {"key": key, "power": power, "nominal_power_w": most, "level_since": worlds.ago(7200), **kwargs}
    return running(*zones, watts=on_w, for_seconds=7200, **made) if on_w else miner(*zones, **made)


def told(*miners, strategy="thermostat", **kwargs):
    commands, _ = decide(site(unit(*miners, strategy=strategy, **kwargs)), Memory())
    return {command.miner_id: command for command in commands}


def watts(*miners, **kwargs) -> dict[str, int]:
    return {key: command.power_w for key, command in told(*miners, **kwargs).items()}


def test_a_cold_room_is_heated_and_a_warm_one_is_not():
    assert watts(avalon(room(18.0)))["a"] == 1600
    assert watts(avalon(room(22.5)))["a"] == 0
    assert watts(avalon(room(23.5, warmed_kw=0.3), on_w=1600))["a"] == 0


def test_the_less_is_needed_the_less_is_given():
    found = [
        watts(avalon(room(celsius, warmed_kw=1.5), power=STEPS, on_w=1500))["a"] for celsius in (20, 20.6, 21, 21.3)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1] > 0


def test_it_heats_for_the_fall_that_it_foresees():
    still, falling = (avalon(room(20.9, falls=falls), power=STEPS) for falls in (0.0, 3.0))
    assert watts(still)["a"] == 0 < watts(falling)["a"]


def test_a_machine_that_a_room_does_not_need_for_hours_stops():
    assert watts(avalon(room(21.3, warmed_kw=0.05), on_w=800))["a"] == 0


def test_the_warmest_room_of_a_miner_has_a_veto_and_the_neediest_asks():
    cold, warm = room(18.0, key="cold"), room(21.6, key="warm")
    assert watts(avalon(cold, warm))["a"] == 0
    assert watts(avalon(cold, replace(warm, temperature_celsius=20.9, thermal=room(20.9).thermal)))["a"] > 0


def test_a_second_machine_starts_when_the_first_is_not_enough():
    hall = room(18.0)
    found = watts(avalon(hall, on_w=1600), avalon(hall, key="b"))
    assert found["a"] == 1600
    assert found["b"] > 0
    mild = room(20.9, warmed_kw=1.0)
    assert watts(avalon(mild, on_w=800), avalon(mild, key="b"))["b"] == 0


def test_what_its_policy_does_not_permit_it_does_not_heat():
    hall = room(18.0)
    never = worlds.policy((), ())
    assert told(avalon(hall), strategy="policy_thermostat", rules=never)["a"].code == "stays_off"
    cold = worlds.policy((worlds.COLD,), (worlds.WARM,))
    assert told(avalon(hall), strategy="policy_thermostat", rules=cold)["a"].code == "thermostat_heat"


def test_blind_nothing_starts_and_nothing_takes_more():
    blind = zone(None)
    assert watts(avalon(blind)) == {"a": 0}
    assert watts(avalon(blind, on_w=800)) == {"a": 800}
    assert watts(avalon(heats_no_room=True)) == {"a": 0}


def test_it_may_leave_its_band_but_not_by_more_than_a_kelvin():
    within, beyond = (21.5 + THERMOSTAT_OVER_K + over for over in (-0.05, 0.0))
    early = Target(21.0, 21.0, "heating early", early_for=NOW)
    assert told(avalon(replace(room(within), target=early), on_w=800))["a"].guard == ""
    assert told(avalon(replace(room(beyond), target=early), on_w=800))["a"].guard == "zones_warm"


def test_a_start_has_a_price_and_no_share_of_the_day_but_the_cap_holds():
    starts = tuple(worlds.ago(3700 * hours) for hours in range(7, 0, -1))
    cold = room(19.0)
    assert watts(avalon(cold, starts=starts, max_starts_per_day=8))["a"] > 0
    assert told(avalon(cold, starts=starts, max_starts_per_day=7))["a"].guard == "start_budget"


@given(
    st.floats(5, 30),
    st.floats(-3, 3),
    st.floats(0, 3.5),
    st.sampled_from([None, LEVELS, STEPS]),
    st.sampled_from([0, 800, 1300]),
    st.integers(0, 4000),
)
def test_nothing_is_ever_asked_beyond_what_guards_allow(celsius, falls, warmed_kw, power, on_w, limit_w):
    seen = room(celsius, falls=falls, warmed_kw=warmed_kw)
    made = avalon(seen, power=power, on_w=on_w if power else (1000 if on_w else 0))
    commands, _ = decide(replace(site(unit(made, strategy="thermostat")), power_limit_w=limit_w), Memory())
    (command,) = commands
    assert command.power_w <= max(limit_w, 0) or command.code == "min_on"
    assert command.power_w == made.fitting(command.power_w)
    if seen.temperature_celsius >= seen.upper_bound + THERMOSTAT_OVER_K:
        assert command.power_w == 0


@pytest.mark.parametrize("key", ["flat-mild/levels", "house2-cold/on_off"])
def test_three_days_are_nearer_to_their_targets_than_with_rules(key):
    """Whole passes, in rooms that the model knows nothing of."""
    case = table.shortened(cases.every_case()[key], 3)
    by_rules, score = (table.run_alone(case, table.controller_of(name)) for name in ("program", "program-thermostat"))
    assert score.below_k_h + score.above_k_h < 0.9 * (by_rules.below_k_h + by_rules.above_k_h)
