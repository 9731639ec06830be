"""The charts' columns as JSON, and what a page needs to show one: its address, its ranges, its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from climate.models import ClimateZone
from energy.models import EnergySource
from miners.models import Miner

from . import charts, queries
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


def _hours(request: HttpRequest, ranges: dict[int, str]) -> int | None:
    """How far back is asked for; None when it is not one of `ranges`."""
    text = request.GET.get("hours", str(next(iter(ranges))))
    return int(text) if text in map(str, ranges) else None


def _refused(request: HttpRequest, ranges: dict[int, str]) -> JsonResponse:
    seen, choices = request.GET["hours"][:60], ", ".join(map(str, ranges))
    return JsonResponse({"error": f"hours: ‘{seen}’ is not one of {choices}."}, status=422)


@require_safe
@signed_in
def zone_chart(request: HttpRequest, zone_id: UUID) -> JsonResponse:
    """The columns of a room's chart; `hours` is one of its ranges."""
    hours = _hours(request, ROOM_RANGES)
    if hours is None:
        return _refused(request, ROOM_RANGES)
    return JsonResponse(charts.zone_chart(get_object_or_404(ClimateZone, pk=zone_id), hours, timezone.now()))


@require_safe
@signed_in
def energy_chart(request: HttpRequest, source_id: UUID) -> JsonResponse:
    """The columns of a source's chart; `hours` is one of its ranges, by default since the site's last midnight."""
    hours = _hours(request, ENERGY_RANGES)
    if hours is None:
        return _refused(request, ENERGY_RANGES)
    row = get_object_or_404(EnergySource.objects.select_related("site"), pk=source_id)
    at = queries.now_at(row.site)
    begin = at.now - timedelta(hours=hours) if hours else since_midnight(at)
    return JsonResponse(charts.energy_chart(row, begin, at.now))


@require_safe
@signed_in
def miner_chart(request: HttpRequest, miner_id: UUID) -> JsonResponse:
    """The columns of a miner's chart; `hours` is one of its ranges."""
    hours = _hours(request, MINER_RANGES)
    if hours is None:
        return _refused(request, MINER_RANGES)
    return JsonResponse(charts.miner_chart(get_object_or_404(Miner, pk=miner_id), hours, timezone.now()))
