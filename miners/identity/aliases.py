"""One device by two ways: one Home Assistant by two addresses, and a plug through Home Assistant and directly.

No address tells that two lead to one Home Assistant. Where two connections know a switch of the same id, both are asked
for its last event at the same time. The same event, to the microsecond and by its id, is the same switch; nothing else
is taken for it, so that homes which merely call their plugs alike stay two. A plug that a driver asks directly has the
MAC that Home Assistant knows of its device. Asked in the wizard and in the background, never by a pass.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Q

from integrations.ask import CallOutcome, call, call_all
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant import open_home_assistant
from integrations.errors import AdapterError
from integrations.models import HomeAssistant
from integrations.registry import ConnectionKind
from miners.models import MinerController
from sites.services import log_activity
from sites.store import store

from . import devices

ASK_SECONDS = 4.0
#: Connections that turned out to be different ones are not asked about the same switch before that (s).
REMEMBER_SECONDS = 24 * 3600
#: So many are asked about one switch at once.
MOST_AT_ONCE = 64


def same_events(rows: Collection[HomeAssistant], entity_id: str) -> list[list[HomeAssistant]]:
    """Those of `rows` that lead to one and the same Home Assistant, in groups of two or more (≤ 5 s).

    Rows need not be stored. One that does not answer is in no group.
    """

    def look(row: HomeAssistant):
        def ask(deadline: float) -> str:
            session = open_home_assistant(row)
            try:
                return session.mark(entity_id, deadline)
            finally:
                session.close()

        return ask

    calls = {("alias", row.pk): look(row) for row in list(rows)[:MOST_AT_ONCE]}
    outcomes: dict[object, CallOutcome] = call_all(calls, ASK_SECONDS)
    by_mark: dict[str, list[HomeAssistant]] = defaultdict(list)
    for row in rows:
        outcome = outcomes.get(("alias", row.pk))
        if outcome is not None and outcome.error is None and outcome.value:
            by_mark[outcome.value].append(row)
    return [group for group in by_mark.values() if len(group) > 1]


def recognise(row: HomeAssistant, entity_ids: Iterable[str]) -> None:
    """Give `row`, which need not be stored, the installation it shares with stored connections, by these switches."""
    for entity_id in entity_ids:
        rivals = [one for one in _rivals(entity_id) if not one.whereabouts() & row.whereabouts()]
        group = next((group for group in same_events([row, *rivals], entity_id) if row in group), None)
        if group is not None:
            row.installation = _join(group if not row._state.adding else [one for one in group if one is not row])


def compare_all() -> None:
    """Look at all switches that several connections know under the same id; what is one Home Assistant is noted."""
    for entity_id, rows in _shared_ids().items():
        known_as = " ".join([entity_id, *sorted(f"{row.pk} {row.url}" for row in rows)])
        remembered = f"aliases:{hashlib.sha256(known_as.encode()).hexdigest()}"
        if store().get(remembered):
            continue
        for group in same_events(rows, entity_id):
            _join(group)
        store().set(remembered, True, REMEMBER_SECONDS)


# --- a plug through Home Assistant and directly ---------------------------------------------------


def known_as(entity: EntityState, entities: Iterable[EntityState]) -> list[str]:
    """The keys that a driver which asks the same device directly has of it: by its MAC and the number of its output."""
    number = re.search(r"(\d+)$", entity.unique_id)
    switches = [one for one in entities if one.mac == entity.mac and one.domain == entity.domain and not one.category]
    is_whole = len(switches) <= 1
    parts = ["", "0"] if is_whole else [number[1]] if number else []
    return [key for part in parts if (key := devices.serial_key(entity.mac, part))]


def note_macs() -> None:
    """Ask every Home Assistant, once a day, which devices its switches are."""
    rows: dict[uuid.UUID, list[MinerController]] = defaultdict(list)
    for controller in _controllers():
        rows[controller.home_assistant_id].append(controller)
    for pk, controllers in rows.items():
        names = " ".join(sorted(devices.called(controller) for controller in controllers))
        remembered = f"macs:{pk}:{hashlib.sha256(names.encode()).hexdigest()}"
        if store().get(remembered):
            continue
        entities = _described(controllers[0].home_assistant)
        if entities is None:
            continue
        for controller in controllers:
            _note_mac(controller, entities)
        store().set(remembered, True, REMEMBER_SECONDS)


def _described(row: HomeAssistant) -> dict[str, EntityState] | None:
    """What Home Assistant has (≤ 5 s); None where it does not say."""

    def look(deadline: float) -> list[EntityState]:
        session = open_home_assistant(row)
        try:
            return session.described(deadline)
        finally:
            session.close()

    try:
        found = call(("macs", row.pk), look, ASK_SECONDS, name="Home Assistant")
    except AdapterError:
        return None
    return {one.entity_id: one for one in found}


def _note_mac(controller: MinerController, entities: dict[str, EntityState]) -> None:
    entity = entities.get(devices.called(controller))
    keys = controller.known_as if entity is None else known_as(entity, entities.values())
    if keys != controller.known_as:
        controller.known_as = keys
        MinerController.objects.filter(pk=controller.pk).update(known_as=keys)
        devices.note(controller)
        controller.site.wake()


# --- one Home Assistant by two addresses ----------------------------------------------------------


def _shared_ids() -> dict[str, list[HomeAssistant]]:
    """By entity: connections that switch one of this id and are not all known to be one."""
    found: dict[str, dict[uuid.UUID, HomeAssistant]] = defaultdict(dict)
    for controller in _controllers():
        found[devices.called(controller)][controller.home_assistant_id] = controller.home_assistant
    return {
        entity_id: list(rows.values())
        for entity_id, rows in found.items()
        if not set.intersection(*(row.whereabouts() for row in rows.values()))
    }


def _rivals(entity_id: str) -> list[HomeAssistant]:
    rows = {one.home_assistant_id: one.home_assistant for one in _controllers() if devices.called(one) == entity_id}
    return list(rows.values())


def _controllers() -> Iterable[MinerController]:
    rows = MinerController.objects.filter(home_assistant__isnull=False).select_related("home_assistant", "site")
    for controller in rows:
        try:
            if controller.adapter.connection == ConnectionKind.HOME_ASSISTANT:
                yield controller
        except LookupError:
            continue


def _join(rows: Collection[HomeAssistant]) -> str:
    """Note that stored connections lead to one Home Assistant, and what that means for their switches."""
    names = {row.installation for row in rows} - {""}
    installation = min(names, default="") or str(uuid.uuid4())
    with transaction.atomic():
        several = HomeAssistant.objects.filter(Q(pk__in=[row.pk for row in rows]) | Q(installation__in=names))
        for row in several.exclude(installation=installation).select_related("site"):
            row.installation = installation
            HomeAssistant.objects.filter(pk=row.pk).update(installation=installation)
            devices.note_on(row)
            log_activity(row.site, f"‘{row}’ at {row.url} is a Home Assistant that another connection leads to, too.")
            row.site.wake()
    return installation
