"""Periods of a home: away, holidays, all eco."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from ninja.pagination import paginate
from ninja.responses import Status
from pydantic import Field

from sites.rest import rows
from sites.rest.bodies import Answer, Body, Moment, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import renamed

from . import services
from .models import ClimateZone, TargetPeriod
from .targets import Preset

router = Router(tags=["target-periods"])


class TargetPeriodIn(Body):
    """A preset or a target for the whole home or some zones, from `starts_at` until `ends_at`."""

    site_id: UUID
    name: str = Field("", max_length=80, description="As the rooms say it: holiday, away, guests. Empty: the preset.")
    preset: Preset | None = None
    target_celsius: float | None = field(TargetPeriod, "target_celsius")
    climate_zone_ids: list[UUID] = Field([], max_length=100, description="Which rooms. Empty: the whole home.")
    starts_at: Moment | None = Field(None, description="With its UTC offset; empty: now.")
    ends_at: Moment | None = Field(None, description="With its UTC offset; empty: until you end it.")


TargetPeriodPatch = patch_of(TargetPeriodIn)


class TargetPeriodOut(Answer):
    """`ended_at`: when somebody ended it by hand."""

    id: UUID
    site_id: UUID
    name: str
    preset: Preset | None
    target_celsius: float | None
    climate_zone_ids: list[UUID]
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    by: str

    @staticmethod
    def resolve_preset(row: TargetPeriod) -> Preset | None:
        return row.preset or None

    @staticmethod
    def resolve_climate_zone_ids(row: TargetPeriod) -> list[UUID]:
        return [zone.pk for zone in row.zones.all()]

    @staticmethod
    def resolve_ended_at(row: TargetPeriod) -> datetime | None:
        return row.cancelled_at


_API_NAMES = {"zones": "climate_zone_ids"}


def _periods() -> QuerySet[TargetPeriod]:
    return TargetPeriod.objects.select_related("site").prefetch_related("zones")


def _zones(ids: list[UUID], site_id: UUID) -> list[ClimateZone]:
    return [rows.linked(ClimateZone, pk, site_id, ["body", "climate_zone_ids", index]) for index, pk in enumerate(ids)]


@router.get("", response=list[TargetPeriodOut])
@paginate(Paged)
def list_periods(request: HttpRequest, site_id: UUID | None = None, include_over: bool = False):
    """What holds or is still to come, by its start; `include_over`: also what is over."""
    found = rows.of_site(_periods(), site_id)
    if include_over:
        return found
    return found.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()), cancelled_at__isnull=True)


@router.post("", response={201: TargetPeriodOut})
def create_period(request: HttpRequest, response: HttpResponse, body: TargetPeriodIn):
    """For now it ends what was started so for the same rooms; planned ones of the same rooms may not overlap."""
    site = rows.site(body.site_id)
    values = body.model_dump(exclude={"site_id", "climate_zone_ids"})
    values["preset"] = body.preset or ""
    try:
        period = services.start_period(
            site, by=rows.person(request), zones=_zones(body.climate_zone_ids, site.pk), **values
        )
    except ValidationError as error:
        raise renamed(error, _API_NAMES) from None
    return rows.created(request, response, period)


@router.get("/{uuid:period_id}", response=TargetPeriodOut)
def get_period(request: HttpRequest, period_id: UUID):
    return rows.get(_periods(), period_id)


@router.patch("/{uuid:period_id}", response=TargetPeriodOut)
def change_period(request: HttpRequest, period_id: UUID, body: TargetPeriodPatch):
    """A preset sent alone takes the place of the target, and the other way round."""
    period = rows.get(_periods(), period_id)
    values = body.model_dump(exclude_unset=True)
    ids = values.pop("climate_zone_ids", None)
    zones = None if ids is None else _zones(ids, period.site_id)
    try:
        services.change_period(period, _completed(values), zones, by=rows.person(request))
    except ValidationError as error:
        raise renamed(error, _API_NAMES) from None
    return rows.get(_periods(), period_id)


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as columns: no preset is "", no start is now, and of preset and target one gives way."""
    if values.get("preset") and "target_celsius" not in values:
        values["target_celsius"] = None
    if values.get("target_celsius") is not None and "preset" not in values:
        values["preset"] = ""
    if "preset" in values:
        values["preset"] = values["preset"] or ""
    if values.get("starts_at", ...) is None:
        values["starts_at"] = timezone.now()
    return values


@router.delete("/{uuid:period_id}", response={204: None})
def end_period(request: HttpRequest, period_id: UUID):
    """Back to the schedule; fine when it was ended already."""
    services.end_period(rows.get(_periods(), period_id), by=rows.person(request))
    return Status(204, None)
