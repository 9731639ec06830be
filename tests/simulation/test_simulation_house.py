"""The house as one value: determinism, splitting, JSON, conservation; the demo home's promises."""

import copy
import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import (
    HouseState,
    begin,
    demo_house,
    demo_spec,
    energy,
    miner,
    room,
    rooms,
    set_power,
    step,
    weather,
)
from tests.chance import examples

AT = datetime(2025, 1, 10, 18, 0, tzinfo=UTC)


def heating(seed=1, at=AT):
    return set_power(set_power(demo_house(seed, at), "avalon", 1600), "heater", 850)


# --- time -------------------------------------------------------------------------------------


@examples(30)
@given(
    st.integers(0, 100),
    st.lists(st.floats(0.001, 5000), min_size=1, max_size=8),
    st.integers(0, 59_999_999),
)
def test_stepping_in_any_pieces_gives_the_same_house_bit_for_bit(seed, pieces, offset_us):
    start = AT + timedelta(microseconds=offset_us)
    state, until = heating(seed, start), start
    for piece in pieces:
        until += timedelta(seconds=piece)
        state = step(state, until)
    assert state == step(heating(seed, start), until)
    assert timedelta(0) <= until - state.at < timedelta(seconds=10)


def test_splitting_through_json_changes_nothing():
    whole = step(heating(), AT + timedelta(hours=3))
    state = heating()
    for i in range(18):
        state = HouseState.from_json(json.loads(json.dumps(state.to_json())))
        state = step(state, AT + timedelta(minutes=10 * (i + 1)))
    assert state == whole


def test_a_clock_that_stepped_back_changes_nothing():
    state = step(heating(), AT + timedelta(hours=1))
    assert step(state, AT) is state
    assert step(state, state.at) is state
    assert step(state, state.at + timedelta(seconds=9)) is state


def test_until_may_be_in_any_zone_but_must_have_one():
    rome = timezone(timedelta(hours=1))
    assert step(heating(), datetime(2025, 1, 10, 20, 0, tzinfo=rome)) == step(heating(), AT + timedelta(hours=1))
    with pytest.raises(ValueError, match="until"):
        step(heating(), datetime(2025, 1, 10, 20, 0))
    with pytest.raises(ValueError, match="at"):
        demo_house(1, datetime(2025, 1, 10, 20, 0))


def test_a_year_unwatched_is_soon_computed_and_forgets_where_it_began():
    year = AT + timedelta(days=365)
    cold = step(heating(), year)
    warm = step(set_power(set_power(begin(demo_spec(1), AT, 25, 25), "avalon", 1600), "heater", 850), year)
    assert cold.at == year
    # Two computed days; what is left of a start 9 K apart.
    for a, b in zip(cold.rooms, warm.rooms, strict=True):
        assert abs(a.air_celsius - b.air_celsius) < 1.5


def _python(code):
    root = Path(__file__).parents[2]
    run = [sys.executable, "-c", code]
    return subprocess.run(run, capture_output=True, text=True, check=True, cwd=root).stdout


def test_the_same_seed_is_the_same_house_in_another_process():
    code = (
        "import json, datetime as d; from simulation import *;"
        "at = d.datetime(2025, 1, 10, 18, tzinfo=d.UTC);"
        "s = set_power(set_power(demo_house(7, at), 'avalon', 1600), 'heater', 850);"
        "print(json.dumps(step(s, at + d.timedelta(hours=2)).to_json(), sort_keys=True))"
    )
    mine = step(heating(7), AT + timedelta(hours=2)).to_json()
    assert json.loads(_python(code)) == mine


def test_only_the_standard_library_is_imported():
    code = (
        "import sys; before = set(sys.modules); import simulation;"
        "new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'simulation'}))"
    )
    assert _python(code).strip() == "[]"


# --- conservation -----------------------------------------------------------------------------


def _balance_w(state):
    now = energy(state)
    return now.production_w + now.grid_w - now.battery_w - now.household_w - now.miners_w


