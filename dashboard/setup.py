"""The set-up wizard: Home Assistant → rooms → plug → energy → policy → a home that heats.

Answers wait in the session (the token encrypted); rows are written once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from integrations.ask import call
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant import HomeAssistantSession, open_home_assistant
from integrations.errors import AdapterError, Untrusted, in_words
from integrations.models import HomeAssistant
from integrations.tls import told
from optimization import shipped
from optimization.demo import remove_demo_home
from optimization.setup import HomePlan, MinerPlan, RoomPlan, create_home
from sites.fields import decrypt, encrypt
from sites.models import Site, validate_time_zone

from . import scope, setup_forms
from .page import TOAST_KEY, signed_in

SESSION_KEY = "setup"
ASK_SECONDS = 4.8
STEPS = (
    ("setup", "Home Assistant"),
    ("setup-rooms", "Rooms"),
    ("setup-miners", "Miners"),
    ("setup-energy", "Energy"),
    ("setup-finish", "Finish"),
)
#: Needs an energy source to make sense.
NEEDS_ENERGY = {"solar_surplus_room_heating"}
#: Proposed with it: cool, but no damp walls.
NEVER_BELOW_CELSIUS = 16


def _connection(url: str, token: str, certificate: str = "") -> HomeAssistant:
    return HomeAssistant(url=url, token=token, certificate=certificate)


def _ask(row: HomeAssistant, question: Callable[[HomeAssistantSession, float], Any]) -> Any:
    """The answer of Home Assistant within 5 s. Raises `AdapterError`."""

    def look(deadline: float) -> Any:
        session = open_home_assistant(row)
        try:
            return question(session, deadline)
        finally:
            session.close()

    return call(("setup", row.url), told(look), ASK_SECONDS, name="Home Assistant")


def _config_and_check(session: HomeAssistantSession, deadline: float) -> tuple[dict, str]:
    return session.config(deadline), session.check(deadline)


def _page(request: HttpRequest, step: str, **context: Any) -> HttpResponse:
    names = [name for name, _ in STEPS]
    here = names.index(step)
    steps = [(name, label, index < here, index == here) for index, (name, label) in enumerate(STEPS)]
    template = f"dashboard/{step.replace('-', '_')}.html"
    return render(request, template, {"steps": steps, "answers": _answers(request), **context})


def _answers(request: HttpRequest) -> dict[str, Any]:
    return request.session.get(SESSION_KEY, {})


def _remember(request: HttpRequest, **answers: Any) -> None:
    request.session[SESSION_KEY] = {**_answers(request), **answers}


def step(*needed: str) -> Callable:
    """A signed-in step of the wizard; without the answers it needs it leads back to the beginning."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def wrapped(request: HttpRequest) -> HttpResponse:
            if any(name not in _answers(request) for name in needed):
                return redirect("setup")
            return view(request)

        wrapped.__doc__ = view.__doc__
        return never_cache(require_http_methods(["GET", "HEAD", "POST"])(signed_in(wrapped)))

    return decorate


def _entities(request: HttpRequest) -> tuple[list[EntityState], str]:
    """What Home Assistant has now, and why it cannot be asked, if so."""
    answers = _answers(request)
    row = _connection(answers["url"], decrypt(answers["token"]), answers.get("certificate", ""))
    try:
        return _ask(row, lambda session, deadline: session.entities(deadline)), ""
    except AdapterError as error:
        return [], in_words(error)


@step()
def connect(request: HttpRequest) -> HttpResponse:
    """Address and token; going on means that Home Assistant answered."""
    form = setup_forms.ConnectForm(request.POST or None, initial=_known_connection(request))
    if request.method == "POST" and form.is_valid():
        row = _connection(*(form.cleaned_data[name].strip() for name in ("url", "token", "certificate")))
        try:
            config, sentence = _ask(row, _config_and_check)
        except AdapterError as error:
            form.add_error("certificate" if isinstance(error, Untrusted) else None, in_words(error))
        else:
            _remember(request, url=row.url, token=encrypt(str(row.token)), certificate=row.certificate, said=sentence)
            _remember(request, **_place(config))
            return redirect("setup-rooms")
    return _page(request, "setup", form=form)


