"""Optimization units, the decisions made for them, and asking for one now."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.pagination import paginate
from ninja.responses import Status
from pydantic import Field

from climate.models import ClimateZone
from energy.models import EnergySource
from miners.models import Miner
from sites.models import Site
from sites.rest import rows
from sites.rest.bodies import Answer, Body, Done, Moment, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import Conflict

from . import services
from .models import Decision, OptimizationUnit, Policy, Strategy
from .policy_api import PolicyCheckOut, answer_check
from .policy_check import check_policy

units_router = Router(tags=["optimization-units"])
decisions_router = Router(tags=["decisions"])
evaluate_router = Router(tags=["wishes"])


#: How the API named strategies before there were thermostats.
Dosing = Literal["need", "full", "surplus"]


class UnitIn(Body):
    site_id: UUID
    name: str = field(OptimizationUnit, "name")
    description: str = Field("", max_length=2000)
    policy_id: UUID | None = None
    energy_source_id: UUID | None = Field(None, description="Not needed to heat.")
    miner_ids: list[UUID] = Field([], max_length=200)
    climate_zone_ids: list[UUID] = Field([], max_length=200, description="Empty: the zones its miners heat.")
    strategy: Strategy = Field(Strategy.POLICY_NEED, description="Who decides when it heats, and with how many watts.")
    dosing: Dosing | None = Field(None, description="The older name of three strategies. Use `strategy`.")
    never_below_celsius: float | None = field(OptimizationUnit, "never_below_celsius")


UnitPatch = patch_of(UnitIn)
_LINKS = {
    "policy_id": rows.Link("policy", Policy),
    "energy_source_id": rows.Link("energy_source", EnergySource),
    "miner_ids": rows.Link("miners", Miner),
    "climate_zone_ids": rows.Link("zones", ClimateZone),
}


class UnitOut(Answer):
    """`is_enabled` changes through /enable and /disable only."""

    id: UUID
    site_id: UUID
    name: str
    slug: str
    description: str
    is_enabled: bool
    policy_id: UUID | None
    energy_source_id: UUID | None
    miner_ids: list[UUID]
    climate_zone_ids: list[UUID]
    strategy: Strategy
    dosing: Dosing
    never_below_celsius: float | None

    @staticmethod
    def resolve_miner_ids(unit: OptimizationUnit) -> list[UUID]:
        return [miner.pk for miner in unit.miners.all()]

    @staticmethod
    def resolve_climate_zone_ids(unit: OptimizationUnit) -> list[UUID]:
        return [zone.pk for zone in unit.zones.all()]


def _units() -> QuerySet[OptimizationUnit]:
    return OptimizationUnit.objects.prefetch_related("miners", "zones")


def _unit(pk: UUID) -> OptimizationUnit:
    return rows.get(OptimizationUnit.objects.select_related("site", "policy"), pk)


def _refuse_double_use(unit: OptimizationUnit) -> None:
    """A miner is decided for by one enabled unit only."""
    others = OptimizationUnit.objects.filter(is_enabled=True, miners__in=unit.miners.all()).exclude(pk=unit.pk)
    other = others.distinct().first()
    if other is not None:
        shared = unit.miners.filter(units=other).first()
        raise Conflict(f"‘{shared}’ is in the enabled unit ‘{other}’ already. Take it out there first.", [other])


def _still_able(unit: OptimizationUnit, by: str) -> None:
    """A change may not leave an enabled unit unable to work; it is refused instead of switched off."""
    if unit.is_enabled:
        _refuse_double_use(unit)
        services.enable_unit(unit, by=by)


@units_router.get("", response=list[UnitOut])
@paginate(Paged)
def list_units(request: HttpRequest, site_id: UUID | None = None, is_enabled: bool | None = None):
    found = rows.of_site(_units(), site_id)
    return found if is_enabled is None else found.filter(is_enabled=is_enabled)


@units_router.post("", response={201: UnitOut})
def create_unit(request: HttpRequest, response: HttpResponse, body: UnitIn):
    """Not enabled yet."""
    unit = rows.write(OptimizationUnit(site=rows.site(body.site_id)), body, _LINKS)
    return rows.created(request, response, unit)


@units_router.get("/{uuid:unit_id}", response=UnitOut)
def get_unit(request: HttpRequest, unit_id: UUID):
    return rows.get(_units(), unit_id)


@units_router.patch("/{uuid:unit_id}", response=UnitOut)
def change_unit(request: HttpRequest, unit_id: UUID, body: UnitPatch):
    """`miner_ids` and `climate_zone_ids` replace the whole list. An enabled unit must stay able to work."""
    by = rows.person(request)
    return rows.write(_unit(unit_id), body, _LINKS, check=lambda unit: _still_able(unit, by))


@units_router.delete("/{uuid:unit_id}", response={204: None})
def delete_unit(request: HttpRequest, unit_id: UUID):
    """Its miners are switched off first (up to 20 s)."""
    return rows.remove(_unit(unit_id), by=rows.person(request), heats=True)


@units_router.post("/{uuid:unit_id}/enable", response=UnitOut)
def enable_unit(request: HttpRequest, unit_id: UUID):
    """Refused with everything that stands against it (422), or the other unit a miner is in (409)."""
    unit = _unit(unit_id)
    _refuse_double_use(unit)
    return services.enable_unit(unit, by=rows.person(request))


class DisabledOut(UnitOut):
    """`not_seen_off`: a sentence for each miner nobody has seen off yet; the passes go on trying."""

    not_seen_off: list[str]


@units_router.post("/{uuid:unit_id}/disable", response=DisabledOut)
def disable_unit(request: HttpRequest, unit_id: UUID):
    """Its miners are switched off and seen off first (up to 20 s)."""
    unit = _unit(unit_id)
    unit.not_seen_off = services.disable_unit(unit, by=rows.person(request))
    return unit


@units_router.get("/{uuid:unit_id}/check", response=PolicyCheckOut)
def check_unit(request: HttpRequest, unit_id: UUID):
    """Its policy with what this very unit has: whether it can use it, and which rules are never true here."""
    unit = _unit(unit_id)
    if unit.policy is None:
        raise Conflict(f"‘{unit}’ has no policy yet. Choose one first.")
    return answer_check(unit.policy, check_policy(unit.policy, unit=unit))


class DecisionOut(Answer):
    """Why a miner does what it does. W and °C; `intent_w` is what was wanted, `command_w` what guards allowed."""

    id: UUID
    site_id: UUID
    unit_id: UUID | None
    miner_id: UUID
    at: datetime
    last_confirmed_at: datetime
    action: str
    intent_w: int
    command_w: int
    origin: str
    reason: str
    reason_code: str
    rule_id: UUID | None
    rule_name: str
    target_celsius: float | None
    guard: str
    broke_min_on: bool


class DecisionWhy(DecisionOut):
    """With all it saw and the explanation of its rules."""

    saw: dict[str, Any]
    explanation: dict[str, Any]


@units_router.get("/{uuid:unit_id}/decisional-context", response=list[DecisionWhy])
def get_context(request: HttpRequest, unit_id: UUID):
    """The last decision for each of the unit's miners, with what it saw."""
    last = (Decision.objects.filter(miner=miner).first() for miner in _unit(unit_id).miners.all())
    return [decision for decision in last if decision is not None]


