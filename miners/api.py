"""Miners, what drives them, the circuits they hang on, and wishes for their power.

Nothing here touches a device: a wish is written down and the next control pass acts on it,
through every guard.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from ninja.pagination import paginate
from ninja.responses import Status
from pydantic import Field

from climate.models import ClimateZone
from integrations.adapter_api import AdapterIn, AdapterOut, adapter_router
from integrations.errors import AdapterError
from miners.requests import manual
from miners.requests.queries import request_in_force
from miners.status.readback import may_be_on
from sites.models import Site
from sites.rest import rows
from sites.rest.bodies import Answer, Body, Done, Moment, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import Conflict, invalid

from . import services
from .models import Circuit, DesiredState, Miner, MinerController
from .power import DEVICE_CLASSES, Level
from .reality import reality_problem
from .state import MinerStatus


def _refuse_while_on(miner: Miner, what: str) -> None:
    """A miner that runs is first switched off through the settings that switched it on."""
    desired = DesiredState.objects.filter(miner=miner).first()
    if desired is not None and may_be_on(desired):
        raise Conflict(f"‘{miner}’ is on. Stop it and wait until it is off, then change {what}.", [miner])


def _may_change_controller(row: MinerController, values: Mapping[str, Any]) -> None:
    if {"config", "external_service_id"} & set(values):
        miner = Miner.objects.filter(controller=row).first()
        if miner is not None:
            _refuse_while_on(miner, "how it is switched")


class ControllerOut(AdapterOut):
    """`identity`: what the device said it is, with its levels in W; empty until it was asked."""

    identity: dict[str, Any]


class IdentityOut(Answer):
    model: str
    firmware: str
    version: str
    serial: str
    power: dict[str, Any]
    limits: list[str]


controllers_router = adapter_router(
    MinerController,
    AdapterIn,
    ControllerOut,
    used_through=("miner",),
    heats=True,
    may_change=_may_change_controller,
)


@controllers_router.post("/{uuid:controller_id}/identify", response=IdentityOut)
def identify_controller(request: HttpRequest, controller_id: UUID):
    """Ask the device what it is (≤ 5 s) and keep it: model, firmware, levels. 409 says why it did not answer."""
    controller = rows.get(MinerController.objects.select_related("site"), controller_id)
    try:
        services.identify(controller, by=rows.person(request))
    except AdapterError as error:
        raise Conflict(f"‘{controller}’ cannot be asked: {error}") from None
    return controller.identity


circuits_router = Router(tags=["circuits"])
miners_router = Router(tags=["miners"])
wishes_router = Router(tags=["wishes"])


class CircuitIn(Body):
    site_id: UUID
    name: str = field(Circuit, "name")
    limit_w: int = Field(ge=1, le=1_000_000, description="The miners on it together never take more.")


CircuitPatch = patch_of(CircuitIn)


class CircuitOut(Answer):
    id: UUID
    site_id: UUID
    name: str
    slug: str
    limit_w: int


@circuits_router.get("", response=list[CircuitOut])
@paginate(Paged)
def list_circuits(request: HttpRequest, site_id: UUID | None = None):
    return rows.of_site(Circuit.objects.all(), site_id)


@circuits_router.post("", response={201: CircuitOut})
def create_circuit(request: HttpRequest, response: HttpResponse, body: CircuitIn):
    return rows.created(request, response, rows.write(Circuit(site=rows.site(body.site_id)), body))


@circuits_router.get("/{uuid:circuit_id}", response=CircuitOut)
def get_circuit(request: HttpRequest, circuit_id: UUID):
    return rows.get(Circuit.objects.all(), circuit_id)


@circuits_router.patch("/{uuid:circuit_id}", response=CircuitOut)
def change_circuit(request: HttpRequest, circuit_id: UUID, body: CircuitPatch):
    return rows.write(rows.get(Circuit.objects.all(), circuit_id), body)


@circuits_router.delete("/{uuid:circuit_id}", response={204: None})
def delete_circuit(request: HttpRequest, circuit_id: UUID):
    """409 names the miners on it: without it their limit would be gone unnoticed."""
    circuit = rows.get(Circuit.objects.all(), circuit_id)
    return rows.remove(circuit, by=rows.person(request), used_through=("miners",))


def _default(name: str) -> Any:
    return Miner._meta.get_field(name).default


class MinerIn(Body):
    site_id: UUID
    name: str = field(Miner, "name")
    model: str = field(Miner, "model")
    controller_id: UUID | None = Field(None, description="What reads and drives it; one miner each.")
    nominal_power_w: int = field(Miner, "nominal_power_w")
    climate_zone_ids: list[UUID] = Field([], max_length=50, description="The zones it heats.")
    heats_no_room: bool = field(Miner, "heats_no_room")
    circuit_id: UUID | None = None
    cutoff_id: UUID | None = Field(None, description="The plug before it: its meter is believed first, its relay last.")
    quiet_from: time | None = Field(None, description="In the site's time, like 22:00; empty: no quiet hours.")
    quiet_until: time | None = None
    quiet_max_w: int = Field(0, ge=0, le=20_000, description="At most in quiet hours; 0 is off.")
    level_watts: dict[str, float] = Field({}, max_length=200, description="Measured watts by the key of a level.")
    min_on_seconds: int = field(Miner, "min_on_seconds")
    min_off_seconds: int = field(Miner, "min_off_seconds")
    ramp_seconds: int = field(Miner, "ramp_seconds")
    max_starts_per_hour: int = Field(_default("max_starts_per_hour"), ge=1, le=60)
    max_starts_per_day: int = Field(_default("max_starts_per_day"), ge=1, le=1000)
    device_class: str = Field("", description=f"Empty: as its device says. One of: {', '.join(DEVICE_CLASSES)}.")
    noise_db: int | None = Field(None, ge=0, le=120, description="At full power, as its maker says.")
    max_chip_celsius: int | None = Field(None, ge=40, le=130, description="Off from there on; empty: as its kind.")
    max_board_celsius: int | None = Field(None, ge=40, le=130)
    start_cost: float = Field(_default("start_cost"), ge=0, le=100, description="What a start wears, in the currency.")
    leave_on: bool = field(Miner, "leave_on")
    is_active: bool = field(Miner, "is_active")


MinerPatch = patch_of(MinerIn)
_LINKS = {
    "controller_id": rows.Link("controller", MinerController),
    "climate_zone_ids": rows.Link("zones", ClimateZone),
    "circuit_id": rows.Link("circuit", Circuit),
    "cutoff_id": rows.Link("cutoff", MinerController),
}


class LevelOut(Answer):
    """A power it can be told: the device's own name for it, W at the wall, TH/s where it is known."""

    key: str
    power_w: float
    hash_rate_th_s: float | None
    is_measured: bool


