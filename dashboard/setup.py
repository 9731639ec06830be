"""The wizard's steps about a home: Home Assistant, rooms, energy and its signs, the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from integrations.ask import call
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant import open_home_assistant
from integrations.connections.home_assistant_address import find
from integrations.errors import AdapterError, Unauthorized, Untrusted, in_words
from integrations.models import HomeAssistant
from integrations.placed import place_of
from integrations.tls import told
from optimization import shipped
from optimization.adding import add_to_home
from optimization.demo import remove_demo_home
from optimization.setup import HomePlan, create_home
from sites.fields import decrypt, encrypt
from sites.models import Site, validate_time_zone
from sites.secret_inputs import ask_again
from sites.words import listed

from . import meter_signs, offers, scope, setup_forms
from .miner_summary import summaries
from .page import TOAST_KEY, signed_in
from .setup_draft import ASK_SECONDS, NEW_HOME, Draft, begin
from .setup_flow import ROOM, after, goal, page, step

#: Needs an energy source to make sense.
NEEDS_ENERGY = {"solar_surplus_room_heating"}
#: Proposed with it: cool, but no damp walls.
NEVER_BELOW_CELSIUS = 16


# --- Home Assistant -------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def connect(request: HttpRequest) -> HttpResponse:
    """Address and token of a home to be; going on means that Home Assistant answered."""
    return _connect(request, begin(request, NEW_HOME))


@step()
def connection(request: HttpRequest, draft: Draft) -> HttpResponse:
    """The same for a home that has no Home Assistant yet."""
    return _connect(request, draft)


def _connect(request: HttpRequest, draft: Draft) -> HttpResponse:
    here = "setup" if draft.key == NEW_HOME else "setup-connection"
    known = {name: draft.get(name, "") for name in ("url", "certificate")}
    form = setup_forms.ConnectForm(request.POST or None, initial=known, has_token="token" in draft)
    if request.method == "POST" and form.is_valid() and _takes_connection(draft, form):
        return after(draft, here)
    ask_again(form)
    homes = [site for site in Site.objects.all() if not site.is_demo] if draft.key == NEW_HOME else []
    return page(request, draft, here, "dashboard/setup.html", form=form, homes=homes)


def _takes_connection(draft: Draft, form: setup_forms.ConnectForm) -> bool:
    """Whether Home Assistant answers with this token; if not, the form says why."""
    cleaned = {name: str(value).strip() for name, value in form.cleaned_data.items()}
    try:
        url = find(form.addresses, cleaned["certificate"])
        token = cleaned["token"] or _token_for(draft, url, cleaned["certificate"])
        if not token:
            form.add_error("token", f"The token you entered was for {draft.get('url')}. Enter one for {url}.")
            return False
        row = HomeAssistant(url=url, token=token, certificate=cleaned["certificate"])
        config, sentence = _config_and_check(row)
    except AdapterError as error:
        field = {Untrusted: "certificate", Unauthorized: "token"}.get(type(error), "url")
        form.add_error(field, in_words(error))
        return False
    if draft.get("url") not in (None, url):
        draft.forget("installation")
    draft.put(url=url, token=encrypt(token), certificate=row.certificate, said=sentence, **_place(config))
    return True


def _token_for(draft: Draft, url: str, certificate: str) -> str:
    """The token that opened this very place before, so that nobody pastes it twice; it goes to no other."""
    before = place_of(draft.get("url", ""), draft.get("certificate", ""))
    return decrypt(draft.get("token")) if "token" in draft and before == place_of(url, certificate) else ""


def _config_and_check(row: HomeAssistant) -> tuple[dict[str, Any], str]:
    """What it is and that the token opens it, within 5 s. Raises `AdapterError`."""

    def look(deadline: float) -> tuple[dict[str, Any], str]:
        session = open_home_assistant(row)
        try:
            return session.config(deadline), session.check(deadline)
        finally:
            session.close()

    return call(("setup", row.url), told(look), ASK_SECONDS, name="Home Assistant")


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


# --- rooms ----------------------------------------------------------------------------------------


@step("url")
def rooms(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Which temperature sensors are rooms to keep warm."""
    entities, problem = draft.entities(anew=request.method != "POST")
    forms, asks = _room_forms(request, draft, entities), False
    if request.method == "POST":
        chosen, problem, asks = _chosen_rooms(forms, goes_without="without" in request.POST)
        if chosen:
            known = {room["entity_temperature"]: room for room in draft.rooms}
            chosen += _of_another_tab(request, draft, chosen)
            heated = [
                {**room, "heated_by": known.get(room["entity_temperature"], {}).get("heated_by", [])} for room in chosen
            ]
            draft.put(rooms=heated)
            return after(draft, "setup-rooms")
    fitting = [form for form in forms if not form.offer.doubt or form.was_chosen or form["use"].value()]
    others = [form for form in forms if form not in fitting]
    return page(request, draft, "setup-rooms", forms=fitting, others=others, problem=problem, asks=asks)


