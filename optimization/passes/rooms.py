"""From rows and readings to the state of every room: its sensors judged, its target resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from climate import sensors, zone_state
from climate.models import HIGH_LIMIT_MARGIN_K, ClimateZone
from climate.services import periods_of
from climate.state import ClimateReading, Target, ZoneState
from climate.targets import Plan, lower, resolve_target
from optimization.control.memory import Memory

from .load import SiteRows
from .observe import Observation


def zones(rows: SiteRows, observation: Observation, memory: Memory, now: datetime) -> dict[UUID, ZoneState]:
    """Every zone of the site; what is remembered of sensors and trends is renewed in `memory`."""
    trends: dict[str, Any] = memory.shell.get("trends") or {}
    judged: dict[UUID, sensors.MonitorState] = {}
    result, kept = {}, {}
    for pk, zone in rows.zones.items():
        states = []
        for monitor in zone.monitors.all():
            if monitor.pk not in judged:
                judged[monitor.pk], memory.sensors[str(monitor.pk)] = sensors.judge(
                    monitor.name,
                    reading_of(observation, monitor.pk, ClimateReading),
                    observation.errors.get(monitor.pk, "was not read"),
                    zone_state.sensors_memory(rows.memory.sensors, str(monitor.pk)),
                    stale_after=timedelta(seconds=monitor.stale_after_seconds),
                    now=now,
                )
            states.append(judged[monitor.pk])
        state = _zone(zone, states, _target(rows, zone, now))
        kept[str(pk)], trend = zone_state.update_trend(trends.get(str(pk)) or [], state.temperature_celsius, now)
        result[pk] = replace(state, trend_celsius_per_hour=trend)
    memory.shell["trends"] = kept
    return result


def reading_of(observation: Observation, pk: UUID, kind: type) -> Any:
    """The reading when it is one of the right kind: an adapter's wrong answer is no reading."""
    reading = observation.readings.get(pk)
    return reading if isinstance(reading, kind) else None


def _target(rows: SiteRows, zone: ClimateZone, now: datetime) -> Target:
    override = next((one for one in rows.overrides[zone.pk] if one.holds(now)), None)
    slots = [slot.as_slot() for slot in zone.slots.all()]
    plan = Plan(zone.default_target_celsius, slots, override, periods_of(zone, rows.periods))
    # The limit never gives way to a target: the effective target stays a margin below it.
    ceiling = zone.high_limit_celsius - HIGH_LIMIT_MARGIN_K - zone.hysteresis_celsius
    target = resolve_target(plan, now, rows.site.tz)
    return lower(target, ceiling_celsius=ceiling, eco_celsius=zone.eco_celsius)


def _zone(zone: ClimateZone, states: list[sensors.MonitorState], target: Target) -> ZoneState:
    return zone_state.build(
        zone_id=str(zone.pk),
        slug=zone.slug,
        name=zone.name,
        sensors=states,
        target=target,
        hysteresis_celsius=zone.hysteresis_celsius,
        high_limit_celsius=zone.high_limit_celsius,
        frost_limit_celsius=zone.frost_limit_celsius if zone.frost_protection else None,
        trend_celsius_per_hour=None,
        sensor_is_real=all(monitor.is_real for monitor in zone.monitors.all()),
    )
