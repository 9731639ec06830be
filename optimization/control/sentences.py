"""The words of a decision: plain sentences from the room's point of view, cause first."""

from __future__ import annotations

from datetime import datetime, timedelta

from climate.state import ZoneState

from .situation import MinerSituation


def _where(zone: ZoneState) -> str:
    """“0.6° below target”, “at its target”, …"""
    difference = zone.temperature_celsius - zone.target.effective_celsius
    if abs(difference) < 0.05:
        return "at its target"
    return f"{abs(difference):.1f}° {'below' if difference < 0 else 'above'} target"


#: A contact that has said “open” for so long may have lost its magnet.
LONG_OPEN = timedelta(hours=12)


def paused_by_window(miner: MinerSituation, now: datetime) -> str:
    """Why an open window keeps the miner off; empty when none does: another room of it may need heat."""
    paused = [zone for zone in miner.zones if zone.is_paused_by_window]
    if not paused or not all(zone.above_target for zone in miner.zones):
        return ""
    zone = paused[0]
    if zone.window_by_slope:
        return f"The temperature of {zone.name} falls as through an open window, so heating pauses, at most 30 min."
    open_for = now - zone.window_open_since if zone.window_open_since is not None else timedelta(0)
    if open_for >= LONG_OPEN:
        hours = open_for // timedelta(hours=1)
        return f"The window of {zone.name} has been open for {hours} h, so heating pauses. Is its contact all right?"
    return f"The window of {zone.name} is open, so heating pauses."


def _zone(miner: MinerSituation) -> ZoneState | None:
    """The zone that says most: the coldest against its target."""
    known = [zone for zone in miner.zones if zone.temperature_celsius is not None]
    return min(known, key=lambda zone: zone.temperature_celsius - zone.target.effective_celsius, default=None)


def coldest_slug(miner: MinerSituation) -> str:
    """The zone that sentences about the miner name; empty where none is known."""
    zone = _zone(miner)
    return zone.slug if zone is not None else ""


def rule_applies(miner: MinerSituation, action: str, why: str, slug: str = "") -> str:
    """Why a start or a stop rule applies now; `why` is the rule's own fact, as `rules.sentence` says it.

    `slug`: the zone that it is a fact of, where the miner heats several.
    """
    zone = next((zone for zone in miner.zones if zone.slug == slug), None) or _zone(miner)
    text = why if zone is None or zone.name in why else f"{zone.name}: {why}"
    return f"{text[0].upper()}{text[1:]}, so {miner.name} {'runs' if action == 'start' else 'is off'}."


def keeps_heating(miner: MinerSituation) -> str:
    zone = _zone(miner)
    if zone is None:
        return f"{miner.name} keeps running: no stop rule applies."
    return (
        f"{zone.name} is {_where(zone)} and heats on to {zone.upper_bound:.1f} °C, so {miner.name} keeps running."
        if not zone.above_target
        else f"{zone.name} is {_where(zone)}; no stop rule applies, so {miner.name} keeps running."
    )


def is_cold(miner: MinerSituation) -> bool:
    """A zone of it is below its band."""
    return any(zone.below_target for zone in miner.zones)


def stays_off(miner: MinerSituation, lacking: str) -> str:
    """`lacking`: what a start rule misses, as `rules.sentence` says it; empty when nobody asks for heat."""
    zone = _zone(miner)
    if zone is None:
        return f"No start rule applies, so {miner.name} stays off."
    if zone.below_target:
        return f"{zone.name} is {_where(zone)}, but {lacking or 'no start rule applies'}, so {miner.name} stays off."
    if zone.above_target:
        return f"{zone.name} is {_where(zone)}, so {miner.name} stays off."
    return f"{zone.name} is {_where(zone)}; heating starts below {zone.lower_bound:.1f} °C."


def blocked(miner: MinerSituation, stop_rule: str) -> str:
    zone = _zone(miner)
    lead = f"{zone.name} is {_where(zone)}, but the" if zone is not None else "The"
    return f"{lead} stop rule ‘{stop_rule}’ holds, so {miner.name} stays off."


def not_started_unknown(miner: MinerSituation, lacking: str) -> str:
    """`lacking`: what is unknown, as `rules.sentence` says it."""
    return f"{miner.name} stays off: {lacking}."


def held_unknown(miner: MinerSituation, lacking: str, hold: timedelta) -> str:
    return f"{miner.name} keeps running for at most {hold // timedelta(minutes=1)} min: {lacking}."


def unknown_too_long(lacking: str, since: datetime, now: datetime) -> str:
    minutes = (now - since) // timedelta(minutes=1)
    return f"Off: for {minutes} min {lacking}. Heating resumes by itself when it is known again."


def others_suffice(miner: MinerSituation) -> str:
    """Why a miner rests although its policy lets it heat."""
    zone = _zone(miner)
    where = "its rooms" if zone is None else zone.name
    return f"The other miners give what {where} needs or may take now, so {miner.name} rests."


def gives(miner: MinerSituation, watts: int, count: int) -> str:
    """That it gives less than it could."""
    part = " its share of" if count > 1 else ""
    return f"It gives {watts} W,{part} what is needed or may be taken now."
