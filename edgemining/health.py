"""`/healthz`: does the program control? For Docker, systemd, uptime monitors and people; no login, no data."""

from __future__ import annotations

from django.db import connection
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from optimization.watchdog import watchdog
from sites import heartbeat, recording
from sites.faults import DATABASE_ERRORS, FULL, RETRY_AFTER_SECONDS, StoreUnavailable, fault_of, is_full


@require_safe
@never_cache
def healthz(request) -> JsonResponse:
    """200 when the database answers and takes what is written, and control is on time; else 503 with the reasons."""
    reasons = _database_problems()
    try:
        age_seconds = heartbeat.age_seconds()
        reasons += _control_problems(age_seconds)
    except StoreUnavailable as error:
        age_seconds = None
        reasons.append(fault_of(error).text)
    body = {
        "ok": not reasons,
        "reasons": reasons,
        "last_tick_age_seconds": None if age_seconds is None else round(age_seconds, 1),
    }
    if not reasons:
        return JsonResponse(body)
    response = JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    response._has_been_logged = True  # whatever is wrong is in the log; that somebody asks every second need not be
    return response


def _database_problems() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        unrecorded = recording.find_out()
    except DATABASE_ERRORS as error:
        fault = fault_of(error)
        return [fault.text if fault else "The database does not answer."]
    if unrecorded is not None:
        minutes = max(0, round((timezone.now() - unrecorded.since).total_seconds() / 60))
        since = f"Nothing has been stored for {minutes} min." if minutes else "Nothing can be stored."
        return [f"{since} {unrecorded.text}"]
    return [FULL.text] if is_full() else []


def _control_problems(age_seconds: float | None) -> list[str]:
    late = len(watchdog.late_sites())
    if late:
        return [f"Control is late in {late} home{'s' if late > 1 else ''}; the watchdog switches off what runs there."]
    if not heartbeat.is_late():
        return []
    if age_seconds is None:
        return ["No control pass has completed yet."]
    return [f"The last control pass completed {age_seconds:.0f} s ago."]