@examples(15)
@given(
    st.integers(0, 1000),
    st.integers(0, 86400),
    st.lists(
        st.tuples(st.sampled_from(["avalon", "heater"]), st.floats(0, 2000), st.integers(10, 20_000)),
        min_size=1,
        max_size=6,
    ),
)
def test_energy_balances_at_every_instant_and_heat_over_any_time(seed, start_second, commands):
    first = state = demo_house(seed, AT + timedelta(seconds=start_second))
    for key, watts, seconds in commands:
        assert _balance_w(state) == pytest.approx(0, abs=1e-9)
        state = set_power(state, key, watts)
        assert _balance_w(state) == pytest.approx(0, abs=1e-9)
        state = step(state, state.at + timedelta(seconds=seconds))
    assert _balance_w(state) == pytest.approx(0, abs=1e-9)
    stored_j = sum(
        spec.air_j_per_k * (after.air_celsius - before.air_celsius)
        + spec.mass_j_per_k * (after.mass_celsius - before.mass_celsius)
        for spec, before, after in zip(state.spec.rooms, first.rooms, state.rooms, strict=True)
    )
    meters = state.meters
    assert stored_j / 3600 + meters.room_lost_wh == pytest.approx(meters.room_heat_wh, abs=1e-3)
    now = energy(state)
    assert (
        now.production_total_wh + now.grid_import_total_wh + now.battery_discharge_total_wh
        == pytest.approx(now.consumption_total_wh + now.grid_export_total_wh + now.battery_charge_total_wh, abs=1e-6)
    )  # fmt: skip
    one_way = math.sqrt(state.spec.battery.round_trip)
    held = meters.charged_wh * one_way - meters.discharged_wh / one_way
    assert state.battery_wh - first.battery_wh == pytest.approx(held, abs=1e-6)
    assert now.miners_total_wh == pytest.approx(sum(m.energy_wh for m in state.miners), abs=1e-6)


def test_the_battery_fills_in_the_sun_and_empties_in_the_night():
    state = step(demo_house(2, AT), AT + timedelta(hours=13))  # 7 in the morning
    assert energy(state).battery_soc_percent < 85
    levels, flows = [], []
    for _ in range(9 * 60):
        state = step(state, state.at + timedelta(minutes=1))
        levels.append(energy(state).battery_soc_percent)
        flows.append((energy(state).battery_w, energy(state).grid_w))
    assert max(levels) == pytest.approx(100)
    assert any(battery > 500 and abs(grid) < 1e-9 for battery, grid in flows)  # charges from surplus only
    assert any(grid < -500 for _, grid in flows)  # full: exports


# --- JSON -------------------------------------------------------------------------------------


def test_json_round_trip_is_exact():
    state = step(heating(), AT + timedelta(hours=5, seconds=10))
    again = HouseState.from_json(json.loads(json.dumps(state.to_json())))
    assert again == state
    assert hash(again) == hash(state)
    assert again.to_json() == state.to_json()
    assert "NaN" not in json.dumps(state.to_json(), allow_nan=False)


def test_a_house_without_solar_and_battery_has_none():
    spec = replace(demo_spec(1), pv=None, battery=None)
    state = step(begin(spec, AT), AT + timedelta(hours=20))
    now = energy(state)
    assert (now.production_w, now.battery_w, now.battery_soc_percent, now.battery_remaining_wh) == (None,) * 4
    assert now.grid_w == pytest.approx(now.consumption_w)
    assert HouseState.from_json(state.to_json()) == state


def test_a_miner_that_heats_no_room_heats_no_room():
    spec = demo_spec(1)
    spec = replace(spec, miners=(replace(spec.miners[0], room=None), spec.miners[1]))
    quiet = step(begin(spec, AT), AT + timedelta(hours=1))
    loud = step(set_power(begin(spec, AT), "avalon", 1600), AT + timedelta(hours=1))
    assert loud.rooms == quiet.rooms
    assert energy(loud).miners_w > energy(quiet).miners_w
    assert miner(loud, "avalon").chip_temperature_celsius > 40


def _places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*path, key))


GOOD = step(heating(), AT + timedelta(minutes=5)).to_json()
PLACES = list(_places(GOOD))
garbage = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300), st.just([]), st.just({}),
    st.just([[[]]]), st.just({"a": 1}), st.sampled_from([-1.0, 1e308, float("nan"), float("inf"), 10**400]),
)  # fmt: skip


@examples(150)
@given(st.sampled_from(PLACES), garbage, st.sampled_from(["replace", "delete"]))
def test_damaged_json_is_a_value_error_or_a_house_that_works(path, junk, how):
    raw = copy.deepcopy(GOOD)
    if not path:
        raw = junk
    else:
        parent = raw
        for key in path[:-1]:
            parent = parent[key]
        if how == "delete":
            del parent[path[-1]]
        else:
            parent[path[-1]] = junk
    try:
        state = HouseState.from_json(raw)
    except ValueError:
        return
    state = step(state, min(state.at + timedelta(minutes=2), datetime.max.replace(tzinfo=UTC)))
    json.dumps(state.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("path", "junk", "says"),
    [
        (("rooms", 0, "air_celsius"), "warm", r"house\.rooms\[0\]\.air_celsius: a finite number"),
        (("rooms", 0, "air_celsius"), True, r"house\.rooms\[0\]\.air_celsius"),
        (("rooms",), [], "one state per room"),
        (("at",), "2025-01-10T18:00:00", "a zone is needed"),
        (("at",), "soon", "ISO 8601"),
        (("version",), 99, "version"),
        (("battery_wh",), 10_001, "battery_wh"),
        (("miners", 1, "phase"), "melting", "melting"),
        (("miners", 0, "target_w"), 1234, "1234 W is none of its levels"),
        (("spec", "latitude"), 91, "latitude"),
        (("spec", "miners", 0, "room"), "attic", "attic"),
        (("spec", "colour"), "red", "unknown colour"),
    ],
)
def test_errors_name_the_place(path, junk, says):
    raw = copy.deepcopy(GOOD)
    parent = raw
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = junk
    with pytest.raises(ValueError, match=says):
        HouseState.from_json(raw)


