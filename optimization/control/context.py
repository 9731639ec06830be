"""The decisional context: flat values by rule path, as `optimization.rules` reads them.

None = unknown; a key that is missing = absent by configuration (design.md §5.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from climate.state import ZoneState
from energy.state import EnergyState
from miners.state import MinerSnapshot
from optimization.rules import Context

from .minimum import of_zone

Values = dict[str, Any]
_CALENDAR = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def calendar(path: str, local: datetime | None) -> Values:
    """`path.year` … `path.isoweekday` of a site-local time; None: all unknown."""
    if local is None:
        return {f"{path}.{part}": None for part in (*_CALENDAR, "weekday", "isoweekday")}
    values: Values = {f"{path}.{part}": getattr(local, part) for part in _CALENDAR}
    values[f"{path}.weekday"] = local.weekday()
    values[f"{path}.isoweekday"] = local.isoweekday()
    return values


def timestamp(local: datetime) -> Values:
    return {**calendar("timestamp", local), "timestamp.minute_of_day": local.hour * 60 + local.minute}


def energy(state: EnergyState | None) -> Values:
    """`energy_source.*` and `energy_state.*`; empty (all absent) for a unit without a source."""
    if state is None:
        return {}
    values: Values = {
        "energy_source.name": state.source_name,
        "energy_source.type": state.source_type,
        "energy_source.has_battery": state.has_battery,
        "energy_source.has_grid": state.has_grid,
        "energy_state.consumption.current_power": state.household_w,
        "energy_state.surplus_power": state.surplus_w,
    }
    if state.nominal_power_w is not None:
        values["energy_source.nominal_power_max"] = state.nominal_power_w
    if state.has_production:
        values["energy_state.production"] = state.production_w
    if state.has_battery:
        if state.battery_capacity_wh is not None:
            values["energy_source.storage.nominal_capacity"] = state.battery_capacity_wh
        values["energy_state.battery.state_of_charge"] = state.battery_soc_percent
        values["energy_state.battery.remaining_capacity"] = state.battery_remaining_wh
        values.update(_signed("energy_state.battery", "charging", "discharging", state.battery_w))
    if state.has_grid:
        if state.contracted_power_w is not None:
            values["energy_source.grid.contracted_power"] = state.contracted_power_w
        values.update(_signed("energy_state.grid", "importing", "exporting", state.grid_w))
    return values


def _signed(path: str, plus: str, minus: str, watts: float | None) -> Values:
    known = watts is not None
    return {
        f"{path}.current_power": watts,
        f"{path}.{plus}_power": max(watts, 0.0) if known else None,
        f"{path}.{minus}_power": max(-watts, 0.0) if known else None,
    }


def climate(zones: Sequence[ZoneState], never_below_celsius: float | None = None) -> Values:
    """`climate.zones.<slug>.*` and the extremes; one unknown zone makes min, max and avg unknown."""
    values: Values = {}
    for zone in zones:
        values.update(_zone(f"climate.zones.{zone.slug}.", zone, never_below_celsius))
    if zones:
        seen = [zone.temperature_celsius for zone in zones]
        known = None not in seen
        values["climate.min_temperature"] = min(seen) if known else None
        values["climate.max_temperature"] = max(seen) if known else None
        values["climate.avg_temperature"] = sum(seen) / len(seen) if known else None
    return values


def outdoor(celsius: float | None) -> Values:
    """The home's outdoor sensor, °C; a home without one has no such value at all."""
    return {"climate.outdoor_temperature_celsius": celsius}


def _zone(prefix: str, zone: ZoneState, never_below_celsius: float | None) -> Values:
    minimum = of_zone(zone, never_below_celsius)
    values: Values = {
        prefix + "temperature_celsius": zone.temperature_celsius,
        prefix + "target_temperature": zone.target.effective_celsius,
        prefix + "requested_target_temperature": zone.target.requested_celsius,
        prefix + "hysteresis_celsius": zone.hysteresis_celsius,
        prefix + "lower_bound": zone.lower_bound,
        prefix + "upper_bound": zone.upper_bound,
        prefix + "below_target": zone.below_target,
        prefix + "above_target": zone.above_target,
        prefix + "below_minimum": False if minimum is None else minimum.is_below,
        prefix + "above_minimum": True if minimum is None else minimum.is_above,
        prefix + "trend_celsius_per_hour": zone.trend_celsius_per_hour,
        prefix + "sensor": str(zone.sensor),
        prefix + "window_open": zone.window_open_since is not None,
    }
    if minimum is not None:
        values[prefix + "minimum_temperature"] = minimum.lower_celsius
        values[prefix + "minimum_upper_bound"] = minimum.upper_celsius
    if zone.tells_presence:
        values[prefix + "is_occupied"] = zone.is_occupied
    if zone.tells_humidity or zone.humidity_percent is not None:
        values[prefix + "humidity"] = zone.humidity_percent
    return values


