"""The wizard's step about miners: behind a plug of Home Assistant, at an address, or those that are there already.

One form holds all of it, so that no button throws away what stands in another part: what is not used by it is kept and
shown again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from miners.discovery import job
from miners.identity import aliases, devices
from miners.models import MinerController
from optimization.adding import check_additions
from optimization.setup import check_home
from sites.models import Site
from sites.words import listed

from .add_miner_forms import HeatersForm, HeatForm, SwitchForm, WhereForm
from .miner_summary import summaries
from .page import signed_in
from .scope import scope_of
from .setup import home_plan
from .setup_draft import NEW_HOME, Draft, begin, opened, sealed
from .setup_flow import HOME, MINER, ROOM, after, goal, page, step

#: Which input a problem with a row belongs to.
FIELD_OF = {"plug": "plug", "name": "name", "rooms": "rooms", "circuit": "circuit", "unit": "unit"}


# --- ways in --------------------------------------------------------------------------------------


@never_cache
@signed_in
def add_room(request: HttpRequest) -> HttpResponse:
    """A room for the home that is shown."""
    site = scope_of(request).site
    if site is None:
        return redirect("home")
    draft = begin(request, str(site.pk), goal=ROOM)
    return redirect("setup-connection" if draft.connection() is None else "setup-rooms")


@never_cache
@signed_in
def add_miner(request: HttpRequest) -> HttpResponse:
    """A miner for the home that is shown: the step about miners, begun for it."""
    site = scope_of(request).site
    if site is None:
        return redirect("home")
    draft = begin(request, str(site.pk))
    if not draft.rooms:
        draft.put(goal=MINER)
    return miners(request)


# --- the step -------------------------------------------------------------------------------------


@dataclass
class _Forms:
    """What stands on the page. `switch` and `heat` are None without a Home Assistant."""

    where: WhereForm
    heaters: HeatersForm | None
    switch: SwitchForm | None = None
    heat: HeatForm | None = None
    searched: str = ""

    @property
    def plug_is_typed(self) -> bool:
        """Something stands in its inputs that did not stand there at first."""
        forms = () if self.switch is None else (self.switch, self.heat)
        return any(name in form.data for form in forms for name in form.changed_data)

    @property
    def address_is_typed(self) -> bool:
        """It holds an address that has not been looked at."""
        return self.where.data.get("addresses", "").strip() not in ("", self.searched.strip())


@dataclass(frozen=True)
class _Said:
    """Why the step goes on nowhere: a sentence, buttons that answer a question, and whose inputs were judged."""

    problem: str = ""
    asks: Sequence[tuple[str, str]] = ()
    judged: str = ""


@step()
def miners(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What heats: plugs, devices at an address, and what is there already; as many as there are."""
    if goal(draft) in (HOME, ROOM) and not draft.rooms:
        return redirect("setup" if goal(draft) == HOME else "add-room")
    said = _Said()
    if request.method == "POST":
        posted, _ = _forms(draft, data=request.POST)
        if posted.heaters is not None and posted.heaters.is_valid():
            draft.put(rooms=posted.heaters.rooms())
        answer = _answer(request, draft, posted)
        if isinstance(answer, HttpResponse):
            return answer
        said = answer
        # What was not judged stands there as it was typed, without complaints.
        forms, problem = _forms(draft, shown=_kept(request.POST))
        if said.judged == "plug":
            forms.switch, forms.heat = posted.switch, posted.heat
        elif said.judged == "address":
            forms.where = posted.where
    else:
        forms, problem = _forms(draft, shown=draft.get("typed") or {}, anew=True)
    return page(
        request,
        draft,
        "setup-miners",
        forms=forms,
        form=forms.heat,
        problem=said.problem or problem,
        asks=said.asks,
        named=summaries(draft),
        running=job.running(draft.key_of_search),
        network=own_network(request.get_host()),
        has_assistant=draft.connection() is not None,
        gone=_gone(draft),
        edited=None if draft.editing is None else draft.miners[draft.editing]["name"],
    )


