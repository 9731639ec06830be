"""A miner that has an address: looked for where a person said, opened, and told how its heat is used.

Part of the wizard's step about miners: what comes of it is a miner of the draft, like one behind a plug.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from integrations import registry
from integrations.errors import AdapterError
from integrations.registry import Adapter, Kind
from miners.discovery import job, scan
from miners.identity.devices import driven_by
from miners.identity.duplicate_devices import Driven
from sites.models import Site
from sites.secret_inputs import ask_again
from sites.words import watts

from .add_miner_forms import NEW_PLUG, DriverForm, HeatForm
from .capabilities import capabilities, limits, model_of
from .miner_summary import plug_dead_man
from .page import digest
from .setup_draft import Draft, opened, sealed
from .setup_flow import MINER, after, goal, page, step
from .setup_miners import check, new_rooms, show

#: A plug that cuts a large machine's mains is given a longer timer: hard cuts wear power supplies (min).
_PLUG_MINUTES = {"antminer": 60}


def device_step(needed: str) -> Callable:
    """A part of the step about miners; without what it needs it leads back to that."""

    def decorate(view: Callable[[HttpRequest, Draft], HttpResponse]) -> Callable[..., HttpResponse]:
        def checked(request: HttpRequest, draft: Draft) -> HttpResponse:
            if not (draft.device if needed == "device" else draft.get(needed)):
                return redirect("setup-miners")
            return view(request, draft)

        checked.__doc__ = view.__doc__
        return step(lost="add-miner")(checked)

    return decorate


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


@device_step("search")
def found(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What the search found so far; the page asks again by itself while it goes on."""
    search = job.look_up(draft.get("search", "")) or job.running(draft.key_of_search)
    if search is None or search.site_id != draft.key_of_search:
        return redirect("setup-miners")
    if search.id != draft.get("search"):
        draft.put(search=search.id)
    if "end" in request.POST:
        job.cancel(search.id)
        return redirect("add-miner-found")
    if "choose" in request.POST:
        return _chosen(draft, search, request.POST["choose"])
    context = _found_context(draft, search)
    if not request.htmx or "shape" in request.GET:
        return page(request, draft, "setup-miners", "dashboard/add_miner_found.html", **context)
    if request.GET.get("state") == context["state"]:
        return HttpResponse(status=204)
    return render(request, "dashboard/_add_miner_found.html", {**context, "draft": draft})


def _found_context(draft: Draft, search: job.Search) -> dict[str, Any]:
    driven, site = Driven(), draft.site or Site()
    mine = {opened(one["config"]).get("address"): one["name"] for one in draft.miners if one.get("identity")}
    lines = [
        _found_line(site, one, driven, mine) for one in sorted(search.found, key=lambda one: by_number(one["address"]))
    ]
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


def _found_line(site: Site, one: dict[str, Any], driven: Driven, mine: dict[str, str]) -> FoundLine:
    row = driven.by(one["address"], one["serial"])
    software = f"{one['firmware']} {one['version']}".strip()
    now = ", ".join(
        filter(None, (one["status"].replace("_", " "), "" if one["power_w"] is None else watts(one["power_w"])))
    )
    about = " · ".join(filter(None, (one["address"], now, software)))
    owner = "" if row is None else driven_by(row, site)
    if one["address"] in mine:
        owner = f"you are adding it as ‘{mine[one['address']]}’"
    return FoundLine(
        one["address"], one["model"], about, owner, one["problem"], one["needs_password"], bool(one.get("needs"))
    )


def by_number(address: str) -> tuple[list[int], str]:
    """127.0.0.9 before 127.0.0.10."""
    return [int(part) for part in re.findall(r"[0-9]+", address)], address


def _chosen(draft: Draft, search: job.Search, address: str) -> HttpResponse:
    one = next((one for one in search.found if one["address"] == address), None)
    if one is None or Driven().by(one["address"], one["serial"]) is not None:
        return redirect("add-miner-found")
    known = draft.get("devices", {}).get(address) or {"found": one, "settings": sealed({})}
    draft.forget("editing")
    draft.put_device(**known)
    return redirect("add-miner-settings" if known["found"]["identity"] else "add-miner-open")


# --- what opens it --------------------------------------------------------------------------------


def _settings(draft: Draft) -> dict[str, Any]:
    """The device's settings so far, without its address."""
    return opened(draft.device.get("settings", ""))


def _adapter(draft: Draft) -> type[Adapter] | None:
    try:
        return registry.get(Kind.MINER_CONTROLLER, draft.device["found"]["adapter_type"])
    except LookupError:
        return None


def _look_again(draft: Draft, form: DriverForm) -> bool:
    """Whether the device, asked with these settings, says what it is; if not, the form says why."""
    device = draft.device["found"]
    problem, field = "", None
    try:
        seen = scan.probe(device["address"], device["adapter_type"], form.settings).found
    except AdapterError as error:
        seen, problem = None, str(error)
    if seen is None:
        problem = problem or f"Something else answers at {device['address']} now. Look again."
    elif not seen.identity:
        problem = seen.problem
        field = next((name for name in form.fields if seen.needs_password and name == "password"), None)
    if problem:
        form.add_error(field, problem)
        return False
    draft.put_device(found=seen.as_json(), settings=sealed(form.settings))
    return True


