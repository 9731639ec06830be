"""The add-wizard: where to look → what is there → what it can and heats → a miner of this home.

Answers wait in the session (settings of the device encrypted, as passwords are among them); rows are written once, at
the end, in one transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from integrations import registry
from integrations.errors import AdapterError
from integrations.registry import Adapter, Kind
from miners import dead_man, discovery, discovery_job
from miners.controllers.shelly_plug import ShellyPlug
from miners.devices import driven_by
from miners.driven import Driven
from miners.models import MinerController
from optimization.adding import NewDevice, NewMiner, add_miner, check_new_miner
from sites.fields import decrypt, encrypt
from sites.models import Site
from sites.words import watts

from .add_miner_forms import NEW_PLUG, DriverForm, HeatForm, WhereForm, uuid_or_none
from .capabilities import DEAD_MAN, capabilities, limits, model_of
from .page import TOAST_KEY, PageData, digest, respond, signed_in
from .scope import scope_of

SESSION_KEY = "add_miner"
STEPS = (
    ("add-miner", "Where"),
    ("add-miner-found", "What is there"),
    ("add-miner-settings", "How it heats"),
    ("add-miner-finish", "Finish"),
)
#: Which answer of the form a problem with a row belongs to.
_FIELD_OF = {"plug": "plug", "name": "name", "zones": "zones", "circuit": "circuit", "unit": "unit"}
#: A plug that cuts a large machine's mains is given a longer timer: hard cuts wear power supplies (min).
_PLUG_MINUTES = {"antminer": 60}


def _answers(request: HttpRequest) -> dict[str, Any]:
    return request.session.get(SESSION_KEY, {})


def _remember(request: HttpRequest, **answers: Any) -> None:
    request.session[SESSION_KEY] = {**_answers(request), **answers}


def step(*needed: str) -> Callable:
    """A signed-in step for the home in scope; without the answers it needs it leads back to the beginning."""

    def decorate(view: Callable[[HttpRequest, Site], HttpResponse]) -> Callable[..., HttpResponse]:
        def wrapped(request: HttpRequest) -> HttpResponse:
            site = scope_of(request).site
            if site is None:
                return redirect("home")
            if _answers(request).get("site") != str(site.pk):
                request.session[SESSION_KEY] = {"site": str(site.pk)}  # begun for another home
            if any(name not in _answers(request) for name in needed):
                return redirect("add-miner")
            return view(request, site)

        wrapped.__doc__ = view.__doc__
        return never_cache(require_http_methods(["GET", "HEAD", "POST"])(signed_in(wrapped)))

    return decorate


def _page(request: HttpRequest, here: str, template: str = "", **context: Any) -> HttpResponse:
    names = [name for name, _ in STEPS]
    at = names.index(here)
    steps = [(name, label, index < at, index == at) for index, (name, label) in enumerate(STEPS)]
    template = template or f"dashboard/{here.replace('-', '_')}.html"
    data = PageData(request, scope_of(request))
    return respond(data, template, [], steps=steps, answers=_answers(request), place="miners", **context)


# --- where ----------------------------------------------------------------------------------------


@step()
def where(request: HttpRequest, site: Site) -> HttpResponse:
    """What a person types is looked at, in the background; nothing else ever is."""
    running = discovery_job.running(site)
    form = WhereForm(request.POST or None, initial={"addresses": _answers(request).get("typed", "")})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["addresses"]
        try:
            begun = discovery_job.start(site, typed, by=request.user.get_username())
        except discovery_job.Busy:
            form.add_error("addresses", "This home is being searched already. Wait until that is done, or end it.")
        else:
            _remember(request, typed=typed[:2000], search=begun.id)
            return redirect("add-miner-found")
    return _page(request, "add-miner", form=form, running=running, network=own_network(request.get_host()))


def own_network(host: str) -> str:
    """“192.168.1.0/24”: the network of the address this page was opened at, empty where it is none of a home's."""
    number = host.rpartition(":")[0] or host
    parts = number.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts) or parts[0] == "127":
        return ""
    net = f"{'.'.join(parts[:3])}.0/24"
    return net if WhereForm({"addresses": net}).is_valid() else ""