#: What the pools of a home say → its public names; hash rates have a unit beside them.
_PERFORMANCE = {
    "hash_rate_th_s": ("current_hashrate", "pool_stats.current_hashrate"),
    "hash_rate_24h_th_s": ("pool_stats.average_hashrate_24h",),
    "hash_rate_7d_th_s": ("pool_stats.average_hashrate_7d",),
    "unpaid_sat": ("pool_stats.unpaid_balance",),
    "next_payout_sat": ("pool_stats.estimated_next_payout",),
    "payout_frequency": ("payout_schedule.frequency",),
    "payout_threshold_sat": ("payout_schedule.threshold",),
}


def mining_performance(told: Mapping[str, Any], zone: tzinfo) -> Values:
    """`mining_performance.*` of `earnings.pools.performance`, times in the home's own; none without a pool."""
    values: Values = {}
    for name, value in told.items():
        if name == "next_payout_at":
            local = None if value is None else value.astimezone(zone)
            values.update(calendar("mining_performance.payout_schedule.next_payout_at", local))
            continue
        for path in _PERFORMANCE[name]:
            if name.endswith("_th_s"):
                values[f"mining_performance.{path}.value"] = value
                values[f"mining_performance.{path}.unit"] = "TH/s"
            else:
                values[f"mining_performance.{path}"] = value
    return values


#: What a device tells of itself → its public names; each has its unit beside it.
_QUANTITIES = {
    "hash_rate_th_s": ("hash_rate", "TH/s"),
    "chip_temperature_celsius": ("max_chip_temperature", "°C"),
    "board_temperature_celsius": ("max_board_temperature", "°C"),
    "average_chip_temperature_celsius": ("avg_chip_temperature", "°C"),
    "average_board_temperature_celsius": ("avg_board_temperature", "°C"),
    "inlet_temperature_celsius": ("inlet_temperature", "°C"),
    "outlet_temperature_celsius": ("outlet_temperature", "°C"),
    "fan_rpm": ("external_fan_speed", "RPM"),
}
_COUNTS = {"uptime_seconds": "system_uptime", "blocks_found": "blocks_found"}


def miner(
    name: str,
    model: str,
    nominal_power_w: int,
    is_active: bool,
    snapshot: MinerSnapshot,
    highest_hash_rate_th_s: float | None = None,
    lowest_power_w: float | None = None,
) -> Values:
    """`miner.*` and `miner_state.*`; `lowest_power_w` None: it is only switched on and off.

    What a device that answers does not tell, it does not have; of one that is silent nothing is known.
    """
    values: Values = {
        "miner.name": name,
        "miner.model": model,
        "miner.power_consumption_max": nominal_power_w,
        "miner.power_min_w": nominal_power_w if lowest_power_w is None else lowest_power_w,
        "miner.active": is_active,
        "miner_state.status": str(snapshot.status),
    }
    if highest_hash_rate_th_s is not None:
        values["miner.hash_rate_max.value"] = highest_hash_rate_th_s
        values["miner.hash_rate_max.unit"] = "TH/s"
    is_silent = not snapshot.status.is_known
    if snapshot.power_is_measured or is_silent:
        values["miner_state.power_consumption"] = snapshot.power_w if snapshot.power_is_measured else None
    for attribute, (path, unit) in _QUANTITIES.items():
        value = getattr(snapshot, attribute)
        if value is not None or is_silent:
            values[f"miner_state.{path}.value"] = value
            values[f"miner_state.{path}.unit"] = unit
    for attribute, path in _COUNTS.items():
        value = getattr(snapshot, attribute)
        if value is not None or is_silent:
            values[f"miner_state.{path}"] = value
    return values


def of_miner(
    shared: Mapping[str, Any], own: Values, zones: Sequence[ZoneState], never_below_celsius: float | None = None
) -> tuple[Context, ...]:
    """One context per zone the miner heats; one without a zone for a miner that heats no room."""
    if not zones:
        return (Context(shared, own),)
    values = [{**own, **_zone("climate.zone.", zone, never_below_celsius)} for zone in zones]
    if len(zones) == 1:
        return (Context(shared, values[0]),)
    return tuple(Context(shared, one, zone.slug) for one, zone in zip(values, zones, strict=True))
