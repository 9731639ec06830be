"""What a device tells of itself, under its public names: absent when it does not tell, unknown while it is silent."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.registry import Kind
from miners.state import MinerSnapshot, MinerStatus
from optimization.control import context
from optimization.passes import valid_readings
from optimization.rules.catalogue import STANDARD_FIELDS

from .worlds import zone

FIELDS = {one.path for one in STANDARD_FIELDS}
QUANTITIES = {
    "hash_rate": (90.0, "TH/s"),
    "inlet_temperature": (21.0, "°C"),
    "outlet_temperature": (48.0, "°C"),
    "max_chip_temperature": (83.0, "°C"),
    "avg_chip_temperature": (78.0, "°C"),
    "max_board_temperature": (66.0, "°C"),
    "avg_board_temperature": (61.0, "°C"),
    "external_fan_speed": (1520.0, "RPM"),
}
TALKATIVE = MinerSnapshot(
    MinerStatus.HEATING,
    1659.0,
    power_is_measured=True,
    hash_rate_th_s=90.0,
    inlet_temperature_celsius=21.0,
    outlet_temperature_celsius=48.0,
    chip_temperature_celsius=83.0,
    average_chip_temperature_celsius=78.0,
    board_temperature_celsius=66.0,
    average_board_temperature_celsius=61.0,
    fan_rpm=1520.0,
    uptime_seconds=7200.0,
    blocks_found=0,
)
EVERYTHING = {path for path in FIELDS if path.startswith(("miner.", "miner_state."))}


def told(snapshot: MinerSnapshot, highest_th_s: float | None = 110.0) -> context.Values:
    return context.miner("Avalon", "Q", 1660, True, snapshot, highest_th_s)


def test_all_that_rules_can_ask_of_a_miner_is_there():
    found = told(TALKATIVE)
    assert set(found) == EVERYTHING
    for name, (value, unit) in QUANTITIES.items():
        assert (found[f"miner_state.{name}.value"], found[f"miner_state.{name}.unit"]) == (value, unit)
    assert (found["miner.hash_rate_max.value"], found["miner.hash_rate_max.unit"]) == (110.0, "TH/s")
    assert (found["miner_state.power_consumption"], found["miner_state.system_uptime"]) == (1659.0, 7200.0)
    assert found["miner_state.blocks_found"] == 0  # none found is told, not unknown
    assert found["miner_state.status"] == "heating"


NUMBERS = [one.name for one in fields(MinerSnapshot) if one.type in ("float | None", "int | None")]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("nonsense", [math.nan, math.inf, "hot", True, [1]])
def test_a_figure_that_is_none_is_unknown(name, nonsense):
    checked = valid_readings.checked(Kind.MINER_CONTROLLER, replace(TALKATIVE, **{name: nonsense}))
    assert getattr(checked, name) is None
    assert valid_readings.checked(Kind.MINER_CONTROLLER, TALKATIVE) == TALKATIVE


@pytest.mark.parametrize("status", [one for one in MinerStatus if one.is_known])
def test_what_an_answering_device_does_not_tell_is_absent(status):
    found = told(MinerSnapshot(status), None)
    assert {path for path in found if path.startswith("miner_state.")} == {"miner_state.status"}
    assert not any("hash_rate_max" in path for path in found)


@pytest.mark.parametrize("status", [MinerStatus.UNREACHABLE, MinerStatus.UNKNOWN])
def test_of_a_silent_device_nothing_is_known(status):
    found = told(MinerSnapshot(status))
    assert set(found) == EVERYTHING
    for path, value in found.items():
        if path.startswith("miner_state.") and not path.endswith(("status", ".unit")):
            assert value is None, path
    assert found["miner.hash_rate_max.value"] == 110.0  # what it can do does not depend on its answer


def test_the_tables_watts_are_no_consumption():
    assert "miner_state.power_consumption" not in told(MinerSnapshot(MinerStatus.HEATING, 1660.0))


def test_a_payout_is_in_the_time_of_the_home():
    at = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
    found = context.mining_performance({"next_payout_at": at}, ZoneInfo("Europe/Rome"))
    path = "mining_performance.payout_schedule.next_payout_at."
    assert (found[path + "day"], found[path + "hour"], found[path + "minute"]) == (29, 0, 30)
    assert (found[path + "weekday"], found[path + "isoweekday"]) == (6, 7)  # a Sunday
    assert set(found) == {one for one in FIELDS if one.startswith(path)}
    assert set(context.mining_performance({"next_payout_at": None}, UTC).values()) == {None}


@pytest.mark.parametrize(
    ("celsius", "never_below", "expected"),
    [
        (15.9, 16.0, (16.0, 17.0, True, False)),
        (16.0, 16.0, (16.0, 17.0, False, False)),
        (17.0, 16.0, (16.0, 17.0, False, True)),
        (None, 16.0, (16.0, 17.0, None, None)),
        (20.4, 30.0, (20.5, 21.5, True, False)),  # never more than the target's own band
        (5.0, None, (None, None, False, True)),
    ],
)
def test_the_minimum_of_a_room_in_a_unit(celsius, never_below, expected):
    (one,) = context.of_miner({}, {}, [zone(celsius)], never_below)
    names = ("minimum_temperature", "minimum_upper_bound", "below_minimum", "above_minimum")
    assert tuple(one.own.get(f"climate.zone.{name}") for name in names) == expected
    named = context.climate([zone(celsius)], never_below)
    assert named["climate.zones.hall.below_minimum"] is expected[2]


@pytest.mark.parametrize(("lowest_w", "seen"), [(None, 1660), (830.0, 830.0)])
def test_the_lowest_power_is_beside_the_nominal_one(lowest_w, seen):
    found = context.miner("Avalon", "Q", 1660, True, TALKATIVE, None, lowest_w)
    assert (found["miner.power_consumption_max"], found["miner.power_min_w"]) == (1660, seen)