# --- what is there --------------------------------------------------------------------------------


@dataclass(frozen=True)
class FoundLine:
    """One device on the page. `here`: what drives it already; `problem`: why it cannot be added as it is."""

    address: str
    title: str
    about: str
    here: str
    problem: str
    needs_password: bool
    needs_settings: bool = False

    @property
    def can_be_added(self) -> bool:
        return not self.here and (self.needs_password or self.needs_settings or not self.problem)


@step()
def found(request: HttpRequest, site: Site) -> HttpResponse:
    """What the search found so far; the page asks again by itself while it goes on."""
    search = discovery_job.look_up(_answers(request).get("search", "")) or discovery_job.running(site)
    if search is None or search.site_id != str(site.pk):
        return redirect("add-miner")
    _remember(request, search=search.id)
    if "end" in request.POST:
        discovery_job.cancel(search.id)
        return redirect("add-miner-found")
    if "choose" in request.POST:
        return _chosen(request, search, request.POST["choose"])
    context = _found_context(site, search)
    if not request.htmx or "shape" in request.GET:
        return _page(request, "add-miner-found", **context)
    if request.GET.get("state") == context["state"]:
        return HttpResponse(status=204)
    return render(request, "dashboard/_add_miner_found.html", context)


def _found_context(site: Site, search: discovery_job.Search) -> dict[str, Any]:
    driven = Driven()
    lines = [_found_line(site, one, driven) for one in sorted(search.found, key=lambda one: by_number(one["address"]))]
    known = []
    for address in search.known:
        row = driven.by(address)
        known.append(f"{address}: {driven_by(row, site)}" if row is not None else address)
    strangers = search.strangers_count
    return {
        "search": search,
        "lines": lines,
        "known": known,
        "strangers": sorted(search.strangers, key=by_number),
        "more_strangers": strangers - len(search.strangers),
        "state": digest(search, lines, known),
    }


def _found_line(site: Site, one: dict[str, Any], driven: Driven) -> FoundLine:
    row = driven.by(one["address"], one["serial"])
    software = f"{one['firmware']} {one['version']}".strip()
    now = ", ".join(
        filter(None, (one["status"].replace("_", " "), "" if one["power_w"] is None else watts(one["power_w"])))
    )
    about = " · ".join(filter(None, (one["address"], now, software)))
    here = "" if row is None else driven_by(row, site)
    return FoundLine(
        one["address"], one["model"], about, here, one["problem"], one["needs_password"], bool(one.get("needs"))
    )


def by_number(address: str) -> tuple[list[int], str]:
    """127.0.0.9 before 127.0.0.10."""
    return [int(part) for part in re.findall(r"[0-9]+", address)], address


def _chosen(request: HttpRequest, search: discovery_job.Search, address: str) -> HttpResponse:
    one = next((one for one in search.found if one["address"] == address), None)
    if one is None or Driven().by(one["address"], one["serial"]) is not None:
        return redirect("add-miner-found")
    if _answers(request).get("device", {}).get("address") != address:
        request.session[SESSION_KEY] = {
            name: value for name, value in _answers(request).items() if name not in ("device", "settings", "heat")
        }
        _remember(request, device=one, settings=_sealed({}))
    return redirect("add-miner-settings" if _answers(request)["device"]["identity"] else "add-miner-open")


# --- what opens it --------------------------------------------------------------------------------


def _sealed(settings: dict[str, Any]) -> str:
    return encrypt(json.dumps(settings))


def _settings(request: HttpRequest) -> dict[str, Any]:
    """The device's settings so far, without its address."""
    text = decrypt(_answers(request).get("settings", ""))
    return json.loads(text) if text else {}


def _adapter(request: HttpRequest) -> type[Adapter] | None:
    try:
        return registry.get(Kind.MINER_CONTROLLER, _answers(request)["device"]["adapter_type"])
    except LookupError:
        return None


