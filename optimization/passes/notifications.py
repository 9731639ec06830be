"""Telling alarms outside: each once as a persistent notification in Home Assistant, cleared on recovery.

What could not be told is told by a later pass; nothing here delays or fails control. Home Assistant forgets its
notifications when it restarts, so those of alarms that last are shown again then.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from integrations.ask import call_all
from integrations.connections.home_assistant import HomeAssistantSession
from sites.alarms import KINDS
from sites.models import Alarm, Severity
from sites.patience import if_possible
from sites.store import store

from .load import SiteRows
from .observe import Observation

TELL_SECONDS = 3.0
_NOTE_SECONDS = 1.0
#: A flood of alarms is told over several passes.
_MOST = 10


def tell(chunk: Iterable[SiteRows], observation: Observation) -> None:
    """Show new alarms, clear ended ones, through the first Home Assistant of each site that answered."""
    calls, marks = {}, {}
    for rows in chunk:
        _note_silence(rows, observation)
        pk, session = _session(rows, observation)
        if session is None:
            continue
        _tell_again(rows, pk)
        for alarm in [one for one in rows.alarms if not one.told and one.severity == Severity.ALARM][:_MOST]:
            if alarm.ended_at is None:
                calls[("tell", alarm.pk)] = _show(session, alarm)
                marks[("tell", alarm.pk)] = (alarm, "shown")
        for alarm in rows.untold[:_MOST]:
            calls[("tell", alarm.pk)] = _clear(session, alarm)
            marks[("tell", alarm.pk)] = (alarm, "cleared")
    if not calls:
        return
    done: dict[str, list[UUID]] = {"shown": [], "cleared": []}
    for key, outcome in call_all(calls, TELL_SECONDS).items():
        if outcome.error is None:
            alarm, mark = marks[key]
            done[mark].append(alarm.pk)
    for mark, ids in done.items():
        if ids:  # what cannot be noted is told again
            if_possible(lambda ids=ids, mark=mark: Alarm.objects.filter(pk__in=ids).update(told=mark), _NOTE_SECONDS)


def _session(rows: SiteRows, observation: Observation) -> tuple[UUID | None, HomeAssistantSession | None]:
    for pk in rows.connections:
        session = observation.sessions.get(pk)
        if isinstance(session, HomeAssistantSession) and pk not in observation.connection_errors:
            return pk, session
    return None, None


def _note_silence(rows: SiteRows, observation: Observation) -> None:
    """A Home Assistant that did not answer may have been restarted: its notifications are gone with that."""
    for pk in rows.connections.keys() & observation.connection_errors.keys():
        with suppress(Exception):  # a store that does not answer must not keep an alarm from being told
            store().delete(_key(pk))


def _tell_again(rows: SiteRows, pk: UUID) -> None:
    """What lasts is shown once more after a silence of Home Assistant, and after a start of this program."""
    lasting = [alarm for alarm in rows.alarms if alarm.ended_at is None and alarm.severity == Severity.ALARM]
    if not lasting:
        return
    try:
        if store().get(_key(pk)):
            return
        store().set(_key(pk), True)
    except Exception:
        return
    shown = [alarm for alarm in lasting if alarm.told == "shown"]
    for alarm in shown:
        alarm.told = ""
    if shown:  # stored, for there may be more than a pass tells at once
        Alarm.objects.filter(pk__in=[alarm.pk for alarm in shown]).update(told="")


def _key(pk: UUID) -> str:
    """Set while what Home Assistant was told still stands there."""
    return f"told:{pk}"


def _show(session: HomeAssistantSession, alarm: Alarm):
    title = f"Edge Mining: {KINDS[alarm.kind].title if alarm.kind in KINDS else 'alarm'}"
    message = f"{alarm.text} {alarm.did} {alarm.remedy}".strip()
    return lambda deadline: session.notify(_id(alarm), title, message, deadline)


def _clear(session: HomeAssistantSession, alarm: Alarm):
    return lambda deadline: session.clear_notification(_id(alarm), deadline)


def _id(alarm: Alarm) -> str:
    return f"edgemining_{alarm.pk.hex}"
