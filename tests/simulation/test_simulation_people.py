"""What people do in the simulated house: open windows let heat out, presence is kept; both go through JSON."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulation import HouseState, demo_house, room, set_occupied, set_window, step

START = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def after(house, minutes):
    return step(house, START + timedelta(minutes=minutes))


def air(house):
    return room(house, "living_room").air_temperature_celsius


def test_an_open_window_lets_heat_out_until_it_is_shut():
    shut = demo_house(1, START)
    opened = set_window(shut, "living_room", True)
    assert room(opened, "living_room").window_open
    assert not room(opened, "bedroom").window_open
    assert air(after(shut, 10)) - air(after(opened, 10)) > 1.5
    assert air(after(opened, 60)) > air(after(opened, 600)) > 1.0  # towards the outdoors, never past it
    again = set_window(after(opened, 30), "living_room", False)
    assert air(step(again, START + timedelta(minutes=90))) > air(after(opened, 30)) + 1.0  # the walls were warmer


def test_what_goes_out_is_counted():
    house = after(set_window(demo_house(1, START), "living_room", True), 60)
    assert house.meters.room_lost_wh > 2 * after(demo_house(1, START), 60).meters.room_lost_wh


def test_stepping_in_pieces_is_the_same_with_an_open_window():
    house = set_window(demo_house(1, START), "bedroom", True)
    pieces = house
    for minutes in (1, 7, 23, 60):
        pieces = after(pieces, minutes)
    assert pieces == after(house, 60)


def test_presence_is_kept_until_it_changes():
    house = set_occupied(demo_house(1, START), "bedroom", False)
    assert not room(after(house, 60), "bedroom").is_occupied
    assert room(after(house, 60), "living_room").is_occupied
    assert room(set_occupied(after(house, 60), "bedroom", True), "bedroom").is_occupied


def test_both_go_through_json_and_a_house_saved_before_has_shut_windows():
    house = set_occupied(set_window(demo_house(1, START), "living_room", True), "bedroom", False)
    raw = json.loads(json.dumps(house.to_json()))
    assert HouseState.from_json(raw) == house
    for one in raw["rooms"]:
        del one["window_open"], one["is_occupied"]
    for one in raw["spec"]["rooms"]:
        del one["window_ua_w_per_k"]
    old = HouseState.from_json(raw)
    assert not room(old, "living_room").window_open
    assert room(old, "bedroom").is_occupied


@pytest.mark.parametrize("change", [set_window, set_occupied])
def test_a_room_that_is_not_there(change):
    with pytest.raises(KeyError, match="no room 'attic'"):
        change(demo_house(1, START), "attic", True)
