"""The thermostat: each room gets the watts that keep it on its target, and a start has a price. Pure.

What a policy permits, this doses, and decides when it starts and stops, by what is learned of the room
(`climate.thermal_model`). The watts wanted are those that put the room on its target some time from now. Where no
level gives them the machine cycles, and the room may leave its band on both sides by as much as makes discomfort and
wear together least (`_tolerated_k`).

Several machines that heat the same rooms are one with more levels: the next one starts, and the last one stops, by
the same law. With several rooms the neediest asks, and the warmest has the veto at its upper bound.
Source of the form: heating-control reference, §2.10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil, sqrt

from climate.state import ZoneState
from climate.thermal_model import ThermalModel
from miners.power import kind_of

from . import sentences
from .dosing import cost, must_run
from .situation import PERMITTED, THERMOSTAT_HEAT, THERMOSTAT_OFF, Ceiling, Intent, MinerSituation, UnitSituation

#: The watts wanted put the room on its target after so long (h); a level stays while it keeps the room near its target
#: for so long (h), that is within this (K).
REACHED_AFTER_H, LEVEL_LOOKS_H, LEVEL_ERROR_K = 0.75, 0.25, 0.3
#: A miner that need not run stops when the room stays so far above its lower bound (K) for the next hours without it.
_STOP_MARGIN_K, _STOP_LOOKS_H = 0.1, (0.0, 0.08, 0.17, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
#: Modulating machines are told another power for at least this share of their most.
_DEADBAND = 0.04
#: Another machine starts for half of its lowest power; it stops when so much of what the others can give is enough.
_STARTS_FOR, _STOPS_AT = 0.5, 0.85
_USUAL_RAMP_H = 120 / 3600
#: When in a minimum time the temperature is looked at, as parts of it.
_THIRDS = (1 / 3, 2 / 3, 1.0)
#: How fast a room cools and warms is taken over so long (h), and is at least so much (K/h).
_SLOPE_LOOKS_H, _LEAST_SLOPE = 1.0, 0.05


@dataclass(frozen=True, slots=True)
class _Room:
    """One room of a group: `share` of the group's heat goes into it, `others_kw` come from elsewhere."""

    zone: ZoneState
    model: ThermalModel
    share: float
    others_kw: float

    @property
    def over_k(self) -> float:
        """By how much it is above its target, by its model."""
        return self.model.temperature_celsius - self.zone.target.effective_celsius

    def without_us(self, hours: float) -> float:
        celsius = self.model.unheated_celsius(hours)
        return celsius + self.others_kw * self.model.rise_k_per_kw(hours) if self.others_kw > 0 else celsius

    def over_with(self, heat_kw: float, hours: float) -> float:
        """By how much it is above its target then, when the group gives so much until then."""
        rise = self.share * heat_kw * self.model.rise_k_per_kw(hours) if heat_kw else 0.0
        return self.without_us(hours) + rise - self.zone.target.effective_celsius

    @property
    def need_w(self) -> float:
        """What puts it on its target."""
        per_kw = self.share * self.model.rise_k_per_kw(REACHED_AFTER_H)
        return -1000 * self.over_with(0.0, REACHED_AFTER_H) / per_kw if per_kw > 0 else 0.0

    def stays_warm(self) -> bool:
        """It stays within its band for the next hours without us, also when its target rises."""
        margin_k = self.zone.hysteresis_celsius - min(_STOP_MARGIN_K, self.zone.hysteresis_celsius / 2)
        return all(self.without_us(hours) >= self.target_at(hours) - margin_k for hours in _STOP_LOOKS_H)

    def target_at(self, hours: float) -> float:
        """Its target in so many hours (°C)."""
        celsius = self.zone.target.effective_celsius
        for begins_h, then in self.zone.ahead:
            if begins_h > hours:
                break
            celsius = then
        return celsius