def _known_connection(request: HttpRequest) -> dict[str, str]:
    return {name: _answers(request).get(name, "") for name in ("url", "certificate")}


def _place(config: dict[str, Any]) -> dict[str, Any]:
    """Name, time zone, place and currency as Home Assistant has them; what is unusable stays at our default."""
    zone = config.get("time_zone")
    try:
        validate_time_zone(zone)
    except ValidationError:
        zone = "UTC"
    numbers = {key: config.get(key) for key in ("latitude", "longitude")}
    currency = config.get("currency")
    return {
        "home": str(config.get("location_name") or "My home")[:80],
        "time_zone": zone,
        "currency": currency if isinstance(currency, str) and len(currency) == 3 and currency.isupper() else "EUR",
        **{key: value if isinstance(value, int | float) else None for key, value in numbers.items()},
    }


@step("url")
def rooms(request: HttpRequest) -> HttpResponse:
    """Which temperature sensors are rooms to keep warm."""
    entities, problem = _entities(request)
    known = {room["entity_temperature"]: room for room in _answers(request).get("rooms", ())}
    forms = [
        setup_forms.RoomForm(request.POST or None, entity=entity, initial=_known_room(known.get(entity.entity_id)))
        for entity in sorted(filter(setup_forms.reads_temperature, entities), key=lambda entity: entity.name.lower())
    ]
    if request.method == "POST" and not problem:
        plans, problem = _chosen_rooms(forms)
        if plans:
            _remember(request, rooms=plans, miners=_still_there(request, {room["name"] for room in plans}))
            return redirect("setup-miners")
    return _page(request, "setup-rooms", forms=forms, problem=problem)


def _chosen_rooms(forms: Sequence[setup_forms.RoomForm]) -> tuple[list[dict[str, Any]], str]:
    """The rooms as chosen, or none and why not (nothing where the fields themselves say it)."""
    wrong = [form for form in forms if not form.is_valid()]
    if wrong:
        return [], ""
    rooms = [
        {
            "name": form.cleaned_data["name"],
            "entity_temperature": form.entity.entity_id,
            "target_celsius": form.cleaned_data["target"],
        }
        for form in forms
        if form.cleaned_data["use"]
    ]
    if not rooms:
        return [], "Choose at least one room."
    if len({room["name"] for room in rooms}) < len(rooms):
        return [], "Two rooms have the same name. Give each its own."
    return rooms, ""


def _known_room(room: dict[str, Any] | None) -> dict[str, Any]:
    return {"use": True, "name": room["name"], "target": room["target_celsius"]} if room else {}


def _still_there(request: HttpRequest, names: set[str]) -> list[dict[str, Any]]:
    """The miners named so far, without rooms that are no longer chosen."""
    return [
        {**miner, "rooms": [room for room in miner["rooms"] if room in names]}
        for miner in _answers(request).get("miners", ())
    ]


@step("url", "rooms")
def miners(request: HttpRequest) -> HttpResponse:
    """The plugs; one at a time, as many as there are."""
    answers = _answers(request)
    named = list(answers.get("miners", ()))
    if "forget" in request.POST:
        _remember(request, miners=[miner for miner in named if miner["entity_switch"] != request.POST["forget"]])
        return redirect("setup-miners")
    if "later" in request.POST:
        _remember(request, miners=[])
        return redirect("setup-energy")
    if "next" in request.POST and named:
        return redirect("setup-energy")
    entities, problem = _entities(request)
    form = setup_forms.MinerForm(
        request.POST if "add" in request.POST else None,
        entities=entities,
        rooms=[room["name"] for room in answers["rooms"]],
        taken={miner["entity_switch"] for miner in named},
    )
    if request.method == "POST" and not problem:
        if "next" in request.POST:
            problem = "Add at least one miner."
        elif form.is_valid():
            _remember(request, miners=[*named, _miner_plan(form.cleaned_data)])
            return redirect("setup-miners")
    return _page(request, "setup-miners", form=form, problem=problem, named=named)


