"""Rows and the live snapshot of a site, as facts; the number of SQL statements never depends on the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from climate.models import TARGET_MAX_CELSIUS, ClimateZone, TargetPeriod, ZoneReading
from climate.services import open_periods, overrides_in_force, periods_of
from climate.targets import Override, Period, Plan, Preset, resolve_target
from energy.models import EnergySource
from miners.drivers import dead_man
from miners.models import Miner, MinerController, PoolAccount
from miners.requests.queries import requests_in_force
from optimization.control.memory import parse_time
from optimization.models import OptimizationUnit
from sites import live
from sites.alarms import KINDS
from sites.models import Alarm, Site
from sites.store import store

from .facts import AlarmFacts, DeadMan, MinerFacts, Moment, PeriodFacts, SourceFacts, Wish, ZoneFacts
from .pools_card import PoolFacts
from .sparkline import HOURS, Row

#: Minute rows change once a minute: a page asking every 5 s need not read them each time.
ROWS_KEPT_SECONDS = 20


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


def _last_hours(key: Any, zone_ids: list, now: datetime) -> dict[str, list]:
    """The minute rows of the last 6 hours by zone id, as plain lists (ISO time, °C, target °C, W).

    `key`: what the rows are of, the site or one zone.
    """
    key = f"last-hours:{key}"
    kept = store().get(key)
    if kept is not None:
        return kept
    found: dict[str, list] = defaultdict(list)
    # The index is (zone, at): naming the zones keeps the database from scanning every row there is.
    rows = ZoneReading.objects.filter(zone__in=zone_ids, at__gte=now - timedelta(hours=HOURS)).order_by("zone", "at")
    for zone_id, at, *values in rows.values_list("zone_id", "at", "temperature_celsius", "target_celsius", "heating_w"):
        found[str(zone_id)].append([at.isoformat(), *values])
    store().set(key, found, ttl_seconds=ROWS_KEPT_SECONDS)
    return found


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
    site: Site,
    at: Moment,
    miners: Iterable[MinerFacts],
    periods: Iterable[TargetPeriod],
    only: ClimateZone | None = None,
) -> tuple[ZoneFacts, ...]:
    """Every zone of the site (or only one) with its miners. `periods`: those of the site."""
    rows = ClimateZone.objects.filter(site=site).prefetch_related("slots", "monitors", "miners")
    rows = list(rows.filter(pk=only.pk) if only else rows)
    ids = [row.pk for row in rows]
    seen, overrides, readings = (
        snapshot(site).get("zones", {}),
        overrides_in_force(site.pk, ids, at.now),
        _last_hours((only or site).pk, ids, at.now),
    )
    by_id = {miner.id: miner for miner in miners}
    return tuple(_zone(row, at, overrides.get(row.pk), periods_of(row, periods), seen, readings, by_id) for row in rows)


def _zone(
    row, at: Moment, override: Override | None, periods: list[Period], seen: dict, readings: dict, by_id: dict
) -> ZoneFacts:
    key = str(row.pk)
    plan = Plan(row.default_target_celsius, [slot.as_slot() for slot in row.slots.all()], override, periods)
    target = resolve_target(plan, at.now, at.tz)
    return ZoneFacts(
        id=key,
        name=row.name,
        target=target,
        hysteresis_celsius=row.hysteresis_celsius,
        stale_after_seconds=min(
            (int(monitor.limit_of_age.total_seconds()) for monitor in row.monitors.all()), default=None
        ),
        miners=tuple(by_id[str(miner.pk)] for miner in row.miners.all() if str(miner.pk) in by_id),
        live=seen.get(key, {}),
        rows=tuple(Row(datetime.fromisoformat(time), *values) for time, *values in readings.get(key, ())),
        presets=tuple((str(preset), row.preset_celsius(preset)) for preset in Preset),
        highest_target_celsius=min(row.highest_target_celsius, TARGET_MAX_CELSIUS),
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
