"""Energy values that cannot all be true are told and never count as surplus."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from energy import balance
from energy.ages import Sky
from energy.balance import SourceFacts
from energy.contradictions import PATIENCE, Contradiction, follow
from energy.monitors.home_assistant.monitor import HomeAssistantEnergyMonitor
from energy.state import EnergySnapshot
from integrations.connections.entities import EntityAnswers, EntityState

CASES = Path(__file__).parents[1] / "adapters" / "cases"
NOW = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)
HYBRID = SourceFacts("Roof", "solar", 5000, True, True, 10_000, True, None)
DAY, NIGHT = Sky(20.0, timedelta(hours=4)), Sky(-30.0, timedelta(0))
SENSORS = {
    "entity_production": "sensor.pv",
    "entity_consumption": "sensor.load",
    "entity_grid": "sensor.grid",
    "entity_battery_power": "sensor.bat",
    "entity_battery_soc": "sensor.soc",
}


def read(states: dict[str, str], **config) -> EnergySnapshot:
    """As the adapter reads “2000 W (…)” of a case."""
    answers = EntityAnswers()
    for entity_id, text in states.items():
        value, unit = text.split()[:2]
        answers[entity_id] = EntityState(entity_id, value, unit, observed_at=NOW)
    chosen = {name: entity_id for name, entity_id in SENSORS.items() if entity_id in states}
    return HomeAssistantEnergyMonitor.read(HomeAssistantEnergyMonitor.Config(**{**chosen, **config}), answers)


def build(snapshot, *, facts=HYBRID, sky=DAY, own=0.0, other=0.0, doubt="", is_real=True):
    return balance.build(
        facts, snapshot, "", stale_after=timedelta(hours=1), now=NOW, own_miners_w=own, other_miners_w=other, sky=sky,
        doubt=doubt, is_real=is_real,
    )  # fmt: skip


AFTER_DARK = json.loads((CASES / "hybrid_production_is_battery.json").read_text())["after dark"]


@pytest.mark.parametrize("sky", [NIGHT, DAY, Sky()], ids=["night", "day", "no place"])
def test_production_that_is_the_battery_gives_no_surplus(sky):
    """The case of a hybrid inverter: 1200 W of the load are the miner."""
    seen = build(read(AFTER_DARK), sky=sky, own=1200.0)
    assert seen.surplus_w == -800
    assert "‘sensor.pv’" in seen.contradiction_text
    assert "‘sensor.bat’" in seen.contradiction_text


def test_after_dark_no_sun_is_believed():
    seen = build(read(AFTER_DARK), sky=NIGHT, own=1200.0)
    assert seen.production_w is None
    assert seen.problem == (
        "‘sensor.pv’ shows 2000 W although the sun is down. It seems to count what ‘sensor.bat’ gives: choose the "
        "sensor of the panels alone."
    )


@pytest.mark.parametrize(
    ("states", "own", "surplus"),
    [
        ({"sensor.pv": "2000 W", "sensor.load": "2000 W"}, 1200, -800),
        ({"sensor.pv": "2000 W", "sensor.load": "2000 W", "sensor.grid": "0 W"}, 1200, -800),
        ({"sensor.load": "800 W"}, 0, -800),
        ({"sensor.pv": "30 W", "sensor.load": "800 W"}, 0, -800),
        ({"sensor.grid": "0 W", "sensor.bat": "0 W"}, 1200, 0),  # its 1200 W come from something nobody measures
    ],
)
def test_after_dark_there_is_no_surplus_whatever_is_measured(states, own, surplus):
    assert build(read(states), sky=NIGHT, own=own).surplus_w == surplus


def test_wind_blows_at_night():
    facts = SourceFacts("Mill", "wind", 5000, True, False, None, True, None)
    seen = build(read({"sensor.pv": "2000 W", "sensor.load": "500 W"}), facts=facts, sky=NIGHT)
    assert (seen.surplus_w, seen.contradiction) == (1500, "")


@pytest.mark.parametrize(
    ("production", "household", "grid", "battery", "words"),
    [
        (5000, 2000, -3000, -2000, "the production counted what the battery gives"),
        (3000, 500, -500, -2000, "the sign of the battery were inverted"),
        (3000, 500, 2500, 0, "the sign of the grid were inverted"),
        (3000, 500, 4000, 0, "A sensor is wrong, or something takes or gives power"),
    ],
)
def test_the_likely_mistake_is_named_and_the_lower_surplus_counts(production, household, grid, battery, words):
    seen = build(EnergySnapshot(float(production), float(household), False, grid, battery, observed_at=NOW))
    assert words in seen.contradiction_text
    assert seen.surplus_w == min(production - household, battery - grid)


@pytest.mark.parametrize(("includes", "words"), [(True, "did not count the miners"), (False, "counted the miners")])
def test_miners_counted_wrongly_are_named(includes, words):
    load, grid = (500.0, -1300.0) if includes else (1700.0, -1300.0)
    snapshot = EnergySnapshot(3000.0, load, includes, grid, 0.0, observed_at=NOW)
    assert words in build(snapshot, own=1200.0).contradiction_text


def test_typed_values_know_nothing_of_the_miners():
    snapshot = EnergySnapshot(3000.0, 500.0, False, -2500.0, 0.0, observed_at=NOW)
    assert build(snapshot, own=1200.0).contradiction == "balance"
    assert build(snapshot, own=1200.0, is_real=False).contradiction == ""


flow = st.floats(-8000, 8000)


@given(st.floats(0, 8000), st.floats(0, 8000), flow, st.floats(0, 3000), st.floats(-0.1, 0.1), st.booleans())
def test_meters_that_agree_within_their_losses_do_not_contradict(production, household, battery, own, loss, includes):
    grid = household + own + battery - production + loss * min(production, abs(battery), 1400)
    snapshot = EnergySnapshot(
        production, household + (own if includes else 0), includes, grid, battery, observed_at=NOW
    )
    assert build(snapshot, own=own).contradiction == ""


@given(st.floats(0, 8000), st.floats(0, 8000), flow, flow, st.floats(0, 3000), st.sampled_from([DAY, NIGHT]))
def test_surplus_is_never_more_than_every_way_to_calculate_it_allows(production, household, grid, battery, own, sky):
    snapshot = EnergySnapshot(production, household, False, grid, battery, observed_at=NOW)
    seen = build(snapshot, own=own, sky=sky)
    assume(seen.contradiction)
    assert seen.surplus_w <= min(production - household, battery - grid + own) + 1e-6
    assert sky is DAY or seen.surplus_w <= 0


# -- negative values --------------------------------------------------------------------------


@pytest.mark.parametrize("load", [json.loads((CASES / "negative_consumption.json").read_text())["sensor.load"], "-8 W"])
def test_a_negative_load_is_zero_and_surplus_stays_known(load):
    case = json.loads((CASES / "negative_consumption.json").read_text())
    seen = build(read({"sensor.pv": case["sensor.pv"], "sensor.load": load}))
    assert (seen.household_w, seen.surplus_w, seen.problem) == (0.0, 1288.056, "")
    assert seen.notes == (
        f"‘sensor.load’ shows −{-float(load.split()[0]):.0f} W. Consumption cannot be negative, so 0 W is used.",
    )


def test_a_load_that_stays_far_below_zero_may_have_an_inverted_sign():
    states = {"sensor.pv": "2500 W", "sensor.load": "-2000 W"}
    seen = build(read(states))
    assert (seen.contradiction, seen.surplus_w) == ("negative", 2500)
    assert build(read(states), doubt=seen.contradiction_text).surplus_w == 500
    inverted = build(read(states, consumption_is_negative=True, consumption_includes_miners=False))
    assert (inverted.household_w, inverted.surplus_w, inverted.notes) == (2000, 500, ())


def test_a_production_shown_as_negative_is_named_and_can_be_inverted():
    states = {"sensor.pv": "-2500 W", "sensor.load": "500 W"}
    seen = build(read(states))
    assert (seen.production_w, seen.surplus_w) == (0, -500)
    assert "‘sensor.pv’ shows −2500 W" in seen.notes[0]
    assert build(read(states, production_is_negative=True)).surplus_w == 2000


# -- when it is told --------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)
BALANCE, DARK, NONE = Contradiction("balance", "They differ."), Contradiction("dark", "It is dark."), Contradiction()


def told(*found: Contradiction) -> list[str]:
    """What is told at each of these minutes."""
    memory, said = {}, []
    for minute, one in enumerate(found):
        one = one._replace(text=f"{one.text} {minute}") if one.kind else one
        memory, text = follow(memory, one, NOW + minute * MINUTE)
        said.append(text)
    return said


def test_it_is_told_after_some_minutes_with_the_words_of_then():
    patience = PATIENCE // MINUTE
    said = told(*[BALANCE] * 9)
    assert said == [""] * patience + ["They differ. 5"] * (9 - patience)


def test_a_passing_difference_is_not_told():
    assert set(told(*[BALANCE] * 4, NONE, *[BALANCE] * 4, NONE, *[BALANCE] * 4)) == {""}


def test_it_is_over_when_all_agree_for_some_minutes():
    said = told(*[BALANCE] * 6, NONE, NONE, BALANCE, *[NONE] * 6)
    assert said[5:14] == ["They differ. 5"] * 9
    assert said[14] == ""


def test_another_contradiction_is_told_in_its_turn():
    said = told(*[BALANCE] * 6, *[DARK] * 12)
    assert said[10] == "They differ. 5"
    assert said[-1].startswith("It is dark.")


@pytest.mark.parametrize("damage", [{"told": True}, {"since": 3}, {"since": "x", "told": "yes"}, {"kind": []}])
def test_damaged_memory_is_no_memory(damage):
    assert follow(damage, BALANCE, NOW)[1] == ""
