"""The live snapshot that pages and the API show (see `sites.live` for its shape)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from climate.reports import Suggestion
from climate.state import HEATING_MIN_W, ZoneState
from integrations.errors import in_words
from miners.state import MinerStatus
from optimization.control.situation import Command
from sites import live

from . import reports
from .heat import drawn_w, heating_w
from .load import SiteRows
from .observe import Observation
from .situate import Seen


def publish(
    rows: SiteRows,
    seen: Seen,
    observation: Observation,
    commands: Sequence[Command],
    pass_ms: float,
    now: datetime,
    unsaved_alarms: Sequence[dict[str, str]] = (),
) -> None:
    live.publish(
        rows.site.pk,
        {
            "at": now.isoformat(),
            "pass_ms": round(pass_ms, 1),
            "period_s": rows.site.control_period_seconds,
            "zones": {str(pk): _zone(rows, seen, pk) for pk in seen.zones},
            "miners": {command.miner_id: _miner(rows, seen, command) for command in commands},
            "outdoor": _outdoor(seen),
            "energy": {str(pk): _energy(state) for pk, state in seen.energy.items()},
            "connections": _connections(rows, observation),
            "unsaved_alarms": list(unsaved_alarms),
        },
    )


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _zone(rows: SiteRows, seen: Seen, pk: UUID) -> dict[str, Any]:
    zone, watts = seen.zones[pk], heating_w(rows, seen.snapshots, pk)
    return {
        "temperature_celsius": zone.temperature_celsius,
        "humidity_percent": zone.humidity_percent,
        "target_celsius": zone.target.effective_celsius,
        "requested_celsius": zone.target.requested_celsius,
        "target_reason": zone.target.reason,
        "target_until": _iso(zone.target.until),
        "next_celsius": zone.target.next_celsius,
        "target_preset": zone.target.preset,
        "target_source": str(zone.target.source),
        "lowered": None if zone.target.lowered is None else str(zone.target.lowered),
        "lower_bound": zone.lower_bound,
        "upper_bound": zone.upper_bound,
        "monitors": _monitors(rows, seen, zone, pk),
        "sensor": str(zone.sensor),
        "problem": zone.problem,
        "observed_at": _iso(zone.observed_at),
        "trend_celsius_per_hour": zone.trend_celsius_per_hour,
        "window_open_since": _iso(zone.window_open_since),
        "window_by_slope": zone.window_by_slope,
        "is_occupied": zone.is_occupied,
        "heating_w": watts,
        "heating": watts >= HEATING_MIN_W,
    }


def _monitors(rows: SiteRows, seen: Seen, zone: ZoneState, pk: UUID) -> dict[str, Any]:
    return {
        str(row.pk): {
            "temperature_celsius": state.temperature_celsius,
            "says_celsius": state.says_celsius,
            "doubted_celsius": state.doubted_celsius,
            "health": str(state.health),
            "problem": state.problem,
            "observed_at": _iso(state.observed_at),
            **_suggested(reports.suggestion(seen.memory, row)),
        }
        for row, state in zip(rows.zones[pk].sensors, zone.sensors, strict=True)
    }


def _suggested(found: Suggestion | None) -> dict[str, Any]:
    """A limit of age that suits the sensor better, if there is one."""
    if found is None:
        return {}
    return {"suits_seconds": int(found.limit.total_seconds()), "suits": found.sentence}


def _outdoor(seen: Seen) -> dict[str, Any] | None:
    """None: the home has no outdoor sensor."""
    if seen.outdoor is None:
        return None
    return {
        "temperature_celsius": seen.outdoor.temperature_celsius,
        "observed_at": _iso(seen.outdoor.observed_at),
        "sensor": str(seen.outdoor.health),
        "problem": seen.outdoor.problem,
    }


def _miner(rows: SiteRows, seen: Seen, command: Command) -> dict[str, Any]:
    pk = rows.site.miner_of[command.miner_id].pk
    snapshot, desired = seen.snapshots[pk], rows.desired.get(pk)
    status = snapshot.status
    return {
        "status": str(status),
        "power_w": snapshot.power_w if snapshot.power_is_measured else None,
        "power_is_measured": snapshot.power_is_measured,
        "drawn_w": drawn_w(rows, seen.snapshots, pk),
        "desired_w": desired.power_w if desired else 0,
        "observed_at": _iso(snapshot.observed_at),
        "problem": snapshot.problem,
        "hash_rate_th_s": snapshot.hash_rate_th_s,
        "chip_temperature_celsius": snapshot.chip_temperature_celsius,
        "board_temperature_celsius": snapshot.board_temperature_celsius,
        "average_chip_temperature_celsius": snapshot.average_chip_temperature_celsius,
        "average_board_temperature_celsius": snapshot.average_board_temperature_celsius,
        "inlet_temperature_celsius": snapshot.inlet_temperature_celsius,
        "outlet_temperature_celsius": snapshot.outlet_temperature_celsius,
        "fan_rpm": snapshot.fan_rpm,
        "uptime_seconds": snapshot.uptime_seconds,
        "blocks_found": snapshot.blocks_found,
        "pool_alive": snapshot.pool_alive,
        "power_source": str(snapshot.power_source),
        "level": snapshot.level,
        "set_power_w": snapshot.set_power_w,
        "confirmed": bool(desired and desired.confirmed_at) or (desired is None and status is not MinerStatus.UNKNOWN),
        "action": command.action,
        "reason": command.reason,
        "reason_code": command.code,
        "origin": "guard" if command.guard else command.intent.origin,
        "rule_name": command.intent.rule_name,
        "guard": command.guard,
        "next_allowed_at": _iso(command.next_allowed_at),
    }


def _energy(state) -> dict[str, Any]:
    return {
        "production_w": state.production_w,
        "household_w": state.household_w,
        "grid_w": state.grid_w,
        "battery_w": state.battery_w,
        "battery_soc_percent": state.battery_soc_percent,
        "surplus_w": state.surplus_w,
        "observed_at": _iso(state.observed_at),
        "problem": state.problem,
        "notes": list(state.notes),
        "has_production": state.has_production,
        "has_battery": state.has_battery,
        "has_grid": state.has_grid,
    }


def _connections(rows: SiteRows, observation: Observation) -> dict[str, Any]:
    return {
        str(pk): {
            "ok": pk not in observation.connection_errors,
            "code": observation.connection_errors[pk].code if pk in observation.connection_errors else "",
            "problem": in_words(observation.connection_errors[pk], rows.site.tz)
            if pk in observation.connection_errors
            else "",
        }
        for pk in rows.connections
        if pk in observation.asked
    }