class MinerOut(Answer):
    """`levels`: what it can be told, in rising order; with `level_step_w` any step between the first and last, too."""

    id: UUID
    site_id: UUID
    name: str
    slug: str
    model: str
    controller_id: UUID | None
    nominal_power_w: int
    climate_zone_ids: list[UUID]
    heats_no_room: bool
    circuit_id: UUID | None
    cutoff_id: UUID | None
    cut_at: datetime | None
    quiet_from: time | None
    quiet_until: time | None
    quiet_max_w: int
    level_watts: dict[str, float]
    min_on_seconds: int
    min_off_seconds: int
    ramp_seconds: int
    max_starts_per_hour: int
    max_starts_per_day: int
    device_class: str
    noise_db: int | None
    max_chip_celsius: int | None
    max_board_celsius: int | None
    start_cost: float
    leave_on: bool
    is_active: bool
    levels: list[LevelOut]
    level_step_w: float | None

    @staticmethod
    def resolve_levels(miner: Miner) -> list[Level]:
        return list(miner.power.levels)

    @staticmethod
    def resolve_level_step_w(miner: Miner) -> float | None:
        return miner.power.step_w

    @staticmethod
    def resolve_climate_zone_ids(miner: Miner) -> list[UUID]:
        return [zone.pk for zone in miner.zones.all()]


