"""Miners as plain values: their line on a room's card and their own card, ready to print. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from miners.earnings.economics import MinerValue
from miners.earnings.view import money, sats
from miners.power import PowerSource
from miners.requests.manual import exact_watts, level_words

from . import formats, miner_figures
from .facts import AlarmFacts, DeadMan, MinerFacts, Moment, Wish
from .trouble import State, Trouble, trouble_of

ON_STATUSES = frozenset({"starting", "ramping", "heating", "no_pool"})


@dataclass(frozen=True, slots=True)
class MinerLine:
    """A miner on a zone card: “Avalon · 800 W · by hand until 20:15”."""

    id: str
    name: str
    power: str
    is_on: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a card: what it is, its value with unit, what it means."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class WattRange:
    """Any step of a range may be asked for (W); `chosen_w` is proposed."""

    least_w: str
    most_w: str
    step_w: str
    chosen_w: str
    words: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person may choose: a level as (key, words, is proposed), a range, or neither: it is only switched."""

    levels: tuple[tuple[str, str, bool], ...] = ()
    range: WattRange | None = None


@dataclass(frozen=True, slots=True)
class MinerCard:
    """One miner on the Miners page and its own. `is_number`: `actual` is a figure and no words."""

    id: str
    name: str
    state: State
    trouble: Trouble | None
    actual: str
    is_number: bool
    desired: str
    level: str
    figures: tuple[Figure, ...]
    heats: str
    unit: str
    extra: tuple[str, ...]
    observed_at: datetime | None
    why: str
    wish: str
    can_run: bool
    by_hand: ByHand
    dead_man: DeadMan | None


def is_on(live: Mapping[str, Any]) -> bool:
    """The device was last seen drawing heating power."""
    return live.get("status") in ON_STATUSES


def wish_words(wish: Wish | None, at: Moment) -> str:
    """“off by hand”, “on by hand until 20:15”, or nothing."""
    if wish is None:
        return ""
    how = "off" if wish.power_w == 0 else f"on at {formats.power(wish.power_w)}"
    who = "by hand" if wish.origin == "person" else "at the device"
    until = f" until {formats.moment(wish.until, at.now, at.tz)}" if wish.until else ""
    return f"{how} {who}{until}"


def power_words(live: Mapping[str, Any]) -> str:
    """What the miner draws: measured watts, or plainly that nothing measures them."""
    status = live.get("status")
    if not live:
        return formats.UNKNOWN
    if status == "unreachable":
        return "does not answer"
    if status == "unknown":
        return "not known"
    if status == "unconfirmed":
        return "not measured"
    if live.get("power_is_measured") and live.get("power_w") is not None:
        return formats.power(live["power_w"])
    if is_on(live) and live.get("power_source") == PowerSource.TABLE and live.get("drawn_w"):
        return f"about {formats.power(live['drawn_w'])}"
    return "on, not measured" if is_on(live) else "off"


def _on_the_way(live: Mapping[str, Any]) -> str:
    """What was commanded and is not seen yet."""
    if not live or live.get("confirmed", True):
        return ""
    if live.get("desired_w"):
        return "" if is_on(live) else "switching on"
    return "switching off, not confirmed" if is_on(live) or live.get("status") == "unreachable" else ""


def miner_line(miner: MinerFacts, at: Moment) -> MinerLine:
    notes = [_on_the_way(miner.live), wish_words(miner.wish, at)]
    if not miner.has_controller:
        notes = ["nothing switches it yet"]
    return MinerLine(
        miner.id, miner.name, power_words(miner.live), is_on(miner.live), " · ".join(note for note in notes if note)
    )


_MINER_STATES = {
    "off": State("off", "calm"),
    "unconfirmed": State("off, not confirmed", "wait"),
    "starting": State("starting", "heat"),
    "ramping": State("warming up", "heat"),
    "heating": State("heating", "heat"),
    "no_pool": State("on, no pool", "heat"),
    "stopping": State("stopping", "calm"),
    "protect": State("protecting itself", "alarm"),
    "unreachable": State("does not answer", "alarm"),
    "unknown": State("not known", "wait"),
}


def _miner_state(miner: MinerFacts) -> State:
    if not miner.is_active:
        return State("set aside", "away")
    if not miner.has_controller:
        return State("no switch", "wait")
    if not miner.live:
        return State("waiting", "wait")
    state = _MINER_STATES.get(miner.live.get("status"), State("not known", "wait"))
    if state.tone == "calm" and miner.wish is not None and miner.wish.power_w == 0:
        return State("off by hand", "away")
    return state


def _desired(live: Mapping[str, Any]) -> str:
    wanted = live.get("desired_w")
    if wanted is None:
        return formats.UNKNOWN
    words = formats.power(wanted) if wanted else "off"
    return words if live.get("confirmed", True) else f"{words}, not confirmed yet"


