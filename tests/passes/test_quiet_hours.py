"""Quiet hours of a miner over whole passes, in the home's own time."""

from datetime import UTC, datetime, time

from miners.models import Miner
from optimization.models import Decision
from sites.clock import ManualClock

from .bench import Home


def test_quiet_hours_end_and_begin_in_the_homes_time(db, bench):
    home = Home(ManualClock(datetime(2026, 1, 15, 4, 59, tzinfo=UTC)))  # 05:59 in Zurich
    Miner.objects.update(quiet_from=time(22), quiet_until=time(6))
    home.go(2)
    assert not home.plug.on
    assert Decision.objects.latest("at").reason == "Quiet hours until 06:00 allow no heating, so Avalon stays off."
    home.go(6)
    assert home.plug.on
    home.clock.advance(16 * 3600)
    home.go(2)
    assert not home.plug.on