def _miners() -> QuerySet[Miner]:
    return Miner.objects.select_related("controller").prefetch_related("zones")


def _miner(pk: UUID) -> Miner:
    return rows.get(Miner.objects.select_related("site", "controller"), pk)


def _keep_controller_while_on(miner: Miner, values: dict[str, Any]) -> None:
    if "controller" in values and values["controller"] != miner.controller:
        _refuse_while_on(miner, "what drives it")


def _is_real_throughout(miner: Miner) -> None:
    """A real heater follows no invented sensor."""
    problem = reality_problem(miner.controller, miner.zones.prefetch_related("monitors"), miner.site, miner.cutoff)
    if problem:
        raise invalid("controller_id", problem, str(miner.controller_id))


@miners_router.get("", response=list[MinerOut])
@paginate(Paged)
def list_miners(request: HttpRequest, site_id: UUID | None = None, is_active: bool | None = None):
    found = rows.of_site(_miners(), site_id)
    return found if is_active is None else found.filter(is_active=is_active)


@miners_router.post("", response={201: MinerOut})
def create_miner(request: HttpRequest, response: HttpResponse, body: MinerIn):
    miner = rows.write(Miner(site=rows.site(body.site_id)), body, _LINKS, check=_is_real_throughout)
    return rows.created(request, response, miner)


@miners_router.get("/{uuid:miner_id}", response=MinerOut)
def get_miner(request: HttpRequest, miner_id: UUID):
    return rows.get(_miners(), miner_id)


class MinerChangedOut(MinerOut):
    """`not_seen_off`: that it was deactivated and nobody has seen it off yet; the passes go on trying."""

    not_seen_off: list[str]


def _change(request: HttpRequest, miner_id: UUID, body: MinerPatch) -> Miner:
    miner = _miner(miner_id)
    was_active = miner.is_active
    new_links = {"controller_id", "climate_zone_ids", "cutoff_id"} & body.model_fields_set
    check = _is_real_throughout if new_links else None
    miner = rows.write_or_set_aside(
        miner, body, _LINKS, by=rows.person(request), prepare=_keep_controller_while_on, check=check
    )
    miner.not_seen_off = rows.see_off(miner, by=rows.person(request)) if was_active and not miner.is_active else []
    return miner


@miners_router.patch("/{uuid:miner_id}", response=MinerChangedOut)
def change_miner(request: HttpRequest, miner_id: UUID, body: MinerPatch):
    """The controller can be changed only while the miner is off (409).

    `is_active: false` switches it off and waits, at most 20 s, until that is seen.
    """
    return _change(request, miner_id, body)


@miners_router.delete("/{uuid:miner_id}", response={204: None})
def delete_miner(request: HttpRequest, miner_id: UUID):
    """It is switched off first (up to 20 s). 409 names the unit it is in."""
    return rows.remove(_miner(miner_id), by=rows.person(request), used_through=("units",), heats=True)


class RequestOut(Answer):
    """A wish: these watts by hand. 0 holds until resumed; anything else ends at `until`."""

    power_w: int
    until: datetime | None
    created_at: datetime
    cancelled_at: datetime | None
    by: str
    origin: str