@dataclass(slots=True)
class _Group:
    """Machines that heat the same rooms, in the order in which they are used."""

    rooms: list[_Room]
    members: list[MinerSituation] = field(default_factory=list)
    intents: dict[str, Intent] = field(default_factory=dict)
    most_w: dict[str, int] = field(default_factory=dict)

    @property
    def running(self) -> list[MinerSituation]:
        return [miner for miner in self.members if miner.is_wanted_on]

    @property
    def is_early(self) -> bool:
        """A room is warmed for its next slot."""
        return any(room.zone.target.early_for is not None for room in self.rooms)

    def least_of(self, miner: MinerSituation) -> float:
        return min(miner.least_w, self.most_w[miner.miner_id])


#: The codes by which a policy permits heating, on what is known.
_PERMITS = frozenset({"rule_start", "hold_on"})


def permitted(intents: Mapping[str, Intent], miners: Sequence[MinerSituation]) -> dict[str, Intent]:
    """The intents, those by which a policy permits heating at all the miner can give."""
    full_w = {miner.miner_id: miner.full_w for miner in miners}
    return {
        key: replace(one, code=PERMITTED, power_w=full_w[key]) if one.code in _PERMITS else one
        for key, one in intents.items()
    }


def dosed(
    unit: UnitSituation,
    intents: Mapping[str, Intent],
    ceilings: Mapping[str, Ceiling],
    now: datetime,
) -> dict[str, Intent]:
    """The intents of the miners that the thermostat doses, by miner id.

    `intents`: what is permitted or asked of each of them; `ceilings`: what guards allow. Only what is permitted is
    dosed; what a person or frost protection asked for counts as heat from elsewhere.
    """
    changed: dict[str, Intent] = {}
    for group in _groups(unit, intents, ceilings).values():
        if not group.rooms:
            changed.update({miner.miner_id: _as_it_is(miner, group) for miner in group.members})
            continue
        watts, need_w = _law(group, now)
        changed.update({miner.miner_id: _told(miner, watts[miner.miner_id], need_w, group) for miner in group.members})
    return changed


def _as_it_is(miner: MinerSituation, group: _Group) -> Intent:
    """Nobody knows how warm its rooms are: nothing starts, and nothing takes more."""
    intent, runs_at_w = group.intents[miner.miner_id], min(miner.runs_at_w, group.most_w[miner.miner_id])
    code = THERMOSTAT_HEAT if runs_at_w else THERMOSTAT_OFF
    return replace(intent, power_w=runs_at_w, code=code, reason=sentences.thermostat_blind(miner), is_clause=True)


def _groups(unit: UnitSituation, intents: Mapping[str, Intent], ceilings: Mapping[str, Ceiling]) -> dict[str, _Group]:
    """Permitted machines by the rooms they heat; heat of all others is foreign to them."""
    found: dict[str, _Group] = {}
    given_w: dict[str, float] = {}
    permitted: list[tuple[MinerSituation, str, int]] = []
    for miner in unit.miners:
        intent, ceiling = intents[miner.miner_id], ceilings.get(miner.miner_id)
        most_w = miner.full_w if ceiling is None else min(miner.full_w, ceiling.power_w)
        if most_w > 0 and most_w < miner.least_w and miner.is_stepped:
            most_w = 0
        key = ",".join(sorted(zone.zone_id for zone in miner.zones))
        if intent.code == PERMITTED and most_w > 0 and key:
            permitted.append((miner, key, most_w))
        for zone in miner.zones:
            given_w[zone.zone_id] = given_w.get(zone.zone_id, 0.0) + miner.runs_at_w / len(miner.zones)
    for miner, key, most_w in permitted:
        group = found.setdefault(key, _Group([]))
        group.members.append(miner)
        group.intents[miner.miner_id], group.most_w[miner.miner_id] = intents[miner.miner_id], most_w
    for group in found.values():
        zones = group.members[0].zones
        own_w = sum(miner.runs_at_w for miner in group.members) / len(zones)
        group.rooms = [
            _Room(zone, zone.thermal, 1 / len(zones), max(0.0, given_w[zone.zone_id] - own_w) / 1000)
            for zone in zones
            if zone.thermal is not None and zone.temperature_celsius is not None
        ]
        group.members.sort(key=lambda one: (not one.is_wanted_on, cost(one, rests=not one.is_wanted_on), one.miner_id))
    return found