def _miner_plan(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": cleaned["name"],
        "entity_switch": cleaned["switch"],
        "entity_power": cleaned["power"],
        "nominal_power_w": cleaned["watts"],
        "rooms": cleaned["rooms"],
        "auto_off_minutes": cleaned["auto_off"],
    }


@step("url", "rooms", "miners")
def energy(request: HttpRequest) -> HttpResponse:
    """Sun, grid and battery, or nothing of it."""
    if "skip" in request.POST:
        _remember(request, energy={})
        return redirect("setup-finish")
    entities, problem = _entities(request)
    initial = _answers(request).get("energy") or None
    form = setup_forms.EnergyForm(request.POST or None, entities=entities, initial=initial)
    if request.method == "POST" and not problem and form.is_valid():
        _remember(request, energy=form.cleaned_data if form.chosen else {})
        return redirect("setup-finish")
    return _page(request, "setup-energy", form=form, problem=problem)


def _policies(has_energy: bool) -> list[tuple[str, str]]:
    usable = [raw for raw in shipped.load() if has_energy or raw["key"] not in NEEDS_ENERGY]
    usable.sort(key=lambda raw: raw["key"] not in NEEDS_ENERGY)
    return [(raw["key"], f"{raw['name']}: {raw['description']}") for raw in usable]


@step("url", "rooms", "miners", "energy")
def finish(request: HttpRequest) -> HttpResponse:
    """The policy, the name, a last look, and the home is made."""
    answers = _answers(request)
    policies, demo = _policies(bool(answers["energy"])), Site.objects.filter(is_demo=True).first()
    form = setup_forms.FinishForm(
        request.POST or None,
        policies=policies,
        has_sun=bool(answers["energy"]),
        has_demo=demo is not None,
        initial={"name": answers["home"], "policy": policies[0][0], "never_below": NEVER_BELOW_CELSIUS},
    )
    if request.method == "POST" and form.is_valid():
        try:
            site = create_home(_plan(answers, form.cleaned_data), by=request.user.get_username())
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            return _done(request, site, demo if form.cleaned_data.get("remove_demo") else None)
    return _page(request, "setup-finish", form=form)


def _plan(answers: dict[str, Any], cleaned: dict[str, Any]) -> HomePlan:
    return HomePlan(
        name=cleaned["name"],
        time_zone=answers["time_zone"],
        latitude=answers["latitude"],
        longitude=answers["longitude"],
        currency=answers["currency"],
        url=answers["url"],
        token=decrypt(answers["token"]),
        certificate=answers.get("certificate", ""),
        rooms=tuple(RoomPlan(**room) for room in answers["rooms"]),
        miners=tuple(MinerPlan(**{**miner, "rooms": tuple(miner["rooms"])}) for miner in answers["miners"]),
        energy=answers["energy"],
        policy_key=cleaned["policy"],
        never_below_celsius=cleaned.get("never_below") if cleaned["policy"] in NEEDS_ENERGY else None,
    )


def _done(request: HttpRequest, site: Site, demo: Site | None) -> HttpResponse:
    """The new home is shown; the simulated one goes when that was wanted."""
    text = f"{site.name} is set up. The first look at your rooms comes within seconds."
    if demo is not None:
        try:
            remove_demo_home(demo, by=request.user.get_username())
        except ValidationError as error:
            text += " " + " ".join(error.messages)
    del request.session[SESSION_KEY]
    scope.choose(request, site.pk)
    request.session[TOAST_KEY] = {"text": text, "is_error": False}
    return redirect("home" if site.miners.exists() else "add-miner")
