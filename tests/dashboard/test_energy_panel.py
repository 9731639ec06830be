"""The energy in plain words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.energy_panel import balance, energy_panel, paid_by
from dashboard.facts import SourceFacts
from dashboard.formats import THIN

from .conftest import energy_live

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)


def source(live=None, **kwargs) -> SourceFacts:
    parts = {"has_production": True, "has_battery": True, "has_grid": True, "has_monitor": True, **kwargs}
    return SourceFacts("s1", "Roof", live=energy_live(NOW) if live is None else live, **parts)


def flows(panel) -> dict[str, str]:
    return {flow.key: f"{flow.value} {flow.words}".strip().replace(THIN, " ") for flow in panel.flows}


def test_every_flow_with_its_direction():
    assert flows(energy_panel(source(), 800.0)) == {
        "sun": "3.0 kW",
        "house": "400 W",
        "miners": "800 W",
        "battery": "82 % charging 1.0 kW",
        "grid": "1.6 kW selling",
        "surplus": "2.6 kW to spare",
    }


def test_what_a_home_does_not_have_is_not_shown():
    shown = flows(energy_panel(source(has_production=False, has_battery=False, has_grid=False), 0.0))
    assert set(shown) == {"house", "miners", "surplus"}


def test_a_missing_surplus_is_called_short():
    assert flows(energy_panel(source(energy_live(NOW, surplus_w=-1900.0)), 0.0))["surplus"] == "1.9 kW short"


@given(st.none() | st.floats(-5000, 5000), st.none() | st.just(0.0))
def test_headline_tile_and_line_say_the_same_of_the_surplus(surplus_w, grid_w):
    live = energy_live(NOW, surplus_w=surplus_w, grid_w=grid_w, battery_w=0.0)
    panel, tile = energy_panel(source(live), 0.0), " ".join(balance(live))
    assert flows(panel)["surplus"] == tile.replace(THIN, " ")
    if surplus_w is not None:
        says_short, says_spare = "short" in panel.sentence, not panel.sentence.startswith("Nothing")
        assert says_short == ("short" in tile)
        assert says_spare == (not tile.startswith("0"))


def test_unknown_is_no_zero():
    shown = flows(energy_panel(source(energy_live(NOW, grid_w=None, battery_w=None, battery_soc_percent=None)), 0.0))
    assert shown["grid"] == "– not known"
    assert shown["battery"] == "– not known"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"grid_w": 420.0}, "Buying 420 W from the grid."),
        ({"grid_w": 0.0, "battery_w": -700.0}, "The battery gives 700 W."),
        ({}, "2.6 kW to spare without buying any."),
        ({"surplus_w": 10.0, "grid_w": 0.0, "battery_w": 0.0}, "Nothing to spare, nothing bought."),
    ],
)
def test_the_sentence_says_what_costs_first(changes, sentence):
    assert energy_panel(source(energy_live(NOW, **changes)), 0.0).sentence.replace(THIN, " ") == sentence


def test_waiting_and_missing_meter():
    assert energy_panel(source({}), 0.0).sentence == "Waiting for the first reading."
    assert "Choose a meter" in energy_panel(source({}, has_monitor=False), 0.0).problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "solar covers it all"),
        ({"grid_w": 1000.0}, "paid from the grid"),
        ({"grid_w": 200.0}, "25 % of it from the grid"),
        ({"grid_w": 0.0, "battery_w": -300.0}, "from sun and battery"),
        ({"grid_w": 0.0, "battery_w": -300.0, "production_w": 0.0}, "from the battery"),
        ({"grid_w": None}, ""),
    ],
)
def test_who_pays_for_the_heat(changes, words):
    assert paid_by(800.0, energy_live(NOW, **changes)).replace(THIN, " ") == words
