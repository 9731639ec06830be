"""Home Assistant: one question a pass for every entity that any adapter wants.

`POST /api/template` renders a template that walks a list of entity ids and emits JSON: the state,
unit and true last-reported time of exactly these (unknown ones are absent). A token that may not
render templates falls back to `GET /api/states`. Behaviour of real releases: 2024.3 and 2026.11.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..errors import AdapterError, BadAnswer, NotFound, Refused, Unauthorized, Unreachable
from ..http import MEGABYTE, Answer, Http
from ..registry import ConnectionKind, opener
from .entities import EntityAnswers, EntityState, domain_of, is_entity_id

_NAME = "Home Assistant"
_STATES_LIMIT_BYTES = 8 * MEGABYTE
#: Home Assistant cuts a rendered template at 256 KiB; 400 entities stay far below.
_IDS_PER_QUESTION = 400
#: How long a refused token is not shown again: Home Assistant logs each refusal, and may ban for them (s).
_REMEMBER_REFUSED_TOKEN_S = 30.0
#: How long a refusal of templates, the unit system and the list of ids are remembered (s).
_REMEMBER_TEMPLATE_REFUSAL_S = 3600.0
_REMEMBER_UNIT_SYSTEM_S = 600.0
_REMEMBER_KNOWN_IDS_S = 60.0
#: What a token without rights, an old release, or one without the API integration answers.
_NO_TEMPLATES = (400, 401, 403, 404, 405)

#: Rows of: id, state, unit, device class, current temperature, own time, name, time of the last change, user.
_TEMPLATE = """\
{%- set ns = namespace(rows=[]) -%}
{%- for id in IDS -%}{%- set s = states[id] -%}{%- if s -%}
{%- set ns.rows = ns.rows + [[id, s.state,
 s.attributes.get('unit_of_measurement') or s.attributes.get('temperature_unit'),
 s.attributes.get('device_class'), s.attributes.get('current_temperature'),
 (s.last_reported if s.last_reported is defined else s.last_updated).isoformat(), s.name,
 s.last_changed.isoformat(), s.context.user_id]] -%}
{%- endif -%}{%- endfor -%}
{{ ns.rows | to_json }}"""


class HomeAssistantSession:
    """An open connection; safe to use from several threads. All times are `time.monotonic()` deadlines."""

    may_block = True

    def __init__(self, url: str, token: str, certificate: str = "") -> None:
        if not token:
            raise Unauthorized("Home Assistant needs a token. Create a long-lived access token in your profile there.")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise Unauthorized("The token holds characters that no token has. Copy it from Home Assistant again.")
        self._http = Http(url, name=_NAME, headers={"Authorization": f"Bearer {token}"}, certificate=certificate)
        self._token_refused_until = 0.0
        self._templates_refused_until = 0.0
        self._system_unit: tuple[float, str] | None = None
        self._known: tuple[float, tuple[str, ...]] = (-_REMEMBER_KNOWN_IDS_S, ())

    def ask(self, keys: Collection[str], deadline: float) -> EntityAnswers:
        """The states of entity ids; unknown ones are absent. Raises `AdapterError`."""
        wanted = sorted(set(keys))
        for key in wanted:
            if not is_entity_id(key):
                raise BadAnswer(f"‘{key[:80]}’ is no entity id; one looks like sensor.living_room.")
        answers = EntityAnswers()
        if not wanted:
            return answers
        if time.monotonic() < self._token_refused_until:
            raise _refused_token()
        states = None
        if time.monotonic() >= self._templates_refused_until:
            states = self._ask_template(wanted, deadline)
        if states is None:
            states = self._pick(wanted, deadline)
        answers.update((state.entity_id, self._with_unit(state, deadline)) for state in states)
        if len(answers) < len(wanted):
            self._explain_missing(answers, deadline)
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        """Ask for a service on one entity. Returning means accepted: a missing entity is accepted, too."""
        if not is_entity_id(f"{domain}.{service}") or not is_entity_id(entity_id):
            raise BadAnswer(f"‘{domain}.{service}’ on ‘{entity_id[:80]}’ cannot be asked of Home Assistant.")
        path = f"/api/services/{domain}/{service}"
        answer = self._http.request("POST", path, json={"entity_id": entity_id}, deadline=deadline)
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
        self._checked(self._http.request("POST", path, json=data, deadline=deadline), path)

    def entities(self, deadline: float, domains: Collection[str] = ()) -> list[EntityState]:
        """All entities of these domains (all domains when empty), by id: for suggestions and set-up."""
        return sorted(
            (state for state in self._states(deadline) if not domains or state.domain in domains),
            key=lambda state: state.entity_id,
        )

    def config(self, deadline: float) -> dict[str, Any]:
        """`GET /api/config`: version, location_name, time_zone, latitude, longitude, currency, unit_system, state."""
        answer = self._http.request("GET", "/api/config", deadline=deadline)
        config = self._checked(answer, "/api/config").json()
        if not isinstance(config, dict):
            raise BadAnswer(f"{self._http.place} does not answer like Home Assistant. Check the address.")
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
            sentence += " It is still starting."
        elif self._ask_template([], deadline) is None:
            sentence += (
                " This token may not render templates, so every pass reads all entities; "
                "a token of an administrator spares that."
            )
        return sentence

    def close(self) -> None:
        self._http.close()

    # -- two ways to read states ---------------------------------------------------------------

    def _ask_template(self, wanted: list[str], deadline: float) -> list[EntityState] | None:
        """States by template; None when this token may not render one."""
        states: list[EntityState] = []
        for start in range(0, max(1, len(wanted)), _IDS_PER_QUESTION):
            ids = wanted[start : start + _IDS_PER_QUESTION]
            template = _TEMPLATE.replace("IDS", json.dumps(ids))
            answer = self._http.request("POST", "/api/template", json={"template": template}, deadline=deadline)
            if answer.status in _NO_TEMPLATES:
                return None
            rows = self._checked(answer, "/api/template").json()
            if not isinstance(rows, list):
                raise _no_states()
            states += [_state_of_row(row) for row in rows]
        return states

    def _pick(self, wanted: list[str], deadline: float) -> list[EntityState]:
        """The same from the list of all states; only when that works was it the template that is refused."""
        states = self._states(deadline)
        self._templates_refused_until = time.monotonic() + _REMEMBER_TEMPLATE_REFUSAL_S
        return [state for state in states if state.entity_id in set(wanted)]

    def _states(self, deadline: float) -> list[EntityState]:
        answer = self._http.request("GET", "/api/states", deadline=deadline, limit_bytes=_STATES_LIMIT_BYTES)
        listed = self._checked(answer, "/api/states").json()
        if not isinstance(listed, list):
            raise _no_states()
        return [_state_of_json(item) for item in listed]

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
        if answer.status == 401:
            self._token_refused_until = time.monotonic() + _REMEMBER_REFUSED_TOKEN_S
            raise _refused_token()
        if answer.status == 403:
            raise Unauthorized("Home Assistant refuses this computer or token (403). Is its address banned there?")
        if answer.status == 404 and what.startswith("/api/services"):
            raise NotFound(f"Home Assistant does not know {what}.")
        if answer.status in (404, 502, 503, 504):
            # 404 for the whole API: it is starting (or something else answers at this address).
            raise Unreachable(
                f"Home Assistant at {self._http.place} is not ready ({answer.status}). "
                "It may be starting; otherwise check the address."
            )
        raise BadAnswer(f"Home Assistant at {self._http.place} answered {answer.status} to {what}.")


@opener(ConnectionKind.HOME_ASSISTANT)
def open_home_assistant(row: Any) -> HomeAssistantSession:
    """The session of a `HomeAssistant` row; no I/O yet. Raises `AdapterError` for an unusable address or token."""
    return HomeAssistantSession(row.url, str(row.token).strip(), row.certificate)


def turn(session: HomeAssistantSession, entity_id: str, *, on: bool, deadline: float) -> None:
    """Switch an entity of a domain that knows turn_on and turn_off."""
    session.call_service(domain_of(entity_id), "turn_on" if on else "turn_off", entity_id, deadline)


def _is_starting(config: dict[str, Any]) -> bool:
    return config.get("state", "RUNNING") != "RUNNING"


def _refused_token() -> Unauthorized:
    return Unauthorized(
        "Home Assistant refuses the token. Create a new long-lived access token there and enter it here."
    )


def _no_states() -> BadAnswer:
    return BadAnswer("Home Assistant answered with something that is no list of states.")


def _state_of_row(row: Any) -> EntityState:
    if not isinstance(row, list) or len(row) != 9:
        raise _no_states()
    entity_id, state, unit, device_class, current_temperature, at, name, changed_at, user_id = row
    return _state(entity_id, state, unit, device_class, (at,), name, current_temperature, changed_at, user_id)


def _state_of_json(item: Any) -> EntityState:
    attributes = item.get("attributes") if isinstance(item, dict) else None
    if not isinstance(attributes, dict):
        raise _no_states()
    return _state(
        item.get("entity_id"),
        item.get("state"),
        attributes.get("unit_of_measurement") or attributes.get("temperature_unit"),
        attributes.get("device_class"),
        (item.get("last_reported"), item.get("last_updated")),
        attributes.get("friendly_name"),
        attributes.get("current_temperature"),
        item.get("last_changed"),
        item["context"].get("user_id") if isinstance(item.get("context"), dict) else None,
    )


def _state(
    entity_id: Any,
    state: Any,
    unit: Any,
    device_class: Any,
    times: Iterable[Any],
    name: Any,
    current_temperature: Any,
    changed_at: Any,
    user_id: Any,
) -> EntityState:
    if not isinstance(entity_id, str) or not isinstance(state, str):
        raise _no_states()
    return EntityState(
        entity_id,
        state,
        unit if isinstance(unit, str) else None,
        device_class if isinstance(device_class, str) else None,
        _time(next((at for at in times if at is not None), None), entity_id),
        name if isinstance(name, str) else entity_id,
        current_temperature,
        None if changed_at is None else _time(changed_at, entity_id),
        user_id if isinstance(user_id, str) else "",
    )


def _time(text: Any, entity_id: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.utcoffset() is None:
            raise ValueError
        return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadAnswer(f"Home Assistant gives no usable time for ‘{entity_id[:80]}’.") from None


def _text(value: Any) -> str:
    return str(value)[:60] if value is not None else "?"
