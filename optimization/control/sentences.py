"""The words of a decision: plain sentences from the room's point of view, cause first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from climate.state import ZoneState
from optimization.rules import Verdict

from .situation import MinerSituation


def _where(zone: ZoneState) -> str:
    """“0.6° below target”, “at its target”, …"""
    difference = zone.temperature_celsius - zone.target.effective_celsius
    if abs(difference) < 0.05:
        return "at its target"
    return f"{abs(difference):.1f}° {'below' if difference < 0 else 'above'} target"


def _zone(miner: MinerSituation) -> ZoneState | None:
    """The zone that says most: the coldest against its target."""
    known = [zone for zone in miner.zones if zone.temperature_celsius is not None]
    return min(known, key=lambda zone: zone.temperature_celsius - zone.target.effective_celsius, default=None)


def rule_applies(miner: MinerSituation, action: str, rule_name: str, explanation: dict[str, Any]) -> str:
    """Why a start or a stop rule applies now."""
    zone = _zone(miner)
    why = explanation.get("sentence") or f"the rule ‘{rule_name}’ holds"
    lead = f"{zone.name} is {_where(zone)}" if zone is not None else ""
    verb = "runs" if action == "start" else "is off"
    text = f"{lead}: {why}, so {miner.name} {verb}." if lead else f"{why}, so {miner.name} {verb}."
    return text[0].upper() + text[1:]


def keeps_heating(miner: MinerSituation) -> str:
    zone = _zone(miner)
    if zone is None:
        return f"{miner.name} keeps running: no stop rule applies."
    return (
        f"{zone.name} is {_where(zone)} and heats on to {zone.upper_bound:.1f} °C, so {miner.name} keeps running."
        if not zone.above_target
        else f"{zone.name} is {_where(zone)}; no stop rule applies, so {miner.name} keeps running."
    )


def stays_off(miner: MinerSituation) -> str:
    zone = _zone(miner)
    if zone is None:
        return f"No start rule applies, so {miner.name} stays off."
    if zone.below_target:
        return f"{zone.name} is {_where(zone)}, but no start rule applies, so {miner.name} stays off."
    if zone.above_target:
        return f"{zone.name} is {_where(zone)}, so {miner.name} stays off."
    return f"{zone.name} is {_where(zone)}; heating starts below {zone.lower_bound:.1f} °C."


def blocked(miner: MinerSituation, stop_rule: str) -> str:
    zone = _zone(miner)
    lead = f"{zone.name} is {_where(zone)}, but the" if zone is not None else "The"
    return f"{lead} stop rule ‘{stop_rule}’ holds, so {miner.name} stays off."


def _missing(verdict: Verdict) -> str:
    return f"a value that the rule ‘{verdict.unknown_rules[0]}’ needs is unknown"


def not_started_unknown(miner: MinerSituation, verdict: Verdict) -> str:
    return f"{miner.name} stays off: {_missing(verdict)}."


def held_unknown(miner: MinerSituation, verdict: Verdict, since: datetime, hold: timedelta) -> str:
    minutes = hold // timedelta(minutes=1)
    return f"{miner.name} keeps running for at most {minutes} min: {_missing(verdict)}."


def unknown_too_long(verdict: Verdict, since: datetime, now: datetime) -> str:
    minutes = (now - since) // timedelta(minutes=1)
    return f"Off: for {minutes} min {_missing(verdict)}. Heating resumes by itself when it is known again."
