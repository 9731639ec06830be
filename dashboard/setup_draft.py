"""What a person has entered in the wizard so far: one draft for each home, and one for a home to be.

Drafts wait in the session, with secrets encrypted, until the last step writes rows. Another home, another tab or a
wizard that was left does not lose them.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict

from integrations.ask import call
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant import open_home_assistant
from integrations.errors import AdapterError, in_words
from integrations.models import HomeAssistant
from integrations.tls import told
from optimization.adding import Additions, NewConnection, NewDevice, NewMiner, NewRoom
from sites.fields import decrypt, encrypt
from sites.models import Site
from sites.store import store

from . import offers

SESSION_KEY = "setup"
#: The draft of a home that is not there yet.
NEW_HOME = "new"
ASK_SECONDS = 4.8
#: The list that a page shows is what its answers are checked against, so long (s).
_LIST_KEPT_SECONDS = 3600.0
_DOMAINS = ("sensor", "climate", *offers.SWITCH_DOMAINS)


class Draft:
    """One draft, as it stands in the session."""

    def __init__(self, request: HttpRequest, key: str) -> None:
        self._request, self.key = request, key
        self._all: dict[str, Any] = request.session.get(SESSION_KEY) or {}

    # -- what is in it -------------------------------------------------------------------------

    @property
    def answers(self) -> dict[str, Any]:
        return self._all.get("drafts", {}).get(self.key, {})

    def get(self, name: str, default: Any = None) -> Any:
        return self.answers.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.answers

    def put(self, **answers: Any) -> None:
        self._store({**self.answers, **answers})

    def forget(self, *names: str) -> None:
        self._store({name: value for name, value in self.answers.items() if name not in names})

    def drop(self) -> None:
        """Nothing of it is left."""
        drafts = {key: draft for key, draft in self._all.get("drafts", {}).items() if key != self.key}
        self._all = {"drafts": drafts, "now": ""}
        self._request.session[SESSION_KEY] = self._all

    def _store(self, answers: dict[str, Any]) -> None:
        if self._all.get("now") == self.key and answers == self.answers:
            return
        self._all = {"drafts": {**self._all.get("drafts", {}), self.key: answers}, "now": self.key}
        self._request.session[SESSION_KEY] = self._all

    @property
    def site(self) -> Site | None:
        """The home that is added to; None: a home to be."""
        return None if self.key == NEW_HOME else Site.objects.filter(pk=self.key).first()

    @property
    def key_of_search(self) -> str:
        """Whose search for devices it is: that of its home, or of whoever sets up one to be."""
        return f"{NEW_HOME}-{self._request.user.pk}" if self.key == NEW_HOME else self.key

    @property
    def rooms(self) -> list[dict[str, Any]]:
        return list(self.get("rooms", ()))

    @property
    def miners(self) -> list[dict[str, Any]]:
        return list(self.get("miners", ()))

    def miner(self, name: str | None) -> int | None:
        """The place of the miner of this name: of numbers another tab may have made others."""
        names = [one["name"] for one in self.miners]
        return names.index(name) if name in names else None

    @property
    def editing(self) -> int | None:
        """Which of its miners is being changed: as the page says that is sent, else the one begun last."""
        return self.miner(self._request.POST.get("editing", self.get("editing")))

    @property
    def other_miners(self) -> list[dict[str, Any]]:
        """Its miners but the one that is being changed."""
        return [one for number, one in enumerate(self.miners) if number != self.editing]

    def put_miner(self, answers: dict[str, Any]) -> None:
        """A new one, or the changed one in its place."""
        at = len(self.miners) if self.editing is None else self.editing
        done = answers.get("found", {}).get("address")
        devices = {address: one for address, one in self.get("devices", {}).items() if address != done}
        self.put(miners=[*self.miners[:at], answers, *self.miners[at + 1 :]], devices=devices)
        self.forget("editing")

    @property
    def device(self) -> dict[str, Any]:
        """The device that the page is about (another tab may be at another one): what was `found`, and, once known,
        its sealed `settings`, `heat` and `new_plug`. Empty: there is none.
        """
        address = self._request.POST.get("device") or self.get("device_now", "")
        return self.get("devices", {}).get(address, {})

    def put_device(self, **what: Any) -> None:
        """What is known of it now; with `found`, the pages go on about that one."""
        device = {**(self.device if "found" not in what else self._known(what["found"])), **what}
        address = device["found"]["address"]
        self.put(devices={**self.get("devices", {}), address: device}, device_now=address)

    def _known(self, found: dict[str, Any]) -> dict[str, Any]:
        return self.get("devices", {}).get(found["address"], {})

    @property
    def is_empty(self) -> bool:
        return not (self.rooms or self.miners or self.get("energy"))

    # -- Home Assistant ------------------------------------------------------------------------

    def connection(self) -> HomeAssistant | None:
        """The connection its entities are of: the home's own, or the one that was entered (not stored yet)."""
        if "url" in self:
            return HomeAssistant(
                url=self.get("url"),
                token=decrypt(self.get("token")),
                certificate=self.get("certificate", ""),
                installation=self.get("installation", ""),
            )
        return HomeAssistant.objects.filter(site_id=self.key).first() if self.key != NEW_HOME else None

    def entities(self, *, anew: bool) -> tuple[list[EntityState], str]:
        """What Home Assistant has, and why it cannot be asked, if so. Not `anew`: as the page before showed it."""
        row, kept = self.connection(), None if anew else self._kept_list()
        if kept is not None or row is None:
            return kept or [], ""

        def look(deadline: float) -> list[EntityState]:
            session = open_home_assistant(row)
            try:
                return session.described(deadline)
            finally:
                session.close()

        try:
            found = call(("setup", row.url), told(look), ASK_SECONDS, name="Home Assistant")
        except AdapterError as error:
            return self._kept_list() or [], in_words(error)
        found = [one for one in found if one.domain in _DOMAINS]
        store().set(self._list_key, [_stored(one) for one in found], _LIST_KEPT_SECONDS)
        return found, ""

    @property
    def _list_key(self) -> str:
        return f"setup-entities:{self._request.session.session_key}:{self.key}:{self.get('url', '')}"

    def _kept_list(self) -> list[EntityState] | None:
        kept = store().get(self._list_key)
        return None if kept is None else [EntityState(**one) for one in kept]

    # -- what comes of it ----------------------------------------------------------------------

    def additions(self, *, instead: dict[str, Any] | None = None) -> Additions:
        """The rows to be; with a miner more, or `instead` of the one that is being changed."""
        connection: NewConnection | UUID | None = None
        row = self.connection()
        if row is not None and "url" in self:
            connection = NewConnection(row.url, str(row.token), row.certificate, row.installation)
        elif row is not None:
            connection = row.pk
        rooms = [
            NewRoom(
                room["name"], room["entity_temperature"], room["target_celsius"],
                tuple(UUID(pk) for pk in room.get("heated_by", ())),
            )
            for room in self.rooms
        ]  # fmt: skip
        miners = self.miners if instead is None else [*self.other_miners, instead]
        return Additions(rooms, [new_miner(miner) for miner in miners], connection)

    def room_choices(self) -> list[tuple[str, str]]:
        """The rooms a miner may heat: those that are there by id, those to be by name."""
        site = self.site
        there = [] if site is None else [(str(zone.pk), zone.name) for zone in site.zones.all()]
        return there + [(room["name"], room["name"]) for room in self.rooms]


