"""The sign of each meter, asked in words with what it shows now."""

from __future__ import annotations

import pytest

from dashboard.meter_signs import kept, lines, turned
from integrations.connections.entities import EntityState


def asked(config: dict, **states: str) -> list[tuple[str, str]]:
    entities = {
        f"sensor.{name}": EntityState(f"sensor.{name}", state, "W", name=name.capitalize())
        for name, state in states.items()
    }
    return [(line.key, line.question.replace("\u202f", " ")) for line in lines(config, entities)]


GRID = {"entity_grid": "sensor.grid"}


@pytest.mark.parametrize(
    ("config", "state", "question"),
    [
        (GRID, "-1500", "Are you selling 1.5 kW to the grid now?"),
        (GRID, "340", "Are you buying 340 W from the grid now?"),
        (GRID | {"grid_positive_export": True}, "-1500", "Are you buying 1.5 kW from the grid now?"),
        ({"entity_battery_power": "sensor.grid"}, "800", "Is the battery charging with 800 W now?"),
        ({"entity_battery_power": "sensor.grid"}, "-800", "Is the battery giving 800 W now?"),
        ({"entity_production": "sensor.grid"}, "3200", "Is your roof producing 3.2 kW now?"),
        ({"entity_production": "sensor.grid"}, "-3200", "Is your roof taking 3.2 kW now?"),
        ({"entity_consumption": "sensor.grid"}, "900", "Is the home taking 900 W now?"),
    ],
)
def test_what_it_would_mean(config, state, question):
    ((key, said),) = asked(config, grid=state)
    assert said == question
    ((_, other),) = asked(turned(config, key), grid=state)
    assert other != question
    assert asked(turned(turned(config, key), key), grid=state) == [(key, question)]


@pytest.mark.parametrize("state", ["0", "-12", "unavailable", None])
def test_where_nothing_flows_it_is_said_and_how_it_will_be_taken(state):
    states = {} if state is None else {"grid": state}
    ((_, said),) = asked(GRID, **states)
    assert said == "Nothing flows now that would show its sign. A positive value is taken as buying."


def test_two_sensors_may_be_the_wrong_way_round():
    config = {"entity_grid_import": "sensor.one", "entity_grid_export": "sensor.two"}
    assert asked(config, one="51", two="400") == [("grid_pair", "Are you buying 51 W and selling 400 W now?")]
    swapped = turned(config, "grid_pair")
    assert asked(swapped, one="51", two="400") == [("grid_pair", "Are you buying 400 W and selling 51 W now?")]
    assert asked(config, one="0", two="0")[0][1] == "Nothing flows now that would show which is which."


def test_a_sign_is_kept_as_long_as_its_meter_is():
    before = turned(GRID, "grid")
    assert kept(before, dict(GRID))["grid_positive_export"]
    assert "grid_positive_export" not in kept(before, {"entity_grid": "sensor.other"})
    assert turned(GRID, "nonsense") == GRID