class MinerStatusOut(Answer):
    """What the device last showed and why; `power_w` null: not measured or unknown.

    `drawn_w` is the power to reckon with: measured, else as asked for while it is seen on. `power_source`: meter,
    firmware, table or none. `level` is the device's own word; where it has none, `set_power_w` may say what it is
    set to. `pool_alive` null: it does not say.
    """

    miner_id: UUID
    status: str = MinerStatus.UNKNOWN
    power_w: float | None = None
    power_is_measured: bool = False
    power_source: str | None = None
    drawn_w: float | None = None
    desired_w: float | None = None
    confirmed: bool | None = None
    level: str | None = None
    set_power_w: float | None = None
    hash_rate_th_s: float | None = None
    chip_temperature_celsius: float | None = None
    board_temperature_celsius: float | None = None
    inlet_temperature_celsius: float | None = None
    outlet_temperature_celsius: float | None = None
    fan_rpm: float | None = None
    uptime_seconds: float | None = None
    pool_alive: bool | None = None
    observed_at: datetime | None = None
    problem: str = ""
    action: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    origin: str | None = None
    rule_name: str | None = None
    guard: str | None = None
    next_allowed_at: datetime | None = None
    wish: RequestOut | None = None


@miners_router.get("/{uuid:miner_id}/status", response=MinerStatusOut)
def get_status(request: HttpRequest, miner_id: UUID):
    """As of the last control pass; no device is asked."""
    miner = _miner(miner_id)
    seen = rows.seen(miner, "miners") or {"problem": "No control pass has looked at this miner since the start."}
    return {"miner_id": miner.pk, "wish": request_in_force(miner, timezone.now()), **seen}


class StartIn(Body):
    """At a level or with so many watts, until a time or for so many minutes."""

    power_w: int | None = Field(
        None,
        description="From its lowest level to its highest: between two the lower one is taken. A machine that is only "
        "switched takes its nominal power. Empty, and no level: the nominal power, or the level below it.",
    )
    level: str | None = Field(None, max_length=80, description="The key of one of its levels, instead of watts.")
    until: Moment | None = Field(None, description="At most 24 h ahead; empty, and no duration: in 2 h.")
    duration_minutes: int | None = Field(None, description=f"1 to {manual.MOST_MINUTES}, instead of an end.")


class StopIn(Body):
    until: Moment | None = Field(None, description="Empty: until resumed.")


class WishOut(Done):
    wish: RequestOut | None


def _next_pass(site: Site) -> str:
    if not site.is_active:
        return f"‘{site}’ is not active, so its miners stay off."
    return f"The next control pass, within {site.control_period_seconds} s, acts on it."


def _watts(miner: Miner, body: StartIn) -> int | None:
    """The watts it takes for what is asked; None: its usual power."""
    if body.level is not None and body.power_w is not None:
        raise invalid("level", "Give a level or watts, not both.", body.level)
    if body.level is not None:
        return manual.watts_of_level(miner.power, body.level)
    return None if body.power_w is None else manual.watts_taken(miner.power, miner.nominal_power_w, body.power_w)


def _end(body: StartIn) -> datetime | None:
    if body.duration_minutes is None:
        return body.until
    if body.until is not None:
        raise invalid("duration_minutes", "Give a duration or an end, not both.", body.duration_minutes)
    return manual.end_after(body.duration_minutes, timezone.now())


@miners_router.post("/{uuid:miner_id}/start", response={202: WishOut})
def start_miner(request: HttpRequest, miner_id: UUID, body: StartIn | None = None):
    """On by hand for a while. Every guard still holds: it may stay off, and the status says why.

    The answer's `wish.power_w` is what it takes; 422 names its levels.
    """
    miner, body = _miner(miner_id), body or StartIn()
    if not miner.is_active:
        raise Conflict(f"‘{miner}’ is not active. Activate it first.", [miner])
    wish = services.request_power(miner, _watts(miner, body), by=rows.person(request), until=_end(body))
    end = wish.until.astimezone(miner.site.tz)
    lower = "" if body.power_w is None else manual.lower_words(miner.power, body.power_w, wish.power_w)
    at = manual.runs_words(miner.power, wish.power_w)
    said = f"‘{miner}’ is to run at {at} until {end:%H:%M}, as far as the guards allow. {lower}".rstrip()
    return Status(202, {"message": f"{said} {_next_pass(miner.site)}", "wish": wish})


