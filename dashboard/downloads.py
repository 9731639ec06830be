"""What a person takes away: a zone's history as a table for spreadsheets."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from climate.history import Resolution, csv_lines, points
from climate.models import ClimateZone

from .page import signed_in

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


@require_safe
@signed_in
def zone_history(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """`from` ≤ at < `to` (default: the last 30 days) at `resolution` (default: quarter) as CSV."""
    zone = get_object_or_404(ClimateZone, pk=zone_id)
    try:
        end = _moment(request, "to", timezone.now())
        begin = _moment(request, "from", end - _DEFAULT_SPAN)
        resolution = _resolution(request)
    except Unreadable as problem:
        return JsonResponse({"error": str(problem)}, status=422)
    name = f"{zone.slug}-{begin:%Y-%m-%d}-{end:%Y-%m-%d}-{resolution}.csv"
    return StreamingHttpResponse(
        csv_lines(points(zone, begin, end, resolution)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
