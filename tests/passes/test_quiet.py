"""What a pass costs: the same statements for one home and for thirty, and no commit when nothing changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from climate.models import ZoneReading
from energy.models import EnergyReading
from integrations.errors import Unreachable
from miners.models import MinerReading
from optimization.models import Decision
from optimization.passes import minutes
from optimization.passes.run import run_sites

from .bench import Home

WRITING = ("INSERT", "UPDATE", "DELETE", "BEGIN", "SAVEPOINT", "RELEASE")


def statements(homes, **kwargs):
    with CaptureQueriesContext(connection, **kwargs) as captured:
        run_sites([home.site.pk for home in homes], clock=homes[0].clock)
    return [query["sql"] for query in captured.captured_queries]


def writes(sqls):
    return [sql for sql in sqls if sql.lstrip().upper().startswith(WRITING)]


@pytest.fixture
def homes(db, bench):
    first = Home()
    rest = [Home(first.clock) for _ in range(29)]
    for home in [first, *rest]:
        home.add_meter(2000)
    return [first, *rest]


@pytest.mark.parametrize("situation", ["first pass, all start", "quiet", "a minute later", "all stop", "all fail"])
def test_the_statements_of_a_pass_are_the_same_for_one_home_and_for_thirty(homes, situation):
    def prepare():
        clock.advance(10)
        if situation == "a minute later":
            clock.advance(60)
        for home in homes:
            if situation == "all stop":
                home.says(22.0)
            if situation == "all fail":
                home.says(Unreachable("It is off."))
                home.plug.reachable = False
                clock.advance(1)

    clock = homes[0].clock
    if situation != "first pass, all start":
        run_sites([home.site.pk for home in homes], clock=clock)
        clock.advance(5)
        run_sites([home.site.pk for home in homes], clock=clock)
    prepare()
    one = statements(homes[:1])
    thirty = statements(homes[1:])
    assert len(one) == len(thirty), {sql[:60] for sql in thirty} ^ {sql[:60] for sql in one}


def quiet_statements(home, passes=4):
    home.go()
    home.go()
    home.clock.at = home.clock.at.replace(second=5)
    home.go(seconds=0)
    found = []
    for _ in range(passes):
        home.clock.advance(10)
        found += writes(statements([home]))
    return found


@pytest.mark.parametrize("celsius", [20.0, 21.0, 22.0])
def test_a_quiet_pass_writes_nothing(bench_home, celsius):
    """Heating, in the band, or warm: nothing changes within the minute, so nothing is committed."""
    bench_home.add_meter(2000)
    bench_home.says(celsius)
    assert quiet_statements(bench_home) == []


def test_an_open_alarm_that_does_not_change_writes_nothing(bench_home):
    bench_home.go()
    bench_home.says(Unreachable("The sensor is off."))
    bench_home.go(20)
    assert bench_home.open_alarms == ["sensor_lost"]
    assert quiet_statements(bench_home) == []


def test_a_decision_is_written_on_change_and_once_an_hour_and_confirmed_in_between(bench_home):
    bench_home.says(22.0)
    bench_home.go()
    first = Decision.objects.get()
    bench_home.go(30)
    first.refresh_from_db()
    assert Decision.objects.count() == 1
    assert 0 <= (bench_home.now - first.last_confirmed_at).total_seconds() <= 60
    bench_home.says(21.9)  # another temperature is no other reason
    bench_home.go()
    assert Decision.objects.count() == 1
    bench_home.go(seconds=3600)
    assert Decision.objects.count() == 2
    bench_home.becomes(20.0)
    assert Decision.objects.count() == 3
    assert Decision.objects.order_by("-at").first().action == "start"
    bench_home.go()
    assert Decision.objects.order_by("-at").first().action == "hold"


def test_a_new_target_is_a_new_decision(bench_home):
    bench_home.says(25.0)
    bench_home.go()
    bench_home.zone.default_target_celsius = 20.0
    bench_home.zone.save()
    bench_home.go()
    assert list(Decision.objects.order_by("at").values_list("target_celsius", flat=True)) == [21.0, 20.0]


def test_a_restart_writes_no_second_decision(bench_home):
    bench_home.says(22.0)
    bench_home.go(2)
    bench_home.restart()
    bench_home.go(2)
    assert Decision.objects.count() == 1


def at_second(home, second):
    home.clock.at = home.clock.at.replace(second=second, microsecond=0)


def test_a_minute_is_one_row_with_last_lowest_highest_and_mean(bench_home):
    meter = bench_home.add_meter(2000)
    at_second(bench_home, 0)
    for celsius, surplus in ((20.0, 1000), (19.0, 2000), (19.6, 3000)):
        bench_home.says(celsius)
        bench_home.set_surplus(surplus, meter)
        bench_home.go()
    assert not ZoneReading.objects.exists()
    bench_home.go(seconds=60)
    room, energy, miner = ZoneReading.objects.get(), EnergyReading.objects.get(), MinerReading.objects.get()
    assert (room.temperature_celsius, room.low_celsius, room.high_celsius) == (19.6, 19.0, 20.0)
    assert (room.target_celsius, room.heating_w, room.sensor) == (21.0, 1000, "ok")
    assert (energy.production_w, energy.household_w) == (2000, 0)
    assert (miner.status, miner.power_w, miner.desired_w) == ("heating", 1000, 1000)
    assert room.at == energy.at == miner.at
    assert (room.at.second, room.at.microsecond) == (0, 0)
    bench_home.go(seconds=60)
    assert (ZoneReading.objects.count(), EnergyReading.objects.count(), MinerReading.objects.count()) == (2, 2, 2)


def test_a_minute_written_twice_counts_once(bench_home, monkeypatch):
    """Killed right after the commit, before the memory was kept: the minute is written again over itself."""
    written = []
    save = minutes.save
    monkeypatch.setattr(minutes, "save", lambda *rows: (save(*rows), written.append(rows)))
    bench_home.go(14)
    rows = next(rows for rows in written if rows[0])
    before = list(ZoneReading.objects.values_list("at", "temperature_celsius"))
    save(*rows)
    assert list(ZoneReading.objects.values_list("at", "temperature_celsius")) == before


def test_a_room_nobody_could_read_has_a_row_without_a_temperature(bench_home):
    bench_home.says(Unreachable("The sensor is off."))
    at_second(bench_home, 0)
    bench_home.go(4)
    bench_home.go(seconds=60)
    room = ZoneReading.objects.get()
    assert (room.temperature_celsius, room.low_celsius, room.sensor) == (None, None, "suspect")
