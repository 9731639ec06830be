"""One decision of a site: wishes → frost → strategy → dosing → guards → limits → minimum on time → commands.

Pure: the same situation and memory give the same answer, so explanations, what-if runs and
benchmarks call this very function.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from . import dosing, guards, limits, sentences, thermostat
from .high_limit import update_trips
from .memory import Memory
from .situation import Ceiling, Command, Intent, MinerSituation, SiteSituation
from .strategy import THERMOSTATS, Strategy, frost_intent, manual_intent, strategy_of

#: Intents by which a person wants a miner off: they may break a minimum on time. That a manual request is over, or is
#: bounded by a guard, is not one of them.
PERSONS_OFF = frozenset({"manual_off", "outside_off", "no_unit"})


def decide(
    situation: SiteSituation,
    memory: Memory,
    *,
    acknowledged: Collection[str] = (),
    strategy: Strategy | None = None,
) -> tuple[list[Command], Memory]:
    """Commands for every miner of the site, and the memory for the next pass.

    `acknowledged`: ids of zones whose latched high limit a person has released.
    """
    now = situation.now
    zones = {zone.zone_id: zone for miner in situation.miners for zone in miner.zones}
    after = replace(memory, trips=update_trips(zones.values(), acknowledged, memory, now), holds={}, unknown_since={})

    wanted: list[tuple[MinerSituation, str, Intent]] = []
    ceilings: dict[str, Ceiling] = {}

    def bound(miner: MinerSituation, intent: Intent) -> None:
        """What the guards say to this intent."""
        case = guards.Guarded(
            miner, intent, after.trips, now, situation.clock_stepped, situation.is_stopped, situation.unrecorded
        )
        ceiling = guards.lowest_ceiling(case)
        if ceiling is not None:
            ceilings[miner.miner_id] = ceiling
        else:
            ceilings.pop(miner.miner_id, None)

    for unit in situation.units:
        result = (strategy or strategy_of(unit)).decide(unit, memory, now)
        after.holds.update(result.holds)
        if result.unknown_since is not None:
            after.unknown_since[unit.unit_id] = result.unknown_since
        intents = {
            miner.miner_id: manual_intent(miner, now) or frost_intent(miner) or result.intents[miner.miner_id]
            for miner in unit.miners
        }
        if unit.strategy in THERMOSTATS:
            intents = thermostat.permitted(intents, unit.miners)
        for miner in unit.miners:
            bound(miner, intents[miner.miner_id])
        # What guards keep off gives nothing: another takes its part. Then they have the last word.
        if unit.strategy in THERMOSTATS:
            changed = thermostat.dosed(unit, intents, ceilings, now)
        else:
            changed = dosing.staged(unit, intents, ceilings, now)
        for miner in unit.miners:
            if miner.miner_id in changed:
                bound(miner, changed[miner.miner_id])
            wanted.append((miner, unit.unit_id, changed.get(miner.miner_id, intents[miner.miner_id])))
    for miner in situation.loose:
        intent = manual_intent(miner, now) or _left_alone(miner)
        bound(miner, intent)
        wanted.append((miner, "", intent))
    _share_limits(wanted, ceilings, situation)
    commands = [
        _command(miner, unit_id, intent, ceilings.get(miner.miner_id), now) for miner, unit_id, intent in wanted
    ]
    return commands, after


def _left_alone(miner: MinerSituation) -> Intent:
    """A miner in no enabled unit: ours until it was seen off, from then on its owner's business."""
    if miner.is_wanted_on and miner.desired_origin == "manual":
        reason = f"The manual request for {miner.name} is over and it is in no enabled unit, so it is switched off."
        return Intent(0, "manual", "manual_over", reason)
    if miner.is_wanted_on or (miner.desired_origin and not miner.desired_confirmed):
        return Intent(0, "none", "no_unit", f"{miner.name} is in no enabled unit, so it is switched off.")
    power = int(miner.draws_w) if miner.snapshot.status.is_on else 0
    reason = f"{miner.name} is in no enabled unit; nothing is decided for it."
    return Intent(power, "none", "left_alone", reason, leave_alone=True)


def _share_limits(
    wanted: list[tuple[MinerSituation, str, Intent]], ceilings: dict[str, Ceiling], situation: SiteSituation
) -> None:
    """Add the ceilings of circuits and the site's power limit to `ceilings`."""
    asking, others = [], []
    for miner, _, intent in wanted:
        ceiling = ceilings.get(miner.miner_id)
        runs_at = _capped(miner, intent.power_w, ceiling)
        if _is_held(miner, intent, ceiling, situation.now) or _level_left(miner, runs_at, ceiling, situation.now):
            runs_at = miner.runs_at_w
        if runs_at > 0:
            asking.append(limits.Asking(miner, runs_at, intent.origin == "frost"))
        else:
            others.append(miner)
    # A limit's word is less than what was left of the others, or of what a minimum on time holds.
    shed = limits.shed(
        asking,
        others,
        situation.power_limit_w,
        situation.now,
        situation.import_limit_w,
        situation.import_unsure_w,
    )
    ceilings.update(shed)


