"""Climate zones and the monitors that read them."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from ninja.pagination import paginate
from ninja.responses import Status
from pydantic import Field, model_validator

from integrations.adapter_api import AdapterIn, AdapterOut, adapter_router
from sites.rest import rows
from sites.rest.bodies import Answer, Body, Moment, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import Invalid, Missing, invalid, problem, renamed

from . import history, schedule, services, zone_checks
from .models import ClimateMonitor, ClimateZone, TargetOverride, TemperatureSlot
from .override_duration import MAX_MINUTES, Hold
from .state import Lowered, SensorHealth, TargetSource
from .targets import Preset


class ClimateMonitorIn(AdapterIn):
    stale_after_seconds: int = field(ClimateMonitor, "stale_after_seconds")
    long_silence_confirmed: bool = field(ClimateMonitor, "long_silence_confirmed")
    plausible_low_celsius: float | None = field(ClimateMonitor, "plausible_low_celsius")
    plausible_high_celsius: float | None = field(ClimateMonitor, "plausible_high_celsius")
    max_jump_k: float = field(ClimateMonitor, "max_jump_k")
    is_outdoor: bool = field(ClimateMonitor, "is_outdoor")


class ClimateMonitorOut(AdapterOut):
    stale_after_seconds: int
    long_silence_confirmed: bool
    plausible_low_celsius: float | None
    plausible_high_celsius: float | None
    max_jump_k: float
    is_outdoor: bool


monitors_router = adapter_router(
    ClimateMonitor, ClimateMonitorIn, ClimateMonitorOut, used_through=("zones",), heats=True
)
zones_router = Router(tags=["climate-zones"])


class ConfirmIn(Body):
    """What it says, as the person saw it."""

    celsius: float = Field(ge=-60, le=60, description="°C; `doubted_celsius` of the zone's reading.")


@monitors_router.post("/{uuid:row_id}/confirm", response={204: None})
def confirm_value(request: HttpRequest, row_id: UUID, body: ConfirmIn):
    """What a sensor in doubt says is right: the next pass believes it. 422 when nothing, or another value, is."""
    monitor = rows.get(ClimateMonitor.objects.select_related("site"), row_id)
    services.confirm_value(monitor, body.celsius, by=rows.person(request))
    return Status(204, None)


class ZoneIn(Body):
    site_id: UUID
    name: str = field(ClimateZone, "name")
    area_sqm: float | None = field(ClimateZone, "area_sqm")
    climate_monitor_ids: list[UUID] = Field([], max_length=20, description="The sensors that read it.")
    default_target_celsius: float = field(ClimateZone, "default_target_celsius")
    hysteresis_celsius: float = field(ClimateZone, "hysteresis_celsius")
    high_limit_celsius: float = field(ClimateZone, "high_limit_celsius")
    comfort_celsius: float = field(ClimateZone, "comfort_celsius")
    eco_celsius: float = field(ClimateZone, "eco_celsius")
    away_celsius: float = field(ClimateZone, "away_celsius")
    frost_protection: bool = field(ClimateZone, "frost_protection")
    frost_limit_celsius: float = field(ClimateZone, "frost_limit_celsius")
    position: int = Field(0, ge=0, le=32767, description="Order on the dashboard.")


ZonePatch = patch_of(ZoneIn)
_LINKS = {"climate_monitor_ids": rows.Link("monitors", ClimateMonitor)}


class ZoneOut(Answer):
    """`slug` is the zone's name in rule paths: `climate.zones.<slug>.temperature_celsius`."""

    id: UUID
    site_id: UUID
    name: str
    slug: str
    area_sqm: float | None
    climate_monitor_ids: list[UUID]
    default_target_celsius: float
    hysteresis_celsius: float
    high_limit_celsius: float
    comfort_celsius: float
    eco_celsius: float
    away_celsius: float
    frost_protection: bool
    frost_limit_celsius: float
    position: int

    @staticmethod
    def resolve_climate_monitor_ids(zone: ClimateZone) -> list[UUID]:
        return [monitor.pk for monitor in zone.monitors.all()]


def _zones() -> QuerySet[ClimateZone]:
    return ClimateZone.objects.prefetch_related("monitors")


def _zone(pk: UUID) -> ClimateZone:
    return rows.get(ClimateZone.objects.select_related("site"), pk)


def _sensors_fit(zone: ClimateZone) -> None:
    """A sensor outdoors reads no room, and what floors above ask: a real heater follows no invented sensor."""
    monitors = zone.monitors.all()
    for sentence in zone_checks.problems(zone, monitors):
        raise invalid("climate_monitor_ids", sentence, [monitor.pk for monitor in monitors])


