"""Minutes become quarters and hours: the sums are right, nothing counts twice, nothing late is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from climate.models import ZoneHour, ZoneQuarter, ZoneReading
from climate.rollup import ZONES
from energy.models import EnergyHour, EnergyReading
from miners.models import MinerHour, MinerReading
from sites import history, rollup
from sites.models import HistoryMark
from tests import factories
from tests.chance import examples
from tests.history.minutes import NIGHT, brute_force, record, stored

LATER = NIGHT + timedelta(hours=5)
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def zone(home):
    return factories.zone(home, hysteresis_celsius=0.5)


def same(found: dict, expected: dict) -> bool:
    return found.keys() == expected.keys() and all(found[at] == pytest.approx(expected[at]) for at in expected)


def check(zone) -> None:
    assert same(stored(ZoneQuarter, zone), brute_force(zone, 15))
    assert same(stored(ZoneHour, zone), brute_force(zone, 60))


MINUTE = st.tuples(
    st.one_of(st.none(), st.sampled_from([18.0, 20.4, 20.5, 21.0, 21.5, 21.6])),
    st.sampled_from([0.0, 0.0, 800.0]),
    st.sampled_from(["ok", "ok", "suspect", "lost"]),
    st.booleans(),
    st.sampled_from([None, -5.0, 3.5]),
)
#: A minute of three hours, and which of the runs it arrives before.
ARRIVALS = st.dictionaries(st.integers(0, 179), st.tuples(MINUTE, st.integers(0, 2)), max_size=60)


class TestEverySequence(TestCase):
    """Any minutes in any order of arrival, any number of runs: the buckets are those of brute force."""

    @examples(25, *HealthCheck)
    @given(arrivals=ARRIVALS)
    def test_the_buckets_are_those_of_brute_force(self, arrivals):
        zone = factories.zone(factories.site())
        for turn in range(3):
            for minute, ((temperature, watts, sensor, opened, outdoor), arrival) in sorted(arrivals.items()):
                if arrival == turn:
                    at = NIGHT + timedelta(minutes=minute)
                    more = {"window_open": opened, "outdoor_celsius": outdoor}
                    record(zone, at, [temperature], heating=watts, sensor=sensor, **more)
            history.keep(LATER + timedelta(days=turn))
            check(zone)


def test_a_quarter_says_what_happened_in_it(zone):
    temperatures = [20.0] * 5 + [20.5] * 5 + [22.0] * 4 + [None]
    sensor = ["ok"] * 14 + ["lost"]
    record(zone, NIGHT, temperatures, heating=[0.0] * 3 + [1200.0] * 12, sensor=sensor)
    history.keep(LATER)
    quarter = ZoneQuarter.objects.get()
    assert quarter.at == NIGHT
    assert quarter.mean_celsius == pytest.approx((100 + 102.5 + 88) / 14)
    assert (quarter.low_celsius, quarter.high_celsius, quarter.target_celsius) == (20.0, 22.0, 21.0)
    assert quarter.heating_wh == pytest.approx(1200 * 12 / 60)
    assert quarter.below_target_degree_minutes == pytest.approx(5 * 1.0 + 5 * 0.5)
    assert (quarter.minutes, quarter.in_band_minutes, quarter.lost_minutes) == (15, 5, 1)
    assert (quarter.heating_minutes, quarter.starts) == (12, 1)


def test_minutes_in_which_a_window_paused_heating_count_apart(zone):
    record(zone, NIGHT, [20.0] * 5, outdoor_celsius=2.0)
    airing = {"window_open": True, "outdoor_celsius": 3.0}
    record(zone, NIGHT + timedelta(minutes=5), [17.0] * 10, target=None, **airing)
    history.keep(LATER)
    quarter = ZoneQuarter.objects.get()
    assert (quarter.minutes, quarter.window_minutes, quarter.target_celsius) == (15, 10, 21.0)
    assert (quarter.below_target_degree_minutes, quarter.in_band_minutes) == (5.0, 0)
    assert quarter.outdoor_celsius == pytest.approx((5 * 2 + 10 * 3) / 15)


def test_the_standby_of_a_miner_is_no_heating(zone):
    record(zone, NIGHT, [20.0] * 15, heating=[8.0] * 10 + [1200.0] * 5)
    history.keep(LATER)
    quarter = ZoneQuarter.objects.get()
    assert (quarter.heating_minutes, quarter.starts) == (5, 1)


def test_a_start_on_the_first_minute_of_an_hour_counts_there_and_once(zone):
    record(zone, NIGHT + timedelta(minutes=50), [20.0] * 20, heating=[0.0] * 10 + [900.0] * 10)
    history.keep(LATER)
    assert list(ZoneHour.objects.order_by("at").values_list("starts", flat=True)) == [0, 1]
    assert sum(ZoneQuarter.objects.values_list("starts", flat=True)) == 1


def test_heating_when_the_record_begins_is_no_start(zone):
    record(zone, NIGHT, [20.0] * 30, heating=900.0)
    history.keep(LATER)
    assert ZoneHour.objects.get().starts == 0


def test_a_second_run_writes_nothing(zone):
    record(zone, NIGHT, [20.0] * 120)
    assert history.keep(LATER)[0] == 8 + 2
    assert history.keep(LATER) == (0, 0)
    assert history.keep(NIGHT + timedelta(hours=2)) == (0, 0)  # also where it looks at them again


def test_a_minute_that_comes_late_is_picked_up(zone):
    record(zone, NIGHT, [20.0] * 57)
    record(zone, NIGHT + timedelta(hours=1), [20.0] * 30, heating=900.0)
    history.keep(LATER)
    record(zone, NIGHT + timedelta(minutes=59), [17.0])
    assert history.keep(LATER + timedelta(days=10))[0] == 4  # its quarter, its hour, and the start it proves
    check(zone)
    assert list(ZoneHour.objects.order_by("at").values_list("starts", flat=True)) == [0, 1]


def test_a_minute_written_again_after_the_clock_went_back_is_seen(zone):
    rows = record(zone, NIGHT, [20.0] * 60)
    history.keep(NIGHT + HALF_HOUR)
    ZoneReading.objects.filter(pk=rows[10].pk).update(temperature_celsius=25.0)
    assert history.keep(NIGHT + timedelta(hours=1))[0] == 2
    check(zone)


def test_the_running_hour_is_there_already_and_grows(zone):
    record(zone, NIGHT, [20.0] * 20)
    history.keep(NIGHT + timedelta(minutes=20))
    assert ZoneHour.objects.get().minutes == 20
    record(zone, NIGHT + timedelta(minutes=20), [20.0] * 20)
    history.keep(NIGHT + timedelta(minutes=40))
    assert ZoneHour.objects.get().minutes == 40
    check(zone)


def test_the_night_the_clocks_go_back_has_25_hours(home):
    zone = factories.zone(home)
    local = NIGHT.astimezone(home.tz).replace(hour=0)
    begin = local.astimezone(UTC)
    record(zone, begin, [20.0] * 25 * 60)
    history.keep(begin + timedelta(days=2))
    hours = ZoneHour.objects.filter(zone=zone)
    assert hours.count() == 25
    assert {hour.minutes for hour in hours} == {60}
    last = max(hour.at for hour in hours) + timedelta(hours=1)
    assert last.astimezone(home.tz).replace(tzinfo=None) == local.replace(tzinfo=None) + timedelta(days=1)


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nobody catches it."""


