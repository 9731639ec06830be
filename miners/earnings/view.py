"""What a home's mining earns and what its heat costs, ready to be shown: figures and words, no database, no clock.

`panel` is what pages and the API show; `miners.earnings.queries` gathers what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sites.words import NOTHING, THIN, is_unknown, number

from .economics import HashValue, MinerValue, draws, hashes, miner_value, per_kwh

#: From here on a price is quoted in hundredths of hundredths: a kWh costs cents.
_FINE = 4


@dataclass(frozen=True, slots=True)
class MinerNow:
    """A miner as last seen: W and TH/s, None where it does not say."""

    miner_id: str
    name: str
    power_w: float | None
    hash_rate_th_s: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """What the miners of a home came to over a time; None: for no hour known.

    `net_cost_currency` is of the hours whose earnings and cost are both known, `priced_energy_wh` is the heat of those.
    """

    energy_wh: float = 0.0
    earned_sat: float | None = None
    earned_currency: float | None = None
    electricity_currency: float | None = None
    net_cost_currency: float | None = None
    priced_energy_wh: float = 0.0

    @property
    def net_cost_currency_per_kwh_heat(self) -> float | None:
        """Cost of the electricity less earnings, over the heat of the same hours."""
        return per_kwh(self.net_cost_currency, self.priced_energy_wh)


@dataclass(frozen=True, slots=True)
class MinerLine:
    """One miner: its figures if it goes on as now, and the sentence beside them."""

    miner_id: str
    name: str
    value: MinerValue
    sentence: str
    power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything a person asks about earnings, the answer in one sentence first."""

    currency: str
    sentence: str
    hash_value: HashValue | None
    electricity_currency_per_kwh: float | None
    price_read_at: datetime | None
    problem: str
    miners: tuple[MinerLine, ...]
    today: Span
    month: Span


def panel(
    currency: str,
    hash_value: HashValue | None,
    electricity_currency_per_kwh: float | None,
    miners: Sequence[MinerNow],
    *,
    today: Span,
    month: Span,
    price_read_at: datetime | None = None,
    problem: str = "",
) -> Panel:
    """The panel of one home. `today` and `month` (30 days) are of recorded hours."""
    lines = tuple(_line(one, hash_value, electricity_currency_per_kwh, currency) for one in miners)
    return Panel(
        currency=currency,
        sentence=_sentence(currency, hash_value, electricity_currency_per_kwh, month),
        hash_value=hash_value,
        electricity_currency_per_kwh=electricity_currency_per_kwh,
        price_read_at=price_read_at,
        problem=problem,
        miners=lines,
        today=today,
        month=month,
    )


def money(value: float | None, currency: str, decimals: int = 2) -> str:
    """“1.25 EUR”, or a dash when it is unknown."""
    return NOTHING if is_unknown(value) else f"{number(value, decimals)}{THIN}{currency}"


def sats(value: float | None) -> str:
    """“1 250 sat”, or a dash when it is unknown."""
    return NOTHING if is_unknown(value) else f"{value:,.0f}".replace(",", THIN) + f"{THIN}sat"


def _line(one: MinerNow, hash_value: HashValue | None, price: float | None, currency: str) -> MinerLine:
    value = miner_value(one.power_w, one.hash_rate_th_s, hash_value, price)
    return MinerLine(one.miner_id, one.name, value, _of_miner(one, value, currency), one.power_w)


def _of_miner(one: MinerNow, value: MinerValue, currency: str) -> str:
    if one.power_w is None:
        return "What it draws is not known."
    if not draws(one.power_w) or (one.hash_rate_th_s is not None and not hashes(one.hash_rate_th_s)):
        return "Earns nothing now."
    if one.hash_rate_th_s is None:
        return "It does not say how fast it hashes, so what it earns is not known."
    if value.earned_sat_per_day is None:
        return "What hashing earns is not known."
    earned = f"Earns {sats(value.earned_sat_per_day)} a day"
    if value.earned_currency_per_day is not None:
        earned += f", {money(value.earned_currency_per_day, currency)}"
    cost = value.net_cost_currency_per_kwh_heat
    return f"{earned}." if cost is None else f"{earned}. {_heat(cost, currency)}"


def _heat(cost: float, currency: str) -> str:
    if money(cost, currency, _FINE) == money(0.0, currency, _FINE):
        return "Its heat is free."
    if cost < 0:
        return f"Its heat is free and pays {money(-cost, currency, _FINE)} per kWh."
    return f"A kWh of its heat costs {money(cost, currency, _FINE)}."


def _sentence(currency: str, hash_value: HashValue | None, price: float | None, month: Span) -> str:
    if hash_value is None:
        return "What hashing earns is not known. Choose in the set-up where the hash price comes from."
    if hash_value.currency_per_btc is None:
        return f"What a bitcoin costs in {currency} is not known, so earnings are in satoshi."
    if price is None:
        return "Enter what a kWh of electricity costs, and the price of heat is shown."
    cost = month.net_cost_currency_per_kwh_heat
    if cost is None:
        return f"A kWh of electricity costs {money(price, currency, _FINE)}."
    saved = f"instead of the {money(price, currency, _FINE)} of its electricity"
    if money(cost, currency, _FINE) == money(0.0, currency, _FINE):
        return "Over 30 days the heat was free."
    if cost < 0:
        return f"Over 30 days the heat was free and paid {money(-cost, currency, _FINE)} per kWh."
    return f"Over 30 days a kWh of heat cost {money(cost, currency, _FINE)} {saved}."
