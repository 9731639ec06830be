"""From rows and readings to a situation: everything `decide` may look at, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate.sensors import MonitorState
from climate.state import ZoneState
from energy import balance
from energy.state import EnergyState
from miners import desired_state
from miners.earnings.pools.performance import performance
from miners.models import DesiredState
from miners.requests.in_force import in_force
from miners.state import MinerSnapshot, MinerStatus
from miners.status import draw
from miners.status.pending import shows_on, starts_later
from miners.status.readback import was_told
from miners.status.switched_off import Cause
from optimization import sun
from optimization.control import context
from optimization.control.memory import Memory, parse_time
from optimization.control.quiet import quiet_now
from optimization.control.situation import MinerSituation, SiteSituation, UnitSituation, Wish
from optimization.site_plan.plan import MinerPlan

from . import inputs, meters, pending, plugs, reports, rooms, unrecorded
from . import went_off as went_off_by
from .driver import rearm_seconds
from .load import SiteRows
from .observe import Observation

#: A miner found switched off at the device stays off this long (design.md §5.7).
OUTSIDE_OFF_HOLD = timedelta(hours=2)


@dataclass(slots=True)
class Seen:
    """What a pass saw of a site, for acting, recording and showing."""

    situation: SiteSituation
    zones: dict[UUID, ZoneState]
    energy: dict[UUID, EnergyState]
    snapshots: dict[UUID, MinerSnapshot]
    memory: Memory
    #: Miners found switched off from outside in this pass.
    outside_off: list[MinerPlan]
    #: Miners we had on that were silent and now show off: nobody's wish, but no longer on.
    came_back_off: list[MinerPlan]
    #: Miners we had on whose own auto-off timer has ended before it could be set again: nobody's wish either.
    timed_out: list[MinerPlan]
    #: Miners we had on that stopped themselves and report why: nobody's wish either.
    protected: list[MinerPlan]
    policy_problems: dict[UUID, str]
    #: What the home's outdoor sensor says; None: it has none.
    outdoor: MonitorState | None = None
    #: What the plugs before miners said, by miner, as far as they answered.
    plugs: dict[UUID, MinerSnapshot] = field(default_factory=dict)


def was_silent(memory: Memory, miner_id: UUID) -> bool:
    """At the last look the device did not say whether it was on."""
    return str(miner_id) in (memory.shell.get("silent") or ())


def said_off(memory: Memory, miner_id: UUID) -> bool:
    """At the last look its switch said off, and its meter did not confirm that."""
    return str(miner_id) in (memory.shell.get("said_off") or ())


def note_silent(memory: Memory, snapshots: dict[UUID, MinerSnapshot]) -> None:
    """Remember which devices do not say whether they are on, or are off by their word only, for the next pass."""
    silent = sorted(str(pk) for pk, snapshot in snapshots.items() if not snapshot.status.is_known)
    # The first is replaced when nobody looks for a while; the second only says what was seen.
    memory.shell["silent"], memory.shell["out_of_reach"] = silent, silent
    doubtful = [pk for pk, snapshot in snapshots.items() if snapshot.status is MinerStatus.UNCONFIRMED]
    memory.shell["said_off"] = sorted(map(str, doubtful))


def _note_loose(rows: SiteRows, memory: Memory, snapshots: dict[UUID, MinerSnapshot]) -> None:
    """Remember which devices that nobody told anything were off when they were last seen."""
    before = memory.shell.get("seen_off") or ()
    memory.shell["seen_off"] = sorted(
        str(pk)
        for pk, snapshot in snapshots.items()
        if pk not in rows.desired and (shows_on(snapshot) is False if snapshot.status.is_known else str(pk) in before)
    )


def _was_seen_off(rows: SiteRows, miner: MinerPlan, desired: DesiredState | None) -> bool:
    if desired is None:
        return miner.key in (rows.memory.shell.get("seen_off") or ())
    return desired.seen_on is False and desired.confirmed_at is not None


def note_silent_all(memory: Memory, miner_ids: Iterable[UUID]) -> None:
    """Nobody looked for a while: as if every device had been silent."""
    memory.shell["silent"] = [str(pk) for pk in miner_ids]


def situate(
    rows: SiteRows,
    observation: Observation,
    now: datetime,
    *,
    stopping: frozenset[UUID] = frozenset(),
    clock_stepped: bool = False,
) -> Seen:
    """The situation of one site at `now`. `stopping`: miners to be switched off whatever anybody wants.

    `clock_stepped`: the wall clock was set since the last pass.
    """
    memory = replace(rows.memory, sensors={}, rooms={}, shell=dict(rows.memory.shell))
    snapshots = {pk: pending.look(rows, memory, miner, observation, now) for pk, miner in rows.miners.items()}
    zones = rooms.zones(rows, observation, snapshots, memory, now)
    outdoor = rooms.outdoor(rows, observation, memory, now)
    reports.note(rows, observation, memory, now)
    zones = reports.with_rations(rows, zones, snapshots, memory, now)
    went_off = [miner for pk, miner in rows.miners.items() if _was_on_and_is_off(rows, miner, snapshots[pk])]
    # Asked for here, and done at once without a pass: nobody at the device.
    as_asked = [miner for miner in went_off if _is_asked_off(rows, miner, now)]
    went_off = [miner for miner in went_off if miner not in as_asked]
    # A device that reports why it stopped itself was switched off by nobody.
    protected = [miner for miner in went_off if snapshots[miner.pk].fault]
    causes = went_off_by.causes(rows, [one for one in went_off if one not in protected], observation, memory, now)
    by_timer = [one for one in went_off if one.pk in causes and causes[one.pk].is_timer]
    not_known = [one for one in went_off if causes.get(one.pk) is Cause.NOT_KNOWN]
    came_back_off = [one for one in not_known if was_silent(rows.memory, one.pk)]
    by_itself = {one.pk for one in (*protected, *by_timer, *came_back_off)}
    # The rest went off while we looked at them all the time, or somebody is known to have done it: a person's hand.
    outside_off = [one for one in went_off if one.pk not in by_itself]
    went_off_by.note_runs(rows, observation, memory, now)
    for became_off, miners_off in (
        (desired_state.adopted_off, as_asked),
        (desired_state.stopped_itself, protected),
        (desired_state.came_back_off, came_back_off),
        (desired_state.timed_out, by_timer),
    ):
        for miner in miners_off:
            desired, is_off = rows.desired[miner.pk], snapshots[miner.pk].status is MinerStatus.OFF
            became_off(desired, takes_w=miner.takes_w(desired.power_w), is_seen_off=is_off, at=now)
    _rest_from_now(rows, snapshots, [*as_asked, *went_off], now)
    miners = {
        pk: _miner(rows, miner, snapshots[pk], zones, miner in outside_off, pk in stopping, now)
        for pk, miner in rows.miners.items()
    }
    shared = _shared(rows, now)
    energy = meters.states(rows, observation, miners, memory, shared, now)
    bad = inputs.bad_inputs(rows, observation, memory, energy)
    inputs.note_awaited(rows, memory, bad, clock_stepped, now)
    for pk, miner in miners.items():
        wait = inputs.clock_wait(rows, pk, miner.zones, memory)
        ends = went_off_by.goes_off_at(rows, rows.miners[pk], snapshots[pk], observation, memory)
        miner.complete(clock_wait=wait, goes_off_at=ends)
    units, in_unit, problems = [], set(), {}
    for unit in rows.units:
        members = [pk for pk in unit.miner_ids if pk in miners and pk not in in_unit]
        in_unit.update(members)
        if unit.policy_problem:
            problems[unit.pk] = unit.policy_problem
        unit_zones = [zones[pk] for pk in unit.zone_ids if pk in zones] or _heated(rows, members, zones)
        source = rows.sources.get(unit.energy_source_id)
        state, sure = meters.of_unit(source, energy, observation, miners, members, shared, now)
        values = {
            **shared,
            **context.energy(state),
            **context.climate(list(zones.values()), unit.never_below_celsius),
            **({} if outdoor is None else context.outdoor(outdoor.temperature_celsius)),
            **_extremes(unit_zones),
        }
        # What its own miners may not draw yet keeps what runs, and starts nothing.
        to_start = values if sure is state else {**values, **context.energy(sure)}
        units.append(
            UnitSituation(
                unit.key,
                unit.name,
                unit.policy,
                unit.policy_problem,
                tuple(
                    _with_contexts(
                        miners[pk],
                        rows.miners[pk],
                        values if miners[pk].is_wanted_on else to_start,
                        unit.never_below_celsius,
                    )
                    for pk in members
                ),
                unit.strategy,
                None if state is None else state.surplus_w,
                0.0 if sure is state or state.surplus_w is None else state.surplus_w - sure.surplus_w,
                unit.never_below_celsius,
            )
        )
    note_silent(memory, snapshots)
    _note_loose(rows, memory, snapshots)
    loose = tuple(miner for pk, miner in miners.items() if pk not in in_unit)
    situation = SiteSituation(
        now,
        tuple(units),
        loose,
        rows.site.power_limit_w,
        clock_stepped=clock_stepped,
        is_stopped=not rows.is_active,
        unrecorded=unrecorded.of_situation(memory),
        import_limit_w=balance.import_limit_w(energy.values(), sum(miner.metered_w for miner in miners.values())),
        import_unsure_w=sum(miner.unsure_w for miner in miners.values()),
    )
    shown = {pk: one for pk, miner in rows.miners.items() if (one := plugs.plug_of(miner, observation)) is not None}
    return Seen(
        situation=situation,
        zones=zones,
        energy=energy,
        snapshots=snapshots,
        memory=memory,
        outside_off=outside_off,
        came_back_off=came_back_off,
        timed_out=[one for one in by_timer if causes[one.pk] is Cause.RAN_OUT],
        protected=protected,
        policy_problems=problems,
        outdoor=outdoor,
        plugs=shown,
    )


def _is_asked_off(rows: SiteRows, miner: MinerPlan, now: datetime) -> bool:
    """A person wants it off: by a request that holds, or one that is not stored yet."""
    request = in_force(rows.requests.get(miner.pk, ()), now)
    return (request is not None and request.power_w == 0) or miner.pk in rows.asked_off


def _was_on_and_is_off(rows: SiteRows, miner: MinerPlan, snapshot: MinerSnapshot) -> bool:
    desired = rows.desired.get(miner.pk)
    # An app's start that is far ahead does not make an off of now one less.
    if desired is None or not (snapshot.status.says_off or starts_later(snapshot)):
        return False
    return desired.power_w > 0 and desired.confirmed_at is not None


def _rest_from_now(
    rows: SiteRows, snapshots: dict[UUID, MinerSnapshot], went_off: Iterable[MinerPlan], now: datetime
) -> None:
    """An off that is seen only now may have happened just now: the minimum off time counts from here."""
    for pk, desired in rows.desired.items():
        if desired.seen_on and pk in snapshots and snapshots[pk].status is MinerStatus.OFF:
            desired_state.rests_from_now(desired, at=now)
    for miner in went_off:
        desired_state.rests_from_now(rows.desired[miner.pk], at=now)


def _miner(
    rows: SiteRows,
    miner: MinerPlan,
    snapshot: MinerSnapshot,
    zones: dict[UUID, ZoneState],
    off_outside: bool,
    stopping: bool,
    now: datetime,
) -> MinerSituation:
    desired, request = rows.desired.get(miner.pk), in_force(rows.requests.get(miner.pk, ()), now)
    wish = None
    if request is not None:
        wish = Wish(request.power_w, request.until, request.by, request.origin)
    if off_outside:
        wish = Wish(0, now + OUTSIDE_OFF_HOLD, origin="outside")
    heated = [state for pk, state in zones.items() if pk in miner.zone_ids]
    starts = tuple(at for text in (desired.starts if desired else ()) if (at := parse_time(text)) is not None)
    return MinerSituation(
        miner_id=miner.key,
        name=miner.name,
        nominal_power_w=miner.nominal_power_w,
        zones=tuple(heated),
        heats_no_room=miner.heats_no_room,
        snapshot=snapshot,
        desired_w=desired.power_w if desired else 0,
        desired_origin=desired.origin if desired else "",
        desired_confirmed=bool(desired and desired.confirmed_at),
        switched_on_at=desired.switched_on_at if desired else None,
        switched_off_at=desired.switched_off_at if desired else None,
        was_seen_off=_was_seen_off(rows, miner, desired),
        starts=starts,
        wish=wish,
        min_on_seconds=miner.min_on_seconds,
        min_off_seconds=miner.min_off_seconds,
        max_starts_per_hour=miner.max_starts_per_hour,
        max_starts_per_day=miner.max_starts_per_day,
        circuit=None if miner.circuit is None else miner.circuit.line,
        power=miner.detected_power,
        quiet=quiet_now(miner.quiet_from, miner.quiet_until, miner.quiet_max_w, now, rows.site.tz),
        level_since=_level_since(miner, desired),
        noise_db=miner.noise_db,
        start_cost=miner.start_cost,
        max_chip_celsius=miner.max_chip_celsius,
        max_board_celsius=miner.max_board_celsius,
        is_active=miner.is_active and miner.pk not in rows.inactive,
        is_cut=miner.pk in rows.cut_at,
        before_w=desired.before_w if desired else 0,
        has_followed=desired is None or draw.has_followed(desired, snapshot, miner.ramp_seconds, now),
        came_back=snapshot.status.is_known and was_silent(rows.memory, miner.pk),
        was_told=desired is None or was_told(desired),
        had_its_time=desired is None or draw.had_its_time(desired, miner.ramp_seconds, now),
        took_more_w=_took_more_w(desired, now),
        lacks_off=miner.lacks_off,
        is_stopping=stopping,
        doubled=rows.doubled[miner.pk].text if miner.pk in rows.doubled else "",
        reality_problem=miner.reality_problem,
        setup_problem=miner.problem,
    )


#: What a miner was measured to take beyond what it was told counts so long: a meter may have erred.
_TOOK_MORE_HOLDS = timedelta(hours=24)


def _took_more_w(desired: DesiredState | None, now: datetime) -> int:
    off_at = None if desired is None else desired.switched_off_at
    return 0 if off_at is None or now - off_at >= _TOOK_MORE_HOLDS else desired.took_more_w


def _level_since(miner: MinerPlan, desired: DesiredState | None) -> datetime | None:
    """Since when it is at its present watts: a write that had to be repeated is later than what was wanted.

    Where a timer is rearmed by writing, the last write says nothing of the level.
    """
    if desired is None or desired.written_at is None or rearm_seconds(miner.controller) is not None:
        return desired.changed_at if desired is not None else None
    return max(desired.written_at, desired.changed_at or desired.written_at)


def _with_contexts(
    situation: MinerSituation, miner: MinerPlan, shared: dict[str, Any], never_below_celsius: float | None
) -> MinerSituation:
    own = context.miner(
        miner.name,
        miner.model,
        miner.nominal_power_w,
        situation.is_active,
        situation.snapshot,
        miner.highest_hash_rate_th_s,
        situation.least_w,
    )
    situation.complete(contexts=context.of_miner(shared, own, situation.zones, never_below_celsius))
    return situation


def _shared(rows: SiteRows, now: datetime) -> dict[str, Any]:
    site = rows.site
    return {
        **context.timestamp(now.astimezone(site.tz)),
        **sun.values(now, site.latitude, site.longitude, site.tz),
        **context.mining_performance(performance(rows.pools, now), site.tz),
    }


def _heated(rows: SiteRows, members: list[UUID], zones: dict[UUID, ZoneState]) -> list[ZoneState]:
    wanted = {zone_pk for pk in members for zone_pk in rows.miners[pk].zone_ids}
    return [zone for pk, zone in zones.items() if pk in wanted]


def _extremes(zones: list[ZoneState]) -> dict[str, Any]:
    """`climate.min/max/avg_temperature` over the unit's own zones."""
    return {path: value for path, value in context.climate(zones).items() if path.count(".") == 1}
