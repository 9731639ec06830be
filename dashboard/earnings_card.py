"""The card of earnings: what a kWh of heat costs after what the miners earn, and how each does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from miners.earnings_view import Panel, Span, money, sats
from miners.worth import earnings_of
from sites.models import Site

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


def earnings_card(site: Site, now: datetime) -> EarningsCard:
    """The card of one home, from stored rows and the last pass."""
    return card(earnings_of(site, now))


def card(panel: Panel) -> EarningsCard:
    """The panel in words."""
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
