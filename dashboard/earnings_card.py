"""The card of earnings: what a kWh of heat costs after what the miners earn, and how each does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from miners.earnings.economics import MinerValue
from miners.earnings.view import Panel, Span, money, sats

from . import formats


@dataclass(frozen=True, slots=True)
class EarningsCard:
    """The answer first; `today` and `month` are (label, figure) pairs, `miners` (name, sentence) pairs."""

    sentence: str
    problem: str
    read_at: datetime | None
    today: tuple[tuple[str, str], ...]
    month: tuple[tuple[str, str], ...]
    miners: tuple[tuple[str, str], ...]
    needs_set_up: bool


def earnings_card(panel: Panel) -> EarningsCard:
    """The panel of a home in words."""
    return EarningsCard(
        sentence=panel.sentence,
        problem=panel.problem,
        read_at=panel.price_read_at,
        today=_figures(panel.today, panel.currency),
        month=_figures(panel.month, panel.currency),
        miners=tuple((line.name, line.sentence) for line in panel.miners) if panel.hash_value is not None else (),
        needs_set_up=panel.hash_value is None or panel.electricity_currency_per_kwh is None,
    )


def _figures(span: Span, currency: str) -> tuple[tuple[str, str], ...]:
    """Nothing for a time without a recorded hour."""
    if not span.energy_wh:
        return ()
    earned = sats(span.earned_sat)
    if span.earned_currency is not None:
        earned = f"{earned} · {money(span.earned_currency, currency)}"
    return (
        ("Heat", formats.energy(span.energy_wh)),
        ("Earned", earned),
        ("Electricity", money(span.electricity_currency, currency)),
    )


@dataclass(frozen=True, slots=True)
class MinerEarnings:
    """What one miner earns and its heat costs: (label, figure) pairs, `now` if it goes on like that."""

    sentence: str
    problem: str
    read_at: datetime | None
    now: tuple[tuple[str, str], ...]
    today: tuple[tuple[str, str], ...]
    month: tuple[tuple[str, str], ...]
    needs_set_up: bool


def miner_earnings(panel: Panel) -> MinerEarnings:
    """The panel of one miner in words."""
    (line,) = panel.miners
    return MinerEarnings(
        sentence=line.sentence if panel.hash_value is not None else panel.sentence,
        problem=panel.problem,
        read_at=panel.price_read_at,
        now=_rates(line.value, panel.currency),
        today=_with_price(panel.today, panel.currency),
        month=_with_price(panel.month, panel.currency),
        needs_set_up=panel.hash_value is None or panel.electricity_currency_per_kwh is None,
    )


def _rates(value: MinerValue, currency: str) -> tuple[tuple[str, str], ...]:
    """What the sentence above does not say already; what is not known is left out."""
    known = (
        ("Electricity for a day", money(value.electricity_currency_per_day, currency),
         value.electricity_currency_per_day),
        ("Left to pay for a day", money(value.net_cost_currency_per_day, currency), value.net_cost_currency_per_day),
    )  # fmt: skip
    return tuple((label, words) for label, words, figure in known if figure is not None)


def _with_price(span: Span, currency: str) -> tuple[tuple[str, str], ...]:
    """The figures of a time, and what a kWh of heat cost in the hours of which both sides are known."""
    figures, cost = _figures(span, currency), span.net_cost_currency_per_kwh_heat
    if not figures:
        return ()
    price = money(cost, currency, 4) if cost is not None else "not known"
    return (*figures, ("A kWh of heat cost", price))
