"""What stands above every page: alarms, late control, everything off by hand, a home that is not real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sites import held, recording
from sites.models import Site
from sites.store import store

from . import formats, queries
from .away import AwayBar, away_bars
from .facts import AlarmFacts, MinerFacts, Moment, PeriodFacts

LATE_AFTER_PERIODS = 3
#: A period of a second or two must not make the bar flicker.
LATE_AT_LEAST = timedelta(seconds=15)
#: Waiting longer than this for the first look means that something is wrong, not just young.
FIRST_PASS_WITHIN = timedelta(seconds=60)
_REMEMBER_WAITING_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class AlarmBar:
    """One open alarm in words."""

    id: str
    text: str
    since: str
    did: str
    remedy: str
    tone: str
    acknowledged: bool
    is_stored: bool = True


@dataclass(frozen=True, slots=True)
class UnrecordedBar:
    """Nothing can be stored: since when, why, and what a person can do."""

    since: str
    text: str


@dataclass(frozen=True, slots=True)
class AllOffBar:
    """Everything is off by hand: since when, by whom, and whether the devices show it."""

    since: str
    by: str
    confirmed: int
    total: int


@dataclass(frozen=True, slots=True)
class HeldBar:
    """A request that is in force and not stored, or not left to a pass: what, since when, by whom, what was done."""

    what: str
    since: str
    by: str
    result: str
    is_stored: bool
    id: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one home."""

    alarms: tuple[AlarmBar, ...]
    unrecorded: UnrecordedBar | None
    held: tuple[HeldBar, ...]
    late: str
    late_since: datetime | None
    all_off: AllOffBar | None
    away: tuple[AwayBar, ...]
    has_miners: bool
    is_demo: bool
    is_test_bench: bool
    is_inactive: bool


def _alarm(alarm: AlarmFacts, at: Moment) -> AlarmBar:
    return AlarmBar(
        alarm.id, alarm.text, formats.moment(alarm.since, at.now, at.tz), alarm.did, alarm.remedy,
        "alarm" if alarm.severity == "alarm" else "warn", alarm.acknowledged, alarm.is_stored,
    )  # fmt: skip


def lateness(period_seconds: float, last_pass: datetime | None, now: datetime, waiting_since: datetime | None) -> str:
    """A sentence when control is late, else nothing. `waiting_since`: when somebody first missed a first pass."""
    if last_pass is None:
        if waiting_since is None or now - waiting_since < FIRST_PASS_WITHIN:
            return ""
        return "Control has not looked at this home yet."
    limit = max(timedelta(seconds=LATE_AFTER_PERIODS * period_seconds), LATE_AT_LEAST)
    return "Control is late. What you see may be old." if now - last_pass > limit else ""


def _waiting_since(site: Site, now: datetime) -> datetime | None:
    """When a page first found no snapshot of this home; kept while it has none."""
    key = f"waiting:{site.pk}"
    store().add(key, now.isoformat(), _REMEMBER_WAITING_SECONDS)
    return formats.parse_time(store().get(key))


def all_off_bar(miners: tuple[MinerFacts, ...], at: Moment) -> AllOffBar | None:
    """The bar while every miner is off by hand until resumed."""
    wishes = [miner.wish for miner in miners]
    if not wishes or any(wish is None or wish.power_w > 0 or wish.until for wish in wishes):
        return None
    first = min(wishes, key=lambda wish: wish.since)
    confirmed = sum(miner.live.get("status") == "off" for miner in miners)
    return AllOffBar(formats.moment(first.since, at.now, at.tz), first.by, confirmed, len(miners))


def held_bars(site: Site, at: Moment) -> tuple[HeldBar, ...]:
    return tuple(
        HeldBar(
            one.what, formats.moment(formats.parse_time(one.at) or at.now, at.now, at.tz), one.by, one.result,
            is_stored=not one.do, id=one.id,
        )
        for one in held.orders(site.pk)
        if one.do or one.watts or one.targets
    )  # fmt: skip


def _unrecorded(at: Moment) -> UnrecordedBar | None:
    told = recording.state()
    return None if told is None else UnrecordedBar(formats.moment(told.since, at.now, at.tz), told.text)


def bars_of(
    site: Site,
    at: Moment,
    miners: tuple[MinerFacts, ...],
    alarms: tuple[AlarmFacts, ...],
    periods: tuple[PeriodFacts, ...],
) -> Bars:
    """The bars of `site` now."""
    last_pass, late = formats.parse_time(queries.snapshot(site).get("at")), ""
    if site.is_active:
        waiting_since = None if last_pass else _waiting_since(site, at.now)
        late = lateness(site.control_period_seconds, last_pass, at.now, waiting_since)
    return Bars(
        alarms=tuple(_alarm(alarm, at) for alarm in alarms),
        unrecorded=_unrecorded(at),
        held=held_bars(site, at),
        late=late,
        late_since=last_pass if late else None,
        all_off=all_off_bar(miners, at),
        away=away_bars(periods, at),
        has_miners=bool(miners),
        is_demo=site.is_demo,
        is_test_bench=site.is_test_bench,
        is_inactive=not site.is_active,
    )
