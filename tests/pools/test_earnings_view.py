"""What is shown of earnings: figures by hand, words for everything unknown, stored rows of one home only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miners.earnings.economics import HashValue
from miners.earnings.hash_price.reading import HashPriceReading
from miners.earnings.pools.reading import to_json
from miners.earnings.queries import earnings_of
from miners.earnings.view import MinerNow, Span, money, panel, sats
from miners.models import MinerEarning
from sites import live
from tests import factories

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
VALUE = HashValue(40.0, 100_000.0)
NOTHING_YET = Span()


def line(power_w, rate, value=VALUE, price=0.25):
    miner = MinerNow("1", "Avalon", power_w, rate)
    return (
        panel("EUR", value, price, [miner], today=NOTHING_YET, month=NOTHING_YET)
        .miners[0]
        .sentence.replace("\u202f", " ")
    )


@pytest.mark.parametrize(
    ("power_w", "rate", "value", "price", "said"),
    [
        (1000, 50, VALUE, 0.25, "Earns 2,000 sat a day, 2.00 EUR. A kWh of its heat costs 0.1667 EUR."),
        (1000, 50, VALUE, 0.05, "Earns 2,000 sat a day, 2.00 EUR. Its heat is free and pays 0.0333 EUR per kWh."),
        (1000, 50, VALUE, None, "Earns 2,000 sat a day, 2.00 EUR."),
        (1000, 50, HashValue(40.0), 0.25, "Earns 2,000 sat a day."),
        (1000, 50, None, 0.25, "What hashing earns is not known."),
        (1000, None, VALUE, 0.25, "It does not say how fast it hashes, so what it earns is not known."),
        (None, 50, VALUE, 0.25, "What it draws is not known."),
        (0, None, VALUE, 0.25, "Earns nothing now."),
        (800, 0, VALUE, 0.25, "Earns nothing now."),
    ],
)
def test_a_miner_in_words(power_w, rate, value, price, said):
    assert line(power_w, rate, value, price) == said.replace("2,000", "2 000")


@pytest.mark.parametrize(
    ("value", "price", "month", "said"),
    [
        (None, 0.25, NOTHING_YET, "Choose in the set-up where the hash price comes from."),
        (HashValue(40.0), 0.25, NOTHING_YET, "What a bitcoin costs in EUR is not known"),
        (VALUE, None, NOTHING_YET, "Enter what a kWh of electricity costs"),
        (VALUE, 0.25, NOTHING_YET, "A kWh of electricity costs 0.2500 EUR."),
        (
            VALUE,
            0.25,
            Span(net_cost_currency=3.0, priced_energy_wh=20_000),
            "cost 0.1500 EUR instead of the 0.2500 EUR",
        ),
        (VALUE, 0.25, Span(net_cost_currency=-1.0, priced_energy_wh=20_000), "was free and paid 0.0500 EUR per kWh"),
    ],
)
def test_the_home_in_a_sentence(value, price, month, said):
    sentence = panel("EUR", value, price, [], today=NOTHING_YET, month=month).sentence.replace("\u202f", " ")
    assert said in sentence


maybe = st.none() | st.floats(0, 20_000)


@example(1e-308, 50.0, HashValue(40.0, 60_000.0), 0.25)
@example(800.0, 5e-324, HashValue(40.0, 60_000.0), 0.25)
@given(maybe, maybe, st.none() | st.builds(HashValue, st.floats(0, 1e4), st.none() | st.floats(0.01, 1e7)), maybe)
def test_every_state_has_a_sentence_without_nonsense(power_w, rate, value, price):
    said = line(power_w, rate, value, price)
    assert said.endswith(".")
    assert not {"None", "nan", "inf"} & set(said.replace(".", " ").split())


@example(-1.0, 1e-308)
@given(maybe, st.floats(0, 1e6))
def test_the_sentence_of_a_home_is_without_nonsense(cost, energy_wh):
    month = Span(net_cost_currency=cost, priced_energy_wh=energy_wh)
    said = panel("EUR", VALUE, 0.25, [], today=NOTHING_YET, month=month).sentence
    assert not {"None", "nan", "inf"} & set(said.replace(".", " ").split())


def test_money_and_satoshi():
    assert money(None, "EUR") == sats(None) == "–"
    assert money(-0.5, "CHF").replace("\u202f", " ") == "−0.50 CHF"
    assert sats(1_234_567.4).replace("\u202f", " ") == "1 234 567 sat"


def earning(miner, hours_ago, **figures):
    at = NOW.replace(minute=0) - timedelta(hours=hours_ago)
    base = {"energy_wh": 1000, "currency": "EUR", "hashed_th": 1, "earned_sat": 80.0}
    return MinerEarning.objects.create(miner=miner, at=at, **{**base, **figures})


def test_the_panel_of_a_home_is_of_its_own_stored_rows(home, django_assert_num_queries):
    miner = factories.miner(home)
    price = factories.hash_price(home, electricity_currency_per_kwh=0.25)
    price.reading, price.read_at = to_json(HashPriceReading(40.0, 100_000.0)), NOW - timedelta(hours=1)
    price.save()
    earning(miner, 2, earned_currency=0.08, electricity_currency=0.25)
    earning(miner, 26, earned_currency=0.04, electricity_currency=0.25)
    earning(miner, 3, earned_sat=None, electricity_currency=0.25)
    earning(miner, 4, currency="USD", earned_currency=9.0, electricity_currency=9.0)
    earning(miner, 31 * 24, earned_currency=5.0, electricity_currency=5.0)
    earning(factories.miner(factories.site()), 2, earned_currency=7.0, electricity_currency=7.0)
    seen = {"power_w": 1000.0, "power_is_measured": True, "hash_rate_th_s": 50.0}
    live.publish(home.pk, {"miners": {str(miner.pk): seen}})
    with django_assert_num_queries(4):
        found = earnings_of(home, NOW)
    assert found.today.earned_currency == pytest.approx(0.08)
    assert found.month.net_cost_currency == pytest.approx(0.38)
    assert found.month.net_cost_currency_per_kwh_heat == pytest.approx(0.19)
    assert found.month.energy_wh == pytest.approx(4000)
    assert found.miners[0].value.earned_sat_per_day == pytest.approx(2000)


def test_a_price_of_two_days_ago_is_not_shown_as_todays(home):
    price = factories.hash_price(home)
    price.reading, price.read_at = to_json(HashPriceReading(40.0, 100_000.0)), NOW - timedelta(days=2)
    price.save()
    assert earnings_of(home, NOW).hash_value is None


def test_a_home_without_anything(home):
    found = earnings_of(home, NOW)
    assert found.miners == ()
    assert found.month == Span()