@miners_router.post("/{uuid:miner_id}/stop", response={202: WishOut})
def stop_miner(request: HttpRequest, miner_id: UUID, body: StopIn | None = None):
    """Off by hand, at once, until resumed; min on does not delay it."""
    miner, body = _miner(miner_id), body or StopIn()
    wish = services.request_power(miner, 0, by=rows.person(request), until=body.until)
    return Status(202, {"message": f"‘{miner}’ is to be off. {_next_pass(miner.site)}", "wish": wish})


@miners_router.post("/{uuid:miner_id}/resume", response={202: WishOut})
def resume_miner(request: HttpRequest, miner_id: UUID):
    """Back to what its unit decides."""
    miner = _miner(miner_id)
    ended = services.resume(miner, by=rows.person(request))
    said = "is automatic again." if ended else "was automatic already."
    return Status(202, {"message": f"‘{miner}’ {said} {_next_pass(miner.site)}", "wish": None})


@miners_router.post("/{uuid:miner_id}/activate", response=MinerOut)
def activate_miner(request: HttpRequest, miner_id: UUID):
    return _change(request, miner_id, MinerPatch(is_active=True))


@miners_router.post("/{uuid:miner_id}/deactivate", response=MinerChangedOut)
def deactivate_miner(request: HttpRequest, miner_id: UUID):
    """It is switched off, seen off (at most 20 s) and then left alone."""
    return _change(request, miner_id, MinerPatch(is_active=False))


@miners_router.get("/{uuid:miner_id}/requests", response=list[RequestOut])
@paginate(Paged)
def list_requests(request: HttpRequest, miner_id: UUID):
    """What was wished by hand, newest first."""
    return _miner(miner_id).requests.all()


class CommandOut(Answer):
    """A write to the device. `outcome`: sent (accepted, not yet seen) or failed."""

    id: int
    at: datetime
    power_w: int
    origin: str
    reason: str
    outcome: str
    error: str


@miners_router.get("/{uuid:miner_id}/commands", response=list[CommandOut])
@paginate(Paged)
def list_commands(request: HttpRequest, miner_id: UUID):
    """Every write to the device, newest first."""
    return _miner(miner_id).commands.all()


class MinerHistoryOut(Answer):
    """One minute: W and TH/s are its means, the rest its last value."""

    at: datetime
    status: str
    power_w: float | None
    desired_w: float
    hash_rate_th_s: float | None
    chip_temperature_celsius: float | None
    observed_at: datetime | None


@miners_router.get("/{uuid:miner_id}/readings", response=list[MinerHistoryOut])
@paginate(Paged)
def list_readings(request: HttpRequest, miner_id: UUID, since: Moment | None = None, until: Moment | None = None):
    """Recorded minutes, oldest first, `since` ≤ at < `until`."""
    return rows.between(_miner(miner_id).readings.order_by("at"), since, until)


class SitesIn(Body):
    site_ids: list[UUID] | None = Field(None, max_length=1000, description="Empty: every site.")


def _sites(body: SitesIn | None) -> list[Site]:
    if body is None or body.site_ids is None:
        return list(Site.objects.all())
    return [rows.site(pk, ["body", "site_ids", index]) for index, pk in enumerate(body.site_ids)]


class ManyOut(Done):
    miners: int


@wishes_router.post("/all-off", response={202: ManyOut})
def all_off(request: HttpRequest, body: SitesIn | None = None):
    """Every miner off, at once, until resumed."""
    count = services.all_off(_sites(body), by=rows.person(request))
    return Status(202, {"miners": count, "message": f"{count} miners are to be off until resumed."})


@wishes_router.post("/resume-all", response={202: ManyOut})
def resume_all(request: HttpRequest, body: SitesIn | None = None):
    """Every miner back to what its unit decides."""
    count = services.resume_all(_sites(body), by=rows.person(request))
    return Status(202, {"miners": count, "message": f"{count} miners are automatic again."})
