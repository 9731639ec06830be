"""The dummies: they say what was typed in, remember commands, and fail exactly as told."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from climate.monitors.dummy import DummyClimateMonitor
from energy.monitors.dummy import DummyEnergyMonitor
from integrations.dummy import Failure, WriteFailure
from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded, Refused, Unauthorized, Unreachable
from miners.drivers.dummy.driver import DummyMiner
from tests.servers.process import PATIENT_SECONDS, soon

ERRORS = {
    "unavailable": Unreachable,
    "unreachable": Unreachable,
    "hang": DeadlineExceeded,
    "unauthorized": Unauthorized,
    "garbage": BadAnswer,
    "nan": BadAnswer,
    "wrong_unit": BadAnswer,
}


def read(adapter, deadline: float | None = None, **config):
    return adapter.read_alone(adapter.Config(**config), deadline or soon())


def write(power_w: float, deadline: float | None = None, **config):
    DummyMiner.write(DummyMiner.Config(**config), None, power_w, deadline or soon())


def test_says_what_was_typed_in():
    before = datetime.now(UTC)
    reading = read(DummyClimateMonitor, temperature_celsius=18.4, humidity_percent=51)
    assert (reading.temperature_celsius, reading.humidity_percent) == (18.4, 51)
    assert before <= reading.observed_at <= datetime.now(UTC)


def test_or_a_random_value_in_a_range():
    config = {"temperature_celsius": 18, "highest_temperature_celsius": 22}
    seen = {read(DummyClimateMonitor, **config).temperature_celsius for _ in range(50)}
    assert len(seen) > 10
    assert 18 <= min(seen) < max(seen) <= 22


def test_or_an_old_one():
    before, age = datetime.now(UTC), timedelta(hours=2)
    observed_at = read(DummyClimateMonitor, age_seconds=7200).observed_at
    assert before - age <= observed_at <= datetime.now(UTC) - age


@pytest.mark.parametrize(
    ("adapter", "config"),
    [
        (DummyClimateMonitor, {"temperature_celsius": 20, "highest_temperature_celsius": 19}),
        (DummyEnergyMonitor, {"production_w": 500, "highest_production_w": 400}),
        (DummyEnergyMonitor, {"household_w": 500, "highest_household_w": 400}),
    ],
)
def test_a_range_upside_down_is_refused(adapter, config):
    with pytest.raises(ValidationError, match="lies below the lowest"):
        adapter.Config(**config)


@pytest.mark.parametrize(
    ("adapter", "field"), [(DummyClimateMonitor, "fail"), (DummyEnergyMonitor, "fail"), (DummyMiner, "fail_read")]
)
@pytest.mark.parametrize("failure", [failure for failure in Failure if failure != Failure.NONE])
def test_fails_to_answer_as_told(adapter, field, failure):
    deadline = soon(0.1 if failure == Failure.HANG else PATIENT_SECONDS)
    with pytest.raises(AdapterError) as caught:
        read(adapter, deadline, **{field: failure})
    assert type(caught.value) is ERRORS[failure]
    assert failure != Failure.HANG or time.monotonic() >= deadline


def test_the_grid_balances_what_was_typed_in():
    assert read(DummyEnergyMonitor, production_w=3000, household_w=500, battery_w=1000).grid_w == -1500
    assert read(DummyEnergyMonitor, production_w=0, household_w=500, battery_w=-200).grid_w == 300
    assert read(DummyEnergyMonitor, production_w=3000, grid_w=7).grid_w == 7


def test_remembers_the_last_command():
    assert read(DummyMiner).status == "off"
    write(1200)
    assert (read(DummyMiner).status, read(DummyMiner).power_w) == ("heating", 1200)
    write(0)
    assert (read(DummyMiner).status, read(DummyMiner).power_w) == ("off", 0)


def test_dummies_of_different_names_are_different_devices():
    write(1200, device="left")
    assert (read(DummyMiner, device="left").status, read(DummyMiner, device="right").status) == ("heating", "off")


def test_a_dummy_without_a_meter():
    write(1200)
    seen = read(DummyMiner, measures_power=False)
    assert (seen.status, seen.power_w, seen.power_is_measured) == ("heating", None, False)


def test_a_dummy_that_always_shows_the_same():
    write(0)
    assert read(DummyMiner, status="heating").status == "heating"


OBEY = [("unreachable", Unreachable), ("hang", DeadlineExceeded), ("refused", Refused)]


@pytest.mark.parametrize(("failure", "error"), OBEY)
def test_fails_to_obey_as_told(failure, error):
    with pytest.raises(error):
        write(1200, soon(0.1), fail_write=failure)
    assert read(DummyMiner).status == "off"


def test_a_dummy_that_lies():
    write(1200, fail_write=WriteFailure.IGNORE)
    assert read(DummyMiner).status == "off"
