"""All miners of a home in a handful of figures, and which of them need somebody. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from miners.earnings.economics import per_kwh
from miners.earnings.view import MinerLine, Panel, money, sats

from . import formats, miner_figures
from .facts import MinerFacts
from .miner_cards import Figure, MinerCard, is_on

_UNSEEN = frozenset({"unreachable", "unknown"})


@dataclass(frozen=True, slots=True)
class Need:
    """A miner that needs somebody: “Avalon” “does not answer”; `tone`: alarm or warn."""

    id: str
    name: str
    what: str
    tone: str


@dataclass(frozen=True, slots=True)
class MinerTotals:
    """`needs`: those in trouble."""

    figures: tuple[Figure, ...]
    needs: tuple[Need, ...]


def miner_totals(miners: Sequence[MinerFacts], cards: Sequence[MinerCard], panel: Panel) -> MinerTotals:
    """`cards` and `panel`: of the same miners. What is not known is not in a sum, and its note says so."""
    active = [miner for miner in miners if miner.is_active and miner.has_controller]
    needs = tuple(_need(card) for card in cards if card.state.tone == "alarm" or card.trouble)
    return MinerTotals((_power(active), _hash_rate(active), *_value(panel)), needs)


def _need(card: MinerCard) -> Need:
    """Its name is said once, also where the sentence begins with it."""
    what = card.trouble.text if card.trouble else card.state.word
    tone = "alarm" if card.state.tone == "alarm" or card.trouble.tone == "alarm" else "warn"
    return Need(card.id, card.name, what.removeprefix(card.name).strip(), tone)


def _power(miners: Sequence[MinerFacts]) -> Figure:
    seen = [miner for miner in miners if miner.live and miner.live.get("status") not in _UNSEEN]
    drawn = sum(miner.live.get("drawn_w") or 0.0 for miner in seen) if seen else None
    most, running = sum(miner.most_w for miner in miners), sum(is_on(miner.live) for miner in seen)
    note = f"of {formats.power(most)}, {running} of {len(miners)} on"
    if len(seen) < len(miners):
        note += f", {len(miners) - len(seen)} not seen"
    return Figure("Drawing now", formats.power(drawn), note)


def _hash_rate(miners: Sequence[MinerFacts]) -> Figure:
    told = [miner.live["hash_rate_th_s"] for miner in miners if miner.live.get("hash_rate_th_s") is not None]
    note = "" if len(told) == len(miners) else f"{len(told)} of {len(miners)} tell it"
    return Figure("Hash rate", miner_figures.hash_rate(sum(told) if told else None), note)


def _value(panel: Panel) -> tuple[Figure, ...]:
    """What all earn in a day if they go on as now, and what their heat costs after that."""
    if panel.hash_value is None:
        return ()
    known = [line for line in panel.miners if line.value.earned_sat_per_day is not None]
    sat = sum(line.value.earned_sat_per_day for line in known) if known else None
    in_money = _sum(line.value.earned_currency_per_day for line in known)
    note = "a day" if in_money is None else f"{money(in_money, panel.currency)} a day"
    if known and len(known) < len(panel.miners):
        note += f", {len(panel.miners) - len(known)} not known"
    return Figure("Earning", sats(sat), note), _net_cost(panel.miners, panel.currency)


def _net_cost(lines: Sequence[MinerLine], currency: str) -> Figure:
    """Over the heat of those whose cost and earnings are both known."""
    priced = [line for line in lines if line.value.net_cost_currency_per_kwh_heat is not None]
    if not priced:
        return Figure("A kWh of heat costs", formats.UNKNOWN, "while something hashes")
    net = sum(line.value.net_cost_currency_per_day for line in priced)
    a_day_wh = sum(line.power_w for line in priced) * 24
    return Figure("A kWh of heat costs", money(per_kwh(net, a_day_wh), currency, 3), "after what it earns, now")


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