@zones_router.get("", response=list[ZoneOut])
@paginate(Paged)
def list_zones(request: HttpRequest, site_id: UUID | None = None):
    return rows.of_site(_zones(), site_id)


@zones_router.post("", response={201: ZoneOut})
def create_zone(request: HttpRequest, response: HttpResponse, body: ZoneIn):
    zone = rows.write(ClimateZone(site=rows.site(body.site_id)), body, _LINKS, check=_sensors_fit)
    return rows.created(request, response, zone)


@zones_router.get("/{uuid:zone_id}", response=ZoneOut)
def get_zone(request: HttpRequest, zone_id: UUID):
    return rows.get(_zones(), zone_id)


@zones_router.patch("/{uuid:zone_id}", response=ZoneOut)
def change_zone(request: HttpRequest, zone_id: UUID, body: ZonePatch):
    """`climate_monitor_ids` replaces the whole list of sensors."""
    new_sensors = "climate_monitor_ids" in body.model_fields_set
    return rows.write(_zone(zone_id), body, _LINKS, check=_sensors_fit if new_sensors else None)


@zones_router.delete("/{uuid:zone_id}", response={204: None})
def delete_zone(request: HttpRequest, zone_id: UUID):
    """409 names the miners that heat it and the units that decide for it."""
    return rows.remove(_zone(zone_id), by=rows.person(request), used_through=("miners", "units"), heats=True)


class SensorSeen(Answer):
    """One sensor of the zone, as judged: ok, suspect or lost, and why.

    `temperature_celsius` is what control sees; `says_celsius` the sensor's own word: a jump that nothing bears out yet,
    or what is not believed, stands only there. `doubted_celsius`: no room can have got there; `POST
    /climate-monitors/{id}/confirm` says that it is right all the same.
    """

    temperature_celsius: float | None
    says_celsius: float | None = None
    doubted_celsius: float | None = None
    health: SensorHealth
    problem: str
    observed_at: datetime | None


class ZoneReadingOut(Answer):
    """What the last pass saw; temperatures in °C, null while unknown. `sensor`: ok, suspect or lost.

    `lowered`: what keeps the target below the one asked for. While `window_open_since` is set heating
    pauses; `window_by_slope`: no contact says so, the temperature falls as through a window.
    """

    zone_id: UUID
    zone_name: str
    temperature_celsius: float | None = None
    humidity_percent: float | None = None
    target_celsius: float | None = None
    lowered: Lowered | None = None
    lower_bound: float | None = None
    upper_bound: float | None = None
    trend_celsius_per_hour: float | None = None
    sensor: SensorHealth | None = None
    problem: str = ""
    observed_at: datetime | None = None
    monitors: dict[str, SensorSeen] = Field({}, description="By the id of the climate monitor.")
    window_open_since: datetime | None = None
    window_by_slope: bool = False
    is_occupied: bool | None = None
    heating: bool | None = None
    heating_w: float | None = None


@zones_router.get("/{uuid:zone_id}/reading", response=ZoneReadingOut)
def get_reading(request: HttpRequest, zone_id: UUID):
    """As the dashboard shows it; before the first pass of a start all is null and `problem` says so."""
    zone = _zone(zone_id)
    seen = rows.seen(zone, "zones") or {"problem": "No control pass has looked at this zone since the start."}
    return {"zone_id": zone.pk, "zone_name": zone.name, **seen}


class ZoneHistoryOut(Answer):
    """One minute: the last value with its own time, the extremes, the target, the heating in W."""

    at: datetime
    temperature_celsius: float | None
    observed_at: datetime | None
    low_celsius: float | None
    high_celsius: float | None
    humidity_percent: float | None
    target_celsius: float | None
    heating_w: float
    sensor: SensorHealth
    window_open: bool
    outdoor_celsius: float | None


@zones_router.get("/{uuid:zone_id}/readings", response=list[ZoneHistoryOut])
@paginate(Paged)
def list_readings(request: HttpRequest, zone_id: UUID, since: Moment | None = None, until: Moment | None = None):
    """Recorded minutes, oldest first, `since` ≤ at < `until`."""
    return rows.between(_zone(zone_id).readings.order_by("at"), since, until)


class PointOut(Answer):
    """One minute, quarter or hour from `at`: °C (mean, extremes, mean target), Wh, K·min, minutes.

    `minutes` were recorded of it; the rest counts those alone.
    """

    at: datetime
    minutes: int
    mean_celsius: float | None
    low_celsius: float | None
    high_celsius: float | None
    target_celsius: float | None
    heating_wh: float
    below_target_degree_minutes: float
    in_band_minutes: int
    lost_minutes: int
    window_minutes: int
    outdoor_celsius: float | None
    heating_minutes: int
    starts: int


