"""The fault matrix: every fault × {miner on, off} × {policy, on by hand}, held to the table by the oracle."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from climate.models import ClimateMonitor
from sites.models import ActivityLog

from . import happenings
from .home import COLD_CELSIUS, HOT_CELSIUS, Home
from .table import FAULTS, WATCHDOG, Fault
from .world import MIN_OFF_SECONDS

NOON = datetime(2026, 1, 20, 11, 0, tzinfo=UTC)
#: Home of the tests: Zurich, where 02:00–03:00 comes twice in this night.
BEFORE_THE_HOUR_REPEATS = datetime(2026, 10, 25, 0, 57, tzinfo=UTC)

CASES = [pytest.param(fault, variant, id=f"{fault.key}-{variant}") for fault in FAULTS for variant in fault.only]


@pytest.mark.django_db
@pytest.mark.parametrize(("fault", "variant"), CASES)
def test_fault(fault: Fault, variant: str, monkeypatch, tmp_path):
    on, manual = variant.startswith("on"), variant.endswith("manual")
    at = BEFORE_THE_HOUR_REPEATS if fault.key == "dst" else NOON
    home = Home(monkeypatch, tmp_path, at=at, period_s=fault.period_s, second_sensor=fault.key == "sensor_frozen")
    # Too hot comes at once here; that is to be no jump.
    ClimateMonitor.objects.update(max_jump_k=HOT_CELSIUS - COLD_CELSIUS)
    home.settle(on=on, manual=manual)
    began = home.clock.monotonic()
    if on:
        _while_heating(home, fault, manual)
    else:
        _while_off(home, fault, manual)
    _recovers(home, fault)
    assert home.starts_too_early() == []
    _no_more_transitions_than_needed(home, began)


def _while_heating(home: Home, fault: Fault, manual: bool) -> None:
    """The plug is on when the fault comes."""
    began = home.clock.monotonic()
    with getattr(happenings, fault.key)(home):
        if fault.hot:
            home.world.held_celsius = HOT_CELSIUS
        home.run(fault.lasts_seconds)
        goes_on = fault.goes_on or (manual and fault.by_hand_goes_on)
        if goes_on:
            assert home.world.on_seconds >= fault.lasts_seconds, "a miner that might go on was switched off"
        elif fault.off_within is not None:
            assert not home.world.plug.on, "it still heats"
            heated = _first_off(home, began) - began
            assert heated <= fault.off_within.seconds(home.period_s)
        else:
            assert home.world.plug.on, "the fault did not keep it on"
        if not goes_on:
            assert fault.guard in home.guards_seen | {""}
            assert fault.reason in home.reasons_seen | {""}
        assert set(fault.alarms) <= home.alarms_seen
        _end_of_heat(home)
    if fault.off_within is WATCHDOG:
        home.periods(1)
        assert ActivityLog.objects.filter(text__contains="the watchdog switched Avalon off").count() == 1
    if fault.off_after is not None:
        ended = home.clock.monotonic()
        home.run(fault.off_after.seconds(home.period_s))
        assert _first_off(home, ended) <= ended + fault.off_after.seconds(home.period_s)


def _while_off(home: Home, fault: Fault, manual: bool) -> None:
    """The plug is off when the fault comes; then the room becomes cold, and perhaps a person asks for heat."""
    began = home.clock.monotonic()
    with getattr(happenings, fault.key)(home):
        home.world.room_celsius = COLD_CELSIUS
        home.run(home.period_s)
        if manual:
            home.wish_on()
        home.run(fault.lasts_seconds)
        switched = [(at, by_us) for at, on, by_us in home.world.plug.log if on and at > began]
        assert fault.starts or not any(by_us for _, by_us in switched), "it started, though it may not"
        for at, _ in [one for one in switched if not one[1]]:
            assert _first_off(home, at) - at <= fault.off_within.seconds(home.period_s)


def _end_of_heat(home: Home) -> None:
    if home.world.held_celsius is not None:
        home.world.held_celsius = None
        home.world.room_celsius = COLD_CELSIUS


def _first_off(home: Home, since: float) -> float:
    """When the plug really went off first from `since` on (infinite: never)."""
    return next((at for at, on, _ in home.world.plug.log if not on and at >= since), float("inf"))


def _recovers(home: Home, fault: Fault) -> None:
    """The room is cold and everything works again: no hand is needed."""
    home.world.held_celsius = COLD_CELSIUS
    home.run(fault.resumes_after_seconds + fault.sensor_back_after_seconds)
    home.run(MIN_OFF_SECONDS)
    home.periods(3)
    assert home.desired_on()
    assert home.world.plug.on
    assert set(home.open_alarms()) == set(fault.alarms_that_stay)


def _no_more_transitions_than_needed(home: Home, began: float) -> None:
    starts = [at for at, on, by_us in home.world.plug.log if on and by_us and at >= began]
    assert len(starts) <= 2, "it was switched on and off again and again"


def test_the_matrix_covers_every_happening():
    keys = [fault.key for fault in FAULTS]
    assert len(keys) == len(set(keys))
    assert all(callable(getattr(happenings, key)) for key in keys)