@device_step("device")
def open_device(request: HttpRequest, draft: Draft) -> HttpResponse:
    """User and password, or what it does not tell itself, tried at once."""
    device, adapter = draft.device["found"], _adapter(draft)
    if adapter is None:
        return redirect("setup-miners")
    only = {*adapter.Config.secrets(), "user", *device.get("needs", ())}
    form = DriverForm(
        request.POST or None, adapter=adapter, address=device["address"], known=_settings(draft), only=only
    )
    if request.method == "POST" and form.is_valid() and _look_again(draft, form):
        return redirect("add-miner-settings")
    ask_again(form)
    return page(request, draft, "setup-miners", "dashboard/add_miner_open.html", form=form, device=device)


# --- how it heats ---------------------------------------------------------------------------------


@device_step("device")
def settings(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What it can, what it is called, what it heats, what is upstream of it, who decides."""
    device, adapter = draft.device["found"], _adapter(draft)
    if adapter is None:
        return redirect("setup-miners")
    if not device["identity"]:
        return redirect("add-miner-open")
    driver = DriverForm(request.POST or None, adapter=adapter, address=device["address"], known=_settings(draft))
    heat = HeatForm(
        request.POST or None,
        home=draft.site,
        rooms=draft.room_choices(),
        names=[one["name"] for one in draft.other_miners],
        model=device["model"],
        initial=draft.device.get("heat") or new_rooms(draft),
    )
    if request.method == "POST" and _takes(draft, driver, heat):
        draft.put_miner(_answers(draft))
        return after(draft, "setup-miners") if goal(draft) == MINER else redirect("setup-miners")
    ask_again(driver)
    return page(
        request,
        draft,
        "setup-miners",
        "dashboard/add_miner_settings.html",
        driver=driver,
        form=heat,
        edited=None if draft.editing is None else draft.miners[draft.editing]["name"],
        **_device_context(draft, adapter),
    )


def _takes(draft: Draft, driver: DriverForm, heat: HeatForm) -> bool:
    """Whether all answers hold; if not, each problem stands beside its field."""
    if not (driver.is_valid() & heat.is_valid()):
        return False
    if driver.settings != _settings(draft) and not _look_again(draft, driver):
        return False
    answers, plug = heat.as_answers(), draft.device.get("new_plug")
    if answers["plug"] == NEW_PLUG and (plug is None or plug["config"]["address"] != answers["plug_address"]):
        plug = _new_plug(draft, heat)
        if plug is None:
            return False
    draft.put_device(heat=answers, new_plug=plug if answers["plug"] == NEW_PLUG else None)
    problems = check(draft, _answers(draft))
    show(problems, heat)
    return not problems


def _answers(draft: Draft) -> dict[str, Any]:
    """This device as a miner of the draft."""
    device = draft.device["found"]
    return {
        **draft.device["heat"],
        "adapter_type": device["adapter_type"],
        "config": sealed({**_settings(draft), "address": device["address"]}),
        "identity": device["identity"],
        "new_plug": draft.device.get("new_plug"),
        "found": device,
    }


def _new_plug(draft: Draft, heat: HeatForm) -> dict[str, Any] | None:
    """The plug at the typed address, asked what it is; None: the form says why it is none."""
    address = heat.cleaned_data["plug_address"]
    model = model_of(draft.device["found"]["identity"])
    load_w = 1000 if model is None else round(model.max_w)
    minutes = 30 if model is None else _PLUG_MINUTES.get(model.device_class, 30)
    plugs = _plugs(load_w, minutes)
    try:
        looks = (scan.probe(address, adapter.key, config).found for adapter, config in plugs)
        seen = next((found for found in looks if found is not None), None)
    except AdapterError as error:
        heat.add_error("plug_address", str(error))
        return None
    if seen is None:
        kinds = " or ".join(adapter.label for adapter, _ in plugs)
        heat.add_error("plug_address", f"At {address} no {kinds} answers. Check the address.")
        return None
    if not seen.identity:
        remedy = "Add it in Set-up → Controllers with its password first; then choose it here."
        heat.add_error("plug_address", f"{seen.problem} {remedy if seen.needs_password else ''}".strip())
        return None
    config = next(config for adapter, config in plugs if adapter.key == seen.adapter_type)
    return {
        "adapter_type": seen.adapter_type,
        "config": {**config, "address": address},
        "identity": dict(seen.identity),
    }


def _plugs(load_w: int, minutes: int) -> list[tuple[type[Adapter], dict[str, Any]]]:
    """The drivers of plugs that can be asked at an address, with the settings each has for this load and timer."""
    told = [(adapter, adapter.upstream_settings(load_w, minutes)) for adapter in scan.drivers()]
    return [(adapter, dict(config)) for adapter, config in told if config is not None]


def _device_context(draft: Draft, adapter: type[Adapter]) -> dict[str, Any]:
    device, heat = draft.device["found"], draft.device.get("heat") or {}
    config = adapter.Config.model_validate({**_settings(draft), "address": device["address"]})
    told = {**heat, "new_plug": draft.device.get("new_plug")}
    return {
        "device": device,
        "adapter": adapter,
        "capabilities": capabilities(
            device["identity"],
            adapter,
            config,
            has_plug=bool(heat.get("plug")),
            plug_dead_man=plug_dead_man(told),
        ),
        "limits": limits(device["identity"]),
    }
