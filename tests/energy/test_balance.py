"""Energy state and surplus: a start does not end its own reason, absent and unknown are different things."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from energy.balance import SourceFacts, build
from energy.state import EnergySnapshot

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
STALE = timedelta(minutes=10)
SOLAR = SourceFacts("Roof", "solar", 8000, True, True, 10_000, True, 6000)
NO_BATTERY = replace(SOLAR, has_battery=False, battery_capacity_wh=None)
NO_GRID = replace(SOLAR, has_grid=False)
GRID_ONLY = SourceFacts("Grid", "grid", None, False, False, None, True, 6000)


def state(facts=SOLAR, *, own=0.0, other=0.0, error="", snapshot=None, **values):
    if snapshot is None and values:
        snapshot = EnergySnapshot(**{"observed_at": NOW, **values})
    return build(facts, snapshot, error, stale_after=STALE, now=NOW, own_miners_w=own, other_miners_w=other)


watts = st.floats(0, 20_000)
signed = st.floats(-20_000, 20_000)


@st.composite
def metered_homes(draw):
    """A home whose meters agree: production + import = household + own + other + charging."""
    production, household, battery = draw(watts), draw(watts), draw(signed)
    own, other, start = draw(watts), draw(watts), draw(watts)
    shape = draw(st.sampled_from(["household without miners", "household with miners", "grid and battery", "grid"]))

    def snapshot(own_w: float, battery_w: float) -> EnergySnapshot:
        drawn = household + own_w + other
        grid = drawn + battery_w - production
        match shape:
            case "household without miners":
                return EnergySnapshot(production, household, False, grid, battery_w, observed_at=NOW)
            case "household with miners":
                return EnergySnapshot(production, drawn, True, grid, battery_w, observed_at=NOW)
            case "grid and battery":
                return EnergySnapshot(grid_w=grid, battery_w=battery_w, observed_at=NOW)
        return EnergySnapshot(grid_w=drawn - production, observed_at=NOW)

    facts = NO_BATTERY if shape == "grid" else SOLAR
    share = draw(st.floats(0, 1))  # of the start's watts the battery gives this part, the grid the rest
    return facts, other, own, start, snapshot(own, battery), snapshot(own + start, battery - share * start)


@given(metered_homes())
def test_a_start_does_not_end_its_own_surplus(home):
    """The unit's surplus is the same before and after its miner starts and every meter follows."""
    facts, other, own, start, before, after = home
    then = state(facts, snapshot=before, own=own, other=other)
    now = state(facts, snapshot=after, own=own + start, other=other)
    assert now.surplus_w == pytest.approx(then.surplus_w, abs=1e-6)


@given(metered_homes())
def test_both_ways_to_measure_agree(home):
    """From production and household, and from the meters at grid and battery: the same surplus."""
    facts, other, own, _, snapshot, _ = home
    assume(snapshot.production_w is not None)
    by_meters = replace(snapshot, production_w=None, household_w=None)
    expected = state(facts, snapshot=snapshot, own=own, other=other).surplus_w
    assert state(facts, snapshot=by_meters, own=own, other=other).surplus_w == pytest.approx(expected, abs=1e-6)


@given(watts, watts, watts, watts)
def test_the_miners_of_other_units_take_surplus_away(production, household, own, other):
    alone = state(production_w=production, household_w=household, own=own)
    shared = state(production_w=production, household_w=household, own=own, other=other)
    assert shared.surplus_w == pytest.approx(alone.surplus_w - other, abs=1e-6)


@given(watts, watts, watts, watts)
def test_the_household_shown_never_counts_the_miners(production, household, own, other):
    total = household + own + other
    seen = state(production_w=production, household_w=total, household_includes_miners=True, own=own, other=other)
    assert seen.household_w == pytest.approx(household, abs=1e-6)


def test_a_meter_that_lags_behind_its_miners_shows_no_negative_household():
    assert state(production_w=0, household_w=200, household_includes_miners=True, own=1000).household_w == 0