def _look_again(request: HttpRequest, form: DriverForm) -> bool:
    """Whether the device, asked with these settings, says what it is; if not, the form says why."""
    device = _answers(request)["device"]
    problem, field = "", None
    try:
        seen = discovery.probe(device["address"], device["adapter_type"], form.settings).found
    except AdapterError as error:
        seen, problem = None, str(error)
    if seen is None:
        problem = problem or f"{device['address']} is not what it was any more. Look again."
    elif not seen.identity:
        problem = seen.problem
        field = next((name for name in form.fields if seen.needs_password and name == "password"), None)
    if problem:
        form.add_error(field, problem)
        return False
    _remember(request, device=seen.as_json(), settings=_sealed(form.settings))
    return True


@step("device")
def open_device(request: HttpRequest, site: Site) -> HttpResponse:
    """User and password, or what it does not tell itself, tried at once."""
    device, adapter = _answers(request)["device"], _adapter(request)
    if adapter is None:
        return redirect("add-miner")
    only = {*adapter.Config.secrets(), "user", *device.get("needs", ())}
    form = DriverForm(
        request.POST or None, adapter=adapter, address=device["address"], known=_settings(request), only=only
    )
    if request.method == "POST" and form.is_valid() and _look_again(request, form):
        return redirect("add-miner-settings")
    return _page(request, "add-miner-found", "dashboard/add_miner_open.html", form=form, device=device)


# --- how it heats ---------------------------------------------------------------------------------


@step("device")
def settings(request: HttpRequest, site: Site) -> HttpResponse:
    """What it can, what it is called, what it heats, what stands before it, who decides."""
    device, adapter = _answers(request)["device"], _adapter(request)
    if adapter is None:
        return redirect("add-miner")
    if not device["identity"]:
        return redirect("add-miner-open")
    known = _settings(request)
    driver = DriverForm(request.POST or None, adapter=adapter, address=device["address"], known=known)
    heat = HeatForm(request.POST or None, site=site, model=device["model"], initial=_answers(request).get("heat"))
    if request.method == "POST" and _takes(request, site, driver, heat, known):
        return redirect("add-miner-finish")
    return _page(request, "add-miner-settings", driver=driver, form=heat, **_device_context(request, adapter))


def _takes(request: HttpRequest, site: Site, driver: DriverForm, heat: HeatForm, known: dict[str, Any]) -> bool:
    """Whether all answers hold; if not, each problem stands beside its field."""
    if not (driver.is_valid() & heat.is_valid()):
        return False
    if driver.settings != known and not _look_again(request, driver):
        return False
    answers = dict(heat.cleaned_data)
    plug = _answers(request).get("plug")
    if answers["plug"] == NEW_PLUG and (plug is None or plug["config"]["address"] != answers["plug_address"]):
        plug = _new_plug(request, heat)
        if plug is None:
            return False
    plug = plug if answers["plug"] == NEW_PLUG else None
    _remember(request, heat=answers, plug=plug)
    try:
        check_new_miner(site, _plan(request))
    except ValidationError as error:
        _show(heat, error)
        return False
    return True


def _new_plug(request: HttpRequest, heat: HeatForm) -> dict[str, Any] | None:
    """The plug at the typed address, asked what it is; None: the form says why it is none."""
    address = heat.cleaned_data["plug_address"]
    model = model_of(_answers(request)["device"]["identity"])
    load_w = 1000 if model is None else max(10, min(16_000, round(model.max_w)))
    minutes = 30 if model is None else _PLUG_MINUTES.get(model.device_class, 30)
    config = {"load_w": load_w, "auto_off_minutes": minutes}
    try:
        seen = discovery.probe(address, "shelly_plug", config).found
    except AdapterError as error:
        heat.add_error("plug_address", str(error))
        return None
    if seen is None:
        heat.add_error("plug_address", f"At {address} no Shelly plug answers. Check the address.")
        return None
    if not seen.identity:
        remedy = "Add it in Set-up → Controllers with its password first; then choose it here."
        heat.add_error("plug_address", f"{seen.problem} {remedy if seen.needs_password else ''}".strip())
        return None
    return {"config": {**config, "address": address}, "identity": dict(seen.identity)}


