"""Observe: ask every connection once for all that is wanted, and read every adapter from the answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from integrations.ask import AskRequest, ask_connections, call_all
from integrations.errors import AdapterError
from integrations.registry import Session
from optimization.site_plan.plan import AdapterPlan

from .load import SiteRows
from .valid_readings import checked


@dataclass(slots=True)
class Observation:
    """Readings and errors by adapter row, sessions and errors by connection.

    An error of a row goes on after its name: “cannot be read: …”.
    """

    readings: dict[UUID, Any] = field(default_factory=dict)
    errors: dict[UUID, str] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    connection_errors: dict[UUID, AdapterError] = field(default_factory=dict)
    asked: set[UUID] = field(default_factory=set)
    #: Rows whose meter says nothing of what hangs on them now (`passes.witnesses`).
    old_meters: set[UUID] = field(default_factory=set)
    #: When it was made; None: of nothing.
    at: datetime | None = None


def observe(chunk: Iterable[SiteRows], seconds: float, now: datetime) -> Observation:
    """Ask for everything the sites of the chunk need, concurrently, within `seconds`; `now` moves simulated houses."""
    connections: dict[UUID, Any] = {}
    adapters: list[AdapterPlan] = []
    for rows in chunk:
        connections.update(rows.connections)
        adapters.extend(rows.site.adapters)
    return read_rows(adapters, connections, seconds, now)


def read_rows(
    adapters: Iterable[AdapterPlan], connections: Mapping[UUID, Any], seconds: float, now: datetime
) -> Observation:
    """Read these adapter rows; one question per connection. Nothing an adapter does gets past here."""
    result = Observation(at=now)
    shared: dict[UUID, list[AdapterPlan]] = defaultdict(list)
    keys: dict[UUID, set[str]] = defaultdict(set)
    alone: list[AdapterPlan] = []
    for row in adapters:
        if row.problem:
            result.errors[row.pk] = row.problem
            continue
        if row.adapter_class.connection is None:
            alone.append(row)
        elif row.connection_id not in connections:
            result.errors[row.pk] = "has no connection; choose one under Set-up"
        else:
            shared[row.connection_id].append(row)
            keys[row.connection_id] |= row.wants
    result.asked = set(shared)
    outcomes = ask_connections([AskRequest(connections[pk], frozenset(keys[pk])) for pk in shared], seconds, now=now)
    for pk, outcome in outcomes.items():
        if outcome.session is not None:
            result.sessions[pk] = outcome.session
        if outcome.error is not None:
            result.connection_errors[pk] = outcome.error
        for row in shared[pk]:
            if outcome.error is not None:
                result.errors[row.pk] = f"cannot be read: {outcome.error}"
            else:
                _read(
                    result, row, lambda row=row, answers=outcome.answers: row.adapter_class.read(row.checked, answers)
                )
    calls = {row.pk: lambda deadline, row=row: row.adapter_class.read_alone(row.checked, deadline) for row in alone}
    rows = {row.pk: row for row in alone}
    for pk, outcome in call_all(calls, seconds, names={row.pk: f"‘{row.name}’" for row in alone}).items():
        if outcome.error is not None:
            result.errors[pk] = f"cannot be read: {outcome.error}"
        else:
            _read(result, rows[pk], lambda value=outcome.value: value)
    return result


def _read(result: Observation, row: AdapterPlan, read) -> None:
    try:
        result.readings[row.pk] = checked(row.adapter_kind, read())
    except AdapterError as error:
        result.errors[row.pk] = f"cannot be read: {error}"
    except Exception as error:  # an adapter's bug costs its own row, never the pass
        result.errors[row.pk] = f"cannot be read: its adapter failed ({type(error).__name__})"
