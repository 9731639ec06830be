"""Energy sources and the monitors that read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.pagination import paginate
from pydantic import Field

from integrations.adapter_api import AdapterIn, AdapterOut, adapter_router
from sites.rest import rows
from sites.rest.bodies import Answer, Body, Moment, field, patch_of
from sites.rest.paging import Paged

from .models import EnergyMonitor, EnergySource, SourceType


class EnergyMonitorIn(AdapterIn):
    stale_after_seconds: int = field(EnergyMonitor, "stale_after_seconds")
    production_stale_after_seconds: int | None = field(EnergyMonitor, "production_stale_after_seconds")
    household_stale_after_seconds: int | None = field(EnergyMonitor, "household_stale_after_seconds")
    grid_stale_after_seconds: int | None = field(EnergyMonitor, "grid_stale_after_seconds")
    battery_stale_after_seconds: int | None = field(EnergyMonitor, "battery_stale_after_seconds")
    charge_stale_after_seconds: int | None = field(EnergyMonitor, "charge_stale_after_seconds")


class EnergyMonitorOut(AdapterOut):
    stale_after_seconds: int
    production_stale_after_seconds: int | None
    household_stale_after_seconds: int | None
    grid_stale_after_seconds: int | None
    battery_stale_after_seconds: int | None
    charge_stale_after_seconds: int | None


monitors_router = adapter_router(
    EnergyMonitor, EnergyMonitorIn, EnergyMonitorOut, used_through=("sources",), heats=False
)
sources_router = Router(tags=["energy-sources"])

#: W or Wh; beyond it somebody has mixed up units.
Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]


class SourceIn(Body):
    """Watts and watt-hours. What a source does not have is absent for rules, never unknown."""

    site_id: UUID
    name: str = field(EnergySource, "name")
    type: SourceType = SourceType.SOLAR
    nominal_power_w: Amount | None = None
    has_battery: bool = False
    battery_capacity_wh: Amount | None = None
    has_grid: bool = True
    contracted_power_w: Amount | None = Field(None, description="What the grid connection may carry.")
    energy_monitor_id: UUID | None = None


SourcePatch = patch_of(SourceIn)
_LINKS = {"energy_monitor_id": rows.Link("monitor", EnergyMonitor)}


class SourceOut(Answer):
    id: UUID
    site_id: UUID
    name: str
    slug: str
    type: str
    nominal_power_w: int | None
    has_battery: bool
    battery_capacity_wh: int | None
    has_grid: bool
    contracted_power_w: int | None
    energy_monitor_id: UUID | None

    @staticmethod
    def resolve_energy_monitor_id(source: EnergySource) -> UUID | None:
        return source.monitor_id


def _source(pk: UUID) -> EnergySource:
    return rows.get(EnergySource.objects.all(), pk)


@sources_router.get("", response=list[SourceOut])
@paginate(Paged)
def list_sources(request: HttpRequest, site_id: UUID | None = None):
    return rows.of_site(EnergySource.objects.all(), site_id)


@sources_router.get("/types", response=list[str])
def list_source_types(request: HttpRequest):
    return list(SourceType.values)


@sources_router.post("", response={201: SourceOut})
def create_source(request: HttpRequest, response: HttpResponse, body: SourceIn):
    source = rows.write(EnergySource(site=rows.site(body.site_id)), body, _LINKS)
    return rows.created(request, response, source)


@sources_router.get("/{uuid:source_id}", response=SourceOut)
def get_source(request: HttpRequest, source_id: UUID):
    return _source(source_id)


@sources_router.patch("/{uuid:source_id}", response=SourceOut)
def change_source(request: HttpRequest, source_id: UUID, body: SourcePatch):
    return rows.write(_source(source_id), body, _LINKS)


@sources_router.delete("/{uuid:source_id}", response={204: None})
def delete_source(request: HttpRequest, source_id: UUID):
    """409 names the units that use it."""
    return rows.remove(_source(source_id), by=rows.person(request), used_through=("units",))


class EnergyStateOut(Answer):
    """What the last pass saw: W, Wh and %; grid + is import, battery + is charging; null is unknown."""

    source_id: UUID
    production_w: float | None = None
    household_w: float | None = None
    grid_w: float | None = None
    battery_w: float | None = None
    battery_soc_percent: float | None = None
    surplus_w: float | None = None
    observed_at: datetime | None = None
    problem: str = ""
    notes: list[str] = Field([], description="What was read and put right: no fault, but worth knowing.")


@sources_router.get("/{uuid:source_id}/state", response=EnergyStateOut)
def get_state(request: HttpRequest, source_id: UUID):
    source = _source(source_id)
    seen = rows.seen(source, "energy") or {"problem": "No control pass has looked at this source since the start."}
    return {"source_id": source.pk, **seen}


class EnergyHistoryOut(Answer):
    """One minute: W are its means, the rest its last value."""

    at: datetime
    production_w: float | None
    household_w: float | None
    grid_w: float | None
    battery_w: float | None
    battery_soc_percent: float | None
    surplus_w: float | None
    observed_at: datetime | None


@sources_router.get("/{uuid:source_id}/readings", response=list[EnergyHistoryOut])
@paginate(Paged)
def list_readings(request: HttpRequest, source_id: UUID, since: Moment | None = None, until: Moment | None = None):
    """Recorded minutes, oldest first, `since` ≤ at < `until`."""
    return rows.between(_source(source_id).readings.order_by("at"), since, until)