@pytest.mark.parametrize(
    ("facts", "values", "own", "surplus"),
    [
        (SOLAR, {"production_w": 3000, "household_w": 500}, 0, 2500),
        (SOLAR, {"production_w": 3000, "household_w": 500}, 1000, 2500),
        (SOLAR, {"production_w": 0, "household_w": 500}, 0, -500),
        (SOLAR, {"grid_w": -1500, "battery_w": 800}, 0, 2300),  # what charges the battery could heat
        (SOLAR, {"grid_w": -1500, "battery_w": -800}, 1000, 1700),
        (SOLAR, {"grid_w": -1500}, 0, None),  # the battery may be giving it all
        (SOLAR, {"production_w": 3000}, 0, None),
        (SOLAR, {"production_w": 3000, "grid_w": -1500, "battery_w": 0}, 0, 1500),
        (NO_BATTERY, {"grid_w": -1500}, 0, 1500),
        (NO_GRID, {"production_w": 3000, "battery_w": 100, "grid_w": -1500}, 0, None),
        (GRID_ONLY, {"household_w": 500, "grid_w": 500}, 0, 0.0),
        (GRID_ONLY, {}, 0, 0.0),
    ],
)
def test_the_surplus(facts, values, own, surplus):
    assert state(facts, own=own, **values).surplus_w == surplus


def test_what_the_site_does_not_have_is_not_shown_even_if_a_meter_says_it():
    values = {"production_w": 1.0, "household_w": 2.0, "grid_w": 3.0, "battery_w": 4.0, "battery_soc_percent": 50.0}
    bare = state(replace(GRID_ONLY, has_grid=False), **values, battery_remaining_wh=1.0)
    assert (bare.production_w, bare.grid_w, bare.battery_w) == (None, None, None)
    assert (bare.battery_soc_percent, bare.battery_remaining_wh) == (None, None)
    assert (bare.has_production, bare.has_grid, bare.has_battery) == (False, False, False)
    assert state(SOLAR, **values).battery_soc_percent == 50.0


ALL = {"production_w": 3000.0, "household_w": 500.0, "grid_w": -2500.0, "battery_w": 0.0, "battery_soc_percent": 80.0}


@pytest.mark.parametrize(
    ("age_seconds", "problem"),
    [(0, ""), (600, ""), (601, "silent for 10 min"), (7200, "silent for 120 min"), (-60, ""), (-61, "from the future")],
)
def test_values_too_old_or_from_the_future_are_unknown_throughout(age_seconds, problem):
    seen = state(**{**ALL, "observed_at": NOW - timedelta(seconds=age_seconds)})
    assert problem in seen.problem
    assert bool(seen.problem) == bool(problem)
    known = [seen.production_w, seen.household_w, seen.grid_w, seen.battery_w, seen.battery_soc_percent, seen.surplus_w]
    assert (None in known) == bool(problem)
    assert not problem or set(known) == {None}


def test_values_without_a_time_are_believed():
    assert state(**{**ALL, "observed_at": None}).surplus_w == 2500


def test_an_unreadable_meter_is_unknown_and_says_why():
    seen = state(error="‘Meter’ cannot be read.")
    assert (seen.surplus_w, seen.production_w, seen.problem) == (None, None, "‘Meter’ cannot be read.")


def test_a_part_that_could_not_be_read_is_told_while_the_rest_counts():
    seen = state(production_w=3000, household_w=500, problems=("The battery does not answer.", "Another."))
    assert (seen.problem, seen.surplus_w) == ("The battery does not answer.", 2500)


def test_what_the_source_is_goes_along():
    seen = state(**ALL)
    facts = (seen.source_name, seen.source_type, seen.nominal_power_w, seen.battery_capacity_wh)
    assert (*facts, seen.contracted_power_w) == ("Roof", "solar", 8000, 10_000, 6000)
