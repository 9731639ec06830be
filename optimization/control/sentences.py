"""The words of a decision: plain sentences from the room's point of view, cause first.

What is wanted and what is done may differ: a minimum on time or a limit keeps a miner at other watts. So a reason is
often a clause only, “Hall is 0.6° below target”, and what is done completes it: “, so Avalon runs.” or “, but Avalon
stays on for 8 min more: its minimum on time.”
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import datetime, timedelta

from climate.state import ZoneState
from miners.state import MinerStatus
from sites.figures import at_least, celsius_apart, number

from .high_limit import RELEASE_K
from .situation import Ceiling, Intent, MinerSituation

#: A contact that has said “open” for so long may have lost its magnet.
LONG_OPEN = timedelta(hours=12)


# --- a reason and what is done ----------------------------------------------------------------------


def so(why: Intent | Ceiling, done: str, after: str = "") -> str:
    """The reason, completed by what is done; and what a person must know besides."""
    return _joined(f"{why.reason}, so {done}." if why.is_clause else why.reason, why.then, after)


def but(why: Intent | Ceiling, done: str, after: str = "") -> str:
    """The reason, and what is done although it asks for something else."""
    if why.is_clause:
        return _joined(f"{why.reason}, but {done}.", after)
    return _joined(why.reason, f"{_capital(done)}.", after)


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def done(miner: MinerSituation, power_w: int, sharers: int = 0) -> str:
    """“Avalon runs at 800 W, as much as is needed or available now”; what the device shows is not contradicted.

    `sharers`: see `Intent`.
    """
    name, shows = miner.name, miner.snapshot.status
    if power_w == 0:
        if shows.says_off:
            return f"{name} stays off"
        return f"{name} is switched off" if shows.is_known else f"{name} is to be off"
    watts = f" at {power_w} W" if miner.is_stepped else ""
    share = {0: "", 1: ", as much as is needed or available now"}.get(
        sharers, ", its share of what is needed or available now"
    )
    return f"{name} {_verb(miner, power_w)}{watts}{share}"


def _verb(miner: MinerSituation, power_w: int) -> str:
    shows = miner.snapshot.status
    if not shows.is_known:
        return "is to run"
    if shows.says_off or shows is MinerStatus.STARTING or not (miner.is_wanted_on or shows.is_on):
        return "starts"
    return "keeps running" if power_w == miner.runs_at_w else "runs"


def stays_on(miner: MinerSituation, left: timedelta, now: datetime) -> str:
    """What its minimum on time does; a timer of its own may be faster."""
    if miner.goes_off_at is not None and miner.goes_off_at < now + left:
        return f"{miner.name} is within its minimum on time"
    return f"{miner.name} stays on for {at_least(left)} more: its minimum on time"


def stays_at(miner: MinerSituation, power_w: int, left: timedelta) -> str:
    """What its write gap does."""
    gap = at_least(timedelta(seconds=miner.power.min_write_gap_seconds))
    return (
        f"{miner.name} stays set to {miner.runs_at_w} W for {at_least(left)} more before it may change to {power_w} W: "
        f"at most one change of level in {gap}"
    )


def own_timer(miner: MinerSituation, now: datetime) -> str:
    """That a device which does not answer will go off by itself; empty where nothing does that."""
    if miner.goes_off_at is None:
        return ""
    left = miner.goes_off_at - now
    if left <= timedelta(0):
        return f"{miner.name} does not answer; its timer should have switched it off by now."
    return f"{miner.name} does not answer; its timer switches it off in {at_least(left)} unless it answers before."


# --- rooms ------------------------------------------------------------------------------------------


def _where(zone: ZoneState) -> str:
    """“0.6° below target”, “at its target”, …; of the figures as they are shown."""
    seen, target = zone.temperature_celsius, zone.target.effective_celsius
    shown = round(round(seen, 1) - round(target, 1), 1)
    if shown:
        return f"{abs(shown):.1f}° {'below' if shown < 0 else 'above'} target"
    if not (zone.below_target or zone.above_target):
        return "at its target"
    # Its band is narrower than what is shown.
    return f"just {'below' if zone.below_target else 'above'} target" if seen != target else "at its target"


def paused_by_window(miner: MinerSituation, now: datetime) -> tuple[str, str]:
    """Why an open window keeps the miner off, as a clause and a sentence that follows.

    Empty when none does: another room of it may need heat.
    """
    paused = [zone for zone in miner.zones if zone.is_paused_by_window]
    if not paused or not all(zone.above_target for zone in miner.zones):
        return "", ""
    zone = paused[0]
    if zone.window_by_slope:
        return (
            f"The temperature of {zone.name} falls as if a window were open",
            "This pauses heating for 30 min at most.",
        )
    open_for = now - zone.window_open_since if zone.window_open_since is not None else timedelta(0)
    if open_for >= LONG_OPEN:
        hours = open_for // timedelta(hours=1)
        return f"The window of {zone.name} has been open for {hours} h", "Is its contact all right?"
    return f"The window of {zone.name} is open", ""


def warm_enough(zones: Sequence[ZoneState]) -> str:
    """“Hall has reached its upper bound (21.5 °C) and Attic its own (19.5 °C)”."""
    first, *others = (f"({number(zone.upper_bound, 1)} °C)" for zone in zones)
    rest = "".join(f" and {zone.name} its own {bound}" for zone, bound in zip(zones[1:], others, strict=True))
    return f"{zones[0].name} has reached its upper bound {first}{rest}"


def too_hot(zone: ZoneState) -> str:
    """That it reached its high limit, is still too warm, or is not known to have cooled down."""
    limit, again = zone.high_limit_celsius, zone.high_limit_celsius - RELEASE_K
    resumes = f"Heating may resume at {number(again, 1)} °C or below."
    if zone.highest_celsius is None:
        return f"{zone.name} reached its high limit of {number(limit, 1)} °C, and its temperature is unknown. {resumes}"
    if zone.highest_celsius >= limit:
        seen, bound = celsius_apart(zone.highest_celsius, limit, operator.ge)
        return f"{zone.name} is too hot: it is at {seen}, its high limit is {bound}. {resumes}"
    may_be = max(zone.highest_celsius, zone.faded_high_celsius or zone.highest_celsius)
    seen, bound = celsius_apart(may_be, again, operator.gt)
    verb = "is still" if may_be == zone.highest_celsius else "may still be"
    return f"{zone.name} was too hot and {verb} at {seen}. Heating may resume at {bound} or below."


def frost(zone_name: str, celsius: float, limit_celsius: float, release_k: float) -> str:
    """That a room is below its frost limit, or was and is heated a little beyond it."""
    if celsius < limit_celsius:
        seen, bound = celsius_apart(celsius, limit_celsius)
        return f"Frost protection: {zone_name} is at {seen}, its frost limit is {bound}."
    seen, bound = celsius_apart(celsius, limit_celsius + release_k)
    return f"Frost protection: {zone_name} is at {seen} and is heated to {bound}."


def _zone(miner: MinerSituation) -> ZoneState | None:
    """The zone that says most: the coldest against its target."""
    known = [zone for zone in miner.zones if zone.temperature_celsius is not None]
    return min(known, key=lambda zone: zone.temperature_celsius - zone.target.effective_celsius, default=None)


def coldest_slug(miner: MinerSituation) -> str:
    """The zone that sentences about the miner name; empty where none is known."""
    zone = _zone(miner)
    return zone.slug if zone is not None else ""


def is_cold(miner: MinerSituation) -> bool:
    """A zone of it is below its band."""
    return any(zone.below_target for zone in miner.zones)


# --- clauses of a policy ----------------------------------------------------------------------------


def rule_applies(miner: MinerSituation, why: str, slug: str = "") -> str:
    """Why a start or a stop rule applies now; `why` is the rule's own fact, as `rules.sentence` says it.

    `slug`: the zone that it is a fact of, where the miner heats several.
    """
    zone = next((zone for zone in miner.zones if zone.slug == slug), None) or _zone(miner)
    return _capital(why if zone is None or zone.name in why else f"{zone.name}: {why}")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def keeps_heating(miner: MinerSituation) -> str:
    zone = _zone(miner)
    if zone is None:
        return "No stop rule applies"
    if zone.above_target:
        return f"{zone.name} is {_where(zone)} and no stop rule applies"
    return f"{zone.name} is {_where(zone)} and may be heated up to {number(zone.upper_bound, 1)} °C"


def stays_off(miner: MinerSituation, lacking: str) -> str:
    """`lacking`: what a start rule misses, as `rules.sentence` says it; empty when nobody asks for heat."""
    zone = _zone(miner)
    if zone is None:
        return "No start rule applies"
    if zone.below_target:
        return f"{zone.name} is {_where(zone)}, but {lacking or 'no start rule applies'}"
    if zone.above_target:
        return f"{zone.name} is {_where(zone)}"
    low, high = number(zone.lower_bound, 1), number(zone.upper_bound, 1)
    return f"{zone.name} is {_where(zone)}, in its band of {low} to {high} °C"


def blocked(miner: MinerSituation, stop_rule: str) -> str:
    zone = _zone(miner)
    lead = f"{zone.name} is {_where(zone)}, but the" if zone is not None else "The"
    return f"{lead} stop rule ‘{stop_rule}’ holds"


def not_known(lacking: str) -> str:
    """`lacking`: what is unknown, as `rules.sentence` says it."""
    return _capital(lacking)


def held_unknown(miner: MinerSituation, lacking: str, left: timedelta, now: datetime) -> str:
    if miner.goes_off_at is not None:
        left = min(left, max(miner.goes_off_at - now, timedelta(0)))
    return f"{_capital(lacking)}. {miner.name} may run for {at_least(left)} more at most."


def unknown_too_long(lacking: str, since: datetime, now: datetime) -> tuple[str, str]:
    """The clause, and what follows."""
    minutes = (now - since) // timedelta(minutes=1)
    return f"For {minutes} min {lacking}", "Heating may resume by itself when it is known again."


def others_suffice(miner: MinerSituation) -> str:
    """Why a miner rests although its policy lets it heat."""
    zone = _zone(miner)
    where = "its rooms need" if zone is None else f"{zone.name} needs"
    return f"The other miners give what {where}, or all that is available now"


# --- a thermostat -----------------------------------------------------------------------------------


def thermostat_heats(miner: MinerSituation, need_w: float) -> str:
    """What the room needs by its model."""
    zone = _zone(miner)
    if zone is None:
        return f"{miner.name} is to heat"
    if round(need_w, -1) <= 0:
        return f"{zone.name} is {_where(zone)} and is heated a little longer, which saves a start"
    by = f" by {zone.target.early_for:%H:%M}" if zone.target.early_for is not None else ""
    needs = f"needs about {number(round(need_w, -1), 0)} W"
    return f"{zone.name} is {_where(zone)} and {needs} to be at {number(zone.target.effective_celsius, 1)} °C{by}"


def thermostat_rests(miner: MinerSituation, need_w: float) -> str:
    zone = _zone(miner)
    if zone is None:
        return "No room needs heat now"
    if round(need_w, -1) <= 0:
        return f"{zone.name} is {_where(zone)} and needs no heat now"
    if miner.is_wanted_on:
        return f"{zone.name} is {_where(zone)}: warm enough for a pause in heating"
    needs = f"needs about {number(round(need_w, -1), 0)} W"
    return f"{zone.name} is {_where(zone)} and {needs}, for which another start is not worth it yet"


def thermostat_blind(miner: MinerSituation) -> str:
    return f"The temperature of the rooms of {miner.name} is not known"
