"""The page “Safety”: what holds, after how long at most, and what does not."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from optimization.safety import GROUPS, LIMITS, LOOK_MEANS
from sites.alarms import KINDS

from .page import PageData, home_page, respond


@require_safe
@home_page
def safety(data: PageData) -> HttpResponse:
    """The same table as `docs/safety.md`, and the kinds of alarms there are."""
    table = {"groups": GROUPS, "limits": LIMITS, "look_means": LOOK_MEANS, "kinds": tuple(KINDS.values())}
    return respond(data, "dashboard/safety.html", [], place="safety", **table)
