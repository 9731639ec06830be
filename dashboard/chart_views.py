"""The charts' columns as JSON, and what a page needs to show one: its address, its ranges, its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from climate.models import ClimateZone
from energy.models import EnergySource
from miners.models import Miner

from . import charts, degrees, queries
from .energy_panel import since_midnight
from .page import signed_in
from .stats import Stat

#: How far back a chart goes in hours, and what its button says; the first is shown first.
ROOM_RANGES = {6: "6 h", 24: "24 h", 7 * 24: "7 d", 30 * 24: "30 d"}
#: 0: since midnight.
ENERGY_RANGES = {0: "Today", 24: "24 h", 7 * 24: "7 d", 30 * 24: "30 d"}
MINER_RANGES = {24: "24 h", 7 * 24: "7 d", 30 * 24: "30 d"}


@dataclass(frozen=True, slots=True)
class ChartBox:
    """A chart on a page: which kind, where its columns come from, its ranges, its figures before they are known."""

    id: str
    kind: str
    src: str
    ranges: dict[int, str]
    stats: list[Stat]


def _chart(ranges: dict[int, str]) -> Callable[[Callable[..., dict]], Callable[..., HttpResponse]]:
    """Makes `columns(hours, …) -> dict` a view: signed in, and `hours` is one of `ranges`, by default the first."""

    def make(columns: Callable[..., dict]) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, **ids: UUID) -> JsonResponse:
            text = request.GET.get("hours", str(next(iter(ranges))))
            if text not in map(str, ranges):
                sentence = f"hours: ‘{text[:60]}’ is not one of {', '.join(map(str, ranges))}."
                return JsonResponse({"error": sentence}, status=422)
            return JsonResponse(columns(int(text), **ids))

        return require_safe(signed_in(wraps(columns)(view)))

    return make


@_chart(ROOM_RANGES)
def zone_chart(hours: int, zone_id: UUID) -> dict:
    """The columns of a room's chart."""
    row = get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)
    with degrees.shown_in(row.site.temperature_unit):
        return charts.zone_chart(row, hours, timezone.now())


@_chart(ENERGY_RANGES)
def energy_chart(hours: int, source_id: UUID) -> dict:
    """The columns of a source's chart; 0 hours: since the site's last midnight."""
    row = get_object_or_404(EnergySource.objects.select_related("site"), pk=source_id)
    at = queries.now_at(row.site)
    begin = at.now - timedelta(hours=hours) if hours else since_midnight(at)
    return charts.energy_chart(row, begin, at.now)


@_chart(MINER_RANGES)
def miner_chart(hours: int, miner_id: UUID) -> dict:
    """The columns of a miner's chart."""
    row = get_object_or_404(Miner.objects.select_related("site"), pk=miner_id)
    with degrees.shown_in(row.site.temperature_unit):
        return charts.miner_chart(row, hours, timezone.now())
