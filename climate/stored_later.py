"""Storing what was asked of rooms while nothing could be stored; the passes have held it from memory since.

Named by the orders of `climate.lower`. What is over by now raises ValidationError, which says so.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from sites.models import Site

from . import services
from .models import ClimateZone, TargetOverride, TargetPeriod


def override(zone_ids: list[str], target_celsius: float | None, preset: str, until: str | None, by: str) -> None:
    """A target by hand that was asked for while nothing could be stored. Raises ValidationError when it is over."""
    now, end = timezone.now(), _time(until)
    if end is not None and end <= now:
        raise ValidationError("it has ended since.")
    for zone in ClimateZone.objects.filter(pk__in=zone_ids).select_related("site"):
        row = TargetOverride(zone=zone, target_celsius=target_celsius, preset=preset, until=end, by=by, created_at=now)
        services.write_override(row, by)


def cancel(zone_ids: list[str], by: str) -> None:
    """“Back to the schedule” that was asked for while nothing could be stored."""
    for zone in ClimateZone.objects.filter(pk__in=zone_ids).select_related("site"):
        services.write_cancel(zone, by)


def period(
    site_id: str,
    zone_ids: list[str],
    is_whole: bool,
    preset: str,
    target_celsius: float | None,
    name: str,
    ends_at: str | None,
    by: str,
) -> None:
    """“Away” and its like that were asked for while nothing could be stored. Raises ValidationError when it is over."""
    site, now = Site.objects.get(pk=site_id), timezone.now()
    row = TargetPeriod(
        site=site, name=name, preset=preset, target_celsius=target_celsius, starts_at=now, ends_at=_time(ends_at),
        created_at=now, by=by[:80],
    )  # fmt: skip
    zones = [] if is_whole else list(site.zones.filter(pk__in=zone_ids))
    services.write_period(row, zones, True, by)


def end(zone_ids: list[str], period_id: str, by: str) -> None:
    """The end of a period that was asked for while nothing could be stored."""
    services.write_end(TargetPeriod.objects.select_related("site").get(pk=period_id), by)


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_datetime(text)
