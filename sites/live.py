"""The live snapshot of a site: what the last completed pass saw and did, for pages and the API.

Written by the pass (record), read by every face; never the basis of a decision. Plain JSON::

    {"at": iso, "pass_ms": 12.3, "period_s": 10,
     "zones":  {zone_id: {"temperature_celsius", "humidity_percent", "target_celsius",
                "requested_celsius", "target_reason", "target_until" iso|None, "next_celsius",
                "lower_bound", "upper_bound", "sensor" ok|suspect|lost, "problem", "observed_at" iso|None,
                "trend_celsius_per_hour", "heating_w", "heating": bool,
                "monitors": {monitor_id: {"temperature_celsius", "says_celsius", "doubted_celsius", "health", "problem",
                             "observed_at",
                             and "suits_seconds", "suits" where another limit of age suits it better}}}},
     "miners": {miner_id: {"status", "power_w"|None, "power_is_measured", "drawn_w", "desired_w", "observed_at",
                "problem", "hash_rate_th_s", "chip_/board_/inlet_/outlet_temperature_celsius", "fan_rpm",
                "uptime_seconds", "pool_alive", "power_source", "level", "set_power_w", "confirmed": bool,
                "action", "reason", "reason_code", "origin", "rule_name", "guard", "next_allowed_at"}},
     "energy": {source_id: {"production_w", "household_w", "grid_w", "battery_w", "battery_soc_percent",
                "surplus_w", "observed_at", "problem", "notes", "has_production", "has_battery", "has_grid"}},
     "unsaved_alarms": [{"kind", "subject", "text", "since"}] while nothing can be stored,
     "connections": {connection_id: {"ok": bool, "code", "problem"}}}
"""

from __future__ import annotations

from typing import Any

from .store import store


def publish(site_id, snapshot: dict[str, Any]) -> None:
    store().set(f"live:{site_id}", snapshot)


def read(site_id) -> dict[str, Any] | None:
    """The last snapshot, or None before the first pass of this start."""
    return store().get(f"live:{site_id}")