def _law(group: _Group, now: datetime) -> tuple[dict[str, int], float]:
    """Watts by miner id, and the watts that the rooms need."""
    need_w = max(room.need_w for room in group.rooms)
    running = group.running
    given_w = sum(group.most_w[miner.miner_id] for miner in running)
    at_most = sum(miner.runs_at_w for miner in running) >= given_w - 1
    after = running
    if at_most and len(running) < len(group.members):
        after = _started(group, running, need_w)
    if running and len(after) == len(running):
        after = _stopped(group, running, need_w)
    return _levels(group, after, need_w, now), need_w


def _started(group: _Group, running: list[MinerSituation], need_w: float) -> list[MinerSituation]:
    """With the next machine, where it is worth its start."""
    following = next(miner for miner in group.members if miner not in running)
    if any(room.over_k >= room.zone.hysteresis_celsius for room in group.rooms):  # the veto of the warmest room
        return running
    runs_kw = sum(miner.runs_at_w for miner in running) / 1000
    wait_h = _ramp_h(following)
    least_w = group.least_of(following) if not running else _STARTS_FOR * group.least_of(following)
    is_needed = need_w >= sum(group.most_w[miner.miner_id] for miner in running) + least_w
    is_below = max(-room.over_k for room in group.rooms) > 0
    is_cold = any(
        -room.over_with(runs_kw, wait_h) - room.zone.hysteresis_celsius
        >= max(_tolerated_k(room, following, group), _too_warm_after_k(room, following, group, runs_kw))
        and _cold_ahead_kh(room, runs_kw) >= _price_kh(following) / 2
        for room in group.rooms
    )
    return [*running, following] if is_cold or (is_below and is_needed) else running


def _stopped(group: _Group, running: list[MinerSituation], need_w: float) -> list[MinerSituation]:
    """Without the last machine, where it goes on for nothing."""
    last = running[-1]
    others = running[:-1]
    if others:
        rest_w = sum(group.most_w[miner.miner_id] for miner in others)
        is_enough = need_w <= _STOPS_AT * rest_w and all(room.over_k >= 0 for room in group.rooms)
        return others if is_enough else running
    least_w = group.least_of(last)
    is_least = last.runs_at_w <= least_w + 1 or need_w < least_w
    too_warm = is_least and any(
        room.over_k - room.zone.hysteresis_celsius
        >= max(_tolerated_k(room, last, group), _too_cold_after_k(room, last))
        for room in group.rooms
    )
    return [] if too_warm or (not group.is_early and all(room.stays_warm() for room in group.rooms)) else running


def _tolerated_k(room: _Room, miner: MinerSituation, group: _Group) -> float:
    """How far outside its band a room may go before the miner starts or stops (K).

    With changes of `down` and `up` (K/h) a cycle that leaves the band by r on both sides takes (2b + 2r)·k hours,
    k = 1/down + 1/up, and costs a start and r²·k degree-hours; cost by time is least at r = √(b² + price/k) − b.
    """
    band_k, look_h = room.zone.hysteresis_celsius, _SLOPE_LOOKS_H
    now_k = room.over_with(0.0, 0.0)
    down = max(_LEAST_SLOPE, (now_k - room.over_with(0.0, look_h)) / look_h)
    up = max(_LEAST_SLOPE, (room.over_with(group.least_of(miner) / 1000, look_h) - now_k) / look_h)
    return sqrt(band_k**2 + _price_kh(miner) / (1 / down + 1 / up)) - band_k


def _too_cold_after_k(room: _Room, miner: MinerSituation) -> float:
    """How far below its band the room is on average while the miner has to rest, when it stops now (K)."""
    rest_h = miner.min_off_seconds / 3600
    return sum(max(0.0, -room.over_with(0.0, rest_h * part) - room.zone.hysteresis_celsius) for part in _THIRDS) / 3


