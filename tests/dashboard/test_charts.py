"""The charts' columns and figures: right sums, whichever resolution they were read from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from climate.models import ZoneReading
from dashboard.formats import THIN
from dashboard.past import buckets
from dashboard.stats import energy_stats, miner_stats, room_stats
from energy.models import EnergyReading
from energy.rollup import SOURCES
from miners.models import DesiredState, MinerReading
from sites.history import keep
from tests import factories

NOTHING = dict.fromkeys(
    ("minutes", "heating_wh", "below_target_degree_minutes", "in_band_minutes", "lost_minutes", "window_minutes",
     "heating_minutes", "starts"),
    0,
)  # fmt: skip


def values(stats) -> dict[str, str]:
    return {stat["label"]: stat["value"].replace(THIN, " ") for stat in stats}


def test_what_a_room_went_through():
    totals = NOTHING | {
        "minutes": 360, "heating_wh": 2400.0, "below_target_degree_minutes": 65.4, "in_band_minutes": 150,
        "lost_minutes": 40, "window_minutes": 20, "starts": 3,
    }  # fmt: skip
    assert values(room_stats(totals)) == {
        "Too cold": "65 °·min", "In the target band": "50 %", "Heat": "2.4 kWh", "Starts": "3",
        "Sensor lost": "40 min", "Window open": "20 min",
    }  # fmt: skip


def test_of_nothing_nothing_is_claimed():
    found = values(room_stats(NOTHING))
    assert (found["Too cold"], found["In the target band"], found["Heat"]) == ("–", "–", "–")
    assert set(values(energy_stats([])).values()) == {"–"}
    assert values(miner_stats([]))["Drawn"] == "–"


@pytest.mark.parametrize("hours", [6, 24, 168, 720])
def test_a_rooms_figures_are_those_of_the_range_however_far_it_was_rolled_up(signed_in, seen_home, hours):
    seen_home.record(8 * 60)
    address = reverse("zone-chart", args=[seen_home.zone.pk])
    with time_machine.travel(timezone.now(), tick=False):
        fresh = signed_in.get(address, {"hours": hours}).json()
        keep()
        stored = signed_in.get(address, {"hours": hours}).json()
    assert fresh["stats"] == stored["stats"]
    assert values(fresh["stats"])["Heat"] == "0.1 kWh"  # 800 W in the last 10 minutes
    assert values(fresh["stats"])["Starts"] == "1"


def test_open_windows_and_the_cold_outside_are_in_the_chart(signed_in, seen_home):
    seen_home.record(30)
    ZoneReading.objects.update(outdoor_celsius=-3.5)
    ZoneReading.objects.filter(heating_w=0).update(window_open=True)
    data = signed_in.get(reverse("zone-chart", args=[seen_home.zone.pk])).json()
    assert set(data["outdoor"]) == {-3.5}
    assert data["window"].count(1) == 20


@pytest.fixture
def two_days_of_sun(seen_home):
    """3 kW for the last 48 hours, 1 kW of it sold, until a whole hour."""
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    EnergyReading.objects.bulk_create(
        EnergyReading(
            source=seen_home.source, at=end - timedelta(minutes=age), production_w=3000.0, household_w=2000.0,
            grid_w=-1000.0, battery_w=0.0, battery_soc_percent=50.0,
        )
        for age in range(1, 48 * 60 + 1)
    )  # fmt: skip
    return seen_home.source


def test_energy_of_a_week_and_a_month(signed_in, two_days_of_sun):
    keep()
    address = reverse("energy-chart", args=[two_days_of_sun.pk])
    for hours in (168, 720):
        data = signed_in.get(address, {"hours": hours}).json()
        assert {w for w in data["production"] if w is not None} == {3000.0}
        assert {w for w in data["grid"] if w is not None} == {-1000.0}
        figures = values(data["stats"])
        assert (figures["Produced"], figures["Sold"], figures["Bought"]) == ("144 kWh", "48.0 kWh", "0.0 kWh")


@pytest.mark.parametrize("kept", [False, True])
def test_every_minute_counts_once_stored_or_not(two_days_of_sun, kept):
    if kept:
        keep()
    end = datetime.now(UTC)
    found = buckets(SOURCES, two_days_of_sun.pk, end - timedelta(days=3), end, ["production_wh"])
    assert sum(values["minutes"] for _, values in found) == 48 * 60
    assert sum(values["production_wh"] for _, values in found) == pytest.approx(144_000)
    assert [at for at, _ in found] == sorted({at for at, _ in found})


def test_buckets_outlive_their_minutes(two_days_of_sun):
    keep()
    EnergyReading.objects.all().delete()
    end = datetime.now(UTC)
    found = buckets(SOURCES, two_days_of_sun.pk, end - timedelta(days=3), end, ["production_wh"])
    assert sum(values["production_wh"] for _, values in found) == pytest.approx(144_000)


def test_a_miners_past(signed_in, seen_home):
    now = timezone.now().replace(second=0, microsecond=0)
    MinerReading.objects.bulk_create(
        MinerReading(
            miner=seen_home.miner, at=now - timedelta(minutes=age), status="heating" if age <= 60 else "off",
            power_w=900.0 if age <= 60 else 0.0, hash_rate_th_s=20.0 if age <= 60 else None,
        )
        for age in range(1, 121)
    )  # fmt: skip
    data = signed_in.get(reverse("miner-chart", args=[seen_home.miner.pk])).json()
    assert max(data["power"]) == 900.0
    assert {rate for rate in data["hash_rate"] if rate is not None} == {20.0}
    assert values(data["stats"]) == {"Drawn": "0.9 kWh", "Running": "1 h", "Starts": "1"}


def test_a_first_start_that_no_minute_saw_is_counted(signed_in, seen_home):
    """It stands beside “Starts today”."""
    now = timezone.now()
    DesiredState.objects.create(miner=seen_home.miner, starts=[(now - timedelta(minutes=3)).isoformat()])
    data = signed_in.get(reverse("miner-chart", args=[seen_home.miner.pk])).json()
    assert values(data["stats"])["Starts"] == "1"


@pytest.mark.parametrize("name", ["energy-chart", "miner-chart"])
def test_other_spans_are_refused(signed_in, seen_home, name):
    owner = seen_home.source if name == "energy-chart" else seen_home.miner
    answer = signed_in.get(reverse(name, args=[owner.pk]), {"hours": "12"})
    assert answer.status_code == 422
    assert "12" in answer.json()["error"]


def cycling(seen_home, days: int):
    """Its miner was on for 40 in every 120 minutes at 900 W, and heated its room so."""
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    minutes = [(end - timedelta(minutes=age), age % 120 < 40) for age in range(days * 1440, 0, -1)]
    MinerReading.objects.bulk_create(
        MinerReading(miner=seen_home.miner, at=at, status="heating" if on else "off", power_w=900.0 * on)
        for at, on in minutes
    )
    ZoneReading.objects.bulk_create(
        ZoneReading(zone=seen_home.zone, at=at, temperature_celsius=20.0, target_celsius=20.0, heating_w=900.0 * on)
        for at, on in minutes
    )


@pytest.mark.parametrize(("name", "hours"), [("miner-chart", 168), ("miner-chart", 720), ("zone-chart", 720)])
def test_a_machine_that_cycles_is_shown_to_cycle(signed_in, seen_home, name, hours):
    cycling(seen_home, days=6)
    owner = seen_home.miner if name == "miner-chart" else seen_home.zone
    data = signed_in.get(reverse(name, args=[owner.pk]), {"hours": hours}).json()
    bars = data["cycles"]
    whole = list(zip(bars["share"], bars["starts"], strict=True))[1:-1]  # the first and last may be cut
    assert len(bars["t"]) <= 120
    assert whole
    for share, starts in whole:
        assert share == pytest.approx(1 / 3, abs=0.01)
        assert starts == bars["step"] // 7200
    if name == "miner-chart":
        assert data["power"][2] == pytest.approx(300.0, abs=10)


@pytest.mark.parametrize("hours", [24, 168])
def test_the_energy_chart_draws_the_miners(signed_in, seen_home, hours):
    """Together, at the times of the source, and also where the source says nothing."""
    other = factories.miner(seen_home.site, "Second", zones=[seen_home.zone])
    at = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    for miner in (seen_home.miner, other):
        MinerReading.objects.bulk_create(
            MinerReading(miner=miner, at=at + timedelta(minutes=minute), status="heating", power_w=800.0)
            for minute in range(15)
        )
    EnergyReading.objects.create(source=seen_home.source, at=at, production_w=3000.0)
    data = signed_in.get(reverse("energy-chart", args=[seen_home.source.pk]), {"hours": hours}).json()
    first = data["t"].index(int(at.timestamp()))
    assert (data["production"][first], data["miners"][first]) == (3000.0, 1600.0)
    assert hours != 24 or (data["production"][first + 5], data["miners"][first + 5]) == (None, 1600.0)


def test_the_axis_begins_with_what_is_known(signed_in, seen_home):
    now = timezone.now().replace(second=0, microsecond=0)
    EnergyReading.objects.bulk_create(
        EnergyReading(
            source=seen_home.source, at=now - timedelta(minutes=age), production_w=None if age > 60 else 100.0
        )
        for age in range(1, 600)
    )
    data = signed_in.get(reverse("energy-chart", args=[seen_home.source.pk]), {"hours": 24}).json()
    assert data["from"] == int((now - timedelta(minutes=60)).timestamp())
