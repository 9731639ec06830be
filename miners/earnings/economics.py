"""What hashing is worth and what a kWh of heat costs: arithmetic only, no clock, no database.

Units stand in the names: `sat` satoshi, `currency` the home's own money, `th_s` TH/s, `j_per_th` J/TH (= W per TH/s).
All electrical power of a miner becomes heat, so a kWh drawn is a kWh of heat. None in, None out: what is not known
is never counted as nothing. Expected values: a pool's luck, its variance and a falling price are not in them.

Sources: a hash meets difficulty D with probability 1/(D·2³²) (Bitcoin's definition of difficulty); the rest is
conversion of units. Worked figures: `docs/pools.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SAT_PER_BTC = 100_000_000
_SECONDS_PER_DAY = 86_400
_HOURS_PER_DAY = 24
_HASHES_PER_TH = 1e12
_HASHES_PER_DIFFICULTY = 2**32
_JOULES_PER_KWH = 3_600_000

#: Below these a figure is the noise of a reading: nothing is drawn, nothing is hashed, and no price follows from it.
_LEAST_W, _LEAST_WH, _LEAST_TH_S = 1.0, 1.0, 0.001
#: Beyond these it is no figure of a home (W, TH/s), nor what a TH/s earns in any of these years (sat a day).
_MOST = 1e9
MOST_SAT_PER_TH_S_DAY = 1e6


@dataclass(frozen=True, slots=True)
class HashValue:
    """What a TH/s earns in a day (sat, after fees), and what a bitcoin costs (None: nobody says)."""

    sat_per_th_s_day: float
    currency_per_btc: float | None = None


@dataclass(frozen=True, slots=True)
class MinerValue:
    """What one miner earns and costs at one power; None where an input is unknown.

    `net_cost_currency_per_kwh_heat` below 0: the heat is free and pays.
    """

    efficiency_j_per_th: float | None = None
    earned_sat_per_kwh: float | None = None
    earned_currency_per_kwh: float | None = None
    earned_sat_per_day: float | None = None
    earned_currency_per_day: float | None = None
    electricity_currency_per_day: float | None = None
    net_cost_currency_per_day: float | None = None
    net_cost_currency_per_kwh_heat: float | None = None


def hash_value_sat_per_th_s_day(difficulty: float, block_reward_sat: float, fee_percent: float = 0.0) -> float:
    """Satoshi that 1 TH/s earns in a day: 86400·10¹² hashes / (D·2³²) blocks × reward, less the pool's fee.

    `block_reward_sat`: subsidy and fees of one block. Raises `ValueError` for figures that cannot be.
    """
    if not (math.isfinite(difficulty) and difficulty >= 1):
        raise ValueError(f"A difficulty of {difficulty:g} cannot be; it is 1 or more.")
    if not (math.isfinite(block_reward_sat) and block_reward_sat >= 0):
        raise ValueError(f"A block reward of {block_reward_sat:g} sat cannot be.")
    if not 0 <= fee_percent <= 100:
        raise ValueError(f"A fee of {fee_percent:g} % cannot be; it is between 0 and 100.")
    blocks_per_day = _SECONDS_PER_DAY * _HASHES_PER_TH / (difficulty * _HASHES_PER_DIFFICULTY)
    return blocks_per_day * block_reward_sat * (1 - fee_percent / 100)


def in_currency(sat: float | None, currency_per_btc: float | None) -> float | None:
    """Satoshi in money."""
    return None if sat is None or currency_per_btc is None else sat / SAT_PER_BTC * currency_per_btc


def draws(power_w: float) -> bool:
    """Whether these watts are more than the noise of a meter."""
    return power_w >= _LEAST_W


def hashes(hash_rate_th_s: float) -> bool:
    """Whether it hashes at all."""
    return hash_rate_th_s >= _LEAST_TH_S


def efficiency_j_per_th(power_w: float | None, hash_rate_th_s: float | None) -> float | None:
    """J per TH (W ÷ TH/s); None while it does not hash."""
    if power_w is None or hash_rate_th_s is None or not draws(power_w) or not hashes(hash_rate_th_s):
        return None
    return _finite(power_w / hash_rate_th_s)


def per_kwh(currency: float | None, energy_wh: float) -> float | None:
    """What each kWh of `energy_wh` came to; None where there is hardly any."""
    return None if currency is None or not energy_wh >= _LEAST_WH else _finite(currency / energy_wh * 1000)


def earned_sat_per_kwh(sat_per_th_s_day: float, j_per_th: float) -> float:
    """Satoshi earned with each kWh: 3.6 MJ ÷ J/TH terahashes, of which a TH/s makes 86400 a day."""
    return sat_per_th_s_day * (_JOULES_PER_KWH / j_per_th) / _SECONDS_PER_DAY


def net_cost_currency_per_kwh_heat(
    electricity_currency_per_kwh: float | None, earned_currency_per_kwh: float | None
) -> float | None:
    """What a kWh of heat costs after its earnings: price of the electricity − what that kWh earned."""
    if electricity_currency_per_kwh is None or earned_currency_per_kwh is None:
        return None
    return electricity_currency_per_kwh - earned_currency_per_kwh


def miner_value(
    power_w: float | None,
    hash_rate_th_s: float | None,
    hash_value: HashValue | None,
    electricity_currency_per_kwh: float | None,
) -> MinerValue:
    """What a miner that draws `power_w` and hashes `hash_rate_th_s` earns and costs if it goes on like that."""
    power_w, hash_rate_th_s = _amount(power_w), _amount(hash_rate_th_s)
    price = None if hash_value is None else hash_value.currency_per_btc
    sat_per_day = None
    if hash_value is not None and hash_rate_th_s is not None:
        sat_per_day = hash_rate_th_s * hash_value.sat_per_th_s_day
    kwh_per_day = None if power_w is None else power_w / 1000 * _HOURS_PER_DAY
    is_priced = sat_per_day is not None and power_w is not None and draws(power_w)
    sat_per_kwh = sat_per_day / kwh_per_day if is_priced else None
    currency_per_day, currency_per_kwh = in_currency(sat_per_day, price), in_currency(sat_per_kwh, price)
    cost_per_day = _times(kwh_per_day, electricity_currency_per_kwh)
    figures = {
        "efficiency_j_per_th": efficiency_j_per_th(power_w, hash_rate_th_s),
        "earned_sat_per_kwh": sat_per_kwh,
        "earned_currency_per_kwh": currency_per_kwh,
        "earned_sat_per_day": sat_per_day,
        "earned_currency_per_day": currency_per_day,
        "electricity_currency_per_day": cost_per_day,
        "net_cost_currency_per_day": (
            None if cost_per_day is None or currency_per_day is None else cost_per_day - currency_per_day
        ),
        "net_cost_currency_per_kwh_heat": net_cost_currency_per_kwh_heat(
            electricity_currency_per_kwh, currency_per_kwh
        ),
    }
    return MinerValue(**{name: _finite(value) for name, value in figures.items()})


def _amount(value: float | None) -> float | None:
    """A figure that can be: not below 0 and of a home, else unknown."""
    return value if value is not None and 0 <= value <= _MOST else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other
