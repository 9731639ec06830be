"""Looking for miners through the API: on what the caller names, never unasked; nothing is written to any device."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.responses import Status
from pydantic import Field
from pydantic import ValidationError as ConfigError

from integrations.errors import AdapterError
from miners.identity.duplicate_devices import Driven
from sites.rest import rows
from sites.rest.bodies import Answer, Body
from sites.rest.problems import Conflict, Invalid, Missing, from_schema, invalid

from . import job, scan
from .typed_addresses import MOST_CHARACTERS, NotAPlace, targets

router = Router(tags=["miner-discovery"])


class DiscoveryIn(Body):
    site_id: UUID
    addresses: str = Field(
        max_length=MOST_CHARACTERS,
        description="Private addresses, names, host:port, ranges (192.168.1.40-60) or a subnet (192.168.1.0/24), "
        "at most 1024 together.",
    )


class FoundOut(Answer):
    """`identity` is empty while it cannot be used; `problem` says why, `needs_password` that a password would help,
    `needs` which settings of its driver would. `adapter_type` is empty where nothing drives it as it is.
    """

    address: str
    adapter_type: str
    model: str
    firmware: str
    version: str
    serial: str
    identity: dict[str, Any]
    status: str
    power_w: float | None
    needs_password: bool
    problem: str
    needs: list[str] = []


class DiscoveryOut(Answer):
    """`known`: left alone, as a controller here drives them already. `strangers`: they answer and are no miners."""

    id: UUID
    site_id: UUID
    stage: job.Stage
    by: str
    total: int
    looked: int
    found: list[FoundOut]
    known: list[str]
    strangers: list[str]
    strangers_count: int
    problems: list[str]


class ProbeIn(Body):
    """One address; with an `adapter_type` only that driver asks, with the settings in `config` (user, password, …)."""

    address: str = Field(max_length=260)
    adapter_type: str = Field("", max_length=40, description="Empty: every driver that fits. One of …/types.")
    config: dict[str, Any] = {}


class ProbeOut(Answer):
    """`answers`: something is there. `known_as`: the controller that drives it already."""

    address: str
    answers: bool
    found: FoundOut | None
    known_as: UUID | None
    problem: str


@router.post("", response={202: DiscoveryOut})
def start_discovery(request: HttpRequest, response: HttpResponse, body: DiscoveryIn):
    """Look for miners in the background, one search per site at a time; GET tells how far it is."""
    site = rows.site(body.site_id)
    try:
        begun = job.start(site, body.addresses, by=rows.person(request))
    except NotAPlace as error:
        raise invalid("addresses", str(error), body.addresses) from None
    except job.Busy as error:
        raise Conflict(f"{site} is searched already ({error.search_id}). Wait for it, or DELETE it.") from None
    response["Location"] = f"{request.path}/{begun.id}"
    return Status(202, begun)


@router.post("/probe", response=ProbeOut)
def probe_address(request: HttpRequest, body: ProbeIn):
    """What is at one address, now (≤ 5 s)."""
    address = _address(body.address)
    _check_driver(address, body)
    try:
        look = scan.probe(address, body.adapter_type, body.config)
    except AdapterError as error:
        look = scan.Look(address, problem=str(error))
    known = Driven().by(address, look.found.serial if look.found else "")
    return {
        "address": address,
        "answers": look.answers,
        "found": look.found,
        "known_as": known and known.pk,
        "problem": look.problem,
    }


@router.get("/{uuid:search_id}", response=DiscoveryOut)
def get_discovery(request: HttpRequest, search_id: UUID):
    """Kept for an hour."""
    return _or_missing(job.look_up(str(search_id)), search_id)


@router.delete("/{uuid:search_id}", response={204: None})
def cancel_discovery(request: HttpRequest, search_id: UUID):
    """End it; what was found until then stays to be read."""
    _or_missing(job.cancel(str(search_id)), search_id)
    return Status(204, None)


def _or_missing(found: job.Search | None, search_id: UUID) -> job.Search:
    if found is None:
        raise Missing(f"There is no search with the id {search_id}; they are kept for an hour.")
    return found


def _address(typed: str) -> str:
    try:
        places = targets(typed)
    except NotAPlace as error:
        raise invalid("address", str(error), typed) from None
    if len(places) > 1:
        raise invalid(
            "address", f"That is {len(places)} addresses. Probe one; POST /miner-discovery takes many.", typed
        )
    return places[0].address


def _check_driver(address: str, body: ProbeIn) -> None:
    """The driver is there, can be asked, and takes these settings. Raises `Invalid`."""
    if not body.adapter_type:
        if body.config:
            raise invalid("config", "Settings belong to one driver. Name it in adapter_type, or leave them out.")
        return
    able = {adapter.key: adapter for adapter in scan.drivers()}
    adapter = able.get(body.adapter_type)
    if adapter is None:
        raise invalid("adapter_type", f"No driver of this name asks an address. Choose one of: {', '.join(able)}.")
    try:
        adapter.Config.model_validate({**body.config, "address": address})
    except ConfigError as error:
        raise Invalid(*from_schema(error, ["body", "config"], secrets=adapter.Config.secrets())) from None
