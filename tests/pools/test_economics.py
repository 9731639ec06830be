"""Hash value, earnings and the net cost of heat: known figures, and what holds for all of them."""

from __future__ import annotations

import math
from dataclasses import astuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miners.earnings import economics
from miners.earnings.economics import HashValue, miner_value

watts = st.floats(1, 20_000)
rates = st.floats(0.1, 1000)
values = st.floats(0.01, 10_000)
prices = st.floats(1, 1e7)
tariffs = st.floats(-0.5, 2)
#: Whatever a float can be, the smallest and the largest among them.
maybe = st.none() | st.floats() | st.sampled_from([5e-324, 1e-308, 1e-9, 0.999, 1e9, 1e308])


def test_a_published_difficulty_gives_its_published_hash_value():
    """D = 140.58 T and 3.14 BTC a block are 4.49·10⁻⁴ BTC per PH/s and day."""
    assert economics.hash_value_sat_per_th_s_day(140.58e12, 314_000_000) == pytest.approx(44.9, rel=1e-3)


@pytest.mark.parametrize(
    ("power_w", "hash_rate_th_s", "earned"),
    [(3068, 104, 0.057), (3500, 200, 0.095), (800, 37.5, 0.078), (140, 6, 0.071)],
    ids=["S19j Pro", "S21", "Avalon Mini 3", "Avalon Nano 3S"],
)
def test_earnings_per_kwh_of_known_machines(power_w, hash_rate_th_s, earned):
    """At 40 per PH/s and day, as the price tables have it."""
    hash_value = HashValue(40 / 1000 / 60_000 * 1e8, 60_000)
    value = miner_value(power_w, hash_rate_th_s, hash_value, 0.30)
    assert value.earned_currency_per_kwh == pytest.approx(earned, abs=0.0006)
    assert value.net_cost_currency_per_kwh_heat == pytest.approx(0.30 - earned, abs=0.0006)


def test_a_day_by_hand():
    value = miner_value(1000, 50, HashValue(40, 100_000), 0.25)
    assert value.efficiency_j_per_th == 20
    assert value.earned_sat_per_day == 2000
    assert value.earned_currency_per_day == pytest.approx(2.0)
    assert value.electricity_currency_per_day == pytest.approx(6.0)
    assert value.net_cost_currency_per_day == pytest.approx(4.0)
    assert value.net_cost_currency_per_kwh_heat == pytest.approx(4.0 / 24)


def test_a_miner_that_draws_and_does_not_hash_costs_what_its_power_costs():
    value = miner_value(800, 0, HashValue(40, 60_000), 0.3)
    assert value.efficiency_j_per_th is None
    assert value.earned_sat_per_day == 0
    assert value.net_cost_currency_per_kwh_heat == pytest.approx(0.3)


def test_an_off_miner_has_no_price_of_heat():
    value = miner_value(0, 0, HashValue(40, 60_000), 0.3)
    assert value.electricity_currency_per_day == 0
    assert value.net_cost_currency_per_kwh_heat is None


@pytest.mark.parametrize(
    ("difficulty", "reward", "fee"),
    [
        (0, 1, 0),
        (-1, 1, 0),
        (1e-308, 1, 0),
        (0.9, 1, 0),
        (math.nan, 1, 0),
        (math.inf, 1, 0),
        (1, -1, 0),
        (1, math.nan, 0),
        (1, 1, 101),
        (1, 1, -1),
    ],
)
def test_figures_that_cannot_be_are_refused(difficulty, reward, fee):
    with pytest.raises(ValueError, match="cannot be"):
        economics.hash_value_sat_per_th_s_day(difficulty, reward, fee)


@example(1.0, 1e-308)
@example(1e308, 1e-308)
@given(st.none() | st.floats(), st.floats())
def test_what_a_kwh_came_to_is_told_only_of_some_energy(currency, energy_wh):
    found = economics.per_kwh(currency, energy_wh)
    assert found is None or (math.isfinite(found) and energy_wh >= 1)


@given(watts, rates, values)
def test_two_ways_to_the_earnings_of_a_kwh_agree(power_w, hash_rate_th_s, sat):
    by_day = miner_value(power_w, hash_rate_th_s, HashValue(sat), None).earned_sat_per_kwh
    j_per_th = economics.efficiency_j_per_th(power_w, hash_rate_th_s)
    assert by_day == pytest.approx(economics.earned_sat_per_kwh(sat, j_per_th))
    assert by_day == pytest.approx(sat / (0.024 * j_per_th))


@given(watts, rates, values, prices, tariffs)
def test_the_day_and_the_kwh_tell_the_same_cost(power_w, hash_rate_th_s, sat, price, tariff):
    value = miner_value(power_w, hash_rate_th_s, HashValue(sat, price), tariff)
    kwh = power_w / 1000 * 24
    assert value.net_cost_currency_per_kwh_heat * kwh == pytest.approx(
        value.net_cost_currency_per_day, rel=1e-9, abs=1e-6 * (1 + value.earned_currency_per_day)
    )


@given(rates, values, prices, tariffs, watts, watts)
def test_a_less_efficient_miner_never_heats_cheaper(hash_rate_th_s, sat, price, tariff, one_w, other_w):
    lean, hungry = (
        miner_value(power_w, hash_rate_th_s, HashValue(sat, price), tariff).net_cost_currency_per_kwh_heat
        for power_w in sorted((one_w, other_w))
    )
    assert lean <= hungry + 1e-9 * (1 + abs(lean))


@given(st.floats(1e6, 1e16), st.floats(0, 1e10), st.floats(0, 100), st.floats(1, 100))
def test_hash_value_falls_with_difficulty_and_fee(difficulty, reward, fee, factor):
    bare = economics.hash_value_sat_per_th_s_day(difficulty, reward)
    assert economics.hash_value_sat_per_th_s_day(difficulty * factor, reward) == pytest.approx(bare / factor)
    assert economics.hash_value_sat_per_th_s_day(difficulty, reward, fee) <= bare


@example(1e-308, 50.0, HashValue(40.0, 60_000.0), 0.25)
@example(1000.0, 1e-308, HashValue(40.0, 60_000.0), 0.25)
@example(1000.0, 50.0, HashValue(1e308, 1e308), 1e308)
@given(maybe, maybe, st.none() | st.builds(HashValue, st.floats(0), st.none() | st.floats()), maybe)
def test_unknown_stays_unknown_and_nothing_is_infinite(power_w, hash_rate_th_s, hash_value, tariff):
    value = miner_value(power_w, hash_rate_th_s, hash_value, tariff)
    told = [one for one in astuple(value) if one is not None]
    assert all(map(math.isfinite, told))
    for one in (value.net_cost_currency_per_kwh_heat, value.earned_sat_per_kwh, value.efficiency_j_per_th):
        assert one is None or power_w >= 1  # no price follows from the noise of a meter
    if hash_value is None or hash_rate_th_s is None or not math.isfinite(hash_rate_th_s):
        assert value.earned_sat_per_day is None
        assert value.net_cost_currency_per_kwh_heat is None
    if tariff is None:
        assert value.electricity_currency_per_day is None
        assert value.net_cost_currency_per_day is None
    if hash_value is not None and hash_value.currency_per_btc is None:
        assert value.earned_currency_per_day is None
    if power_w is None or not math.isfinite(power_w) or power_w < 0:
        assert value.electricity_currency_per_day is None
