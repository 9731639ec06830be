"""Each part of an energy reading has its own age: one that stands still beside live ones is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from energy import balance
from energy.ages import Sky, limits
from energy.balance import SourceFacts
from energy.state import PARTS, EnergySnapshot

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOF = SourceFacts("Roof", "solar", 8000, True, True, 10_000, True, 6000)
DAY, NIGHT = Sky(20.0, timedelta(hours=4)), Sky(-30.0, timedelta(0))
#: A day on which all meters agree.
VALUES = {
    "production_w": 3000.0,
    "household_w": 500.0,
    "grid_w": -1500.0,
    "battery_w": 1000.0,
    "battery_soc_percent": 80.0,
    "battery_remaining_wh": 8000.0,
}


def state(sky=DAY, part_limits=None, *, age_minutes=(), usual=HOUR, **values):
    """Every part reported just now but those of `age_minutes`."""
    values = {**VALUES, **values}
    observed = {part: NOW - timedelta(minutes=dict(age_minutes).get(part, 0)) for part in values}
    snapshot = EnergySnapshot(
        **values,
        observed_at=max(observed.values()),
        observed=observed,
        sensors={part: f"‘sensor.{part.partition('_')[0]}’" for part in values},
    )
    return balance.build(
        ROOF, snapshot, "", stale_after=usual, now=NOW, own_miners_w=0, other_miners_w=0, sky=sky,
        part_limits=part_limits or {},
    )  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_stands_still_beside_live_ones_is_unknown_after_its_limit(part):
    minutes = 121 if "soc" in part or "remaining" in part else 21
    young, old = state(age_minutes={part: minutes - 2}.items()), state(age_minutes={part: minutes}.items())
    assert (getattr(young, part), young.problem) == (VALUES[part], "")
    assert getattr(old, part) is None
    assert [getattr(old, other) for other in PARTS if other != part] == [VALUES[o] for o in PARTS if o != part]
    assert f"sensor.{part.partition('_')[0]}’ has been silent for {minutes} min" in old.problem


def test_a_frozen_grid_meter_buys_nothing_all_night():
    """It froze at noon while 2000 W were sold; only grid and battery are measured."""
    facts = replace(ROOF, has_battery=False)
    seen = EnergySnapshot(grid_w=-2000.0, observed_at=NOW, observed={"grid_w": NOW})

    def surplus(minutes: float, own_w: float, sky: Sky):
        at = NOW + timedelta(minutes=minutes)
        snapshot = replace(seen, observed_at=at)  # another part is alive
        built = balance.build(
            facts, snapshot, "", stale_after=HOUR, now=at, own_miners_w=own_w, other_miners_w=0, sky=sky
        )
        return built.surplus_w

    assert surplus(0, 0, DAY) == 2000
    assert surplus(21, 1200, DAY) is None
    assert surplus(600, 1200, NIGHT) is None


@pytest.mark.parametrize(
    ("sky", "age_hours", "known"),
    [
        (NIGHT, 14, True),
        (Sky(5.0, timedelta(hours=2)), 16, True),
        (Sky(5.0, timedelta(hours=3.5)), 16, False),
        (DAY, 2, True),
        (DAY, 3.5, False),
        (Sky(), 16, True),
        (Sky(), 19, False),
    ],
)
def test_no_sun_all_night_is_no_fault(sky, age_hours, known):
    seen = state(sky, production_w=0.0, grid_w=1500.0, age_minutes={"production_w": 60 * age_hours}.items())
    assert seen.production_w == (0.0 if known else None)


def test_a_production_that_froze_high_is_unknown_at_night_too():
    assert state(NIGHT, age_minutes={"production_w": 21}.items()).production_w is None


@pytest.mark.parametrize(
    ("values", "ages", "known"),
    [
        ({"battery_w": 0.0}, {"battery_w": 900, "battery_soc_percent": 900}, True),
        ({"battery_w": 0.0}, {"battery_w": 900, "battery_soc_percent": 5}, False),  # it moves, so the power is not 0
        ({"battery_w": 0.0}, {"battery_w": 970, "battery_soc_percent": 970}, False),
        ({"battery_w": -1000.0}, {"battery_w": 21, "battery_soc_percent": 21}, False),
    ],
)
def test_a_battery_that_rests_may_stand_still(values, ages, known):
    seen = state(**values, age_minutes=ages.items())
    assert (seen.battery_w is not None) == known


@pytest.mark.parametrize(("battery_w", "known"), [(0.0, True), (100.0, True), (-1000.0, False), (None, True)])
def test_the_charge_stands_still_only_where_nothing_flows(battery_w, known):
    seen = state(battery_w=battery_w, age_minutes={"battery_soc_percent": 300}.items())
    assert (seen.battery_soc_percent is not None) == known


def test_limits_a_person_set_win():
    own = {"grid_w": timedelta(hours=6), "production_w": timedelta(minutes=5)}
    seen = state(part_limits=own, age_minutes={"grid_w": 300, "production_w": 6}.items())
    assert (seen.grid_w, seen.production_w) == (VALUES["grid_w"], None)


@pytest.mark.parametrize(("usual", "grid"), [(10, 10), (60, 20), (120, 120)])
def test_limits_that_suit(usual, grid):
    assert limits(timedelta(minutes=usual), {})["grid_w"] == timedelta(minutes=grid)


def test_a_part_from_the_future_is_unknown_alone():
    seen = state(age_minutes={"grid_w": -5}.items())
    assert (seen.grid_w, seen.production_w) == (None, VALUES["production_w"])
    assert "‘sensor.grid’ reports from the future" in seen.problem


def test_a_silent_grid_meter_leaves_only_the_contract():
    """What its last word allowed is no longer known: a start must not rely on it."""
    seen = state(age_minutes={"grid_w": 21}.items())
    assert balance.import_limit_w([seen], 0.0) == 6000 - 500
    assert balance.import_limit_w([state()], 0.0) == 6000 + 1500
