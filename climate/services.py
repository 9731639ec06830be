"""What writes climate rows in more than one step: wishes for a target, a zone's schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sites.models import Site
from sites.services import log_activity

from . import schedule
from .models import (
    HIGH_LIMIT_MARGIN_K,
    TARGET_MAX_CELSIUS,
    TARGET_MIN_CELSIUS,
    ClimateZone,
    TargetFields,
    TargetOverride,
    TargetPeriod,
    TemperatureSlot,
)
from .targets import Override, Period, Plan, Preset


def _check_target(zone: ClimateZone, target_celsius: float) -> None:
    """Raises ValidationError unless the zone may be kept at this."""
    if not TARGET_MIN_CELSIUS <= target_celsius <= TARGET_MAX_CELSIUS:
        raise ValidationError(
            {
                "target_celsius": f"{target_celsius:g} °C: choose a target "
                f"from {TARGET_MIN_CELSIUS:g} to {TARGET_MAX_CELSIUS:g} °C."
            }
        )
    highest = zone.high_limit_celsius - HIGH_LIMIT_MARGIN_K - zone.hysteresis_celsius
    if target_celsius > highest:
        raise ValidationError(
            {
                "target_celsius": f"{target_celsius:g} °C is too close to the zone's high limit of "
                f"{zone.high_limit_celsius:g} °C. Choose at most {highest:g} °C or raise the limit."
            }
        )


def set_override(
    zone: ClimateZone, target_celsius: float | None = None, *, preset: str = "", until: datetime | None, by: str
) -> TargetOverride:
    """Wish for a target by hand, instead of any earlier wish: °C or one of the zone's presets.

    Raises ValidationError.
    """
    now = timezone.now()
    override = TargetOverride(zone=zone, target_celsius=target_celsius, preset=preset, until=until, by=by[:80])
    override.clean_fields(exclude=["zone", "target_celsius"])
    override.check_one_target()
    if not preset:
        _check_target(zone, target_celsius)
    if until is not None and until <= now:
        raise ValidationError({"until": "This time has passed. Choose a later one."})
    override.created_at = now
    with transaction.atomic():
        TargetOverride.objects.filter(zone=zone, cancelled_at__isnull=True).update(cancelled_at=now)
        override.save()
        log_activity(zone.site, f"{zone.name}: target {_target_words(override)} by hand.", actor=by)
        zone.site.wake()
    return override


def _target_words(row: TargetFields) -> str:
    return row.target_words if row.preset else f"{row.target_celsius:.1f} °C"


def cancel_override(zone: ClimateZone, *, by: str) -> bool:
    """Back to the schedule; False when there was nothing to cancel."""
    with transaction.atomic():
        ended = TargetOverride.objects.filter(zone=zone, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
        if ended:
            log_activity(zone.site, f"{zone.name}: back to the schedule.", actor=by)
            zone.site.wake()
    return bool(ended)


def active_override(zone: ClimateZone, now: datetime) -> Override | None:
    """The wish that holds at `now`."""
    wishes = (row.as_override() for row in zone.overrides.filter(cancelled_at__isnull=True))
    return next((wish for wish in wishes if wish.holds(now)), None)


def open_periods(site: Site, now: datetime) -> QuerySet[TargetPeriod]:
    """The site's periods that hold at `now` or are still to come."""
    rows = site.target_periods.filter(cancelled_at__isnull=True).prefetch_related("zones")
    return rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))


def periods_of(zone: ClimateZone, rows: Iterable[TargetPeriod]) -> list[Period]:
    """Those of `rows` (of the zone's site, zones prefetched) that mean this zone."""
    return [row.as_period(zone) for row in rows if not row.zones.all() or zone in row.zones.all()]


def plan_of(zone: ClimateZone, now: datetime) -> Plan:
    """All that says what the zone's target is, as stored."""
    return Plan(
        zone.default_target_celsius,
        [slot.as_slot() for slot in zone.slots.all()],
        active_override(zone, now),
        periods_of(zone, open_periods(zone.site, now)),
    )


def start_period(
    site: Site,
    *,
    by: str,
    preset: str = Preset.AWAY,
    target_celsius: float | None = None,
    name: str = "",
    zones: Sequence[ClimateZone] = (),
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> TargetPeriod:
    """Keep the whole home (or `zones` of it) at a preset or target, from now or `starts_at`. Raises ValidationError.

    One that holds until resumed ends any other such: nobody is away and all-eco at once.
    """
    now = timezone.now()
    period = TargetPeriod(
        site=site,
        name=name or Preset(preset).label,
        preset=preset,
        target_celsius=target_celsius,
        starts_at=starts_at or now,
        ends_at=ends_at,
        created_at=now,
        by=by[:80],
    )
    period.full_clean()
    if ends_at is not None and ends_at <= now:
        raise ValidationError({"ends_at": "This time has passed. Choose a later one."})
    for zone in zones or site.zones.all():
        if target_celsius is not None:
            _check_target(zone, target_celsius)
    with transaction.atomic():
        if not zones and ends_at is None:
            open_ended = site.target_periods.filter(cancelled_at__isnull=True, ends_at__isnull=True, zones=None)
            open_ended.filter(starts_at__lte=period.starts_at).update(cancelled_at=now)
        period.save()
        period.zones.set(zones)
        log_activity(site, f"{site.name}: {period.name}, {_target_words(period)}.", actor=by)
        site.wake()
    return period


def end_period(period: TargetPeriod, *, by: str) -> None:
    """Back to the schedule; fine when it was over already."""
    with transaction.atomic():
        ended = TargetPeriod.objects.filter(pk=period.pk, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
        if ended:
            log_activity(period.site, f"{period.site.name}: {period.name} is over.", actor=by)
            period.site.wake()


def replace_schedule(zone: ClimateZone, slots: Sequence[schedule.Slot]) -> None:
    """Put `slots` in place of the zone's schedule. Raises ValidationError on an overlap or a bad target."""
    clash = schedule.find_overlap(slots)
    if clash is not None:
        raise ValidationError({"slots": clash.sentence})
    with transaction.atomic():
        # The row lock (or SQLite's one writer) keeps two editors from interleaving.
        ClimateZone.objects.select_for_update().get(pk=zone.pk)
        zone.slots.all().delete()
        rows = [
            TemperatureSlot(
                zone=zone,
                weekdays=slot.weekdays,
                start_time=slot.start,
                end_time=slot.end,
                target_celsius=None if slot.preset else slot.target_celsius,
                preset=slot.preset,
            )
            for slot in slots
        ]
        for row in rows:
            row.clean_fields(exclude=["zone"])
        TemperatureSlot.objects.bulk_create(rows)
        ClimateZone.objects.get(pk=zone.pk).clean()
        zone.site.wake()
