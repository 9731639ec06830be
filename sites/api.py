"""Sites, their alarms and their activity."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.pagination import paginate

from .models import ActivityLog, Alarm, Site
from .rest import rows
from .rest.bodies import Answer, Body, Moment, field, patch_of
from .rest.paging import Paged
from .services import acknowledge_alarm

sites_router = Router(tags=["sites"])
alarms_router = Router(tags=["alarms"])
activity_router = Router(tags=["activity"])

#: What stands in a site; while there is any, the site stays.
_CONTENTS = (
    "units", "miners", "zones", "energy_sources", "circuits", "minercontrollers", "climatemonitors",
    "energymonitors", "home_assistants", "simulated_houses", "mqtt_brokers", "policies",
)  # fmt: skip


class SiteIn(Body):
    name: str = field(Site, "name")
    time_zone: str = field(Site, "time_zone")
    latitude: float | None = field(Site, "latitude")
    longitude: float | None = field(Site, "longitude")
    currency: str = field(Site, "currency")
    temperature_unit: str = field(Site, "temperature_unit")
    control_period_seconds: int = field(Site, "control_period_seconds")
    power_limit_w: int | None = field(Site, "power_limit_w")
    is_active: bool = field(Site, "is_active")


SitePatch = patch_of(SiteIn)


class SiteOut(Answer):
    id: UUID
    name: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    currency: str
    temperature_unit: str
    control_period_seconds: int
    power_limit_w: int | None
    is_active: bool
    is_demo: bool
    is_test_bench: bool


@sites_router.get("", response=list[SiteOut])
@paginate(Paged)
def list_sites(request: HttpRequest):
    """All homes and buildings."""
    return Site.objects.all()


@sites_router.post("", response={201: SiteOut})
def create_site(request: HttpRequest, response: HttpResponse, body: SiteIn):
    """A new site, empty."""
    return rows.created(request, response, rows.write(Site(), body))


@sites_router.get("/{uuid:site_id}", response=SiteOut)
def get_site(request: HttpRequest, site_id: UUID):
    return rows.get(Site.objects.all(), site_id)


class SiteChangedOut(SiteOut):
    not_seen_off: list[str]


@sites_router.patch("/{uuid:site_id}", response=SiteChangedOut)
def change_site(request: HttpRequest, site_id: UUID, body: SitePatch):
    """`is_active: false` switches off everything it heats and waits, at most 20 s, until that is seen.

    `not_seen_off`: a sentence for each miner nobody has seen off yet; the passes go on trying.
    """
    site = rows.get(Site.objects.all(), site_id)
    was_active = site.is_active
    site = rows.write_or_set_aside(site, body, by=rows.person(request))
    site.not_seen_off = rows.see_off(site, by=rows.person(request)) if was_active and not site.is_active else []
    return site


@sites_router.delete("/{uuid:site_id}", response={204: None})
def delete_site(request: HttpRequest, site_id: UUID):
    """An empty site; 409 names what stands in it otherwise."""
    return rows.remove(rows.get(Site.objects.all(), site_id), by=rows.person(request), used_through=_CONTENTS)


class AlarmOut(Answer):
    """`did`: what the program did about it; `remedy`: what a person can do."""

    id: UUID
    site_id: UUID
    kind: str
    subject: str
    severity: str
    text: str
    did: str
    remedy: str
    since: datetime
    ended_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str


@alarms_router.get("", response=list[AlarmOut])
@paginate(Paged)
def list_alarms(request: HttpRequest, site_id: UUID | None = None, is_open: bool | None = Query(None)):
    """Newest first; `is_open=true` leaves out what has ended."""
    alarms = rows.of_site(Alarm.objects.all(), site_id)
    return alarms if is_open is None else alarms.filter(ended_at__isnull=is_open)


@alarms_router.get("/{uuid:alarm_id}", response=AlarmOut)
def get_alarm(request: HttpRequest, alarm_id: UUID):
    return rows.get(Alarm.objects.all(), alarm_id)


@alarms_router.post("/{uuid:alarm_id}/acknowledge", response=AlarmOut)
def acknowledge(request: HttpRequest, alarm_id: UUID):
    """A person has seen it; it stays open until its cause has gone."""
    alarm = rows.get(Alarm.objects.select_related("site"), alarm_id)
    acknowledge_alarm(alarm, by=rows.person(request))
    return alarm


class ActivityOut(Answer):
    id: int
    site_id: UUID | None
    at: datetime
    severity: str
    text: str
    actor: str


@activity_router.get("", response=list[ActivityOut])
@paginate(Paged)
def list_activity(
    request: HttpRequest,
    site_id: UUID | None = None,
    severity: Literal["info", "warning", "alarm"] | None = None,
    since: Moment | None = None,
):
    """What happened, newest first."""
    activity = rows.of_site(ActivityLog.objects.all(), site_id)
    if severity is not None:
        activity = activity.filter(severity=severity)
    return activity if since is None else activity.filter(at__gte=since)