def _forms(
    draft: Draft, *, data: QueryDict | None = None, shown: Mapping[str, list[str]] | None = None, anew: bool = False
) -> tuple[_Forms, str]:
    """The forms as posted (`data`), or with what was typed before (`shown`); and why Home Assistant cannot be asked."""
    before, site, problem = _initial(shown or {}), draft.site, ""
    searched = draft.get("addresses", "")
    where = WhereForm(data, initial={"addresses": before.get("addresses") or searched})
    heaters = None
    if site is not None and draft.rooms:
        there = list(site.miners.prefetch_related("zones"))
        heaters = HeatersForm(data, rooms=draft.rooms, miners=there) if there else None
    forms = _Forms(where, heaters, searched=searched)
    if draft.connection() is not None:
        entities, problem = draft.entities(anew=anew)
        names = [one["name"] for one in draft.other_miners]
        heat = {"home": site, "rooms": draft.room_choices(), "names": names, "is_plug": True}
        forms.switch = SwitchForm(data, entities=entities, taken=_taken(draft, site), initial=before or None)
        forms.heat = HeatForm(data, **heat, initial=before or new_rooms(draft))
    return forms, problem


def new_rooms(draft: Draft) -> dict[str, Any] | None:
    """Where somebody came for rooms, a new miner most likely heats those."""
    return {"rooms": [room["name"] for room in draft.rooms]} if goal(draft) == ROOM else None


def _initial(kept: Mapping[str, list[str]]) -> dict[str, Any]:
    """What was typed before, as first values of the inputs."""
    return {name: values if name == "rooms" else values[-1] for name, values in kept.items() if values}


def _taken(draft: Draft, site: Site | None) -> dict[str, str]:
    """What has a miner already, by entity, as far as it is on this Home Assistant; and what this draft gives one."""
    row = draft.connection()
    found = {}
    for controller in devices.on_same(row):
        if devices.users_of(controller):
            found[devices.called(controller)] = devices.driven_by(controller, site or Site())
    for miner in draft.other_miners:
        entity = opened(miner["config"]).get("entity_switch")
        if entity:
            found[entity] = f"you are adding ‘{miner['name']}’ on it"
    return found


def _gone(draft: Draft) -> list[str]:
    """Rooms that miners of the draft heat and that were taken out of it since."""
    known = {value for value, _ in draft.room_choices()}
    return [
        f"{miner['name']} was to heat {listed(lost)}, which you have taken out. Remove it and add it again, or go "
        "back and tick the room."
        for miner in draft.miners
        if (lost := [room for room in miner["rooms"] if room not in known])
    ]


# --- buttons --------------------------------------------------------------------------------------


def _answer(request: HttpRequest, draft: Draft, forms: _Forms) -> HttpResponse | _Said:
    posted = request.POST
    if "forget" in posted:
        edited = None if draft.editing is None else draft.miners[draft.editing]["name"]
        left = [one for one in draft.miners if one["name"] != posted["forget"]]
        draft.put(miners=left, typed=_kept(posted), editing=edited)
        return redirect("setup-miners")
    if "change" in posted:
        if forms.plug_is_typed and not _as_before(draft, posted):
            remedy = "Add it first, or clear it." if draft.editing is None else "Keep the change first, or leave it."
            return _Said(f"You have filled in ‘{posted.get('name', '')}’. {remedy}")
        return _change(draft, posted)
    if "cancel" in posted:
        draft.put(editing=None, typed=_address(posted))
        return redirect("setup-miners")
    if "look" in posted or ("add" not in posted and forms.address_is_typed):
        return _look(request, draft, forms)
    if "add" in posted or ("drop" not in posted and forms.plug_is_typed and "later" not in posted):
        return _add(request, draft, forms)
    if "later" in posted and "drop" not in posted and forms.plug_is_typed:
        text = f"You filled in ‘{posted.get('name', '')}’. Add it, or leave it out?"
        return _Said(text, [("drop", "Leave it out")])
    return _go_on(draft, without="later" in posted or "drop" in posted)