class TotalsOut(Answer):
    """The sums of all points."""

    minutes: int
    heating_wh: float
    below_target_degree_minutes: float
    in_band_minutes: int
    lost_minutes: int
    window_minutes: int
    heating_minutes: int
    starts: int


class HistoryOut(Answer):
    resolution: history.Resolution
    totals: TotalsOut
    points: list[PointOut]


From = Annotated[Moment | None, Query(alias="from", description="Empty: 24 h before `to`.")]
To = Annotated[Moment | None, Query(alias="to", description="Empty: now.")]
ResolutionAsked = Annotated[
    history.Resolution | None,
    Query(description="Empty: the one that fits. Minutes are kept 30 days, quarters two years, hours for ever."),
]
MAX_POINTS = 5000


def _span(begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """What was asked for, completed; `Invalid` when it runs backwards."""
    end = end or timezone.now()
    begin = begin or end - timedelta(hours=24)
    if begin >= end:
        sentence = f"‘from’ must be before ‘to’, which is {end.isoformat()}. Exchange them or leave one out."
        raise Invalid(problem(["query", "from"], sentence, begin.isoformat()))
    return begin, end


@zones_router.get("/{uuid:zone_id}/history", response=HistoryOut)
def get_history(
    request: HttpRequest, zone_id: UUID, begin: From = None, end: To = None, resolution: ResolutionAsked = None
):
    """The past of a zone, `from` ≤ at < `to`, at most 5000 points; times without records have none."""
    zone, (begin, end) = _zone(zone_id), _span(begin, end)
    chosen = resolution or history.fitting(begin, end, timezone.now())
    if (end - begin).total_seconds() > MAX_POINTS * chosen.seconds:
        sentence = f"These are more than {MAX_POINTS} points a {chosen}. Ask for less time or a coarser resolution."
        raise Invalid(problem(["query", "resolution"], sentence, str(chosen)))
    found = history.points(zone, begin, end, chosen)
    return HistoryOut(
        resolution=chosen,
        totals=TotalsOut(**history.totals(found)),
        points=[PointOut.model_construct(**asdict(point)) for point in found],
    )


class TargetOut(Answer):
    """The target now in °C, what decides it, and until when; `next_celsius` holds afterwards.

    `requested_celsius` is what the schedule or a hand asks for, `effective_celsius` what the zone is kept at;
    `lowered` says what in the house keeps it lower.
    """

    requested_celsius: float
    effective_celsius: float
    reason: str
    source: TargetSource
    preset: Preset | None
    lowered: Lowered | None
    until: datetime | None
    next_celsius: float | None
    lower_bound: float
    upper_bound: float


@zones_router.get("/{uuid:zone_id}/target", response=TargetOut)
def get_target(request: HttpRequest, zone_id: UUID):
    """By the rows as they are now; whether a window is open or nobody is there the last pass has seen."""
    zone = _zone(zone_id)
    target = services.target_of(zone, timezone.now(), seen=rows.seen(zone, "zones").get("lowered"))
    return TargetOut(
        **asdict(target) | {"preset": target.preset or None},
        lower_bound=target.effective_celsius - zone.hysteresis_celsius,
        upper_bound=target.effective_celsius + zone.hysteresis_celsius,
    )


class OverrideIn(Body):
    """A preset of the zone or a target. It holds until resumed unless one of the three ends is sent."""

    target_celsius: float | None = field(TargetOverride, "target_celsius")
    preset: Preset | None = None
    until: Moment | None = Field(None, description="With its UTC offset.")
    for_minutes: int | None = Field(None, ge=1, le=MAX_MINUTES)
    until_next_change: bool = Field(False, description="Until the schedule or a holiday changes, else for 2 h.")

    @property
    def hold(self) -> Hold:
        """The way it ends; `Invalid` when several are sent."""
        ways = (self.until is not None, self.for_minutes is not None, self.until_next_change)
        sent = [hold for hold, given in zip(_ENDS, ways, strict=True) if given]
        if len(sent) > 1:
            raise invalid(sent[1], f"Choose either {sent[0]} or {sent[1]}.", getattr(self, sent[1]))
        return sent[0] if sent else Hold.RESUMED


_ENDS = (Hold.UNTIL, Hold.FOR_MINUTES, Hold.NEXT_CHANGE)


class OverrideOut(Answer):
    """`target_celsius` is also said of a preset: what it means in the zone today."""

    target_celsius: float
    preset: Preset | None
    until: datetime | None
    created_at: datetime
    by: str

    @staticmethod
    def resolve_target_celsius(row: TargetOverride) -> float:
        return row.zone.celsius_of(row.preset, row.target_celsius)

    @staticmethod
    def resolve_preset(row: TargetOverride) -> Preset | None:
        return row.preset or None


@zones_router.get("/{uuid:zone_id}/override", response=OverrideOut)
def get_override(request: HttpRequest, zone_id: UUID):
    """The target set by hand; 404 while the schedule holds."""
    zone = _zone(zone_id)
    held = services.open_overrides(zone, timezone.now())
    if not held:
        raise Missing(f"The schedule of ‘{zone}’ holds; nothing is set by hand.")
    return held[0]


@zones_router.put("/{uuid:zone_id}/override", response=OverrideOut)
def set_override(request: HttpRequest, zone_id: UUID, body: OverrideIn):
    """A target by hand, instead of the schedule; the next pass follows it."""
    zone = _zone(zone_id)
    until = services.hold_until(zone, body.hold, minutes=body.for_minutes, until=body.until)
    return services.set_override(
        zone, body.target_celsius, preset=body.preset or "", until=until, by=rows.person(request)
    )


@zones_router.delete("/{uuid:zone_id}/override", response={204: None})
def cancel_override(request: HttpRequest, zone_id: UUID):
    """Back to the schedule; fine when it holds already."""
    services.cancel_override(_zone(zone_id), by=rows.person(request))
    return Status(204, None)


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = Day.__args__
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM in the site's time zone.")]


class SlotBody(Body):
    """A preset of the zone or a target. Equal times are 24 hours; an end before the start is on the next day."""

    weekdays: list[Day] = Field(list(_DAYS), min_length=1, max_length=7, description="Days on which it starts.")
    start_time: ClockTime
    end_time: ClockTime
    preset: Preset | None = None
    target_celsius: float | None = field(TemperatureSlot, "target_celsius")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.preset is None) == (self.target_celsius is None):
            raise ValueError("Send either a preset or a target_celsius.")
        return self