def _room_forms(request: HttpRequest, draft: Draft, entities: Sequence[EntityState]) -> list[setup_forms.RoomForm]:
    """A form for each sensor. One that was chosen, or is posted, stays even where Home Assistant has it no more."""
    known = {room["entity_temperature"]: room for room in draft.rooms}
    posted = {name.removesuffix("-use") for name in request.POST if name.endswith("-use")}
    there = {one.entity_id for one in entities}
    gone = [
        EntityState(entity_id, "unavailable", name=known.get(entity_id, {}).get("name", entity_id))
        for entity_id in sorted((known.keys() | posted) - there)
    ]
    read_by = _read_by(draft.site)
    found = [_with_room(offer, read_by) for offer in offers.rooms(entities)] + [offers.Offer(one) for one in gone]
    suggested = offers.room_names(found)
    return [
        setup_forms.RoomForm(
            request.POST if f"{offer.id}-name" in request.POST else None,
            offer=offer,
            suggested=suggested[offer.id],
            known=known.get(offer.id),
        )
        for offer in found
    ]


def _of_another_tab(request: HttpRequest, draft: Draft, chosen: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rooms that were chosen after this page was made: whoever did not see them did not untick them."""
    known = (
        request.POST.getlist("known")
        if "known" in request.POST
        else [room["entity_temperature"] for room in draft.rooms]
    )
    known += [room["entity_temperature"] for room in chosen]
    names = {room["name"].lower() for room in chosen}
    return [
        room for room in draft.rooms if room["entity_temperature"] not in known and room["name"].lower() not in names
    ]


def _read_by(site: Site | None) -> dict[str, str]:
    """The rooms of a home by the entity that reads them."""
    if site is None:
        return {}
    monitors = site.climatemonitors.filter(adapter_type="home_assistant").prefetch_related("zones")
    return {
        monitor.config.get("entity_temperature", ""): listed(zones)
        for monitor in monitors
        if (zones := monitor.zones.all())
    }


def _with_room(offer: offers.Offer, read_by: dict[str, str]) -> offers.Offer:
    room = read_by.get(offer.id)
    if room is None:
        return offer
    return offers.Offer(offer.entity, offer.doubt, offer.caution, taken=f"It reads {room} already.", rank=offer.rank)


def _chosen_rooms(
    forms: Sequence[setup_forms.RoomForm], *, goes_without: bool
) -> tuple[list[dict[str, Any]], str, bool]:
    """The rooms as chosen; or none, why not (nothing where the fields say it), and whether going on drops something."""
    ticked = [form for form in forms if form.is_bound and form["use"].value()]
    wrong = [form for form in forms if form.is_bound and not form.is_valid() and (form in ticked or not goes_without)]
    if wrong:
        return [], "", False
    half = [form for form in forms if form.is_typed and form not in ticked]
    if half and not goes_without:
        names = listed(form.offer.name for form in half)
        return [], f"You filled in {names}, but did not tick it as a room. Tick it, or go on without it.", True
    if not ticked:
        return [], "Choose at least one room.", False
    chosen = [form.as_answers() for form in ticked]
    if len({room["name"].lower() for room in chosen}) < len(chosen):
        return [], "Two rooms have the same name. Give each its own.", False
    return chosen, "", False


# --- energy ---------------------------------------------------------------------------------------


@step("url", "rooms", "miners")
def energy(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Sun, grid and battery, or nothing of it."""
    if draft.key != NEW_HOME:
        return redirect("setup-finish")
    entities, problem = draft.entities(anew=request.method != "POST")
    known = draft.get("energy") or {}
    form = setup_forms.EnergyForm(
        request.POST or None, entities=entities, initial=known or None, sure=[str(value) for value in known.values()]
    )
    asks = False
    if request.method == "POST" and "skip" in request.POST:
        if request.POST["skip"] == "sure" or not form.is_typed:
            draft.put(energy={})
            return redirect("setup-finish")
        asks, problem = True, "You have chosen sensors. Go on with them, or leave them all out?"
    elif request.method == "POST" and form.is_valid():
        draft.put(energy=meter_signs.kept(known, form.config()) if form.chosen else {})
        return redirect("setup-meters" if form.chosen else "setup-finish")
    return page(request, draft, "setup-energy", form=form, problem=problem, asks=asks)


@step("url", "rooms", "miners", "energy")
def meters(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Whether each meter counts in the direction it is taken for, by what it shows now."""
    config = draft.get("energy")
    if not config:
        return redirect("setup-finish")
    if "turn" in request.POST:
        draft.put(energy=meter_signs.turned(config, request.POST["turn"]))
        return redirect("setup-meters")
    if request.method == "POST":
        return redirect("setup-finish")
    entities, problem = draft.entities(anew=True)
    lines = meter_signs.lines(config, {one.entity_id: one for one in entities})
    return page(request, draft, "setup-energy", "dashboard/setup_meters.html", lines=lines, problem=problem)


# --- the end --------------------------------------------------------------------------------------


def _policies(has_energy: bool) -> list[tuple[str, str]]:
    usable = [raw for raw in shipped.load() if has_energy or raw["key"] not in NEEDS_ENERGY]
    usable.sort(key=lambda raw: raw["key"] not in NEEDS_ENERGY)
    return [(raw["key"], f"{raw['name']}: {raw['description']}") for raw in usable]


@step()
def finish(request: HttpRequest, draft: Draft) -> HttpResponse:
    """A last look, and what was entered is written."""
    if draft.key != NEW_HOME:
        return _finish_adding(request, draft)
    if any(name not in draft for name in ("url", "rooms", "miners", "energy")):
        return redirect("setup")
    answers = draft.answers
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
            site = create_home(home_plan(draft, **form.cleaned_data), by=request.user.get_username())
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            return _done(request, draft, site, demo if form.cleaned_data.get("remove_demo") else None)
    return page(request, draft, "setup-finish", form=form, miners=summaries(draft))


def home_plan(
    draft: Draft,
    name: str,
    policy: str,
    never_below: float | None = None,
    *,
    instead: dict[str, Any] | None = None,
    **_: Any,
) -> HomePlan:
    """The home a draft would become."""
    answers = draft.answers
    return HomePlan(
        name=name,
        time_zone=answers["time_zone"],
        latitude=answers["latitude"],
        longitude=answers["longitude"],
        currency=answers["currency"],
        contents=draft.additions(instead=instead),
        energy=answers.get("energy") or {},
        policy_key=policy,
        never_below_celsius=never_below if policy in NEEDS_ENERGY else None,
    )


def _done(request: HttpRequest, draft: Draft, site: Site, demo: Site | None) -> HttpResponse:
    """The new home is shown; the simulated one goes when that was wanted."""
    text = f"{site.name} is set up. The first look at your rooms comes within seconds."
    if demo is not None:
        try:
            remove_demo_home(demo, by=request.user.get_username())
        except ValidationError as error:
            text += " " + " ".join(error.messages)
    draft.drop()
    scope.choose(request, site.pk)
    request.session[TOAST_KEY] = {"text": text, "is_error": False}
    return redirect("home")


def _finish_adding(request: HttpRequest, draft: Draft) -> HttpResponse:
    site, problem = draft.site, ""
    if site is None or draft.is_empty:
        return redirect("add-room" if goal(draft) == ROOM else "add-miner")
    if request.method == "POST":
        try:
            added = add_to_home(site, draft.additions(), by=request.user.get_username())
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            names = [*added.zones, *(miner.name for miner in added.miners)]
            draft.drop()
            verb = "is" if len(names) == 1 else "are"
            text = f"{', '.join(names)} {verb} added. The first look comes within seconds."
            request.session[TOAST_KEY] = {"text": text, "is_error": False}
            if added.zones:
                return redirect(f"{reverse('home')}#zone-{next(iter(added.zones.values())).pk}")
            return redirect(f"{reverse('miners')}#miner-{added.miners[0].pk}")
    return page(request, draft, "setup-finish", problem=problem, miners=summaries(draft))


@step()
def discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What was entered is thrown away, as somebody asked for."""
    if request.method == "POST":
        draft.drop()
    return redirect("home")
