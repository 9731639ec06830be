"""What is kept how long, and in pieces of which size it goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import TruncDate
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from climate.models import ZoneHour, ZoneQuarter, ZoneReading
from edgemining.celery import app
from sites import history, tasks
from sites.models import ActivityLog, HistoryDay
from tests import factories
from tests.history.minutes import record


@pytest.fixture
def zone(home):
    return factories.zone(home)


def days_ago(days: float):
    return timezone.now().replace(second=0, microsecond=0) - timedelta(days=days)


def runs(count: int, now=None) -> tuple[int, int]:
    """So many runs of keeping; the sums of what they wrote and dropped."""
    return tuple(map(sum, zip(*(history.keep(now) for _ in range(count)), strict=True)))


def test_minutes_go_after_30_days_quarters_after_two_years_hours_never(zone):
    for days in (0.1, 29, 31, 700, 800):
        record(zone, days_ago(days), [20.0])
    written, dropped = runs(4)
    assert (written, dropped) == (10, 3 + 1)
    assert ZoneReading.objects.count() == 2
    assert ZoneQuarter.objects.count() == 4
    assert ZoneHour.objects.count() == 5


def test_a_run_drops_one_day_at_most(zone):
    for days in range(45):
        record(zone, history.floor(days_ago(days), 60), [20.0] * 3)
    assert [history.keep()[1] for _ in range(17)] == [3] * 14 + [0] * 3
    assert ZoneReading.objects.count() == 31 * 3


def month_of_minutes(zone) -> int:
    for days in range(30):
        record(zone, history.floor(days_ago(days), 60), [20.0] * 5)
    history.keep()
    return ZoneReading.objects.count()


@pytest.mark.parametrize("ahead", [40, 4000])
def test_a_clock_far_ahead_deletes_nothing(zone, ahead):
    count = month_of_minutes(zone)
    assert runs(3, timezone.now() + timedelta(days=ahead))[1] == 0
    assert ZoneReading.objects.count() == count


def test_nor_more_than_it_was_wrong_for_while_passes_record_by_it(zone):
    count = month_of_minutes(zone)
    ahead = timedelta(days=40)
    for hour in range(72):  # wrong for three days
        record(zone, history.floor(timezone.now() + ahead, 60) + timedelta(hours=hour), [20.0])
        history.keep(timezone.now() + ahead + timedelta(hours=hour))
    # Three days were recorded, and by them the oldest three are old: as if it had been right.
    assert ZoneReading.objects.filter(at__lte=timezone.now()).count() >= count - 4 * 5
    left = ZoneReading.objects.count()
    runs(3)
    assert ZoneReading.objects.count() == left


def test_after_such_a_leap_thirty_recorded_days_are_kept_and_no_more(zone):
    month_of_minutes(zone)
    history.keep(timezone.now() + timedelta(days=40))
    for days in range(1, 41):
        now = timezone.now() + timedelta(days=days)
        record(zone, history.floor(now, 60), [20.0] * 5)
        history.keep(now)
    kept = ZoneReading.objects.values_list(TruncDate("at"), flat=True).distinct()
    assert len(set(kept)) in (30, 31)


def test_a_program_that_was_off_for_long_keeps_what_it_had(zone):
    record(zone, history.floor(days_ago(60), 60), [20.0] * 60)
    history.keep(days_ago(60))
    record(zone, history.floor(days_ago(0), 60), [20.0])
    runs(3)
    assert ZoneReading.objects.count() == 61


def test_a_release_that_noted_no_days_has_those_of_its_hours(zone):
    month_of_minutes(zone)
    HistoryDay.objects.all().delete()
    history.keep()
    assert HistoryDay.objects.count() in (30, 31)


def test_an_hour_keeps_what_its_minutes_said_when_some_are_pruned_and_one_comes_late(zone):
    begin = history.floor(days_ago(31), 60)
    record(zone, begin, [20.0] * 60)
    record(zone, history.floor(days_ago(0), 60), [20.0])
    runs(2)
    assert ZoneReading.objects.count() == 1
    record(zone, begin + timedelta(minutes=5), [35.0])
    history.keep()
    hour = ZoneHour.objects.get(at=begin)
    assert (hour.minutes, hour.high_celsius) == (60, 20.0)


def test_no_minute_goes_before_it_is_folded(zone):
    record(zone, days_ago(40), [20.0] * 30)
    record(zone, days_ago(0), [20.0])
    pieces = list(history._prune(history._ends(timezone.now(), is_believed=True)))
    assert sum(pieces) == 0
    assert ZoneReading.objects.count() == 31


def test_more_than_a_piece_goes_in_several_commits(zone, monkeypatch):
    monkeypatch.setattr(history, "_BATCH_ROWS", 10)
    record(zone, history.floor(days_ago(40), 60), [20.0] * 35)
    record(zone, days_ago(0), [20.0])
    with CaptureQueriesContext(connection) as seen:
        assert history.keep()[1] == 35
    pieces = [one for one in seen if one["sql"].startswith('DELETE FROM "climate_zonereading"')]
    assert len(pieces) == 4


def test_the_log_goes_after_a_year(home):
    for days, text in ((366, "old"), (364, "young")):
        ActivityLog.objects.create(site=home, at=days_ago(days), text=text)
    history.keep()
    assert [row.text for row in ActivityLog.objects.all()] == ["young"]


@pytest.mark.django_db(transaction=True)
def test_a_run_of_an_ordinary_hour_is_one_commit():
    for number in range(3):
        zone = factories.zone(factories.site(), f"Room {number}")
        record(zone, days_ago(1), [20.0] * 60)
        record(zone, history.floor(days_ago(31), 60), [20.0] * 60)
    with CaptureQueriesContext(connection) as seen:
        tasks.keep_history()
    assert [one["sql"] for one in seen].count("COMMIT") == 1
    assert (ZoneHour.objects.exists(), ZoneReading.objects.count()) == (True, 180)


def test_statements_do_not_grow_with_the_rooms(home):
    def statements(count: int) -> int:
        for number in range(count):
            record(factories.zone(home, f"Room {count} {number}"), days_ago(1), [20.0] * 60)
        with CaptureQueriesContext(connection) as seen:
            history.keep()
        return len(seen)

    statements(1)  # the first run of all also makes the marks
    assert statements(2) == statements(12)


def test_beat_knows_the_task():
    app.loader.import_default_modules()
    entry = app.conf.beat_schedule["history"]
    assert entry["task"] in app.tasks
    assert entry["task"] == tasks.keep_history.name


def test_rooms_of_one_name_in_two_homes_keep_their_own_minutes(zone):
    namesake = factories.zone(factories.site(), zone.name)
    begin = history.floor(days_ago(2), 60)
    record(zone, begin, [20.0] * 60)
    record(namesake, begin, [10.0] * 60)
    history.keep()
    found = {hour.zone_id: (hour.minutes, hour.low_celsius, hour.high_celsius) for hour in ZoneHour.objects.all()}
    assert found == {zone.pk: (60, 20.0, 20.0), namesake.pk: (60, 10.0, 10.0)}