class ScheduleBody(Body):
    slots: list[SlotBody] = Field(max_length=200)


def _days_of(mask: int) -> list[Day]:
    return [name for day, name in enumerate(_DAYS) if mask >> day & 1]


def _schedule_of(zone: ClimateZone) -> ScheduleBody:
    slots = [
        SlotBody(
            weekdays=_days_of(slot.weekdays),
            start_time=f"{slot.start_time:%H:%M}",
            end_time=f"{slot.end_time:%H:%M}",
            preset=slot.preset or None,
            target_celsius=slot.target_celsius,
        )
        for slot in TemperatureSlot.objects.filter(zone=zone)
    ]
    return ScheduleBody(slots=slots)


def _to_slot(zone: ClimateZone, body: SlotBody) -> schedule.Slot:
    mask = sum(1 << _DAYS.index(day) for day in set(body.weekdays))
    start, end = time.fromisoformat(body.start_time), time.fromisoformat(body.end_time)
    preset = body.preset or ""
    return schedule.Slot(mask, start, end, zone.celsius_of(preset, body.target_celsius), preset)


@zones_router.get("/{uuid:zone_id}/schedule", response=ScheduleBody, exclude_none=True)
def get_schedule(request: HttpRequest, zone_id: UUID):
    """Slots by their start; where there is none the default target holds."""
    return _schedule_of(_zone(zone_id))


@zones_router.put("/{uuid:zone_id}/schedule", response=ScheduleBody, exclude_none=True)
def put_schedule(request: HttpRequest, zone_id: UUID, body: ScheduleBody):
    """The whole list at once; two slots that claim the same minute are refused by name."""
    zone = _zone(zone_id)
    services.replace_schedule(zone, [_to_slot(zone, slot) for slot in body.slots], by=rows.person(request))
    return _schedule_of(zone)


class CopyDay(Body):
    day: Day
    to_days: list[Day] = Field(min_length=1, max_length=7)


@zones_router.post("/{uuid:zone_id}/schedule/copy-day", response=ScheduleBody, exclude_none=True)
def copy_day(request: HttpRequest, zone_id: UUID, body: CopyDay):
    """Make `to_days` like `day`; a slot over midnight goes with the day it starts. Answers the whole schedule."""
    zone = _zone(zone_id)
    days = [_DAYS.index(day) for day in body.to_days]
    try:
        services.copy_day(zone, _DAYS.index(body.day), days, by=rows.person(request))
    except ValidationError as error:
        raise renamed(error, {"slots": "to_days"}) from None
    return _schedule_of(zone)
