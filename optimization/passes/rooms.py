"""From rows and readings to the state of every room: its sensors judged, its window and people, its target resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate import flat, observed, optimum_start, presence, pulses, sensors, window, zone_state
from climate.room_physics import Surroundings
from climate.state import ClimateReading, Target, ZoneState
from climate.targets import Plan, ahead, lower, override_in_force, resolve_target
from optimization.control.memory import Memory, parse_time
from optimization.control.strategy import THERMOSTATS
from optimization.site_plan.plan import SensorPlan, ZonePlan

from .heat import Snapshots, at_most_w, heating_share, heating_w, installed_w
from .load import SiteRows
from .observe import Observation

#: So far ahead targets are looked up for heating early.
AHEAD = timedelta(hours=optimum_start.LONGEST_H)
#: What is remembered of sensors and of rooms that is a time: to be moved when the wall clock is set.
MEMORY_TIMES = (
    *sensors.MEMORY_TIMES,
    *flat.MEMORY_TIMES,
    *window.MEMORY_TIMES,
    *presence.MEMORY_TIMES,
    *pulses.MEMORY_TIMES,
)


def zones(
    rows: SiteRows, observation: Observation, snapshots: Snapshots, memory: Memory, now: datetime
) -> dict[UUID, ZoneState]:
    """Every zone of the site; what is remembered of sensors, rooms and trends is renewed in `memory`."""
    trends: dict[str, Any] = memory.shell.get("trends") or {}
    judged: dict[UUID, sensors.MonitorState] = {}
    result, kept = {}, {}
    thermostats = _thermostats(rows)
    for pk, zone in rows.zones.items():
        monitors = zone.sensors
        _judge_all(rows, pk, monitors, observation, memory, judged, now)
        sensors_of = [(monitor, judged[monitor.pk]) for monitor in monitors]
        heat_w = heating_w(rows, snapshots, pk)
        share = heating_share(rows, pk, heat_w)
        state, kept[str(pk)] = _room(rows, zone, sensors_of, observation, memory, trends.get(str(pk)), share, now)
        result[pk], of_pulse = zone_state.pulse(
            state, at_most_w(rows, snapshots, pk), rows.memory.sensors.get(f"zone:{zone.key}") or {}, now
        )
        memory.sensors[f"zone:{pk}"] |= of_pulse
        _learn(rows, zone, result[pk], heat_w, memory, thermostats, now)
    memory.shell["trends"] = kept
    return result


def _thermostats(rows: SiteRows) -> set[UUID]:
    """The zones that a thermostat keeps warm."""
    members = (rows.miners.get(pk) for unit in rows.units if unit.strategy in THERMOSTATS for pk in unit.miner_ids)
    return {pk for miner in members if miner is not None for pk in miner.zone_ids}


def _learn(
    rows: SiteRows,
    zone: ZonePlan,
    state: ZoneState,
    heat_w: float,
    memory: Memory,
    thermostats: set[UUID],
    now: datetime,
) -> None:
    """Complete the zone with how it answers to heat, and where a thermostat keeps it warm with the target it heats for
    early."""
    key = zone.key
    before = rows.memory.rooms.get(key) or {}
    model, kept = observed.observe(
        key,
        before,
        now.timestamp(),
        heat_w / 1000,
        state.temperature_celsius,
        window_open=state.window_open_since is not None,
    )
    memory.rooms[key] = kept
    if model is None or zone.pk not in thermostats:
        state.complete(thermal=model)
        return
    coming = ()
    if state.target.lowered is None:
        coming = ahead(_plan(rows, zone, now), now, rows.site.tz, AHEAD, zone.highest_target_celsius)
    ramps = [rows.miners[pk].ramp_seconds / 3600 for pk, _ in zone.heated_by]
    target, begun = optimum_start.raised(
        state.target,
        model,
        coming,
        installed_w(rows, zone.pk) / 1000,
        max(ramps, default=0.0),
        now,
        rows.site.tz,
        parse_time(before.get("early_for")),
    )
    kept["early_for"] = None if begun is None else begun.isoformat()
    state.complete(thermal=model, ahead=coming, target=target)


def _judge_all(
    rows: SiteRows,
    zone_pk: UUID,
    monitors: Sequence[SensorPlan],
    observation: Observation,
    memory: Memory,
    judged: dict[UUID, sensors.MonitorState],
    now: datetime,
) -> None:
    """Judge the sensors of a room that are not judged yet; a good one bears out another that is in doubt."""
    readings = [one for monitor in monitors if (one := reading_of(observation, monitor.pk, ClimateReading))]
    around = Surroundings(installed_w(rows, zone_pk), bool(_contact(readings)))
    new = [monitor for monitor in monitors if monitor.pk not in judged]
    for monitor in new:
        judged[monitor.pk] = _judged(rows, monitor, observation, memory, now, around)
    good = [one.says_celsius for monitor in monitors if (one := judged[monitor.pk]).temperature_celsius is not None]
    for monitor in new:
        doubted = judged[monitor.pk].doubted_celsius
        if doubted is not None and any(abs(doubted - celsius) <= zone_state.DISAGREE_K for celsius in good):
            judged[monitor.pk] = _judged(rows, monitor, observation, memory, now, around, by_another_sensor=True)


def outdoor(rows: SiteRows, observation: Observation, memory: Memory, now: datetime) -> sensors.MonitorState | None:
    """The home's outdoor sensor, judged; None when it has none."""
    return None if rows.outdoor is None else _judged(rows, rows.outdoor, observation, memory, now)


