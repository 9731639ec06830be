"""Strategies: what a unit wants of its miners, in watts. One interface, however clever.

A strategy sees the situation and what it remembers, and answers one intent a miner. It knows
nothing of guards: those come after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from climate.state import ZoneState
from optimization.rules import Told, Verdict, told

from . import sentences
from .memory import Memory, parse_time
from .situation import FROST_PULSE, PERMITTED, Intent, MinerSituation, UnitSituation

#: A running unit is held this long while a needed input is unknown, then off (design.md §5.2).
UNKNOWN_HOLD = timedelta(minutes=10)
FROST_RELEASE_K = 1.0
#: A zone this far above its frost limit as a whole is not heated for one sensor that says frost.
FROST_DOUBT_K = 8.0


@dataclass(slots=True)
class StrategyResult:
    """Intents by miner id, and what to remember."""

    intents: dict[str, Intent] = field(default_factory=dict)
    holds: dict[str, dict[str, float]] = field(default_factory=dict)
    unknown_since: str | None = None


class Strategy(Protocol):
    def decide(self, unit: UnitSituation, memory: Memory, now: datetime) -> StrategyResult: ...


#: Strategies by which a thermostat doses, and by which it decides without a policy.
ALONE = "thermostat"
THERMOSTATS = frozenset({ALONE, "policy_thermostat"})


def strategy_of(unit: UnitSituation) -> Strategy:
    """What permits heating in this unit."""
    return ThermostatAlone() if unit.strategy == ALONE else PolicyStrategy()


class ThermostatAlone:
    """Heating is permitted always, but through an open window."""

    def decide(self, unit: UnitSituation, memory: Memory, now: datetime) -> StrategyResult:
        return StrategyResult({miner.miner_id: self._permit(miner, now) for miner in unit.miners})

    @staticmethod
    def _permit(miner: MinerSituation, now: datetime) -> Intent:
        paused, then = sentences.paused_by_window(miner, now)
        if paused:
            return Intent(0, "policy", "window_open", paused, is_clause=True, then=then)
        if not miner.zones:
            why = f"{miner.name} heats no room, and its unit heats rooms only"
            return Intent(0, "policy", "no_room", why, is_clause=True)
        return Intent(miner.full_w, "policy", PERMITTED, sentences.keeps_heating(miner), is_clause=True)


class PolicyStrategy:
    """Start rules and stop rules, evaluated per miner (design.md §5.2)."""

    def decide(self, unit: UnitSituation, memory: Memory, now: datetime) -> StrategyResult:
        result = StrategyResult()
        if unit.policy is None:
            reason = unit.policy_problem or f"{unit.name} has no policy, so nothing is heated."
            for miner in unit.miners:
                result.intents[miner.miner_id] = Intent(0, "policy", "no_policy", reason)
            return result
        verdicts: dict[str, Verdict] = {}
        epoch = now.timestamp()
        for miner in unit.miners:
            holds = unit.policy.update_holds(miner.contexts, memory.holds.get(miner.miner_id, {}), epoch)
            result.holds[miner.miner_id] = holds
            verdicts[miner.miner_id] = unit.policy.decide(
                miner.contexts, running=miner.is_wanted_on, holds=holds, now=epoch
            )
        result.unknown_since = self._unknown_since(unit, verdicts, memory, now)
        for miner in unit.miners:
            result.intents[miner.miner_id] = self._intent(
                unit, miner, verdicts[miner.miner_id], result.holds[miner.miner_id], result.unknown_since, now
            )
        return result

    @staticmethod
    def _unknown_since(unit: UnitSituation, verdicts: dict[str, Verdict], memory: Memory, now: datetime) -> str | None:
        """Since when a running miner of the unit lacks a needed input; None when none does."""
        lacking = any(miner.is_wanted_on and verdicts[miner.miner_id].unknown_rules for miner in unit.miners)
        if not lacking:
            # Off miners still wait for the same input: a stop for lack of it must not restart the clock.
            still = any(verdict.unknown_rules for verdict in verdicts.values())
            return memory.unknown_since.get(unit.unit_id) if still else None
        since = parse_time(memory.unknown_since.get(unit.unit_id))
        return (since if since is not None and since <= now else now).isoformat()

    def _intent(
        self,
        unit: UnitSituation,
        miner: MinerSituation,
        verdict: Verdict,
        holds: dict[str, float],
        unknown_since: str | None,
        now: datetime,
    ) -> Intent:
        rule, epoch = verdict.rule, now.timestamp()
        paused, then = sentences.paused_by_window(miner, now)
        if paused:
            return Intent(0, "policy", "window_open", paused, is_clause=True, then=then)
        if verdict.action in ("start", "stop") and rule is not None:
            said = told(rule, miner.contexts, holds, epoch)
            return Intent(
                miner.full_w if verdict.action == "start" else 0,
                "policy",
                f"rule_{verdict.action}",
                sentences.rule_applies(miner, said.sentence, said.zone),
                rule.rule_id,
                rule.name,
                said.explanation,
                is_clause=True,
            )
        if verdict.unsure is not None:
            said = told(verdict.unsure, miner.contexts, holds, epoch)
            return self._unknown_intent(miner, said, parse_time(unknown_since), now)
        if miner.is_wanted_on:
            return Intent(miner.runs_at_w, "policy", "hold_on", sentences.keeps_heating(miner), is_clause=True)
        if verdict.action == "blocked" and rule is not None:
            why = sentences.blocked(miner, rule.name)
            return Intent(0, "policy", "blocked", why, rule.rule_id, rule.name, is_clause=True)
        return self._stays_off(unit, miner, holds, epoch)

    @staticmethod
    def _stays_off(unit: UnitSituation, miner: MinerSituation, holds: dict[str, float], epoch: float) -> Intent:
        """Nothing starts it; where the room is cold, the first start rule that applies here says what is lacking."""
        said = None
        if sentences.is_cold(miner):
            # What the coldest room lacks: it is the one the sentence names.
            seen = [one for one in miner.contexts if one.key == sentences.coldest_slug(miner)] or miner.contexts
            rules = (told(rule, seen, holds, epoch) for rule in unit.policy.start_rules)
            said = next((one for one in rules if one.truth != "absent"), None)
        if said is None:
            return Intent(0, "policy", "stays_off", sentences.stays_off(miner, ""), is_clause=True)
        why = sentences.stays_off(miner, said.sentence)
        return Intent(0, "policy", "stays_off", why, explains=said.explanation, is_clause=True)

    @staticmethod
    def _unknown_intent(miner: MinerSituation, said: Told, since: datetime | None, now: datetime) -> Intent:
        """A needed input is unknown: an off miner stays off, a running one is held for a while."""
        lacking = said.sentence
        if not miner.is_wanted_on:
            why = sentences.not_known(lacking)
            return Intent(0, "policy", "start_unknown", why, explains=said.explanation, is_clause=True)
        unknown_for = timedelta(0) if since is None else now - since
        if unknown_for >= UNKNOWN_HOLD:
            why, then = sentences.unknown_too_long(lacking, since, now)
            return Intent(0, "policy", "input_unknown", why, explains=said.explanation, is_clause=True, then=then)
        reason = sentences.held_unknown(miner, lacking, UNKNOWN_HOLD - unknown_for, now)
        return Intent(miner.runs_at_w, "policy", "hold_unknown", reason, explains=said.explanation)


def frost_intent(miner: MinerSituation) -> Intent | None:
    """Heat below the frost limit, until 1 K above it; None when no zone is at risk or its temperature is not known.

    On a sensor in doubt that says frost: a pulse at the least power, while one is allowed (`climate.pulses`).
    The lowest believed sensor of a zone counts, also where its sensors differ: a pipe freezes at the coldest
    place. But not for ever on one that lies: while the zone as a whole is warm, nothing freezes there.
    """
    holding = miner.desired_origin == "frost" and miner.is_wanted_on
    for zone in miner.zones:
        lowest, limit = frost_celsius(zone), zone.frost_limit_celsius
        if lowest is not None and lowest < limit + (FROST_RELEASE_K if holding else 0):
            return Intent(miner.full_w, "frost", "frost", sentences.frost(zone.name, lowest, limit, FROST_RELEASE_K))
    for zone in miner.zones:
        if zone.pulse.is_on:
            power = miner.fitting(miner.least_w)
            return Intent(power, "frost", FROST_PULSE, f"Frost protection of {zone.name}: {zone.pulse.words}")
    return None


def frost_celsius(zone: ZoneState) -> float | None:
    """What frost protection of a zone looks at (°C); None: it has none, nobody knows, or it is warm as a whole."""
    limit, seen = zone.frost_limit_celsius, zone.temperature_celsius
    if limit is None or seen is None or seen >= limit + FROST_DOUBT_K:
        return None
    return seen if zone.lowest_celsius is None else min(seen, zone.lowest_celsius)


def manual_intent(miner: MinerSituation, now: datetime) -> Intent | None:
    """What a person asked for by hand, while it holds."""
    wish = miner.wish
    if wish is None or (wish.until is not None and wish.until <= now):
        return None
    if wish.origin == "outside":
        reason = f"{miner.name} was switched off at the device; automatic control resumes by itself."
        return Intent(0, "outside", "outside_off", reason)
    who = f" by {wish.by}" if wish.by else ""
    if wish.power_w == 0:
        return Intent(0, "manual", "manual_off", f"Off by hand{who} until you resume automatic control.")
    if any(zone.pulse.is_on for zone in miner.zones):
        return None  # nothing heats by hand there; frost protection has its pulse
    power = miner.fitting(wish.power_w)
    return Intent(power, "manual", "manual_on", f"On by hand{who}, {power} W.")