@pytest.mark.parametrize("victim", ["buckets", "mark", "prune"])
def test_killed_in_between_the_next_run_makes_it_whole(zone, monkeypatch, victim):
    record(zone, NIGHT, [20.0] * 120, heating=600.0)

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        if victim == "buckets":
            patch.setattr(type(ZoneHour.objects), "bulk_create", die)
        elif victim == "mark":
            patch.setattr(HistoryMark, "save", die)
        else:
            patch.setattr(history, "_prune", die)
        with pytest.raises(Killed), transaction.atomic():
            history.keep(LATER)
    assert ZoneHour.objects.count() == ZoneQuarter.objects.count() == HistoryMark.objects.count() == 0
    history.keep(LATER)
    check(zone)


def test_two_runs_at_once_count_nothing_twice(zone):
    record(zone, NIGHT, [20.0] * 120, heating=600.0)
    early = rollup.prepare(ZONES, LATER)
    record(zone, NIGHT + timedelta(hours=2), [20.0] * 60, heating=600.0)
    history.keep(LATER)
    with transaction.atomic():
        early.save()  # the slower one, with less in it
    history.keep(LATER)
    check(zone)


def test_a_zone_deleted_meanwhile_stops_nobody(home, zone):
    other = factories.zone(home, "Bath")
    record(zone, NIGHT, [20.0] * 60)
    record(other, NIGHT, [20.0] * 60)
    batch = rollup.prepare(ZONES, LATER)
    other.delete()
    with transaction.atomic():
        assert batch.save() == 5
    check(zone)


def test_more_than_a_batch_is_worked_off_in_one_run(zone, monkeypatch):
    monkeypatch.setattr(rollup, "_NEW_ROWS_A_BATCH", 50)
    record(zone, NIGHT, [20.0] * 240)
    history.keep(LATER)
    check(zone)


def test_energy_by_direction(home):
    source = factories.energy_source(home)
    EnergyReading.objects.bulk_create(
        EnergyReading(
            source=source, at=NIGHT + timedelta(minutes=n), production_w=3000.0, grid_w=watts, battery_w=-watts
        )
        for n, watts in enumerate([600.0] * 20 + [-1200.0] * 30 + [None] * 0)
    )
    history.keep(LATER)
    hour = EnergyHour.objects.get()
    assert hour.production_wh == pytest.approx(2500)
    assert (hour.import_wh, hour.export_wh) == (pytest.approx(200), pytest.approx(600))
    assert (hour.charge_wh, hour.discharge_wh) == (pytest.approx(600), pytest.approx(200))
    assert hour.household_wh is None
    assert hour.battery_soc_percent is None


def test_a_miner_by_what_it_took_and_did(home):
    miner = factories.miner(home)
    told = [("off", 0.0, None), ("heating", 900.0, 90.0), ("heating", None, 100.0), ("off", None, None)]
    MinerReading.objects.bulk_create(
        MinerReading(
            miner=miner,
            at=NIGHT + timedelta(minutes=n),
            status=status,
            power_w=watts,
            desired_w=1000,
            hash_rate_th_s=rate,
        )
        for n, (status, watts, rate) in enumerate(told)
    )
    history.keep(LATER)
    hour = MinerHour.objects.get()
    assert hour.energy_wh == pytest.approx((900 + 1000) / 60)  # measured, then as asked for
    assert (hour.hash_rate_th_s, hour.on_minutes, hour.starts) == (95.0, 2, 1)


def test_every_row_lands_in_one_quarter_and_one_hour():
    for at in (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)):
        quarter, hour = rollup.floor(at, 15), rollup.floor(at, 60)
        assert quarter <= at < quarter + timedelta(minutes=15)
        assert hour <= quarter
        assert (quarter.minute % 15, hour.minute) == (0, 0)
