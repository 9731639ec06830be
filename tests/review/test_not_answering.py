"""A miner that is to heat and says nothing is told after a minute, and over when it answers."""

import pytest

from sites.models import Alarm, Severity
from tests.passes.bench import Home


def test_a_silent_miner_that_is_to_heat_is_told_after_a_minute(bench_home):
    bench_home.go(2)
    bench_home.plug.reachable = False
    bench_home.go(6)
    assert bench_home.open_alarms == []
    bench_home.go(2)
    assert bench_home.open_alarms == ["not_answering"]
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.subject) == (Severity.WARNING, f"miner:{bench_home.miner.pk}")
    assert alarm.text.startswith("Avalon is to heat but does not say whether it does. Avalon cannot be read")
    bench_home.go(60)
    assert Alarm.objects.count() == 1
    bench_home.plug.reachable = True
    bench_home.go()
    assert bench_home.open_alarms == []
    assert bench_home.activity[-1].startswith("Over: Does not answer.")


def test_short_silences_do_not_add_up(bench_home):
    bench_home.go(2)
    for _ in range(5):
        bench_home.plug.reachable = False
        bench_home.go(4)
        bench_home.plug.reachable = True
        bench_home.go()
        assert bench_home.open_alarms == []


@pytest.mark.parametrize("celsius", [21.0, 22.0])
def test_a_silent_miner_that_is_off_and_to_be_off_is_no_alarm(db, bench, celsius):
    home = Home()
    home.says(celsius)
    home.go(2)
    home.plug.reachable = False
    home.go(20)
    assert home.open_alarms == []