def test_a_state_without_a_newer_optional_field_still_loads():
    raw = copy.deepcopy(GOOD)
    del raw["spec"]["rooms"][0]["moisture_excess_pa"]
    assert HouseState.from_json(raw) == HouseState.from_json(GOOD)


# --- the demo home ----------------------------------------------------------------------------


def test_the_demo_home_starts_as_promised():
    state = demo_house(1, AT)
    assert rooms(state) == ("living_room", "bedroom")
    for key in rooms(state):
        assert room(state, key).air_temperature_celsius == 16
        assert room(state, key).temperature_celsius == pytest.approx(16, abs=0.03)
        assert 30 < room(state, key).humidity_percent < 70
    now = energy(state)
    assert now.battery_soc_percent == 95
    assert now.battery_remaining_wh == 9500
    assert now.production_w == 0
    assert miner(state, "avalon").levels_w == (800, 1300, 1600)
    assert miner(state, "heater").levels_w == (450, 850)


@pytest.mark.parametrize("hour", [0, 6, 12, 18])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_cold_room_warms_visibly_within_minutes(seed, hour):
    state = heating(seed, AT.replace(hour=hour))
    state = step(state, state.at + timedelta(minutes=5))
    assert all(room(state, key).air_temperature_celsius >= 16.2 for key in rooms(state))
    state = step(state, state.at + timedelta(minutes=3))
    assert all(room(state, key).temperature_celsius >= 16.2 for key in rooms(state))


def test_full_power_holds_the_targets_in_the_coldest_possible_night():
    climate = replace(demo_spec(1).climate, mean_celsius=-6.9, diurnal_celsius=0, synoptic_celsius=0, gust_celsius=0)
    spec = replace(demo_spec(1), climate=replace(climate, mean_cloud=1.0))
    state = set_power(set_power(begin(spec, AT), "avalon", 1600), "heater", 850)
    for _ in range(3):
        state = step(state, state.at + timedelta(days=3))
    assert room(state, "living_room").air_temperature_celsius > 23
    assert room(state, "bedroom").air_temperature_celsius > 21


THERMOSTATS = {"living_room": (21.0, "avalon", 1600.0), "bedroom": (19.0, "heater", 850.0)}


def _thermostats(state, on, last_change):
    """Start below the lower bound, stop at the upper; at least ten minutes on and off."""
    for key, (target, miner_key, watts) in THERMOSTATS.items():
        reading = room(state, key).temperature_celsius
        want = True if reading < target - 0.5 else False if reading >= target + 0.5 else on[key]
        if want != on[key] and state.at - last_change[key] >= timedelta(minutes=10):
            on[key], last_change[key] = want, state.at
            state = set_power(state, miner_key, watts if want else 0)
    return state


@pytest.mark.parametrize("seed", [1, 4])
def test_a_plain_thermostat_holds_the_band_for_24_hours(seed):
    state = demo_house(seed, AT)
    on = dict.fromkeys(THERMOSTATS, False)
    last_change = dict.fromkeys(THERMOSTATS, AT - timedelta(hours=1))
    warm_after = dict.fromkeys(THERMOSTATS, timedelta(0))
    for i in range(24 * 360):
        state = _thermostats(step(state, AT + timedelta(seconds=10 * i)), on, last_change)
        for key, (target, _, _) in THERMOSTATS.items():
            reading = room(state, key).temperature_celsius
            assert reading < target + 0.5 + 0.3
            if not warm_after[key]:
                warm_after[key] = state.at - AT if reading >= target - 0.5 else timedelta(0)
            elif state.at - AT > warm_after[key] + timedelta(minutes=10):
                assert reading > target - 0.5 - 0.4  # boot and sensor lag, as in a real home
    assert all(timedelta(0) < reached < timedelta(hours=6) for reached in warm_after.values())
    assert 20_000 < energy(state).miners_total_wh < 50_000


def test_there_is_surplus_for_the_miners_on_most_days():
    for seed in range(5):
        hours_with_surplus = 0.0
        state = demo_house(seed, AT)
        for _ in range(3 * 24 * 12):
            state = step(state, state.at + timedelta(minutes=5))
            now = energy(state)
            hours_with_surplus += (now.production_w - now.household_w > 800) / 12
        assert hours_with_surplus > 3 * 2


def test_the_house_is_winter_in_the_south_too():
    noon = datetime(2025, 1, 10, 2, 0, tzinfo=UTC)
    sydney = demo_house(1, noon, latitude=-33.87, longitude=151.21)
    assert energy(sydney).production_w > 500
    assert weather(sydney).outdoor_celsius < 10
