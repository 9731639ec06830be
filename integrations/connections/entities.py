"""Entities of Home Assistant as adapters see them: states with their unit and their own time. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from .. import units
from ..errors import AdapterError, BadAnswer, NotFound, Unreachable

ENTITY_ID = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+", re.ASCII)
Convert = units.Convert


@dataclass(frozen=True, slots=True)
class EntityState:
    """One entity now. `state` is text as always in Home Assistant; `observed_at` its own time (aware UTC).

    `current_temperature` is the attribute of climate entities, in `unit` (their own, or the system's).
    `changed_at`: since when it has this state, by the same clock. `user_id`: the user of Home Assistant who caused
    it; empty: a device, a timer or an automation did, or it is not known. Where it was asked for set-up: `area`, the
    integration (`platform`) and the `category` (“config”, “diagnostic”) it has there, the `mac` of its device, and the
    `unique_id` its integration gave it.
    """

    entity_id: str
    state: str
    unit: str | None = None
    device_class: str | None = None
    observed_at: datetime | None = None
    name: str = ""
    current_temperature: Any = None
    changed_at: datetime | None = None
    user_id: str = ""
    area: str = ""
    platform: str = ""
    category: str = ""
    mac: str = ""
    unique_id: str = ""

    @property
    def domain(self) -> str:
        return self.entity_id.partition(".")[0]


class EntityAnswers(dict[str, EntityState]):
    """The states of one question by entity id; and what is needed to say why one is missing.

    `starting`: Home Assistant was not fully up, so a missing entity may still come.
    `known`: the ids of all its entities (empty while nothing is missing).
    """

    starting: bool = False
    known: Collection[str] = ()


def domain_of(entity_id: str) -> str:
    return entity_id.partition(".")[0]


def is_entity_id(text: str) -> bool:
    return len(text) <= 255 and ENTITY_ID.fullmatch(text) is not None


def entity_type(*domains: str, optional: bool = False) -> AfterValidator:
    """The pydantic check of a config field: an entity id of one of `domains`; empty when `optional`."""

    def check(text: str) -> str:
        if not text and optional:
            return text
        if not is_entity_id(text):
            example = {"example": f"{domains[0]}.living_room"}
            raise PydanticCustomError("entity_id", "this is no entity id; one looks like {example}", example)
        if domain_of(text) not in domains:
            kinds = {"kinds": " or ".join(domains)}
            raise PydanticCustomError("entity_domain", "another kind of entity is needed here: {kinds}", kinds)
        return text

    return AfterValidator(check)


def entity_field(description: str, *domains: str, classes: Collection[str] = (), **kwargs: Any) -> Any:
    """A config field holding an entity id; domains and device classes become suggestions in the form.

    Entities of one of these `classes` are suggested first; any other of the domains will do.
    """
    extra = {"entity_domains": list(domains)} | ({"entity_classes": list(classes)} if classes else {})
    return Field(description=description, json_schema_extra=extra, **kwargs)


def entity(answers: Mapping[str, EntityState], entity_id: str) -> EntityState:
    """The state of an entity; `NotFound` (or `Unreachable` while Home Assistant starts) when it is missing."""
    found = answers.get(entity_id)
    if found is None:
        raise missing(entity_id, starting=getattr(answers, "starting", False), known=getattr(answers, "known", ()))
    return found


def missing(entity_id: str, *, starting: bool, known: Collection[str]) -> AdapterError:
    """Why an entity is not in the answers, with the nearest one there is."""
    if starting:
        return Unreachable(f"Home Assistant is still starting; ‘{entity_id}’ is not there yet.")
    close = nearest(entity_id, known)
    return NotFound(f"‘{entity_id}’ is not known to Home Assistant." + (f" Nearest: {close}." if close else ""))


def nearest(entity_id: str, known: Collection[str]) -> str | None:
    """The most similar entity id, of the same domain where there is one; None when nothing is similar."""
    domain, _, name = entity_id.partition(".")
    same = [other for other in known if domain_of(other) == domain]
    matches = difflib.get_close_matches(entity_id, same, n=1, cutoff=0.6)
    if not matches:
        by_name = {other.partition(".")[2]: other for other in known}
        matches = [by_name[match] for match in difflib.get_close_matches(name, by_name, n=1, cutoff=0.75)]
    return matches[0] if matches else None


def available(state: EntityState) -> EntityState:
    """The same state; `Unreachable` when Home Assistant has no value for it."""
    if state.state == "unavailable":
        raise Unreachable(f"‘{state.entity_id}’ is unavailable in Home Assistant. Is its device on and in reach?")
    if state.state in ("unknown", ""):
        raise Unreachable(f"‘{state.entity_id}’ has no value in Home Assistant yet.")
    return state


#: What entities that are either on or off call being on: a contact, a cover, a person.
_ON = frozenset({"on", "open", "opening", "closing", "home"})


def is_on(answers: Mapping[str, EntityState], entity_id: str) -> bool:
    """Whether an entity is on, open or at home; any other known state is not. Raises `AdapterError`."""
    return available(entity(answers, entity_id)).state in _ON


def measured(answers: Mapping[str, EntityState], entity_id: str, convert: Convert) -> tuple[float, datetime | None]:
    """The value of an entity in the unit used inside, and its own time. Raises `AdapterError`."""
    state = available(entity(answers, entity_id))
    what = f"‘{entity_id}’"
    if state.domain == "climate":
        if state.current_temperature is None:
            raise BadAnswer(f"{what} shows no current temperature. Choose the sensor of the room instead.")
        return units.measured(state.current_temperature, state.unit, convert, what), state.observed_at
    # Both come from Home Assistant: a unit in the state and another beside it contradict each other.
    return units.measured(state.state, state.unit, convert, what, unit_is_told=True), state.observed_at
