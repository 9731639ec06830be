"""What a person takes away: the history of a room or a miner as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from climate.history import Resolution, csv_lines, points
from climate.models import ClimateZone
from miners.models import Miner
from miners.rollup import MINERS
from sites import csv_export

from .page import signed_in
from .past import buckets

_DEFAULT_SPAN = timedelta(days=30)


class Unreadable(Exception):
    """A part of the address that cannot be used: a sentence naming it, what was seen and the remedy."""


def _moment(request: HttpRequest, name: str, default: datetime) -> datetime:
    text = request.GET.get(name, "")
    if not text:
        return default
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year <= 2200:
        raise Unreadable(
            f"{name}: ‘{text[:60]}’ is not a time with its UTC offset. Write it like 2026-11-22T18:00:00Z."
        )
    return found


def _resolution(request: HttpRequest) -> Resolution:
    text = request.GET.get("resolution", Resolution.QUARTER)
    if text not in set(Resolution):
        raise Unreadable(f"resolution: ‘{text[:60]}’ is not one of {', '.join(Resolution)}.")
    return Resolution(text)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`begin` ≤ at < `end` at a resolution."""

    begin: datetime
    end: datetime
    resolution: Resolution


def _asked(request: HttpRequest) -> _Asked:
    """`from` (default: 30 days before the end), `to` (default: now), `resolution` (default: quarter)."""
    end = _moment(request, "to", timezone.now())
    return _Asked(_moment(request, "from", end - _DEFAULT_SPAN), end, _resolution(request))


def _table(slug: str, asked: _Asked, lines: Iterator[str]) -> StreamingHttpResponse:
    name = f"{slug}-{asked.begin:%Y-%m-%d}-{asked.end:%Y-%m-%d}-{asked.resolution}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
@signed_in
def zone_history(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """`from` ≤ at < `to` (default: the last 30 days) at `resolution` (default: quarter) as CSV."""
    zone = get_object_or_404(ClimateZone, pk=zone_id)
    try:
        asked = _asked(request)
    except Unreadable as problem:
        return JsonResponse({"error": str(problem)}, status=422)
    return _table(zone.slug, asked, csv_lines(points(zone, asked.begin, asked.end, asked.resolution)))


_MINUTE_COLUMNS = ("status", "power_w", "desired_w", "hash_rate_th_s", "chip_temperature_celsius")
_BUCKET_COLUMNS = ("energy_wh", "hash_rate_th_s", "on_minutes", "starts")


@require_safe
@signed_in
def miner_history(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """The same of a miner; its minutes have other columns than quarters and hours."""
    miner = get_object_or_404(Miner, pk=miner_id)
    try:
        asked = _asked(request)
    except Unreadable as problem:
        return JsonResponse({"error": str(problem)}, status=422)
    if asked.resolution is Resolution.MINUTE:
        minutes = miner.readings.filter(at__gte=asked.begin, at__lt=asked.end).order_by("at")
        lines = csv_export.csv_lines(_MINUTE_COLUMNS, minutes.values_list("at", *_MINUTE_COLUMNS).iterator())
    else:
        past = buckets(
            MINERS, miner.pk, asked.begin.astimezone(UTC), asked.end, _BUCKET_COLUMNS, asked.resolution.minutes
        )
        columns = ("minutes", *_BUCKET_COLUMNS)
        lines = csv_export.csv_lines(columns, ((at, *(of[name] for name in columns)) for at, of in past))
    return _table(miner.slug, asked, lines)