def _kept(posted: QueryDict, *but: str) -> dict[str, list[str]]:
    """What stands in the inputs, to be shown again."""
    return {name: posted.getlist(name) for name in posted if name in _INPUTS and name not in but}


_INPUTS = {*SwitchForm.base_fields, *HeatForm.base_fields, *WhereForm.base_fields}


def _change(draft: Draft, posted: QueryDict) -> HttpResponse:
    """What was answered about a miner of the draft comes back to be changed."""
    number = draft.miner(posted["change"])
    if number is None:
        return redirect("setup-miners")
    miner = draft.miners[number]
    draft.put(editing=miner["name"], typed=_address(posted))
    if "found" in miner:
        settings = {name: value for name, value in opened(miner["config"]).items() if name != "address"}
        draft.put_device(found=miner["found"], settings=sealed(settings), heat=miner, new_plug=miner.get("new_plug"))
        return redirect("add-miner-settings")
    draft.put(typed=_address(posted) | _inputs_of(miner))
    return redirect("setup-miners")


def _inputs_of(miner: Mapping[str, Any]) -> dict[str, list[str]]:
    """A miner of the draft that is only a plug, as the inputs that it came from."""
    config = opened(miner["config"])
    inputs = {
        "switch": config["entity_switch"],
        "power": config.get("entity_power") or "",
        "auto_off": config.get("auto_off_minutes"),
    }
    inputs |= {name: miner[name] for name in HeatForm.base_fields if name in miner} | {"watts": miner["watts"]}
    kept = {name: value if isinstance(value, list) else [value] for name, value in inputs.items()}
    return {name: values for name, values in kept.items() if values not in ([None], [False])}


def _as_before(draft: Draft, posted: QueryDict) -> bool:
    """Nothing was changed of the miner that is open to be changed."""
    if draft.editing is None:
        return False
    before = _inputs_of(draft.miners[draft.editing])
    names = {*SwitchForm.base_fields, *HeatForm.base_fields} & {*before, *posted}
    return all(_filled(before.get(name, ())) == _filled(posted.getlist(name)) for name in names)


def _filled(values: Sequence[object]) -> list[str]:
    return [str(one) for one in values if one != ""]


def _address(posted: QueryDict) -> dict[str, list[str]]:
    """An address that was typed and not looked at stays."""
    return {name: values for name, values in _kept(posted).items() if name in WhereForm.base_fields}


def _look(request: HttpRequest, draft: Draft, forms: _Forms) -> HttpResponse | _Said:
    """What stands at an address is looked at, in the background; nothing else ever is."""
    if not forms.where.is_valid():
        return _Said(judged="address")
    addresses = forms.where.cleaned_data["addresses"]
    try:
        begun = job.start(draft.key_of_search, addresses, by=request.user.get_username())
    except job.Busy:
        forms.where.add_error("addresses", "This home is being searched already. Wait until that is done, or end it.")
        return _Said(judged="address")
    kept = _kept(request.POST, "addresses") if forms.plug_is_typed else {}
    draft.put(addresses=addresses[:2000], search=begun.id, typed=kept)
    return redirect("add-miner-found")


