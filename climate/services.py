"""What writes climate rows in more than one step: wishes for a target, a zone's schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from sites.services import log_activity

from . import schedule
from .models import (
    HIGH_LIMIT_MARGIN_K,
    TARGET_MAX_CELSIUS,
    TARGET_MIN_CELSIUS,
    ClimateZone,
    TargetOverride,
    TemperatureSlot,
)


def set_override(zone: ClimateZone, target_celsius: float, *, until: datetime | None, by: str) -> TargetOverride:
    """Wish for a target by hand, instead of any earlier wish. Raises ValidationError."""
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
    now = timezone.now()
    if until is not None and until <= now:
        raise ValidationError({"until": "This time has passed. Choose a later one."})
    with transaction.atomic():
        TargetOverride.objects.filter(zone=zone, cancelled_at__isnull=True).update(cancelled_at=now)
        override = TargetOverride.objects.create(zone=zone, target_celsius=target_celsius, until=until, by=by[:80])
        log_activity(zone.site, f"{zone.name}: target {target_celsius:.1f} °C by hand.", actor=by)
        zone.site.wake()
    return override


def cancel_override(zone: ClimateZone, *, by: str) -> bool:
    """Back to the schedule; False when there was nothing to cancel."""
    with transaction.atomic():
        ended = TargetOverride.objects.filter(zone=zone, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
        if ended:
            log_activity(zone.site, f"{zone.name}: back to the schedule.", actor=by)
            zone.site.wake()
    return bool(ended)


def active_override(zone: ClimateZone, now: datetime) -> schedule.Override | None:
    """The wish that holds at `now`."""
    for row in zone.overrides.filter(cancelled_at__isnull=True):
        if row.until is None or now < row.until:
            return schedule.Override(row.target_celsius, row.until)
    return None


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
                target_celsius=slot.target_celsius,
            )
            for slot in slots
        ]
        for row in rows:
            row.clean_fields(exclude=["zone"])
        TemperatureSlot.objects.bulk_create(rows)
        ClimateZone.objects.get(pk=zone.pk).clean()
        zone.site.wake()