def _is_held(miner: MinerSituation, intent: Intent, ceiling: Ceiling | None, now: datetime) -> bool:
    """Wanted off, but its minimum on time keeps it on: only safety and a person's off break that."""
    if _capped(miner, intent.power_w, ceiling) > 0 or not miner.is_wanted_on:
        return False
    if _held_w(miner, ceiling) == 0 or intent.code in PERSONS_OFF:
        return False
    return _min_on_left(miner, now) > timedelta(0)


def _held_w(miner: MinerSituation, ceiling: Ceiling | None) -> int:
    """What a minimum on time may hold it at: what it runs at, under what safety says."""
    return _capped(miner, miner.runs_at_w, ceiling if ceiling is not None and ceiling.is_safety else None)


def _capped(miner: MinerSituation, power_w: int, ceiling: Ceiling | None) -> int:
    """The watts of the level that is wanted, under the ceiling; a ceiling below its lowest level is off."""
    wanted = miner.fitting(power_w)
    if ceiling is None or wanted <= ceiling.power_w:
        return wanted
    lower = miner.fitting(ceiling.power_w)
    return lower if lower <= ceiling.power_w else 0


def _command(miner: MinerSituation, unit_id: str, intent: Intent, ceiling: Ceiling | None, now: datetime) -> Command:
    """Intent under its ceiling, then the minimum on time, as one command."""
    power = _capped(miner, intent.power_w, ceiling)
    bound = ceiling if ceiling is not None and power < miner.fitting(intent.power_w) else None
    wait = _level_left(miner, power, ceiling, now)
    if not wait and _level_left(miner, power, None, now):
        bound = ceiling  # what is wanted anyway comes before its write gap is over: the guard's doing
    if wait:
        reason = sentences.but(intent, sentences.stays_at(miner, power, wait), sentences.own_timer(miner, now))
        return Command(
            miner.miner_id, unit_id, miner.runs_at_w, "hold", intent, reason, "write_gap", guard="write_gap",
            next_allowed_at=now + wait,
        )  # fmt: skip
    if intent.leave_alone and bound is None:
        return Command(miner.miner_id, unit_id, 0, "leave", intent, intent.reason, intent.code)
    if bound is None and ceiling is not None and ceiling.is_safety and power == 0:
        bound = ceiling  # off for two reasons: the safety one is what a person must read
    breaks_min_on = False
    if power == 0 and miner.is_wanted_on:
        left = _min_on_left(miner, now)
        if _is_held(miner, intent, ceiling, now):
            reason = sentences.but(
                bound or intent, sentences.stays_on(miner, left, now), sentences.own_timer(miner, now)
            )
            return Command(
                miner.miner_id,
                unit_id,
                _held_w(miner, ceiling),
                "hold",
                intent,
                reason,
                "min_on",
                guard="min_on",
                next_allowed_at=now + left,
            )
        breaks_min_on = left > timedelta(0)
    code = f"guard_{bound.guard}" if bound is not None else intent.code
    done = sentences.done(miner, power, intent.sharers if bound is None else 0)
    reason = sentences.so(bound or intent, done, sentences.own_timer(miner, now))
    return Command(
        miner.miner_id,
        unit_id,
        power,
        _action(miner, power),
        intent,
        reason,
        code,
        guard=bound.guard if bound is not None else "",
        broke_min_on=breaks_min_on,
        next_allowed_at=_next_start(miner, now) if power == 0 else None,
        is_safety=bound is not None and bound.is_safety,
    )


def _action(miner: MinerSituation, power_w: int) -> str:
    if power_w == 0:
        return "stop" if miner.is_wanted_on else "keep_off"
    if not miner.is_wanted_on:
        return "start"
    return "hold" if power_w == miner.desired_w else "level"


def _level_left(miner: MinerSituation, power_w: int, ceiling: Ceiling | None, now: datetime) -> timedelta:
    """How long another level must wait: writes wear, and a machine that has not settled tells nothing.

    Not where a guard asks for less, nor between off and on.
    """
    if not miner.is_stepped or miner.level_since is None or power_w <= 0 or power_w == miner.runs_at_w:
        return timedelta(0)
    if not miner.is_wanted_on or (ceiling is not None and ceiling.power_w < miner.runs_at_w):
        return timedelta(0)
    gap = timedelta(seconds=miner.power.min_write_gap_seconds)
    passed = now - miner.level_since
    return gap - passed if timedelta(0) <= passed < gap else timedelta(0)


def _min_on_left(miner: MinerSituation, now: datetime) -> timedelta:
    """What is left of the minimum on time; nothing when the device is known to be off anyway."""
    if miner.switched_on_at is None or now < miner.switched_on_at or miner.snapshot.status.says_off:
        return timedelta(0)
    return timedelta(seconds=miner.min_on_seconds) - (now - miner.switched_on_at)


def _next_start(miner: MinerSituation, now: datetime) -> datetime | None:
    if miner.switched_off_at is None:
        return None
    free = miner.switched_off_at + timedelta(seconds=miner.min_off_seconds)
    return free if free > now else None