def _add(request: HttpRequest, draft: Draft, forms: _Forms) -> HttpResponse | _Said:
    """The plug becomes a miner of the draft, if all of it holds."""
    switch, heat = forms.switch, forms.heat
    if switch is None or not (switch.is_valid() & heat.is_valid()):
        return _not_yet(request)
    answers = {
        **heat.as_answers(),
        "adapter_type": "home_assistant_switch",
        "config": sealed(switch.device),
        "watts": switch.cleaned_data["watts"],
        "known_as": _known_as(draft, switch.cleaned_data["switch"]),
    }
    problems = unknown_address(draft, switch.cleaned_data["switch"]) or check(draft, answers)
    if problems:
        show(problems, heat, device=(switch, "switch"), watts=(switch, "watts"))
        return _not_yet(request)
    kept = _kept(request.POST) if forms.address_is_typed else {}
    draft.put_miner(answers)
    draft.put(typed={"addresses": kept["addresses"]} if kept else {})
    if "add" in request.POST and goal(draft) != MINER:
        return redirect("setup-miners")
    return _go_on(draft, without=False)


def _not_yet(request: HttpRequest) -> _Said:
    """What is wrong stands beside its input; whoever only wanted to go on may leave the miner out."""
    if "add" in request.POST:
        return _Said(judged="plug")
    text = f"‘{request.POST.get('name', '')}’ is filled in, but something is missing: see below. Or leave it out?"
    return _Said(text, [("drop", "Leave it out")], judged="plug")


def _known_as(draft: Draft, entity_id: str) -> list[str]:
    """How a driver would know the same plug that is asked directly."""
    entities, _ = draft.entities(anew=False)
    found = next((one for one in entities if one.entity_id == entity_id), None)
    return [] if found is None else aliases.known_as(found, entities)


def _go_on(draft: Draft, *, without: bool) -> HttpResponse | _Said:
    """On to the next step; a room that nothing heats is asked about once."""
    if not without:
        heated = {room for miner in draft.miners for room in miner["rooms"]}
        cold = [room["name"] for room in draft.rooms if room["name"] not in heated and not room.get("heated_by")]
        if cold:
            text = f"Nothing heats {listed(cold)} yet. Add a miner for it, or go on: it is only watched until then."
            return _Said(text, [("later", "Go on without")])
        if not draft.rooms and not draft.miners:
            return _Said("Add at least one miner.")
    if _gone(draft):
        return _Said(" ".join(_gone(draft)))
    draft.put(miners=draft.miners, typed={})
    return after(draft, "setup-miners")


# --- checks ---------------------------------------------------------------------------------------


def check(draft: Draft, answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """What stands against this miner beside the others of the draft, by answer; empty when it can be added."""
    try:
        if draft.key == NEW_HOME:
            check_home(home_plan(draft, f"home {uuid4()}", "keep_the_room_warm", instead=answers))
        else:
            check_additions(draft.site, draft.additions(instead=answers))
    except ValidationError as error:
        return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return {}


def unknown_address(draft: Draft, entity_id: str) -> dict[str, list[str]]:
    """Whether this Home Assistant, by another address, already has a miner on this switch (`identity.aliases`)."""
    row = draft.connection()
    aliases.recognise(row, [entity_id])
    if row.installation != draft.get("installation", "") and "url" in draft:
        draft.put(installation=row.installation)
    site = draft.site or Site()
    controller = MinerController(
        site=site, adapter_type="home_assistant_switch", config={"entity_switch": entity_id}, home_assistant=row
    )
    found = devices.others(devices.keys_of(controller))
    if found and devices.users_of(found[0]):
        return {"device": [devices.taken_words(controller, found[0])]}
    return {}


def show(problems: Mapping[str, list[str]], heat: Form, **fields: tuple[Form, str]) -> None:
    """Each problem beside its input; `fields`: those of other forms."""
    for name, sentences in problems.items():
        form, field = fields.get(name, (heat, FIELD_OF.get(name)))
        for text in sentences:
            form.add_error(field if field in form.fields else None, text)


def own_network(host: str) -> str:
    """“192.168.1.0/24”: the network of the address this page was opened at, empty where it is none of a home's."""
    number = host.rpartition(":")[0] or host
    parts = number.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts) or parts[0] == "127":
        return ""
    net = f"{'.'.join(parts[:3])}.0/24"
    return net if WhereForm({"addresses": net}).is_valid() else ""
