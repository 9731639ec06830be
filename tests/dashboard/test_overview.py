"""The home in five figures, from facts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from climate.state import Target
from dashboard.facts import Moment, PeriodFacts, ZoneFacts
from dashboard.formats import THIN
from dashboard.overview import overview

from .conftest import energy_live, zone_live

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
AT = Moment(NOW, ZoneInfo("Europe/Zurich"))


def room(name="Bath", *, target=21.0, until=None, following=None, seen=True, **changes) -> ZoneFacts:
    aim = Target(target, target, "default target", until, following)
    live = zone_live(NOW, requested_celsius=target, target_celsius=target, **changes) if seen else {}
    return ZoneFacts(name, name, aim, 0.5, 3600, live=live)


def figures(*zones, energy=None, outdoor=None) -> dict[str, str]:
    found = overview(zones, (), energy, outdoor, AT).figures
    return {one.key: f"{one.value} {one.note}".replace(THIN, " ") for one in found}


def test_what_a_home_looks_like_at_a_glance():
    rooms = (
        room("Bath", temperature_celsius=20.0, heating=True, heating_w=800.0),
        room("Den", temperature_celsius=21.0, heating=True, heating_w=450.0),
        room("Hall", temperature_celsius=20.5, heating_w=3.0),  # standby
    )
    assert figures(*rooms, energy=energy_live(NOW), outdoor={"temperature_celsius": -2.0}) == {
        "average": "20.5° 3 rooms",
        "warm": "2 of 3 rooms",
        "heating": "1.2 kW 2 rooms",
        "energy": "2.6 kW to spare",
        "outdoor": "−2.0° now",
    }


def test_what_is_not_known_is_not_made_up():
    assert figures(room(seen=False), room("Den", temperature_celsius=None)) == {
        "average": "– no reading",
        "warm": "0 of 2 rooms",
        "heating": "0 W no room",
    }
    half = figures(room(temperature_celsius=21.0), room("Den", seen=False))
    assert half["average"] == "21.0° 1 of 2 rooms"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid_w": 400.0}, "400 W bought"),
        ({"grid_w": 0.0, "surplus_w": 30.0}, "0 W to spare"),
        ({"grid_w": 0.0, "surplus_w": -300.0}, "300 W short"),
        ({"grid_w": None, "surplus_w": None}, "– not known"),
    ],
)
def test_what_the_energy_costs(changes, words):
    assert figures(room(), energy=energy_live(NOW, **changes))["energy"] == words


def test_the_next_changes_come_in_their_order():
    rooms = [room(f"Room {number}", until=NOW + timedelta(hours=number), following=18.0) for number in (4, 2, 3, 1)]
    changes = overview([*rooms, room("Attic")], (), None, None, AT).changes
    assert [(one.room, one.target, one.when) for one in changes] == [
        ("Room 1", "18.0°", "at 19:00"), ("Room 2", "18.0°", "at 20:00"), ("Room 3", "18.0°", "at 21:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, "away"),
        ({"preset": "eco", "ends_at": NOW + timedelta(days=1)}, "eco"),
        ({"rooms": ("Bath",)}, ""),
        ({"preset": "frost"}, ""),
        ({"starts_at": NOW + timedelta(days=1)}, ""),
    ],
)
def test_the_button_of_what_holds_already_ends_it(changes, held):
    values = {"preset": "away", "target_celsius": None, "starts_at": NOW, "ends_at": None, "came_at": NOW, **changes}
    found = overview([room()], [PeriodFacts("p", "away", **values)], None, None, AT)
    assert (found.held, found.held_by) == (held, "p" if held else "")


def test_a_room_whose_window_is_open_is_not_at_target():
    rooms = (
        room("Bath", temperature_celsius=21.0, window_open_since=NOW.isoformat()),
        room("Den", temperature_celsius=21.0),
    )
    assert figures(*rooms)["warm"] == "1 of 2 rooms, 1 with a window open"


def test_an_outdoor_sensor_that_is_not_believed_stays_on_the_page():
    assert figures(room(), outdoor={"temperature_celsius": None})["outdoor"] == "– no reading"