def reading_of(observation: Observation, pk: UUID, kind: type) -> Any:
    """The reading when it is one of the right kind: an adapter's wrong answer is no reading."""
    reading = observation.readings.get(pk)
    return reading if isinstance(reading, kind) else None


def _judged(
    rows: SiteRows,
    monitor: SensorPlan,
    observation: Observation,
    memory: Memory,
    now: datetime,
    around: Surroundings | None = None,
    *,
    by_another_sensor: bool = False,
) -> sensors.MonitorState:
    state, memory.sensors[str(monitor.pk)] = sensors.judge(
        monitor.name,
        reading_of(observation, monitor.pk, ClimateReading),
        observation.errors.get(monitor.pk, "was not read"),
        zone_state.sensors_memory(rows.memory.sensors, str(monitor.pk)),
        limits=monitor.limits,
        now=now,
        around=around,
        confirmation=sensors.Confirmation(monitor.confirmed_by_hand, by_another_sensor),
    )
    return state


def _room(
    rows: SiteRows,
    zone: ZonePlan,
    judged: Sequence[tuple[SensorPlan, sensors.MonitorState]],
    observation: Observation,
    memory: Memory,
    points: Any,
    share: float,
    now: datetime,
) -> tuple[ZoneState, list[list[float]]]:
    """One zone, and the points of its trend to be remembered. `share`: of what its miners can give, what heats it."""
    key = f"zone:{zone.pk}"
    before = zone_state.sensors_memory(rows.memory.sensors, key)
    # As they say it: what is held back of a jump would stand still.
    values = {str(monitor.pk): state.says_celsius for monitor, state in judged if state.temperature_celsius is not None}
    readings = [one for monitor, _ in judged if (one := reading_of(observation, monitor.pk, ClimateReading))]
    believed = [monitor.limit_of_age for monitor, state in judged if state.temperature_celsius is not None]
    patience = flat.patience(min(believed, default=timedelta(0)))
    stands, of_flat = flat.judge(values, share, before, now, patience)
    state = _zone(zone, judged, _target(rows, zone, now), stands, readings)
    # Another sensor's temperature is no rise or fall.
    basis = sorted(values) or before.get("basis")
    points = points if before.get("basis") in (None, basis) and isinstance(points, list) else []
    points, trend = zone_state.update_trend(points, state.temperature_celsius, now)
    opened, of_window = window.judge(_contact(readings), points, share, before, now)
    there, of_presence = presence.judge(_people(readings), before, now)
    memory.sensors[key] = {**of_flat, **of_window, **of_presence, "basis": basis}
    state.complete(
        trend_celsius_per_hour=trend,
        target=_lowered(zone, state.target, there, opened),
        window_open_since=opened.open_since,
        window_by_slope=opened.by_slope,
        is_occupied=there.is_occupied,
        tells_presence=there.is_told or _may_tell(judged, "is_occupied"),
        tells_humidity=state.humidity_percent is not None or _may_tell(judged, "humidity_percent"),
    )
    return state, points


def _may_tell(judged: Sequence[tuple[SensorPlan, sensors.MonitorState]], part: str) -> bool:
    """By their settings: what does not tell just now is unknown, not absent."""
    return any(part in (monitor.fills or ()) for monitor, _ in judged)


def _contact(readings: Sequence[ClimateReading]) -> bool | None:
    """Whether any contact of the room says open; None: none says anything."""
    said = [reading.window_open for reading in readings if reading.window_open is not None]
    return any(said) if said else None


def _people(readings: Sequence[ClimateReading]) -> list[bool | None]:
    """What each of the room's presence sensors says; None: it does not say."""
    told = [reading for reading in readings if reading.is_occupied is not None or reading.presence_problem]
    return [reading.is_occupied for reading in told]


def _target(rows: SiteRows, zone: ZonePlan, now: datetime) -> Target:
    return resolve_target(_plan(rows, zone, now), now, rows.site.tz)


def _plan(rows: SiteRows, zone: ZonePlan, now: datetime) -> Plan:
    override = override_in_force(rows.overrides.get(zone.pk, ()), now)
    return Plan(zone.default_target_celsius, zone.slots, override, zone.periods)


def _lowered(zone: ZonePlan, target: Target, there: presence.Presence, opened: window.Window) -> Target:
    return lower(
        target,
        # The limit never gives way to a target: the effective target stays a margin below it.
        ceiling_celsius=zone.highest_target_celsius,
        eco_celsius=zone.eco_celsius,
        nobody_there=there.nobody_there,
        window_open=opened.open_since is not None,
    )


def _zone(
    zone: ZonePlan,
    judged: Sequence[tuple[SensorPlan, sensors.MonitorState]],
    target: Target,
    stands: flat.Flat | None,
    readings: Sequence[ClimateReading],
) -> ZoneState:
    windows = [one.window_problem for one in readings if one.window_problem]
    people = [one.presence_problem for one in readings if one.presence_problem]
    problems = [f"The window of {zone.name} counts as closed. {problem}" for problem in windows]
    problems += [f"Somebody counts as being in {zone.name}. {problem}" for problem in people]
    return zone_state.build(
        zone_id=zone.key,
        slug=zone.slug,
        name=zone.name,
        sensors=[state for _, state in judged],
        target=target,
        hysteresis_celsius=zone.hysteresis_celsius,
        high_limit_celsius=zone.high_limit_celsius,
        frost_limit_celsius=zone.frost_limit_celsius,
        trend_celsius_per_hour=None,
        sensor_is_real=all(monitor.is_real for monitor, _ in judged),
        flat=stands,
        problems=problems,
    )
