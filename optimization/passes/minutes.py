"""Minute rows: sums of a minute gathered in the pass's memory, written once when the minute is over.

W are time-weighted by equal passes (means); temperatures keep last, lowest and highest. Writing a
minute twice replaces it, so a repeated flush never counts twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from climate.models import ZoneReading
from climate.state import Lowered
from energy.models import EnergyReading
from miners.models import MinerReading
from optimization.control.memory import parse_time
from optimization.control.situation import Command

from .heat import heating_w
from .load import SiteRows
from .situate import Seen

Sums = dict[str, Any]


def gather(rows: SiteRows, seen: Seen, commands: list[Command], now: datetime) -> tuple[datetime | None, Sums]:
    """Add this pass to the running minute; returns a finished minute and its sums, or (None, {})."""
    shell = seen.memory.shell
    minute = now.replace(second=0, microsecond=0)
    running: Sums = shell.get("minute") or {}
    at = parse_time(running.get("at"))
    finished: tuple[datetime | None, Sums] = (None, {})
    if at is None or at != minute:
        if at is not None:
            finished = (at, running)
        running = {"at": minute.isoformat(), "zones": {}, "sources": {}, "miners": {}}
    _add_zones(running["zones"], rows, seen)
    _add_sources(running["sources"], seen)
    _add_miners(running["miners"], rows, seen)
    shell["minute"] = running
    return finished


def _add_zones(sums: Sums, rows: SiteRows, seen: Seen) -> None:
    outdoor_celsius = None if seen.outdoor is None else seen.outdoor.temperature_celsius
    for pk, zone in seen.zones.items():
        one = sums.setdefault(str(pk), {"n": 0, "heat": 0.0, "low": None, "high": None})
        one["n"] += 1
        one["heat"] += heating_w(rows, seen.snapshots, pk)
        # What an open window keeps a room from is not missed by the heating.
        one["window"] = zone.target.lowered is Lowered.WINDOW
        one["target"] = None if one["window"] else zone.target.effective_celsius
        one["sensor"], one["outdoor"] = str(zone.sensor), outdoor_celsius
        if zone.temperature_celsius is not None:
            one["last"], one["humidity"] = zone.temperature_celsius, zone.humidity_percent
            one["observed"] = zone.observed_at.isoformat() if zone.observed_at else None
            one["low"] = min(filter(_known, (one["low"], zone.temperature_celsius)))
            one["high"] = max(filter(_known, (one["high"], zone.temperature_celsius)))


def _known(value: float | None) -> bool:
    return value is not None


_SOURCE_FIELDS = ("production_w", "household_w", "grid_w", "battery_w", "surplus_w")


def _add_sources(sums: Sums, seen: Seen) -> None:
    for pk, state in seen.energy.items():
        one = sums.setdefault(str(pk), {})
        for name in _SOURCE_FIELDS:
            value = getattr(state, name)
            if value is not None:
                total, count = one.get(name, (0.0, 0))
                one[name] = (total + value, count + 1)
        one["soc"] = state.battery_soc_percent
        one["observed"] = state.observed_at.isoformat() if state.observed_at else None


def _add_miners(sums: Sums, rows: SiteRows, seen: Seen) -> None:
    for pk, snapshot in seen.snapshots.items():
        desired = rows.desired.get(pk)
        one = sums.setdefault(str(pk), {"desired": 0.0, "n": 0})
        one["n"] += 1
        one["desired"] += desired.power_w if desired else 0
        for name, value in (("power", snapshot.power_w), ("hash", snapshot.hash_rate_th_s)):
            if value is not None:
                total, count = one.get(name, (0.0, 0))
                one[name] = (total + value, count + 1)
        one["status"], one["chip"] = str(snapshot.status), snapshot.chip_temperature_celsius
        one["observed"] = snapshot.observed_at.isoformat() if snapshot.observed_at else None


def _mean(one: Sums, name: str) -> float | None:
    total, count = one.get(name) or (0.0, 0)
    return total / count if count else None


def rows_of(
    rows: SiteRows, at: datetime, sums: Sums
) -> tuple[list[ZoneReading], list[EnergyReading], list[MinerReading]]:
    """The minute's rows for what still exists."""
    zones = [
        ZoneReading(
            zone_id=UUID(pk),
            at=at,
            temperature_celsius=one.get("last"),
            observed_at=parse_time(one.get("observed")),
            low_celsius=one["low"],
            high_celsius=one["high"],
            humidity_percent=one.get("humidity"),
            target_celsius=one["target"],
            heating_w=one["heat"] / one["n"],
            sensor=one["sensor"],
            # A minute begun by a release that knew neither has neither.
            window_open=one.get("window", False),
            outdoor_celsius=one.get("outdoor"),
        )
        for pk, one in sums["zones"].items()
        if UUID(pk) in rows.zones
    ]
    sources = [
        EnergyReading(
            source_id=UUID(pk),
            at=at,
            battery_soc_percent=one["soc"],
            observed_at=parse_time(one["observed"]),
            **{name: _mean(one, name) for name in _SOURCE_FIELDS},
        )
        for pk, one in sums["sources"].items()
        if UUID(pk) in rows.sources
    ]
    miners = [
        MinerReading(
            miner_id=UUID(pk),
            at=at,
            status=one["status"],
            power_w=_mean(one, "power"),
            desired_w=one["desired"] / one["n"],
            hash_rate_th_s=_mean(one, "hash"),
            chip_temperature_celsius=one["chip"],
            observed_at=parse_time(one["observed"]),
        )
        for pk, one in sums["miners"].items()
        if UUID(pk) in rows.miners
    ]
    return zones, sources, miners


def save(zones: list[ZoneReading], sources: list[EnergyReading], miners: list[MinerReading]) -> None:
    """Write minute rows; a minute that is there already is replaced."""
    for model, owner, batch in (
        (ZoneReading, "zone", zones),
        (EnergyReading, "source", sources),
        (MinerReading, "miner", miners),
    ):
        if batch:
            names = [f.name for f in model._meta.concrete_fields if f.name not in ("id", "at", owner)]
            model.objects.bulk_create(batch, update_conflicts=True, unique_fields=[owner, "at"], update_fields=names)
