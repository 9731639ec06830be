"""Staging: the watts a unit wants, dealt out to its miners and their levels. Pure.

Where a policy says “heat”, it says nothing of how much. A unit doses: miners that heat the same rooms stand in for
each other and give together what these rooms need: all they can give at the lower bound, less and less above it, and
nothing at the upper bound (a proportional band, as staged heating has it; need is reckoned a quarter higher, so that
no room is kept below its band, and one of usual need settles about its target). In a unit that follows the sun it is
never more than the surplus, but what runs at all runs at its lowest level, and a room below the temperature that the
unit is never to be below gets what it needs.

Machines do not take turns needlessly: what runs goes on before what rests; a level is kept until it is wrong by a
margin, and more of the sun is taken only with some to spare; one more starts only for half of its lowest power, and
stops below a quarter of it. Among equals the efficient, then the quiet and then the cheap to start come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from climate.state import ZoneState
from miners.earnings.economics import efficiency_j_per_th
from miners.state import MinerStatus

from . import sentences
from .minimum import needs_heat
from .situation import Ceiling, Intent, MinerSituation, UnitSituation

#: What is given stays until this share of all the miners can give together is missing or too much: with the usual
#: band it is 0.16 K, more than a sensor errs by.
MARGIN = 0.2
#: So much higher need is reckoned: more than the margin, or not all of it would come at the lower bound.
HIGHER = 0.25
#: More of the sun is taken when there is this share of all the miners can give beyond it: clouds, kettles.
SUN_MARGIN = 0.1
#: One more miner starts for this share of its lowest power, and a running one goes on down to that share.
STARTS_FOR, GOES_ON_FOR = 0.5, 0.25
#: What is asked for counts as given when this share of it is missing: levels are nominal, meters err.
NEARLY = 0.01
#: A dB above this makes heat count as 1 % dearer.
QUIET_DB, PER_DB = 40, 0.01
#: Only the order of miners depends on these: a typical price of a kWh, and how long one run lasts (h).
_TYPICAL_PRICE_PER_KWH, _TYPICAL_RUN_HOURS = 0.25, 4.0


@dataclass(frozen=True, slots=True)
class _Member:
    """A miner that is to heat: what its policy asks, and what it may take."""

    miner: MinerSituation
    intent: Intent
    most_w: int

    @property
    def runs(self) -> bool:
        return self.miner.is_wanted_on


@dataclass(slots=True)
class _Group:
    """Miners of the same rooms: those to heat, and in watts what all that could would give, and what others give."""

    zones: Sequence[ZoneState]
    members: list[_Member] = field(default_factory=list)
    most_w: float = 0.0
    given_w: float = 0.0

    @property
    def need_w(self) -> float:
        """What the rooms need: all there is at the lower bound of the coldest, nothing at its upper one.

        A room nobody knows the temperature of needs what it gets now: blind, nobody gives it more.
        """
        needs = [_need(zone) for zone in self.zones if zone.temperature_celsius is not None]
        need_w = max(needs, default=0.0 if self.zones else 1.0) * (self.most_w + self.given_w)
        return need_w if len(needs) == len(self.zones) else max(need_w, self.given_w + self.now_w)

    @property
    def now_w(self) -> float:
        """What is wanted of its members until now."""
        return sum(member.miner.runs_at_w for member in self.members)

    @property
    def deficit_k(self) -> float:
        """How far the coldest of the rooms is below its target."""
        known = [zone for zone in self.zones if zone.temperature_celsius is not None]
        return max((zone.target.effective_celsius - zone.temperature_celsius for zone in known), default=0.0)


def staged(
    unit: UnitSituation, intents: Mapping[str, Intent], ceilings: Mapping[str, Ceiling], now: datetime
) -> dict[str, Intent]:
    """The intents of this unit's miners that change, by miner id.

    `intents`: what is wanted of each of them, `ceilings`: what guards allow. Only what its policy lets heat is dealt
    with; what a person or frost protection asked for, and what runs on while an input is unknown, counts as given.
    """
    groups = _groups(unit.miners, intents, ceilings)
    if unit.strategy == "policy_surplus":
        # Without a word of the sun there is none, beyond what runs at its lowest.
        left_w = (unit.surplus_w or 0.0) - sum(group.given_w for group in groups)
    else:
        left_w = float("inf")
    changed: dict[str, Intent] = {}
    # What there is of the sun goes to the coldest rooms first.
    for group in sorted(groups, key=lambda one: -one.deficit_k):
        want_w = float("inf") if unit.strategy == "policy" else group.need_w - group.given_w
        if any(needs_heat(zone, unit.never_below_celsius) for zone in group.zones):
            # Below its minimum a room is warmed without the sun, too.
            watts = _deal(group, want_w, float("inf"), now, 0.0)
        else:
            watts = _deal(group, want_w, left_w, now, unit.unsure_w if unit.strategy == "policy_surplus" else 0.0)
        left_w -= sum(watts.values())
        for member in group.members:
            intent = _dealt(member, watts[member.miner.miner_id], len(group.members))
            if intent is not member.intent:
                changed[member.miner.miner_id] = intent
    return changed


#: The policy lets it heat, on what is known; and: it would, were the room colder.
_HEATS, _COULD = frozenset({"rule_start", "hold_on"}), frozenset({"stays_off"})


def _groups(
    miners: Iterable[MinerSituation], intents: Mapping[str, Intent], ceilings: Mapping[str, Ceiling]
) -> list[_Group]:
    """Miners that can stand in for each other: those that heat the same rooms."""
    groups: dict[tuple[str, ...], _Group] = {}
    for miner in miners:
        intent, ceiling = intents[miner.miner_id], ceilings.get(miner.miner_id)
        # What heats no room stands in for nobody.
        key = tuple(sorted(zone.zone_id for zone in miner.zones)) or (miner.miner_id,)
        group = groups.setdefault(key, _Group(miner.zones))
        most_w = float("inf") if ceiling is None else ceiling.power_w
        allowed_w = min(miner.full_w, most_w)
        if intent.origin != "policy" or intent.code not in _HEATS | _COULD or allowed_w <= 0:
            # By hand it may be asked for more than it usually takes.
            group.given_w += 0 if allowed_w <= 0 else miner.fitting(min(intent.power_w, most_w))
            continue
        group.most_w += allowed_w
        if intent.code in _HEATS:
            group.members.append(_Member(miner, intent, allowed_w))
    return [group for group in groups.values() if group.members]


def _need(zone: ZoneState) -> float:
    """From all there is, and a quarter more so that all of it comes, at its lower bound, to 0 at its upper one."""
    most, band_k = 1.0 + HIGHER, zone.upper_bound - zone.lower_bound
    below_k = zone.upper_bound - zone.temperature_celsius
    if band_k <= 0:
        return most if below_k > 0 else 0.0
    return min(most, max(0.0, most * below_k / band_k))


def _deal(group: _Group, want_w: float, most_w: float, now: datetime, unsure_w: float) -> dict[str, int]:
    """Watts by miner id: together `want_w` or a little more, never over `most_w` but for lowest levels that must be.

    No start and no higher level takes the last `unsure_w` of `most_w`.
    """
    margin_w, sun_w = MARGIN * group.most_w, SUN_MARGIN * group.most_w + unsure_w
    want_w = max(want_w - margin_w, min(group.now_w, want_w + margin_w))
    turns = sorted(group.members, key=lambda one: _turn(one, now))
    # The lowest level of what must run is set aside, so that none of them takes the others' part.
    aside_w = sum(member.miner.least_w for member in turns if _must_run(member, now))
    dealt: dict[str, int] = {}
    for place, member in enumerate(turns):
        lowest_w, must_run = member.miner.least_w, _must_run(member, now)
        aside_w -= lowest_w if must_run else 0.0
        ours_w, room_w = want_w - aside_w, most_w - aside_w
        if place == 0 or must_run or _is_worth(member, ours_w, room_w, sun_w):
            watts = _level_w(member, ours_w, room_w, sun_w)
        else:
            watts = 0
        dealt[member.miner.miner_id] = watts
        want_w, most_w = want_w - watts, most_w - watts
    return dealt


def _is_worth(member: _Member, want_w: float, room_w: float, sun_w: float) -> bool:
    """Whether one more machine runs for what is still wanted; a start leaves `sun_w` of the room free."""
    lowest_w = member.miner.least_w
    share, free_w = (GOES_ON_FOR, 0.0) if member.runs else (STARTS_FOR, sun_w)
    return want_w >= share * lowest_w and lowest_w + free_w <= room_w


def _level_w(member: _Member, want_w: float, room_w: float, sun_w: float) -> int:
    """The lowest level that gives `want_w`, else the highest within the room there is; at least its lowest.

    A higher level than it has leaves `sun_w` of the room free.
    """
    miner = member.miner
    if not miner.is_stepped:
        return member.most_w
    level_w = miner.power.covering(want_w * (1 - NEARLY))
    if level_w > miner.runs_at_w:
        room_w = max(room_w - sun_w, min(room_w, miner.runs_at_w))
    if level_w > min(room_w, member.most_w):
        level_w = miner.power.fitting(max(1.0, min(room_w, member.most_w)))
    return ceil(level_w)


def _must_run(member: _Member, now: datetime) -> bool:
    return must_run(member.miner, now)


def must_run(miner: MinerSituation, now: datetime) -> bool:
    """It runs and its minimum on time is not over: it gives its share first."""
    since = miner.switched_on_at
    if not miner.is_wanted_on or since is None or miner.snapshot.status.says_off:
        return False
    return timedelta(0) <= now - since < timedelta(seconds=miner.min_on_seconds)


def _turn(member: _Member, now: datetime) -> tuple:
    """What must run, what runs, then the cheapest; the id makes it one order."""
    return not _must_run(member, now), not member.runs, cost(member.miner, rests=not member.runs), member.miner.miner_id


def cost(miner: MinerSituation, *, rests: bool) -> float:
    """How dear its heat is, as a factor on its electricity, to be compared with others only.

    J/TH in hundreds (unknown: as the dearest usual machine), noise where people are, and for one that rests the
    wear of its start.
    """
    found = _efficiency_j_per_th(miner)
    dear = 1.0 if found is None else found / 100
    loud = PER_DB * max(0, (miner.noise_db or 0) - QUIET_DB) if miner.zones else 0.0
    energy = _TYPICAL_PRICE_PER_KWH * _TYPICAL_RUN_HOURS * miner.nominal_power_w / 1000
    return dear + loud + (miner.start_cost / energy if rests and energy > 0 else 0.0)


def _efficiency_j_per_th(miner: MinerSituation) -> float | None:
    """By its levels, else as it works now; None: nobody knows, or it does not hash."""
    if miner.power is not None:
        level = miner.power.level_of(miner.nominal_power_w)
        by_level = efficiency_j_per_th(level.power_w, level.hash_rate_th_s)
        if by_level is not None:
            return by_level
    seen = miner.snapshot
    if seen.status is MinerStatus.HEATING:
        return efficiency_j_per_th(seen.power_w, seen.hash_rate_th_s)
    return None


def _dealt(member: _Member, watts: int, count: int) -> Intent:
    """The intent with its part; the very same where nothing changes."""
    miner, intent = member.miner, member.intent
    if watts == 0:
        reason = sentences.others_suffice(miner)
        return replace(intent, power_w=0, code="staged_off", reason=reason, is_clause=True, then="")
    if watts == miner.fitting(member.most_w):  # all it may: the guard that allows no more says so itself
        full = miner.fitting(intent.power_w) == miner.full_w
        return intent if full else replace(intent, power_w=miner.full_w)
    return replace(intent, power_w=watts, sharers=count if watts < miner.nominal_power_w else 0)
