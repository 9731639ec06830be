"""Rows and the live snapshot of a site, as facts; the number of SQL statements never depends on the number of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from climate.models import TARGET_MAX_CELSIUS, ClimateZone, TargetPeriod
from climate.services import open_periods, overrides_in_force
from climate.targets import Override, Plan, Preset, resolve_target
from energy.models import EnergySource
from miners.drivers import dead_man
from miners.models import Miner, MinerController, PoolAccount
from miners.requests.queries import requests_in_force
from optimization.control.memory import parse_time
from optimization.models import OptimizationUnit
from optimization.site_plan.cache import plan_of
from optimization.site_plan.plan import ZonePlan
from sites import live
from sites.alarms import KINDS
from sites.models import Alarm, Site

from . import last_hours
from .facts import AlarmFacts, DeadMan, MinerFacts, Moment, PeriodFacts, SourceFacts, Wish, ZoneFacts
from .pools_card import PoolFacts


def now_at(site: Site) -> Moment:
    return Moment(timezone.now(), site.tz)


def snapshot(site: Site) -> dict[str, Any]:
    """The live snapshot, {} before the first pass."""
    return live.read(site.pk) or {}


def seen_at(site: Site) -> str:
    """When the last completed pass looked, as the snapshot says; empty before the first."""
    return snapshot(site).get("at", "")


def outdoor(site: Site) -> dict[str, Any] | None:
    """The live outdoor sensor of the home (`temperature_celsius` None: not believed); None: it has none."""
    return snapshot(site).get("outdoor")


def alarms(site: Site) -> tuple[AlarmFacts, ...]:
    """Open alarms, the gravest first."""
    rows = Alarm.objects.filter(site=site, ended_at__isnull=True)
    facts = [
        AlarmFacts(
            str(row.pk), row.subject, row.severity, row.text, row.did, row.remedy, row.since,
            acknowledged=row.acknowledged_at is not None,
        )
        for row in rows
    ]  # fmt: skip
    facts += _unsaved_alarms(site)
    return tuple(
        sorted(facts, key=lambda alarm: (alarm.severity != "alarm", alarm.acknowledged, -alarm.since.timestamp()))
    )


def _unsaved_alarms(site: Site) -> list[AlarmFacts]:
    """What the last pass found and could not store."""
    return [
        AlarmFacts(
            f"unsaved-{number}", one["subject"], KINDS[one["kind"]].severity, one["text"], KINDS[one["kind"]].did,
            KINDS[one["kind"]].remedy, parse_time(one["since"]), is_stored=False,
        )
        for number, one in enumerate(snapshot(site).get("unsaved_alarms", ()))
    ]  # fmt: skip


def wishes(site: Site, now: datetime) -> dict[str, Wish]:
    """The wish that holds for each miner, by miner id."""
    rows = requests_in_force(site.pk, now)
    return {str(pk): Wish(row.power_w, row.until, row.created_at, row.by, row.origin) for pk, row in rows.items()}


def miners(site: Site, now: datetime) -> tuple[MinerFacts, ...]:
    """Every miner of the site."""
    seen, wished = snapshot(site).get("miners", {}), wishes(site, now)
    units = dict(
        OptimizationUnit.objects.filter(site=site, is_enabled=True, miners__isnull=False)
        .order_by("name")
        .values_list("miners", "name")
    )
    rows = Miner.objects.filter(site=site).select_related("controller", "cutoff", "desired").prefetch_related("zones")
    return tuple(
        MinerFacts(
            id=str(row.pk),
            name=row.name,
            nominal_power_w=row.nominal_power_w,
            wish=_as_taken(wished.get(str(row.pk)), row),
            has_controller=row.controller_id is not None,
            is_active=row.is_active,
            zone_names=tuple(zone.name for zone in row.zones.all()),
            heats_no_room=row.heats_no_room,
            unit_name=units.get(row.pk, ""),
            live=seen.get(str(row.pk), {}),
            dead_man=_dead_man(row.controller, row.cutoff),
            power=row.detected_power,
            starts=starts_of(row, now),
            max_starts_per_day=row.max_starts_per_day,
            is_plain=row.device_class in ("", "plain") and not (row.controller and row.controller.can_identify),
        )
        for row in rows
    )


def _as_taken(wish: Wish | None, row: Miner) -> Wish | None:
    """With the watts the miner really takes, whatever its row says."""
    return None if wish is None else replace(wish, power_w=row.takes_w(wish.power_w))


def starts_of(row: Miner, now: datetime) -> tuple[datetime, ...]:
    """When it was started in the last 24 h (aware), in order; what is no time is left out."""
    desired = getattr(row, "desired", None)
    times = [parse_time(text) for text in (desired.starts if desired is not None else ())]
    return tuple(sorted(at for at in times if at is not None and timedelta(0) <= now - at < timedelta(hours=24)))


def _dead_man(controller: MinerController | None, cutoff: MinerController | None) -> DeadMan | None:
    """Nothing is said of what switches nothing real."""
    if controller is None or not controller.is_real:
        return None
    upstream = None if cutoff is None else dead_man.dead_man_of(cutoff)
    words = dead_man.together(dead_man.dead_man_of(controller), upstream)
    return DeadMan(words, dead_man.help_of(controller), str(controller.pk))


def period_rows(site: Site, now: datetime) -> list[TargetPeriod]:
    """Periods that hold or are still to come, in the order they begin."""
    return sorted(open_periods(site, now), key=lambda row: row.starts_at)


def period_facts(rows: Iterable[TargetPeriod]) -> tuple[PeriodFacts, ...]:
    return tuple(
        PeriodFacts(
            str(row.pk), row.name, row.preset, row.target_celsius, row.starts_at, row.ends_at,
            max(row.starts_at, row.created_at), tuple(zone.name for zone in row.zones.all()),
        )
        for row in rows
    )  # fmt: skip


def zones(
    site: Site, at: Moment, miners: Iterable[MinerFacts], only: ClimateZone | None = None
) -> tuple[ZoneFacts, ...]:
    """Every zone of the site (or only one) with its miners."""
    plans = _zone_plans(site, only)
    ids = [plan.pk for plan in plans]
    seen, overrides, readings = (
        snapshot(site).get("zones", {}),
        overrides_in_force(site.pk, ids, at.now),
        last_hours.of_zones((only or site).pk, ids, at.now),
    )
    by_id = {miner.id: miner for miner in miners}
    return tuple(_zone(plan, at, overrides.get(plan.pk), seen, readings, by_id) for plan in plans)


def _zone_plans(site: Site, only: ClimateZone | None) -> list[ZonePlan]:
    """As the control pass has them: an alarm names a room whose settings cannot be used."""
    plan = plan_of(site.pk)
    zones = {} if plan is None else plan.zones
    return [one for one in zones.values() if only is None or one.pk == only.pk]


def _zone(zone: ZonePlan, at: Moment, override: Override | None, seen: dict, readings: dict, by_id: dict) -> ZoneFacts:
    plan = Plan(zone.default_target_celsius, zone.slots, override, zone.periods)
    return ZoneFacts(
        id=zone.key,
        name=zone.name,
        target=resolve_target(plan, at.now, at.tz),
        hysteresis_celsius=zone.hysteresis_celsius,
        stale_after_seconds=min((int(one.limit_of_age.total_seconds()) for one in zone.monitors), default=None),
        miners=tuple(by_id[str(pk)] for pk, _ in zone.heated_by if str(pk) in by_id),
        live=seen.get(zone.key, {}),
        rows=readings.get(zone.pk, ()),
        presets=tuple((str(preset), zone.celsius_of(preset, None)) for preset in Preset),
        highest_target_celsius=min(zone.highest_target_celsius, TARGET_MAX_CELSIUS),
    )


def sources(site: Site) -> tuple[SourceFacts, ...]:
    """Every energy source of the site."""
    seen = snapshot(site).get("energy", {})
    return tuple(
        SourceFacts(
            id=str(row.pk),
            name=row.name,
            has_production=row.has_production,
            has_battery=row.has_battery,
            has_grid=row.has_grid,
            has_monitor=row.monitor_id is not None,
            live=seen.get(str(row.pk), {}),
        )
        for row in EnergySource.objects.filter(site=site)
    )


def running_w(site: Site) -> float:
    """What the site's miners draw now (W), as the last pass reckons it: measured, else wanted of those seen on."""
    return sum(seen.get("drawn_w") or 0.0 for seen in snapshot(site).get("miners", {}).values())


def pools(site: Site) -> tuple[PoolFacts, ...]:
    """Every pool account of the site."""
    return tuple(
        PoolFacts(row.name, row.last, row.read_at, row.problem)
        for row in PoolAccount.objects.filter(site=site).order_by("name")
    )
