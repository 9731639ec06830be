"""Control that is late, told by the watchdog once it has switched off: an alarm, and a word in Home Assistant.

The next completed pass ends the alarm and takes the word back, as with any other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from integrations.ask import AskRequest, ask_connections
from integrations.registry import ConnectionKind
from optimization.site_plan.loading import load_plans
from sites import heartbeat, said
from sites.alarms import KINDS
from sites.faults import DAMAGED, DATABASE_ERRORS, NO_TABLES, Fault, StoreUnavailable, fault_of
from sites.heartbeat import late_after_seconds
from sites.models import Alarm, Site
from sites.services import raise_site_alarm
from sites.store import store

from .load import SiteRows
from .notifications import TELL_SECONDS, tell
from .observe import Observation

log = logging.getLogger(__name__)

#: The program is about to end: what takes longer than this stays untold (the restart is in the log).
RAISE_SECONDS = 2 * TELL_SECONDS


def raise_alarms_in_time(site_ids: Collection[str]) -> None:
    """`raise_alarms` for at most `RAISE_SECONDS`: a locked database must not keep the program from ending."""
    thread = threading.Thread(target=_raise_and_close, args=(site_ids,), name="late alarms", daemon=True)
    thread.start()
    thread.join(RAISE_SECONDS)


def _raise_and_close(site_ids: Collection[str]) -> None:
    try:
        raise_alarms(site_ids)
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            log.exception("that control is late could not be told")
        else:
            log.error("that control is late could not be told: %s", fault.what)
    finally:
        connection.close()


def is_excused() -> bool:
    """No pass can run because the database or Redis does not answer: a new start would change nothing, and take the
    pages away that say so. The supervisor is told that this process lives.
    """
    fault = _missing()
    if fault is None:
        return False
    said.say(log, fault, f"no pass runs: {fault.text} This process waits; what it had on was told to be off.")
    heartbeat.still_alive()
    return True


def _missing() -> Fault | None:
    """What passes need and does not answer; what is damaged does not come back by waiting."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        store().get("heartbeat")
    except (*DATABASE_ERRORS, StoreUnavailable) as error:
        fault = fault_of(error)
        return None if fault in (DAMAGED, NO_TABLES) else fault
    finally:
        connection.close()
    return None


def raise_alarms(site_ids: Collection[str]) -> None:
    """Open the alarm `passes_late` for these sites where it is not open yet, and tell it."""
    now, told = timezone.now(), {}
    for site in Site.objects.filter(pk__in=site_ids, is_active=True):
        since = now - timedelta(seconds=late_after_seconds(site.control_period_seconds))
        text = f"No control pass of {site.name} has completed since {since.astimezone(site.tz):%H:%M}."
        alarm, created = raise_site_alarm(site, KINDS["passes_late"], text, since=since)
        if created:
            told[site.pk] = alarm
    _tell(told)


def _tell(alarms: Mapping[UUID, Alarm]) -> None:
    chunk = [SiteRows.of(plan) for plan in load_plans(list(alarms)).values()] if alarms else []
    requests = []
    for rows in chunk:
        rows.alarms = [alarms[rows.site.pk]]
        connections = rows.connections.values()
        requests += [AskRequest(one, frozenset()) for one in connections if one.kind is ConnectionKind.HOME_ASSISTANT]
    outcomes = ask_connections(requests, TELL_SECONDS)
    sessions = {pk: outcome.session for pk, outcome in outcomes.items() if outcome.session is not None}
    tell(chunk, Observation(sessions=sessions))
