"""The first half hour of the simulated home, at any hour of any season: nothing is told that is not so."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from miners.models import DesiredState
from optimization import demo, shipped
from optimization.models import OptimizationUnit, Strategy
from optimization.passes.run import run_sites
from sites.clock import ManualClock
from sites.models import Alarm, Site

pytestmark = pytest.mark.django_db

ROME = ZoneInfo("Europe/Rome")
#: As often as the program passes (s); and for somewhat longer than half an hour.
PERIOD_S, PASSES = 10, 190
BEGINS = [(1, 15, 6), (6, 21, 13), (10, 25, 2), (12, 24, 18)]


def home(policy_key: str, strategy: str = "") -> Site:
    site = demo.create_demo_home()
    policy, strategy = demo.ensure_shipped_policies()[policy_key], strategy or shipped.strategy_of(policy_key)
    OptimizationUnit.objects.filter(site=site).update(policy=policy, strategy=strategy)
    return site


@pytest.mark.parametrize(("month", "day", "hour"), BEGINS)
def test_a_new_home_raises_no_alarm(month, day, hour):
    """Each shipped policy and a thermostat, with and without sun and on the night on which the clock goes back."""
    clock = ManualClock(datetime(2026, month, day, hour, 40, tzinfo=ROME).astimezone(UTC))
    keys = list(demo.ensure_shipped_policies())
    homes = [*map(home, keys), home(keys[0], Strategy.THERMOSTAT)]
    started = False
    for _ in range(PASSES):
        clock.advance(PERIOD_S)
        assert len(run_sites([site.pk for site in homes], clock=clock).completed) == len(homes)
        started = started or DesiredState.objects.filter(power_w__gt=0).exists()
    assert list(Alarm.objects.values_list("kind", "text")) == []
    assert started  # it was no idle half hour
