"""What lower floors ask of higher ones is filled, once, and an empty hook is found before anything needs it."""

import pytest

from climate import zone_checks
from miners.reality import sensors_fit_miners
from sites import history, hooks
from sites.hooks import Hook, check_hooks


def test_every_hook_is_filled_and_an_empty_one_is_an_error_of_the_program(monkeypatch):
    assert check_hooks(None) == []
    empty = Hook("cut the mains")
    monkeypatch.setattr(hooks, "_ALL", (*hooks._ALL, empty))
    (error,) = check_hooks(None)
    assert "Nothing can cut the mains" in error.msg
    with pytest.raises(RuntimeError, match="Nothing can cut the mains"):
        empty.call  # noqa: B018


def test_a_hook_is_filled_once():
    hook = Hook("cut the mains")
    hook.fill(print)
    hook.fill(print)
    with pytest.raises(RuntimeError, match="Two functions would cut the mains"):
        hook.fill(repr)
    with hook.filled_with(repr):
        assert hook.call is repr
    assert hook.call is print


def test_what_must_hold_of_a_rooms_sensors_needs_no_pages_of_the_set_up():
    """The API asks for it although nothing imported the admin."""
    assert zone_checks._checks == [zone_checks.outdoor_problem, sensors_fit_miners]


def test_every_history_of_the_house_is_kept():
    assert [one.readings._meta.label for one in history._series] == [
        "climate.ZoneReading", "energy.EnergyReading", "miners.MinerReading",
    ]  # fmt: skip
    assert [model._meta.label for model, _ in history._records] == [
        "sites.ActivityLog", "miners.CommandLog", "optimization.Decision",
    ]  # fmt: skip
