"""`/healthz`: does the program control? For Docker, systemd, uptime monitors and people; no login, no data."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from optimization.watchdog import watchdog
from sites import heartbeat


@require_safe
@never_cache
def healthz(request) -> JsonResponse:
    """200 when the database answers and control is on time, else 503 with the reasons."""
    age_seconds = heartbeat.age_seconds()
    reasons = [*_database_problems(), *_control_problems(age_seconds)]
    body = {
        "ok": not reasons,
        "reasons": reasons,
        "last_tick_age_seconds": None if age_seconds is None else round(age_seconds, 1),
    }
    return JsonResponse(body, status=503 if reasons else 200)


def _database_problems() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return ["The database does not answer."]
    return []


def _control_problems(age_seconds: float | None) -> list[str]:
    late = len(watchdog.late_sites())
    if late:
        return [f"Control is late in {late} home{'s' if late > 1 else ''}; the watchdog switches off what runs there."]
    if not heartbeat.is_late():
        return []
    if age_seconds is None:
        return ["No control pass has completed yet."]
    return [f"The last control pass completed {age_seconds:.0f} s ago."]