def current(request: HttpRequest) -> Draft | None:
    """The draft a form was made for, else the one that was worked on last: another tab may be at another home."""
    kept = request.session.get(SESSION_KEY) or {}
    key = request.POST.get("draft") or kept.get("now")
    return Draft(request, key) if key in kept.get("drafts", {}) else None


def begin(request: HttpRequest, key: str, **answers: Any) -> Draft:
    """Work on this draft from now on; what was entered before is still there."""
    draft = Draft(request, key)
    draft.put(**answers)
    return draft


# --- miners ---------------------------------------------------------------------------------------


def sealed(value: Any) -> str:
    """For the session: settings may hold passwords."""
    return encrypt(json.dumps(value))


def opened(text: str) -> Any:
    plain = decrypt(text) if text else ""
    return json.loads(plain) if plain else {}


def new_miner(answers: dict[str, Any]) -> NewMiner:
    """A miner of a draft as a row to be."""
    plug = answers.get("new_plug")
    return NewMiner(
        name=answers["name"],
        device=NewDevice(
            answers["adapter_type"],
            opened(answers["config"]),
            answers.get("identity") or {},
            answers.get("known_as") or (),
        ),
        rooms=tuple(_id_or_name(room) for room in answers["rooms"]),
        heats_no_room=answers["heats_no_room"],
        nominal_power_w=answers.get("watts"),
        cutoff_id=_id_or_none(answers.get("cutoff")),
        plug=None if plug is None else NewDevice(plug_driver(plug), plug["config"], plug["identity"]),
        circuit_id=_id_or_none(answers.get("circuit")),
        unit_id=_id_or_none(answers.get("unit")),
    )


def plug_driver(plug: dict[str, Any]) -> str:
    """The adapter key of an upstream plug; a draft begun before the search knew several kinds holds a Shelly's."""
    return plug.get("adapter_type", "shelly_plug")


def _id_or_name(room: str) -> UUID | str:
    try:
        return UUID(room)
    except ValueError:
        return room


def _id_or_none(text: str | None) -> UUID | None:
    return UUID(text) if text else None


# --- what was typed and is not used yet -----------------------------------------------------------


def typed(data: QueryDict) -> dict[str, list[str]]:
    """Everything of a posted form, to be shown again."""
    return {name: data.getlist(name) for name in data if name != "csrfmiddlewaretoken"}


def _stored(entity: EntityState) -> dict[str, Any]:
    return {name: value for name, value in asdict(entity).items() if name not in _TIMES}


_TIMES = frozenset({"observed_at", "changed_at"})