def _too_warm_after_k(room: _Room, miner: MinerSituation, group: _Group, heat_kw: float) -> float:
    """How far above its band the room is on average while the miner has to run, when it starts now (K)."""
    run_h, with_kw = miner.min_on_seconds / 3600, heat_kw + group.least_of(miner) / 1000
    return sum(max(0.0, room.over_with(with_kw, run_h * part) - room.zone.hysteresis_celsius) for part in _THIRDS) / 3


def _cold_ahead_kh(room: _Room, heat_kw: float) -> float:
    """Degree-hours below its band in the next hours when no other machine starts (K·h)."""
    step_h, total = 0.5, 0.0
    for step in range(6):
        hours = (step + 0.5) * step_h
        celsius = room.over_with(heat_kw, hours) + room.zone.target.effective_celsius
        floor = room.target_at(hours) - room.zone.hysteresis_celsius
        total += max(0.0, floor - celsius) * step_h
    return total


def _levels(group: _Group, running: Sequence[MinerSituation], need_w: float, now: datetime) -> dict[str, int]:
    """Watts of every machine: those that run share what is needed, the first ones as much as they can."""
    watts = {miner.miner_id: 0 for miner in group.members}
    aside_w = sum(group.least_of(miner) for miner in running)
    for miner in running:
        aside_w -= group.least_of(miner)
        ours_w = need_w - aside_w
        watts[miner.miner_id] = _level_w(group, miner, running, ours_w)
        need_w -= watts[miner.miner_id]
    for miner in group.members:
        if miner not in running and must_run(miner, now):
            watts[miner.miner_id] = ceil(group.least_of(miner))
    return watts


def _level_w(group: _Group, miner: MinerSituation, running: Sequence[MinerSituation], need_w: float) -> int:
    most_w = group.most_w[miner.miner_id]
    if not miner.is_stepped:
        return most_w
    now_w = miner.runs_at_w if miner.is_wanted_on else 0
    if miner.power.step_w is not None:
        wanted = min(max(need_w, miner.least_w), most_w)
        is_near = now_w > 0 and abs(wanted - now_w) < max(_DEADBAND * miner.power.max_w, miner.power.step_w)
        return min(now_w, most_w) if is_near else miner.fitting(min(wanted + miner.power.step_w / 2, most_w))
    levels = [ceil(level.power_w) for level in miner.power.levels if level.power_w <= most_w] or [most_w]
    nearest = min(levels, key=lambda level: abs(level - need_w))
    if now_w == 0 or group.is_early or now_w not in levels:
        return nearest
    runs_kw = sum(one.runs_at_w for one in running) / 1000
    over = [room.over_with(runs_kw, LEVEL_LOOKS_H) for room in group.rooms]
    error_k = min(LEVEL_ERROR_K, 0.6 * min(room.zone.hysteresis_celsius for room in group.rooms))
    if (min(over) < -error_k and nearest > now_w) or (max(over) > error_k and nearest < now_w):
        return nearest
    return now_w


def _ramp_h(miner: MinerSituation) -> float:
    return miner.power.ramp_seconds / 3600 if miner.power is not None else _USUAL_RAMP_H


def _price_kh(miner: MinerSituation) -> float:
    return kind_of(miner.power.device_class if miner.power is not None else "").start_price_kelvin_hours


def _told(miner: MinerSituation, watts: int, need_w: float, group: _Group) -> Intent:
    """The intent with its watts and why."""
    if watts > 0:
        reason, code = sentences.thermostat_heats(miner, need_w), THERMOSTAT_HEAT
    else:
        others = any(one.is_wanted_on for one in group.members if one is not miner)
        reason = sentences.others_suffice(miner) if others else sentences.thermostat_rests(miner, need_w)
        code = THERMOSTAT_OFF
    return replace(group.intents[miner.miner_id], power_w=watts, code=code, reason=reason, is_clause=True, then="")
