"""A room's answer to heat is learned from what its sensor says, and forecast."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.control import beds
from climate import observed, optimum_start, thermal_model
from climate.state import Target
from climate.thermal_model import ThermalModel
from simulation.building import Building

AT = 1_768_000_000.0
NOW = datetime.fromtimestamp(AT, UTC)
UTC_ZONE = ZoneInfo("UTC")


def watched(spec, weather, hours, heat_w) -> tuple[ThermalModel, Building]:
    """A room seen every five minutes for so long; `heat_w(minute)` heats it."""
    room = Building.at_rest(spec, weather, 20.0)
    model = thermal_model.begin(AT, room.reported_celsius)
    for minute in range(1, int(hours * 60) + 1):
        room.advance(heat_w(minute))
        if minute % 5 == 0:
            mean_kw = sum(heat_w(minute - back) for back in range(5)) / 5000
            model.observe(AT + minute * 60, mean_kw, room.reported_celsius)
    return model, room


def pulses(minute: int) -> float:
    return 1750.0 if minute // 60 % 4 < 2 else 0.0


@pytest.mark.parametrize("spec", [beds.HOUSE, beds.FLAT, beds.MEDIUM], ids=lambda spec: spec.key)
def test_after_three_days_an_hour_is_forecast_within_half_a_kelvin(spec):
    model, room = watched(spec.closed(), beds.COLD, 72, pulses)
    cold, warm = model.unheated_celsius(1.0), model.unheated_celsius(1.0) + 1.75 * model.rise_k_per_kw(1.0)
    assert abs(model.temperature_celsius - room.air_celsius) < 0.6
    for _ in range(60):
        room.advance(1750.0)
    assert abs(warm - room.air_celsius) < 0.6
    assert cold < warm - 0.4


def test_what_was_learned_survives_json():
    model, _ = watched(beds.FLAT, beds.MILD, 30, pulses)
    again = ThermalModel.from_json(json.loads(json.dumps(model.to_json())))
    for hours in (0.0, 0.25, 1.0, 3.0, 8.0):
        assert again.unheated_celsius(hours) == pytest.approx(model.unheated_celsius(hours), abs=0.01)
        assert again.rise_k_per_kw(hours) == pytest.approx(model.rise_k_per_kw(hours), abs=0.001)


@pytest.mark.parametrize(
    "damage",
    [
        {"at": None}, {"gains": [1.0]}, {"covariance": [0.0] * 28}, {"course": []}, {"free": float("nan")},
        {"course_from": [1]}, {"heat": "x"}, {"lagged": [True] * 5},
    ],
)  # fmt: skip
def test_a_damaged_memory_is_no_memory(damage):
    assert ThermalModel.from_json({**thermal_model.begin(AT, 20.0).to_json(), **damage}) is None
    assert ThermalModel.from_json(["x"]) is None


steps = st.lists(
    st.tuples(st.floats(-7200, 90_000), st.floats(0, 6), st.one_of(st.none(), st.floats(-10, 45)), st.booleans()),
    max_size=60,
)


@given(steps)
def test_whatever_is_seen_the_forecast_stays_finite_and_heat_warms(seen):
    at, memory = AT, {}
    model = None
    for seconds, heat_kw, celsius, is_open in seen:
        at = max(1.0, at + seconds)
        model, memory = observed.observe(
            "any", json.loads(json.dumps(memory)), at, heat_kw, celsius, window_open=is_open
        )
    for hours in (0.0, 0.5, 12.0) if model is not None else ():
        assert math.isfinite(model.unheated_celsius(hours))
        assert 0 <= model.rise_k_per_kw(hours) < 100


def test_another_process_goes_on_where_the_last_one_ended():
    _, memory = observed.observe("here", {}, AT, 1.0, 20.0)
    for minute in range(1, 30):
        _, memory = observed.observe("here", memory, AT + 60 * minute, 1.0, 20.0 + minute / 60)
    earlier = json.loads(json.dumps(memory))
    _, _ = observed.observe("here", memory, AT + 1860, 1.0, 20.6)
    elsewhere, _ = observed.observe("here", earlier, AT + 1860, 0.0, 20.6)
    assert elsewhere.at == AT + 1860


# --- optimum start ----------------------------------------------------------------------------------------------------


def early(model, ahead, *, most_kw=3.5, begun=None, target=15.0):
    now = datetime.fromtimestamp(model.at, UTC)
    return optimum_start.raised(Target(target, target, "schedule"), model, ahead, most_kw, 2 / 60, now, UTC_ZONE, begun)


def test_heating_begins_only_when_full_power_is_just_in_time():
    model, _ = watched(beds.FLAT, beds.MILD, 48, lambda minute: 500.0)
    begins = next(
        minutes for minutes in range(720, 0, -5) if early(model, [(minutes / 60, 21.0)])[0].early_for is not None
    )
    assert 5 <= begins < 720
    target, _ = early(model, [(begins / 60, 21.0)])
    assert target.effective_celsius == 21.0
    assert target.requested_celsius == 15.0
    assert "heating early for 21.0 °C" in target.reason
    weaker = next(m for m in range(720, 0, -5) if early(model, [(m / 60, 21.0)], most_kw=1.5)[0].early_for is not None)
    assert weaker > begins


def test_what_has_begun_goes_on_and_ends_with_its_slot():
    model, _ = watched(beds.FLAT, beds.MILD, 48, lambda minute: 500.0)
    slot = datetime.fromtimestamp(model.at, UTC) + timedelta(hours=2)
    assert early(model, [(2.0, 15.5)])[0].early_for is None  # no hurry for half a kelvin
    assert early(model, [(2.0, 15.5)], begun=slot)[1] is not None
    assert early(model, [(2.0, 15.5)], begun=slot - timedelta(hours=1))[1] is None  # that was another slot
    assert early(model, [], begun=slot) == (Target(15.0, 15.0, "schedule"), None)


def test_nothing_is_begun_half_a_day_early_or_for_a_fall():
    model = thermal_model.begin(AT, 10.0)
    assert early(model, [(5.0, 21.0)])[1] is None  # not before a day of the room was seen
    assert early(model, [(2.0, 12.0)], target=15.0)[1] is None
    assert early(model, [(2.0, 21.0)], most_kw=0.0)[1] is None