def _show(form: Form, error: ValidationError) -> None:
    for name, sentences in error.message_dict.items():
        field = _FIELD_OF.get(name)
        for text in sentences:
            form.add_error(field if field in form.fields else None, text)


def _plan(request: HttpRequest) -> NewMiner:
    answers = _answers(request)
    device, heat, plug = answers["device"], answers["heat"], answers.get("plug")
    return NewMiner(
        name=heat["name"],
        device=NewDevice(
            device["adapter_type"], {**_settings(request), "address": device["address"]}, device["identity"]
        ),
        zone_ids=tuple(filter(None, map(uuid_or_none, heat["zones"]))),
        heats_no_room=heat["heats_no_room"],
        cutoff_id=None if heat["plug"] == NEW_PLUG else uuid_or_none(heat["plug"]),
        plug=None if plug is None else NewDevice("shelly_plug", plug["config"], plug["identity"]),
        circuit_id=uuid_or_none(heat["circuit"]),
        unit_id=uuid_or_none(heat["unit"]),
    )


def _device_context(request: HttpRequest, adapter: type[Adapter]) -> dict[str, Any]:
    device, heat = _answers(request)["device"], _answers(request).get("heat", {})
    config = adapter.Config.model_validate({**_settings(request), "address": device["address"]})
    return {
        "device": device,
        "adapter": adapter,
        "capabilities": capabilities(
            device["identity"],
            adapter,
            config,
            has_plug=bool(heat.get("plug")),
            plug_dead_man=_plug_dead_man(request),
        ),
        "limits": limits(device["identity"]),
    }


def _plug_dead_man(request: HttpRequest) -> str | None:
    """What cuts the chosen upstream plug when this program is gone, in words with its minutes; None: nothing does."""
    heat, plug = _answers(request).get("heat", {}), _answers(request).get("plug")
    if heat.get("plug") == NEW_PLUG and plug is not None:
        return ShellyPlug.dead_man_of(ShellyPlug.Config.model_validate(plug["config"]))
    pk = uuid_or_none(heat.get("plug") or "")
    row = None if pk is None else MinerController.objects.filter(pk=pk).first()
    return None if row is None else dead_man.dead_man_of(row)


# --- finish ---------------------------------------------------------------------------------------


@step("device", "heat")
def finish(request: HttpRequest, site: Site) -> HttpResponse:
    """A last look, and it is a miner of this home."""
    adapter, problem = _adapter(request), ""
    if adapter is None:
        return redirect("add-miner")
    if request.method == "POST":
        try:
            miner = add_miner(site, _plan(request), by=request.user.get_username())
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            del request.session[SESSION_KEY]
            text = f"{miner.name} is added. The first look at it comes within seconds."
            request.session[TOAST_KEY] = {"text": text, "is_error": False}
            return redirect(f"{reverse('miners')}#miner-{miner.pk}")
    context = _device_context(request, adapter)
    warnings = [one for one in context["capabilities"] if one.is_warning]
    # What ends the heat without this program is named with its minutes, also where it is no warning.
    ends = [(one.term, one.text) for one in context["capabilities"] if one.term == DEAD_MAN and not one.is_warning]
    return _page(
        request,
        "add-miner-finish",
        problem=problem,
        summary=_summary(request, site) + ends,
        warnings=warnings,
        device=context["device"],
    )


def _summary(request: HttpRequest, site: Site) -> list[tuple[str, str]]:
    heat = _answers(request)["heat"]
    form = HeatForm(site=site)
    said = {name: dict(form.fields[name].choices) for name in ("zones", "plug", "circuit", "unit")}
    plug = heat["plug_address"] if heat["plug"] == NEW_PLUG else said["plug"].get(heat["plug"], "none")
    rooms = [said["zones"].get(pk, "a room that is gone") for pk in heat["zones"]]
    return [
        ("Name", heat["name"]),
        ("Heats", ", ".join(rooms) or "no room"),
        ("Plug before it", plug),
        ("Line", said["circuit"].get(heat["circuit"], "–")),
        ("Decided by", said["unit"].get(heat["unit"], "–")),
    ]
