"""Done means seen: what was not seen done is an alarm, says so once, and ends by itself."""

import pytest

from integrations.errors import Unreachable
from miners.models import CommandLog, Miner
from miners.state import MinerSnapshot, MinerStatus
from optimization.models import Decision
from sites.models import Alarm
from sites.services import acknowledge_alarm

SILENT = Unreachable("The sensor is off.")


def test_a_plug_that_says_yes_and_does_nothing(bench_home):
    bench_home.go()
    bench_home.plug.obeys = False
    bench_home.becomes(22.0)
    bench_home.go(3)
    assert bench_home.open_alarms == []  # three periods it may take
    bench_home.go(1)
    assert bench_home.open_alarms == ["off_not_confirmed"]
    assert Alarm.objects.get().text == "Avalon was told to be off but is still on and takes 1000 W."
    bench_home.go(20)
    assert Alarm.objects.count() == 1
    assert len([text for text in bench_home.activity if text.startswith("Off not confirmed")]) == 1
    bench_home.plug.obeys = True
    bench_home.go(4)
    assert bench_home.open_alarms == []
    assert bench_home.activity[-1].startswith("Over: Off not confirmed.")


def test_unreachable_while_it_must_be_off(bench_home):
    bench_home.go()
    bench_home.plug.reachable = False
    bench_home.becomes(22.0)
    assert bench_home.open_alarms == ["cannot_switch_off"]
    assert "it was on when last seen" in Alarm.objects.get().text
    bench_home.go(20)
    assert len(Alarm.objects.all()) == 1
    written = len(bench_home.plug.writes)
    bench_home.plug.reachable = True
    bench_home.go()
    assert bench_home.plug.writes[written:] == [0]
    assert bench_home.open_alarms == []
    assert not bench_home.plug.on


def test_unreachable_while_it_may_run_is_no_alarm_of_this_kind(bench_home):
    bench_home.go()
    bench_home.plug.reachable = False
    bench_home.go(20)
    assert bench_home.open_alarms == ["not_answering"]


def test_unreachable_but_last_seen_off_is_no_alarm_and_writes_nothing(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    bench_home.plug.reachable = False
    bench_home.go(20)
    assert bench_home.open_alarms == []
    assert bench_home.plug.writes == []


def test_a_start_that_is_not_seen(bench_home):
    bench_home.plug.obeys = False
    bench_home.go(12)
    assert bench_home.open_alarms == []
    bench_home.go(2)
    assert bench_home.open_alarms == ["start_not_confirmed"]
    bench_home.plug.obeys = True
    bench_home.go(30)
    assert bench_home.plug.on
    assert bench_home.open_alarms == []


def test_a_lost_sensor_switches_off_after_two_minutes_and_heating_resumes_by_itself(bench_home):
    bench_home.go()
    bench_home.says(SILENT)
    bench_home.go(12)
    assert bench_home.plug.on
    bench_home.go(1)
    assert not bench_home.plug.on
    assert bench_home.open_alarms == ["sensor_lost"]
    assert Decision.objects.order_by("-at").first().guard == "sensor_lost"
    bench_home.says(20.0)
    bench_home.go(30)
    assert not bench_home.plug.on
    assert "has been good again for 4 of 5 min" in bench_home.alarm_text("sensor_lost")
    bench_home.go()
    assert bench_home.plug.on
    assert bench_home.open_alarms == []


def test_a_sensor_silent_close_to_the_limit_is_off_at_once(bench_home):
    """Held by its minimum on time within 1 K of the limit: silence there waits for nothing."""
    Miner.objects.update(min_on_seconds=600)
    bench_home.zone.high_limit_celsius = 22.6
    bench_home.zone.save()
    bench_home.go()
    bench_home.says(21.7)
    bench_home.go(3)
    assert bench_home.plug.on
    bench_home.says(SILENT)
    bench_home.go()
    assert not bench_home.plug.on
    decision = Decision.objects.order_by("-at").first()
    assert (decision.guard, decision.broke_min_on) == ("sensor_lost", True)


def test_the_high_limit_trips_three_times_latches_and_is_acknowledged(bench_home):
    bench_home.zone.high_limit_celsius = 22.5
    bench_home.zone.save()
    bench_home.go()
    for trip in range(1, 4):
        bench_home.says(23.0)
        bench_home.go()
        assert not bench_home.plug.on
        expected = ["high_limit"] if trip < 3 else ["high_limit", "high_limit_latched"]
        assert bench_home.open_alarms == expected
        bench_home.says(20.0)
        bench_home.go()
        assert bench_home.plug.on == (trip < 3)
    bench_home.go(30)
    assert not bench_home.plug.on
    bench_home.restart()
    bench_home.go(3)
    assert not bench_home.plug.on
    acknowledge_alarm(Alarm.objects.get(kind="high_limit_latched"), "Ada")
    bench_home.go()
    assert bench_home.plug.on
    assert bench_home.open_alarms == []


@pytest.mark.parametrize("celsius", [-127.0, 85.0, float("nan"), 60.0])
def test_a_sensor_that_lies_wildly_is_not_believed(bench_home, celsius):
    bench_home.go()
    bench_home.says(celsius)
    bench_home.go(13)
    assert not bench_home.plug.on
    assert bench_home.open_alarms == ["sensor_lost"]


def test_frost_is_protected_whatever_the_rules_say(bench_home):
    bench_home.unit.policy.rules.all().delete()
    bench_home.says(6.0)
    bench_home.go()
    assert bench_home.plug.on
    assert bench_home.desired.origin == "frost"
    assert bench_home.open_alarms == []


@pytest.mark.parametrize("status", [MinerStatus.NO_POOL, MinerStatus.PROTECT])
def test_frost_that_a_running_miner_does_not_keep_out_is_an_alarm(bench_home, status):
    bench_home.says(5.0)
    bench_home.go()
    assert bench_home.open_alarms == []
    bench_home.plug.shows = MinerSnapshot(status, 10.0, True)
    bench_home.go()
    assert "frost_not_protected" in bench_home.open_alarms
    bench_home.plug.shows = None
    bench_home.go()
    assert bench_home.open_alarms == []


def test_frost_that_cannot_be_protected_is_an_alarm(bench_home):
    bench_home.says(6.0)
    bench_home.plug.shows = MinerSnapshot(MinerStatus.PROTECT, problem="Fan fault.")
    bench_home.go()
    assert bench_home.open_alarms == ["frost_not_protected"]
    assert Alarm.objects.get().text == "Hall is at 6.0 °C. Fan fault."
    bench_home.plug.shows = None
    bench_home.go(2)
    assert bench_home.open_alarms == []


def test_every_write_is_in_the_log_with_what_came_of_it(bench_home):
    bench_home.go()
    bench_home.plug.reachable = False
    bench_home.becomes(22.0)
    rows = list(CommandLog.objects.order_by("id").values_list("power_w", "outcome", "error"))
    assert rows[0] == (1000, "sent", "")
    assert rows[1] == (0, "failed", "It does not answer.")
