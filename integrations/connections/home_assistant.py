"""Home Assistant: one question a pass for every entity that any adapter wants.

`POST /api/template` renders a template that walks a list of entity ids and emits JSON: the state, unit and true
last-reported time of exactly these (unknown ones are absent). Only an administrator's token may render templates; with
another, `GET /api/states` is read. Behaviour of real releases: 2024.3 and 2026.11.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..errors import AdapterError, BadAnswer, NotFound, Refused, Unauthorized, Unreachable
from ..http import MEGABYTE, Answer
from ..registry import ConnectionKind, opener
from . import home_assistant_registries as registries
from . import home_assistant_states as states_of
from .entities import EntityAnswers, EntityState, domain_of, is_entity_id
from .home_assistant_door import Door, User

_STATES_LIMIT_BYTES = 8 * MEGABYTE
#: Home Assistant cuts a rendered template at 256 KiB; 400 entities stay far below.
_IDS_PER_QUESTION = 400
#: How long it is remembered who the token belongs to, and that this cannot be asked or no template is rendered (s).
_REMEMBER_USER_S = 3600.0
_REMEMBER_NO_USER_S = 600.0
#: The same while it does not answer at all: it may be starting (s).
_REMEMBER_SILENCE_S = 60.0
#: How long the unit system and the list of ids are remembered (s).
_REMEMBER_UNIT_SYSTEM_S = 600.0
_REMEMBER_KNOWN_IDS_S = 60.0
#: Asking who it is may take this part of the time there is: a proxy may swallow WebSockets.
_PART_FOR_WHO = 1 / 3
#: What an old release, or one without the API integration, answers to a template.
_NO_TEMPLATES = (400, 404, 405)


class HomeAssistantSession:
    """An open connection; safe to use from several threads. All times are `time.monotonic()` deadlines."""

    may_block = True

    def __init__(self, url: str, token: str, certificate: str = "") -> None:
        self._door = Door(url, token, certificate)
        #: Whose token it is (None: it could not be asked), and until when that is remembered.
        self._user: User | None = None
        self._user_until = float("-inf")
        self._templates_refused_until = float("-inf")
        self._system_unit: tuple[float, str] | None = None
        self._known: tuple[float, tuple[str, ...]] = (-_REMEMBER_KNOWN_IDS_S, ())
        self._clock = states_of.SourceClock()
        self._before_restart = states_of.BeforeRestart()

    def ask(self, keys: Collection[str], deadline: float) -> EntityAnswers:
        """The states of entity ids; unknown ones are absent. Raises `AdapterError`."""
        wanted = sorted(set(keys))
        for key in wanted:
            if not is_entity_id(key):
                raise BadAnswer(f"‘{key[:80]}’ is no entity id; one looks like sensor.living_room.")
        answers = EntityAnswers()
        if not wanted:
            return answers
        try:
            states = self._asked(wanted, deadline)
            answers.update((state.entity_id, self._with_unit(state, deadline)) for state in states)
            if len(answers) < len(wanted):
                self._explain_missing(answers, deadline)
        except AdapterError:
            self._before_restart.interrupted()
            raise
        if answers.starting:
            self._before_restart.interrupted()
        for key, state in answers.items():
            answers[key] = self._clock.ours(self._before_restart.kept(state))
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        """Ask for a service on one entity. Returning means accepted: a missing entity is accepted, too."""
        if not is_entity_id(f"{domain}.{service}") or not is_entity_id(entity_id):
            raise BadAnswer(f"‘{domain}.{service}’ on ‘{entity_id[:80]}’ cannot be asked of Home Assistant.")
        path = f"/api/services/{domain}/{service}"
        answer = self._door.request(
            "POST",
            path,
            json={"entity_id": entity_id},
            deadline=deadline,
            right="switch anything",
            is_off=service == "turn_off",
        )
        if answer.status == 400:
            raise Refused(f"Home Assistant refuses {service} for ‘{entity_id}’.")
        self._checked(answer, f"/api/services ({domain}.{service})")

    def notify(self, notification_id: str, title: str, message: str, deadline: float) -> None:
        """Show a persistent notification; the same id replaces it."""
        self._notification("create", {"notification_id": notification_id, "title": title, "message": message}, deadline)

    def clear_notification(self, notification_id: str, deadline: float) -> None:
        """Take a persistent notification away; one that is gone already is fine."""
        self._notification("dismiss", {"notification_id": notification_id}, deadline)

    def _notification(self, service: str, data: dict[str, str], deadline: float) -> None:
        path = f"/api/services/persistent_notification/{service}"
        answer = self._door.request("POST", path, json=data, deadline=deadline, right="show notifications")
        self._checked(answer, path)

    def entities(self, deadline: float, domains: Collection[str] = ()) -> list[EntityState]:
        """All entities of these domains (all domains when empty), by id: for suggestions and set-up."""
        return sorted(
            (state for state in self._states(deadline) if not domains or state.domain in domains),
            key=lambda state: state.entity_id,
        )

    def described(self, deadline: float) -> list[EntityState]:
        """The same with the area, integration and category of each, as far as they can be asked."""
        states = [self._with_unit(state, deadline) for state in self.entities(deadline)]
        try:
            facts = registries.facts(*self._door.lists(registries.COMMANDS, deadline))
        except Unauthorized:
            raise
        except AdapterError:
            return states  # a proxy that knows no WebSocket: the list is shorter of words, not of entities
        return [replace(state, **facts[state.entity_id]) if state.entity_id in facts else state for state in states]

    def mark(self, entity_id: str, deadline: float) -> str:
        """What no other Home Assistant says of an entity of this id at this moment; empty: it has none, or cannot tell.

        Its last event: when, to the microsecond, and the id Home Assistant gave it.
        """
        if not is_entity_id(entity_id):
            return ""
        answer = self._door.request("GET", f"/api/states/{entity_id}", deadline=deadline)
        if answer.status == 404:
            return ""
        state = self._checked(answer, "/api/states").json()
        event = state.get("context") if isinstance(state, dict) else None
        if not isinstance(event, dict) or not event.get("id"):
            return ""
        return f"{event['id']} {state.get('last_updated')}"

    def config(self, deadline: float) -> dict[str, Any]:
        """`GET /api/config`: version, location_name, time_zone, latitude, longitude, currency, unit_system, state."""
        answer = self._door.request("GET", "/api/config", deadline=deadline)
        config = self._checked(answer, "/api/config").json()
        if not isinstance(config, dict):
            raise BadAnswer(f"{self._door.place} does not answer like Home Assistant. Check the address.")
        return config

    def check(self, deadline: float) -> str:
        """One sentence on what is there: version, name, time zone, number of entities. Raises `AdapterError`."""
        config = self.config(deadline)
        count = len(self.entities(deadline))
        sentence = (
            f"Home Assistant {_text(config.get('version'))} ‘{_text(config.get('location_name'))}’ answers: "
            f"{count} entities, time zone {_text(config.get('time_zone'))}."
        )
        if _is_starting(config):
            return f"{sentence} It is still starting."
        user = self._who(deadline)
        if user is None:
            return (
                f"{sentence} Whose token this is cannot be asked, as no WebSocket gets through, so every pass reads "
                "all entities."
            )
        if not user.is_admin:
            return (
                f"{sentence} The token belongs to ‘{user.name}’, who is no administrator and may not render templates, "
                "so every pass reads all entities; a token of an administrator spares that."
            )
        return sentence

    def close(self) -> None:
        self._door.close()

    # -- two ways to read states ---------------------------------------------------------------

    def _asked(self, wanted: list[str], deadline: float) -> list[EntityState]:
        """The states of `wanted`, by Home Assistant's clock, and what that clock shows."""
        if time.monotonic() >= self._templates_refused_until:
            user = self._who(deadline)
            states = self._ask_template(wanted, deadline) if user is not None and user.is_admin else None
            if states is not None:
                return states
        ids = set(wanted)
        return [state for state in self._states(deadline) if state.entity_id in ids]

    def _who(self, deadline: float) -> User | None:
        """Whose token it is; None where that cannot be asked. A template is asked for only where it is known."""
        now = time.monotonic()
        if now < self._user_until:
            return self._user
        try:
            self._user = self._door.who(min(deadline, now + (deadline - now) * _PART_FOR_WHO))
            self._user_until = time.monotonic() + _REMEMBER_USER_S
        except Unauthorized:
            raise
        except AdapterError as error:
            remember_s = _REMEMBER_SILENCE_S if isinstance(error, Unreachable) else _REMEMBER_NO_USER_S
            self._user, self._user_until = None, time.monotonic() + remember_s
        return self._user

    def _ask_template(self, wanted: list[str], deadline: float) -> list[EntityState] | None:
        """States by template; None where none is rendered."""
        states: list[EntityState] = []
        for start in range(0, len(wanted), _IDS_PER_QUESTION):
            question = {"template": states_of.template(wanted[start : start + _IDS_PER_QUESTION])}
            sent = datetime.now(UTC)
            try:
                answer = self._door.request("POST", "/api/template", json=question, deadline=deadline)
            except Unauthorized:
                self._user_until = float("-inf")  # it may be another user's by now; asked again before the next one
                raise
            if answer.status in _NO_TEMPLATES:
                self._templates_refused_until = time.monotonic() + _REMEMBER_USER_S
                return None
            at, found = states_of.rendered(self._checked(answer, "/api/template").json())
            self._clock.heard(at, at, sent, datetime.now(UTC))
            states += found
        return states

    def _states(self, deadline: float) -> list[EntityState]:
        sent = datetime.now(UTC)
        answer = self._door.request("GET", "/api/states", deadline=deadline, limit_bytes=_STATES_LIMIT_BYTES)
        states = states_of.listed(self._checked(answer, "/api/states").json())
        self._clock.heard_date(answer.date, sent, datetime.now(UTC))
        return states

    # -- what else is worth knowing ------------------------------------------------------------

    def _with_unit(self, state: EntityState, deadline: float) -> EntityState:
        """Climate entities of 2024 name no unit: theirs is that of the whole system."""
        if state.domain != "climate" or state.unit:
            return state
        if self._system_unit is None or time.monotonic() >= self._system_unit[0]:
            system = self.config(deadline).get("unit_system")
            unit = system.get("temperature") if isinstance(system, dict) else None
            self._system_unit = (time.monotonic() + _REMEMBER_UNIT_SYSTEM_S, unit if isinstance(unit, str) else "")
        return replace(state, unit=self._system_unit[1] or None)

    def _explain_missing(self, answers: EntityAnswers, deadline: float) -> None:
        """Entities are missing: is it still starting, or what are the others called? The answers stay good."""
        try:
            answers.starting = _is_starting(self.config(deadline))
            if not answers.starting:
                fetched, ids = self._known
                if time.monotonic() >= fetched + _REMEMBER_KNOWN_IDS_S:
                    ids = tuple(state.entity_id for state in self._states(deadline))
                    self._known = (time.monotonic(), ids)
                answers.known = ids
        except AdapterError:
            return

    def _checked(self, answer: Answer, what: str) -> Answer:
        """`answer` when it is a success, else the error its status stands for."""
        if answer.status in (200, 201):
            return answer
        if answer.status == 404 and what.startswith("/api/services"):
            raise NotFound(f"Home Assistant does not know {what}.")
        if answer.status in (404, 502, 503, 504):
            # 404 for the whole API: it is starting (or something else answers at this address).
            raise Unreachable(
                f"Home Assistant at {self._door.place} is not ready ({answer.status}). "
                "It may be starting; otherwise check the address."
            )
        raise BadAnswer(f"Home Assistant at {self._door.place} answered {answer.status} to {what}.")


@opener(ConnectionKind.HOME_ASSISTANT)
def open_home_assistant(row: Any) -> HomeAssistantSession:
    """The session of a `HomeAssistant` row; no I/O yet. Raises `AdapterError` for an unusable address or token."""
    return HomeAssistantSession(row.url, str(row.token).strip(), row.certificate)


def turn(session: HomeAssistantSession, entity_id: str, *, on: bool, deadline: float) -> None:
    """Switch an entity of a domain that knows turn_on and turn_off."""
    session.call_service(domain_of(entity_id), "turn_on" if on else "turn_off", entity_id, deadline)


def _is_starting(config: dict[str, Any]) -> bool:
    return config.get("state", "RUNNING") != "RUNNING"


def _text(value: Any) -> str:
    return str(value)[:60] if value is not None else "?"
