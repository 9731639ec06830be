"""The page of one miner: what it tells, how it is switched, what it is; plain values, ready to print. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from miners.earnings.economics import efficiency_j_per_th
from miners.power import OffBy, PowerModel
from miners.requests.manual import exact_watts, level_name

from . import degrees, formats, miner_figures
from .facts import DeadMan, MinerFacts, Moment
from .miner_cards import MinerCard, heats_words, is_on, power_words, started_today

Pair = tuple[str, str]
_STARTS_IN_A_DAY = f"Starts in 24{formats.THIN}h"


def said_by(card: MinerCard) -> frozenset[str]:
    """The labels of what the card of a miner says already: a page says each thing once."""
    figures = {"Chip temperature" if one.label == "Chips" else one.label for one in card.figures}
    told = {"Draws", "Heats", *figures}
    if "Starts today" in figures:
        told.add(_STARTS_IN_A_DAY)
    for label, words in (("Level", card.level), ("Decided by", card.unit), ("If this program is gone", card.dead_man)):
        if words:
            told.add(label)
    return frozenset(told)


def _not_said(pairs: Iterable[Pair], beside: Collection[str]) -> tuple[Pair, ...]:
    return tuple((label, words) for label, words in pairs if label not in beside)


# --- what it tells now ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Readings:
    """What it tells as (label, words) pairs, and a sentence of what it does not tell."""

    pairs: tuple[Pair, ...]
    silent: str
    observed_at: datetime | None


def readings(live: Mapping[str, Any], model: PowerModel | None, beside: Collection[str] = ()) -> Readings:
    """Of the last look. `beside`: labels of what the page says elsewhere."""
    observed_at = formats.parse_time(live.get("observed_at"))
    if not live:
        return Readings((), "No pass has looked at it yet.", None)
    if live.get("status") == "unreachable":
        return Readings((), "It does not answer, so nothing is known of it now.", observed_at)
    pairs = [("Draws", power_words(live)), ("The watts are", miner_figures.source_words(live))]
    level = miner_figures.level_words(live, model)
    if level:
        pairs.append(("Level", level))
    told = _told(live)
    pairs += [(label, words) for label, words in told if words is not None]
    silent = [label.lower() for label, words in told if words is None]
    return Readings(_not_said(pairs, beside), f"It does not tell: {', '.join(silent)}." if silent else "", observed_at)


def _told(live: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """None: it does not tell. Efficiency follows from the others and is not the device's to tell."""
    efficiency = miner_figures.efficiency(live)
    found = [
        ("Hash rate", _words(live.get("hash_rate_th_s"), miner_figures.hash_rate)),
        ("Chip temperature", _words(live.get("chip_temperature_celsius"), formats.celsius)),
        ("Board temperature", _words(live.get("board_temperature_celsius"), formats.celsius)),
        ("Air going in", _words(live.get("inlet_temperature_celsius"), formats.celsius)),
        ("Air coming out", _words(live.get("outlet_temperature_celsius"), formats.celsius)),
        ("Fan", _words(live.get("fan_rpm"), lambda rpm: f"{rpm:.0f}{formats.THIN}rpm")),
        ("Running for", _words(live.get("uptime_seconds"), formats.duration)),
        ("Pool", {True: "answers it", False: "does not answer it", None: None}[live.get("pool_alive")]),
    ]
    if efficiency is not None:
        found.insert(1, ("Efficiency", miner_figures.j_per_th(efficiency)))
    return found


def _words(value: Any, in_words: Any) -> str | None:
    return None if value is None else in_words(value)


# --- how it is switched ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SwitchingFacts:
    """A miner's settings and state of switching. Seconds, W, aware times; names of what is before and around it."""

    class_label: str
    min_on_seconds: int
    min_off_seconds: int
    max_starts_per_hour: int
    max_starts_per_day: int
    controller: str
    kind: str
    off_by: OffBy | None
    dead_man: DeadMan | None
    plug: str
    cut_at: datetime | None
    circuit: str
    circuit_limit_w: int | None
    quiet_from: time | None
    quiet_until: time | None
    quiet_max_w: int
    max_chip_celsius: float = 110.0
    max_board_celsius: float = 100.0
    noise_db: int | None = None


@dataclass(frozen=True, slots=True)
class Switching:
    """(label, words) pairs; the card above them has the remedy where nothing switches it off."""

    pairs: tuple[Pair, ...]


