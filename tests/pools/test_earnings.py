"""Hours of miners in satoshi and money: from minutes as recorded, made anew as often as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miners import tasks
from miners.earnings import hourly
from miners.earnings.economics import HashValue
from miners.earnings.hourly import Tariff, figures, hashed
from miners.models import HashPriceHour, MinerEarning, MinerReading
from miners.rollup import MinerMinute
from tests import factories
from tests.pools.test_refresh import typed

HOUR = datetime(2026, 11, 22, 11, tzinfo=UTC)
TARIFF = Tariff("EUR", 0.25, ((HOUR, HashValue(40.0, 100_000.0)),))


def minute(number: int, status="heating", power_w=1000.0, rate=50.0) -> MinerMinute:
    return MinerMinute(HOUR + timedelta(minutes=number), status, power_w, 1000.0, rate)


def test_a_full_hour():
    """50 TH/s for an hour are 50/24 TH/s·days at 40 sat: 83.3 sat, 8.3 cents; 1 kWh costs 25."""
    found = figures([minute(number) for number in range(60)], HOUR, TARIFF)
    assert found["energy_wh"] == pytest.approx(1000)
    assert found["hashed_th"] == pytest.approx(50 * 3600)
    assert found["earned_sat"] == pytest.approx(50 / 24 * 40)
    assert found["earned_currency"] == pytest.approx(0.08333, rel=1e-3)
    assert found["electricity_currency"] == pytest.approx(0.25)
    assert found["currency"] == "EUR"


def test_half_an_hour_off_earns_half():
    """Whether an off miner says 0 TH/s or nothing at all."""
    on = [minute(number) for number in range(30)]
    for rate in (0.0, None):
        off = [minute(30 + number, "off", 0.0, rate) for number in range(30)]
        assert figures(on + off, HOUR, TARIFF)["earned_sat"] == pytest.approx(25 / 24 * 40)


def test_a_miner_behind_a_plug_earns_nobody_knows_what():
    found = figures([minute(number, rate=None) for number in range(60)], HOUR, TARIFF)
    assert found["earned_sat"] is None
    assert found["earned_currency"] is None
    assert found["electricity_currency"] == pytest.approx(0.25)


def test_an_off_miner_earned_nothing_and_that_is_known():
    found = figures([minute(0, "off", 0.0, None)], HOUR, Tariff("EUR", None, ()))
    assert (found["earned_sat"], found["earned_currency"], found["electricity_currency"]) == (0.0, 0.0, None)


def test_a_price_of_yesterday_is_none():
    old = Tariff("EUR", 0.25, ((HOUR - timedelta(hours=25), HashValue(40.0, 100_000.0)),))
    coming = Tariff("EUR", 0.25, ((HOUR + timedelta(hours=1), HashValue(40.0, 100_000.0)),))
    for tariff in (old, coming):
        assert figures([minute(0)], HOUR, tariff)["earned_sat"] is None


def test_the_newest_price_known_then_counts():
    values = tuple((HOUR - timedelta(hours=hours), HashValue(float(hours), 1.0)) for hours in (20, 3, 1))
    assert Tariff("EUR", None, values).hash_value(HOUR) == HashValue(1.0, 1.0)


minutes = st.lists(
    st.builds(
        minute,
        st.integers(0, 59),
        st.sampled_from(["heating", "off", "unreachable", "ramping", "protect"]),
        st.none() | st.floats(0, 20_000),
        st.none() | st.floats(0, 1000),
    ),
    max_size=60,
)


@given(minutes)
def test_hashes_are_known_or_not_and_never_more_than_the_best_minute(some):
    found = hashed(some)
    rates = [one.hash_rate_th_s for one in some if one.hash_rate_th_s is not None]
    if found is None:
        assert any(one.is_on and one.hash_rate_th_s is None for one in some)
    else:
        assert sum(rates) * 60 <= found + 1e-6
        assert found <= len(some) * 60 * max(rates, default=0.0) + 1e-6


def record_hour(miner, *, hour=HOUR, rate=50.0):
    MinerReading.objects.bulk_create(
        MinerReading(
            miner=miner,
            at=hour + timedelta(minutes=n),
            status="heating",
            power_w=1000,
            desired_w=1000,
            hash_rate_th_s=rate,
        )
        for n in range(60)
    )


def test_complete_hours_are_recorded_once_and_put_right(home, monkeypatch):
    miner = factories.miner(home)
    source = typed(home, electricity_currency_per_kwh=0.25)
    HashPriceHour.objects.create(source=source, at=HOUR, sat_per_th_s_day=40, currency_per_btc=100_000)
    record_hour(miner)
    assert hourly.record(HOUR + timedelta(minutes=59)) == 0
    after = HOUR + timedelta(minutes=70)
    assert hourly.record(after) == 1
    assert hourly.record(after) == 0
    row = MinerEarning.objects.get()
    assert (row.miner, row.at, row.currency) == (miner, HOUR, home.currency)
    assert row.earned_sat == pytest.approx(50 / 24 * 40)
    MinerReading.objects.filter(at__gte=HOUR + timedelta(minutes=30)).delete()
    assert hourly.record(after) == 1
    row.refresh_from_db()
    assert row.energy_wh == pytest.approx(500)


def test_homes_with_and_without_a_price_cost_the_same_statements(home, django_assert_max_num_queries):
    for number in range(6):
        other = factories.site()
        record_hour(factories.miner(other), rate=float(number))
    with django_assert_max_num_queries(9):
        assert hourly.record(HOUR + timedelta(minutes=70)) == 6
    assert set(MinerEarning.objects.values_list("earned_sat", flat=True)) == {None, 0.0}


def test_the_task_records(home):
    miner = factories.miner(home)
    hour = hourly.floor(datetime.now(UTC), 60) - timedelta(hours=1)
    record_hour(miner, hour=hour)
    tasks.record_earnings()
    assert MinerEarning.objects.get().at == hour