def _actual(live: Mapping[str, Any]) -> str:
    words = power_words(live)
    return "not measured" if words in ("on, not measured", "off") and not live.get("power_is_measured") else words


def miner_card(
    miner: MinerFacts, at: Moment, *, alarms: Sequence[AlarmFacts] = (), value: MinerValue | None = None, currency=""
) -> MinerCard:
    """The card of one miner. `value`: what it earns if it goes on as now (None: the home asks no hash price)."""
    live, extra = miner.live, []
    allowed = formats.parse_time(live.get("next_allowed_at"))
    if allowed is not None and allowed > at.now:
        extra.append(f"may switch again at {formats.moment(allowed, at.now, at.tz)}")
    trouble = trouble_of(alarms, {f"miner:{miner.id}"}, at)
    if trouble is None and live.get("problem"):
        trouble = Trouble(live["problem"], "", "", "", "warn")
    actual = _actual(live)
    return MinerCard(
        id=miner.id,
        name=miner.name,
        state=_miner_state(miner),
        trouble=trouble,
        actual=actual,
        is_number=actual[:1].isdigit(),
        desired=_desired(live),
        level=miner_figures.level_words(live, miner.power) if is_on(live) else "",
        figures=_figures(miner, at, value, currency),
        heats=heats_words(miner),
        unit=miner.unit_name,
        extra=tuple(extra),
        observed_at=formats.parse_time(live.get("observed_at")),
        why=live.get("reason") or ("" if live else "Waiting for the first look at this miner."),
        wish=wish_words(miner.wish, at),
        can_run=miner.is_active and miner.has_controller,
        by_hand=by_hand(miner),
        dead_man=miner.dead_man,
    )


def heats_words(miner: MinerFacts) -> str:
    """Which rooms get its heat."""
    return ", ".join(miner.zone_names) or ("no room" if miner.heats_no_room else "no room chosen yet")


def by_hand(miner: MinerFacts) -> ByHand:
    """The levels a person may choose from; proposed is the one that is wanted now, else the highest."""
    model = miner.power
    if model is None or not model.is_stepped:
        return ByHand()
    chosen_w = model.fitting(miner.live.get("desired_w") or model.max_w)
    if model.step_w is not None:
        least, most, step = (f"{watts:g}" for watts in (model.min_w, model.max_w, model.step_w))
        words = f"{exact_watts(model.min_w)} to {exact_watts(model.max_w)} in steps of {exact_watts(model.step_w)}"
        return ByHand(range=WattRange(least, most, step, f"{chosen_w:g}", words))
    proposed = model.level_of(chosen_w)
    return ByHand(tuple((level.key, level_words(level), level is proposed) for level in model.levels))


def _figures(miner: MinerFacts, at: Moment, value: MinerValue | None, currency: str) -> tuple[Figure, ...]:
    """A heater on a plug tells no hash rate: what it never tells takes no room."""
    live, found = miner.live, []
    if not miner.is_plain or live.get("hash_rate_th_s") is not None:
        found.append(Figure("Hash rate", miner_figures.hash_rate(live.get("hash_rate_th_s"))))
        found.append(Figure("Efficiency", miner_figures.j_per_th(miner_figures.efficiency(live))))
    if not miner.is_plain or live.get("chip_temperature_celsius") is not None:
        found.append(Figure("Chips", formats.celsius(live.get("chip_temperature_celsius"))))
    if value is not None and (found or value.earned_sat_per_day is not None):
        in_money, sat = value.earned_currency_per_day, value.earned_sat_per_day
        note = f"{money(in_money, currency)} a day" if in_money is not None else "a day" if sat is not None else ""
        found.append(Figure("Earns", sats(sat), note))
    found.append(starts_figure(miner, at))
    return tuple(found)


def starts_figure(miner: MinerFacts, at: Moment) -> Figure:
    """“2, of 8 in 24 h”: today, and what the last 24 h leave of the budget."""
    most = "" if miner.max_starts_per_day is None else f" of {miner.max_starts_per_day}"
    return Figure("Starts today", str(started_today(miner, at)), f"{len(miner.starts)}{most} in 24{formats.THIN}h")


def started_today(miner: MinerFacts, at: Moment) -> int:
    """How often since the home's midnight."""
    return sum(start.astimezone(at.tz).date() == at.now.astimezone(at.tz).date() for start in miner.starts)


_RANKS = {"heat": 2, "cold": 2, "calm": 3, "wait": 4, "away": 5}


def by_urgency(cards: Iterable[MinerCard]) -> list[MinerCard]:
    """What needs somebody first, then what heats, what is off, what was set aside; by name within."""

    def rank(card: MinerCard) -> tuple[int, str]:
        if card.state.tone == "alarm" or (card.trouble and card.trouble.tone == "alarm"):
            return 0, card.name
        return (1 if card.trouble else _RANKS.get(card.state.tone, 4)), card.name

    return sorted(cards, key=rank)