def switching(miner: MinerFacts, of: SwitchingFacts, at: Moment, beside: Collection[str] = ()) -> Switching:
    """How often and when it may switch, what switches it, what is around it. `beside`: as of `readings`."""
    pairs = [
        *_starts(miner, of, at),
        ("May switch next", _next(miner, at)),
        ("Once on, at least", formats.exactly(of.min_on_seconds)),
        ("Once off, at least", formats.exactly(of.min_off_seconds)),
        ("Kind of machine", of.class_label or "not specified"),
        ("Switched by", ", ".join(filter(None, (of.controller, of.kind))) or "nothing yet"),
    ]
    if of.off_by is not None:
        by_plug = f"only by cutting its mains{'' if of.plug else ', and no plug before it does that'}"
        pairs.append(("Goes off", "by its own switch" if of.off_by is OffBy.DEVICE else by_plug))
    pairs.append(("Plug before it", _plug(of, at)))
    if of.dead_man is not None:
        pairs.append(("If this program is gone", of.dead_man.words or "nothing switches it off"))
    pairs += [("Heats", heats_words(miner)), ("Decided by", miner.unit_name or "nobody: it is in no enabled unit")]
    if of.circuit:
        pairs.append(("Line", f"{of.circuit}, at most {exact_watts(of.circuit_limit_w)} together"))
    pairs += [("Too hot", _too_hot(of)), ("Quiet hours", _quiet(of))]
    if of.noise_db is not None:
        pairs.append(("Noise at full power", f"{of.noise_db}{formats.THIN}dB"))
    return Switching(_not_said(pairs, beside))


def _starts(miner: MinerFacts, of: SwitchingFacts, at: Moment) -> tuple[Pair, ...]:
    hour = sum(at.now - start < timedelta(hours=1) for start in miner.starts)
    return (
        ("Starts today", str(started_today(miner, at))),
        (_STARTS_IN_A_DAY, f"{len(miner.starts)} of {of.max_starts_per_day}"),
        ("Starts in an hour", f"{hour} of {of.max_starts_per_hour}"),
    )


def _next(miner: MinerFacts, at: Moment) -> str:
    if not miner.live:
        return "not known yet"
    allowed = formats.parse_time(miner.live.get("next_allowed_at"))
    if allowed is None or allowed <= at.now:
        return "now"
    return f"{formats.at_moment(allowed, at.now, at.tz)}; off by hand at any time"


def _plug(of: SwitchingFacts, at: Moment) -> str:
    if not of.plug:
        return "none"
    if of.cut_at is None:
        return f"{of.plug}: cuts the mains when off is not obeyed"
    return f"{of.plug}: cut since {formats.moment(of.cut_at, at.now, at.tz)}, until its alarm is acknowledged"


def _too_hot(of: SwitchingFacts) -> str:
    limits = (("chips", of.max_chip_celsius), ("boards", of.max_board_celsius))
    words = (f"{what} from {degrees.shown(celsius):.0f}{formats.THIN}{degrees.symbol()}" for what, celsius in limits)
    return f"off: {', '.join(words)}"


def _quiet(of: SwitchingFacts) -> str:
    if of.quiet_from is None or of.quiet_until is None:
        return "none"
    most = f"at most {exact_watts(of.quiet_max_w)}" if of.quiet_max_w else "off"
    return f"{of.quiet_from:%H:%M} to {of.quiet_until:%H:%M}: {most}, frost protection excepted"


# --- what it is -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One line of the table of levels; `note`: “now”, “measured by you”."""

    name: str
    power: str
    hash_rate: str
    efficiency: str
    note: str


@dataclass(frozen=True, slots=True)
class About:
    """What it is as pairs, its levels, and what a person should know of it. `between`: of a range, in words."""

    pairs: tuple[Pair, ...]
    levels: tuple[LevelRow, ...]
    between: str
    limits: tuple[str, ...]
    knows_hash_rates: bool


def about(
    identity: Mapping[str, Any], miner: MinerFacts, at: Moment, *, model_name: str = "", measured: Mapping[str, Any]
) -> About:
    """`identity`: as the controller keeps it ({}: nobody asked); `model_name`: what a person wrote; `measured`: W by
    the key of a level, as a person measured them."""
    asked_at = formats.parse_time(identity.get("at"))
    pairs = [
        ("Model", identity.get("model") or model_name or "not known"),
        ("Firmware", " ".join(filter(None, (identity.get("firmware"), identity.get("version"))))),
        ("Serial number", identity.get("serial") or ""),
        ("Nominal power", exact_watts(miner.nominal_power_w)),
        ("Asked what it is", formats.moment(asked_at, at.now, at.tz) if asked_at else ""),
    ]
    model = miner.power
    levels = () if model is None else tuple(_level_rows(model, miner.live, measured))
    between = "" if model is None or model.step_w is None else f"Any step of {exact_watts(model.step_w)} between."
    return About(
        tuple((label, words) for label, words in pairs if words),
        levels,
        between,
        tuple(str(line) for line in identity.get("limits") or ()),
        any(level.hash_rate_th_s is not None for level in (model.levels if model else ())),
    )


def _level_rows(model: PowerModel, live: Mapping[str, Any], measured: Mapping[str, Any]):
    for level in model.levels:
        notes = ["now"] if is_on(live) and live.get("level") == level.key and level.key else []
        if level.key in measured:
            notes.append("measured by you")
        rate = level.hash_rate_th_s
        yield LevelRow(
            level_name(level) or level.key or "–",
            exact_watts(level.power_w),
            miner_figures.hash_rate(rate),
            miner_figures.j_per_th(efficiency_j_per_th(level.power_w, rate)),
            ", ".join(notes),
        )
