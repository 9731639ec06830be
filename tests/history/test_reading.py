"""The past as points: the resolution that fits, never behind, and as charts, API and table."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from climate.history import Resolution, fitting, points, totals
from climate.models import ZoneHour, ZoneQuarter, ZoneReading
from sites import history
from tests import factories
from tests.history.minutes import NIGHT, brute_force, record

HOURS = timedelta(hours=1)


@pytest.fixture
def zone(home):
    return factories.zone(home, hysteresis_celsius=0.5)


def now():
    return timezone.now().replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("hours", "expected"), [(6, "minute"), (24, "minute"), (7 * 24, "quarter"), (30 * 24, "hour"), (365 * 24, "hour")]
)
def test_a_chart_gets_the_resolution_that_fits_its_time(hours, expected):
    assert fitting(NIGHT - hours * HOURS, NIGHT, NIGHT) == expected


def test_what_is_no_longer_kept_is_not_chosen():
    day = timedelta(days=1)
    assert fitting(NIGHT - 40 * day, NIGHT - 39 * day, NIGHT) == "quarter"
    assert fitting(NIGHT - 1000 * day, NIGHT - 999 * day, NIGHT) == "hour"


@pytest.mark.parametrize("resolution", [Resolution.QUARTER, Resolution.HOUR])
@pytest.mark.parametrize("folded_minutes", [0, 20, 75, 120, 200])
def test_the_end_is_never_behind(zone, resolution, folded_minutes):
    record(zone, NIGHT, [20.0] * folded_minutes, heating=600.0)
    history.keep(NIGHT + timedelta(minutes=folded_minutes))
    record(zone, NIGHT + timedelta(minutes=folded_minutes), [21.0] * (200 - folded_minutes))
    found = points(zone, NIGHT, NIGHT + 5 * HOURS, resolution)
    expected = brute_force(zone, resolution.minutes)
    assert [point.at for point in found] == sorted(expected)
    for point in found:
        assert {name: getattr(point, name) for name in expected[point.at]} == pytest.approx(expected[point.at])


def test_stored_buckets_answer_when_their_minutes_are_gone(zone):
    record(zone, NIGHT, [20.0] * 120, heating=600.0)
    history.keep(NIGHT + 3 * HOURS)
    ZoneReading.objects.all().delete()
    found = points(zone, NIGHT, NIGHT + 5 * HOURS, Resolution.HOUR)
    assert [point.minutes for point in found] == [60, 60]
    assert totals(found)["heating_wh"] == pytest.approx(1200)


def test_points_begin_within_the_time_asked_for(zone):
    record(zone, NIGHT, [20.0] * 180)
    history.keep(NIGHT + 3 * HOURS)
    begin, end = NIGHT + timedelta(minutes=10), NIGHT + timedelta(minutes=60)
    assert [point.at.minute for point in points(zone, begin, end, Resolution.QUARTER)] == [15, 30, 45]
    assert points(zone, begin, end, Resolution.HOUR) == []
    assert len(points(zone, begin, end, Resolution.MINUTE)) == 50


class TestApi:
    def test_a_zone_tells_its_past(self, api, zone):
        record(zone, NIGHT, [20.0] * 120, heating=600.0)
        history.keep(NIGHT + 3 * HOURS)
        ask = f"/climate-zones/{zone.pk}/history?from=2026-10-25T00:00:00Z&to=2026-10-25T04:00:00%2B02:00"
        answer = api.get(f"{ask}&resolution=quarter").json()
        assert answer["resolution"] == "quarter"
        assert len(answer["points"]) == 8
        assert answer["points"][0]["heating_wh"] == pytest.approx(150)
        assert answer["totals"]["below_target_degree_minutes"] == pytest.approx(120)
        assert len(api.get(f"{ask}&resolution=hour").json()["points"]) == 2

    def test_by_itself_it_is_the_last_day(self, api, zone):
        record(zone, now() - 30 * HOURS, [20.0] * 60)
        record(zone, now() - HOURS, [20.0] * 60)
        answer = api.get(f"/climate-zones/{zone.pk}/history").json()
        assert (answer["resolution"], len(answer["points"])) == ("minute", 60)

    @pytest.mark.parametrize(
        ("query", "place", "words"),
        [
            ("from=2026-10-25T00:00:00Z&to=2026-10-24T00:00:00Z", "query.from", "before ‘to’"),
            ("from=2026-01-01T00:00:00Z&to=2026-10-24T00:00:00Z&resolution=minute", "query.resolution", "5000 points"),
            ("resolution=day", "query.resolution", "minute"),
            ("from=yesterday", "query.from", ""),
        ],
    )
    def test_what_cannot_be_answered_says_why(self, api, zone, query, place, words):
        answer = api.get(f"/climate-zones/{zone.pk}/history?{query}")
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert ".".join(problem["loc"]) == place
        assert words in problem["msg"]


class TestPages:
    @pytest.mark.parametrize(("hours", "step", "count"), [(24, 60, 1439), (7 * 24, 900, 671), (30 * 24, 3600, 719)])
    def test_a_chart_of_any_range(self, signed_in, zone, hours, step, count):
        begin = now() - hours * HOURS
        every = timedelta(seconds=step)
        record_sparsely(zone, begin, every, hours * 3600 // step)
        history.keep()
        data = signed_in.get(reverse("zone-chart", args=[zone.pk]), {"hours": hours}).json()
        assert data["step"] == step
        assert count <= len(data["t"]) <= count + 2
        assert None not in data["temperature"]
        assert {len(data[name]) for name in ("low", "high", "heating", "heated", "lost")} == {len(data["t"])}

    def test_a_hole_in_a_long_chart_is_a_hole(self, signed_in, zone):
        begin = now() - 100 * HOURS
        record(zone, begin, [20.0] * 60)
        record(zone, begin + 10 * HOURS, [20.0] * 60)
        history.keep()
        data = signed_in.get(reverse("zone-chart", args=[zone.pk]), {"hours": 30 * 24}).json()
        assert data["temperature"].count(None) == 1

    def test_the_table(self, signed_in, zone):
        record(zone, NIGHT, [20.0] * 29 + [None], heating=600.0, sensor=["ok"] * 29 + ["lost"])
        span = {"from": "2026-10-25T00:00:00Z", "to": "2026-10-26T00:00:00Z"}
        answer = signed_in.get(reverse("zone-history", args=[zone.pk]), span)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert "living_room-2026-10-25-2026-10-26-quarter.csv" in answer["Content-Disposition"]
        first, second = csv.DictReader(answer.getvalue().decode().splitlines())
        assert (first["at_utc"], first["mean_celsius"], first["heating_wh"]) == (
            "2026-10-25T00:00:00Z",
            "20.0",
            "150.0",
        )
        assert (second["minutes"], second["lost_minutes"]) == ("15", "1")

    def test_the_table_leaves_unknown_empty(self, signed_in, zone):
        record(zone, now() - HOURS, [None], sensor="lost")
        answer = signed_in.get(reverse("zone-history", args=[zone.pk]), {"resolution": "minute"})
        (line,) = csv.DictReader(answer.getvalue().decode().splitlines())
        assert (line["mean_celsius"], line["target_celsius"]) == ("", "21.0")

    @pytest.mark.parametrize(
        ("query", "word"),
        [({"from": "1 May"}, "1 May"), ({"to": "2026-01-01T00:00"}, "offset"), ({"resolution": "x"}, "hour")],
    )
    def test_a_table_that_cannot_be_made_says_why(self, signed_in, zone, query, word):
        answer = signed_in.get(reverse("zone-history", args=[zone.pk]), query)
        assert answer.status_code == 422
        assert word in answer.json()["error"]

    def test_nobody_unknown_takes_a_table(self, client, zone):
        assert client.get(reverse("zone-history", args=[zone.pk])).status_code == 302


def record_sparsely(zone, begin, every, count) -> None:
    ZoneReading.objects.bulk_create(
        ZoneReading(zone=zone, at=begin + number * every, temperature_celsius=20.0, target_celsius=21.0)
        for number in range(count)
    )


def test_deleting_a_zone_takes_its_past_along(zone):
    record(zone, NIGHT, [20.0] * 60)
    history.keep(NIGHT + HOURS)
    zone.delete()
    assert not ZoneQuarter.objects.exists()
    assert not ZoneHour.objects.exists()