class EvaluateIn(Body):
    site_ids: list[UUID] | None = Field(None, max_length=1000, description="Empty: every active site.")


class EvaluateOut(Done):
    sites: int


@evaluate_router.post("/evaluate", response={202: EvaluateOut})
def evaluate(request: HttpRequest, body: EvaluateIn | None = None):
    """Look at everything now instead of at the end of the control period."""
    if body is None or body.site_ids is None:
        sites = list(Site.objects.filter(is_active=True))
    else:
        sites = [rows.site(pk, ["body", "site_ids", index]) for index, pk in enumerate(body.site_ids)]
    for site in sites:
        site.wake()
    return Status(202, {"sites": len(sites), "message": f"The next tick runs a control pass of {len(sites)} sites."})


@decisions_router.get("", response=list[DecisionOut])
@paginate(Paged)
def list_decisions(
    request: HttpRequest,
    site_id: UUID | None = None,
    unit_id: UUID | None = None,
    miner_id: UUID | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
):
    """Newest first, `since` ≤ at < `until`; one alone also answers what it saw."""
    wanted = {"site_id": site_id, "unit_id": unit_id, "miner_id": miner_id}
    chosen = Decision.objects.filter(**{name: pk for name, pk in wanted.items() if pk is not None})
    return rows.between(chosen.defer("saw", "explanation"), since, until)


@decisions_router.get("/{uuid:decision_id}", response=DecisionWhy)
def get_decision(request: HttpRequest, decision_id: UUID):
    return rows.get(Decision.objects.all(), decision_id)
