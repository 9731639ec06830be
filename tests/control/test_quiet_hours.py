"""Quiet hours: a ceiling between two times of the home's clock, right on both nights it is set."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miners.power import Level, PowerModel
from optimization.control.quiet import Quiet, quiet_now
from tests.chance import examples

from .worlds import NOW, command, miner, running, wish, zone

ZURICH, LORD_HOWE = ZoneInfo("Europe/Zurich"), ZoneInfo("Australia/Lord_Howe")
STEPS = PowerModel((Level("eco", 800.0), Level("super", 1600.0)))
HUSH = Quiet(0, NOW + timedelta(hours=2), "08:00")


def quiet_minutes(quiet_from, quiet_until, first: datetime, hours: int, tz=ZURICH) -> list[datetime]:
    """The minutes (UTC) of these hours that are quiet."""
    minutes = (first + timedelta(minutes=n) for n in range(hours * 60))
    return [at for at in minutes if quiet_now(quiet_from, quiet_until, 0, at, tz)]


def utc(day, hour, minute=0):
    return datetime(2026, *day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("night", "quiet_from", "quiet_until", "begins", "ends"),
    [
        ((1, 14), time(22), time(6), utc((1, 14), 21), utc((1, 15), 5)),
        ((1, 14), time(0), time(6), utc((1, 14), 23), utc((1, 15), 5)),
        # The clock goes forward at 01:00 UTC: 2 o'clock is 3 o'clock.
        ((3, 28), time(22), time(6), utc((3, 28), 21), utc((3, 29), 4)),
        ((3, 28), time(2, 30), time(6), utc((3, 29), 1), utc((3, 29), 4)),
        ((3, 28), time(22), time(2, 30), utc((3, 28), 21), utc((3, 29), 1)),
        # It goes back at 01:00 UTC: from 2 to 3 happens twice.
        ((10, 24), time(22), time(6), utc((10, 24), 20), utc((10, 25), 5)),
        ((10, 24), time(22), time(2, 30), utc((10, 24), 20), utc((10, 25), 1, 30)),
        ((10, 24), time(2, 30), time(6), utc((10, 25), 0, 30), utc((10, 25), 5)),
    ],
)
def test_they_begin_and_end_by_the_homes_clock(night, quiet_from, quiet_until, begins, ends):
    found = quiet_minutes(quiet_from, quiet_until, utc(night, 12), 24)
    assert (found[0], found[-1] + timedelta(minutes=1)) == (begins, ends)
    assert len(found) == (ends - begins) / timedelta(minutes=1)  # without a gap


def test_half_an_hour_is_set_on_lord_howe():
    """There the clock goes from 2:00 back to 1:30, at 15:00 UTC of the day before."""
    found = quiet_minutes(time(22), time(1, 45), utc((4, 4), 2), 24, LORD_HOWE)
    assert found[-1] + timedelta(minutes=1) == utc((4, 4), 15, 15)


@examples(100)
@given(st.times(), st.times(), st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)))
def test_on_every_other_day_it_is_what_the_clock_on_the_wall_says(quiet_from, quiet_until, now):
    local = now.astimezone(ZURICH)
    if any(abs((local.date() - changed).days) <= 1 for changed in (date(2026, 3, 29), date(2026, 10, 25))):
        return
    wall = local.time()
    if quiet_from < quiet_until:
        expected = quiet_from <= wall < quiet_until
    else:
        expected = wall >= quiet_from or wall < quiet_until
    found = quiet_now(quiet_from, quiet_until, 400, now, ZURICH)
    assert (found is not None) == expected
    assert found is None or (found.until > now and found.max_w == 400)


def test_without_both_times_there_are_none():
    assert quiet_now(None, time(6), 0, NOW, ZURICH) is None
    assert quiet_now(time(22), None, 0, NOW, ZURICH) is None


def test_nothing_starts_and_what_runs_stops_and_is_told_why():
    seen = command(miner(zone(19.0), quiet=HUSH))
    assert (seen.power_w, seen.guard) == (0, "quiet_hours")
    assert seen.reason == "Quiet hours until 08:00 allow no heating, so Avalon stays off."
    assert command(running(zone(19.0), quiet=HUSH)).power_w == 0
    assert command(miner(zone(19.0), quiet=HUSH, wish=wish(1000))).power_w == 0


def test_it_goes_down_to_the_level_that_is_quiet_enough():
    loud = running(zone(19.0), watts=1600, nominal_power_w=1600, power=STEPS, quiet=Quiet(1000, HUSH.until, "08:00"))
    seen = command(loud)
    assert (seen.power_w, seen.guard) == (800, "quiet_hours")
    assert seen.reason == "Quiet hours until 08:00 allow at most 1000 W, so Avalon runs at 800 W."


def test_less_than_its_lowest_level_is_off():
    seen = command(miner(zone(19.0), nominal_power_w=1600, power=STEPS, quiet=Quiet(500, HUSH.until, "08:00")))
    assert (seen.power_w, seen.guard) == (0, "quiet_hours")


def test_what_is_only_switched_takes_its_nominal_power_or_is_off():
    hush = Quiet(900, HUSH.until, "08:00")
    assert command(running(zone(19.0), quiet=hush)).power_w == 0
    assert command(miner(zone(19.0), quiet=hush, wish=wish(700))).power_w == 0
    assert command(miner(zone(19.0), quiet=hush, nominal_power_w=900)).power_w == 900


def test_they_break_no_minimum_on():
    seen = command(running(zone(19.0), for_seconds=60, quiet=HUSH))
    assert (seen.power_w, seen.guard, seen.broke_min_on) == (1000, "min_on", False)


def test_frost_protection_passes():
    seen = command(miner(zone(5.0), quiet=HUSH))
    assert (seen.power_w, seen.intent.origin) == (1000, "frost")
