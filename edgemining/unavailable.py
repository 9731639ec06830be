"""What a page, the API and a script get when something they need is not there: 503, why, and when to ask again.

Views raise what they meet (a locked database, Redis that does not answer); here it becomes an answer. Nothing in here
needs what is missing.
"""

from __future__ import annotations

import logging
import sys
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.defaults import server_error

from dashboard.context import theme_of
from sites import held
from sites.faults import DATABASE_ERRORS, RETRY_AFTER_SECONDS, Fault, fault_of
from sites.lowering import DoneAtOnce

from . import without_database

log = logging.getLogger(__name__)


class UnavailableMiddleware:
    """Answers for views; what middleware meets comes to `handler500`."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DoneAtOnce):
            return _done(request, error)
        fault = fault_of(error)
        if fault is None:
            return None
        log_fault(request, fault, error)
        return _all_off(request, fault) or answer(request, fault)


def _all_off(request: HttpRequest, fault: Fault) -> HttpResponse | None:
    """“All off” goes without the database as far as anything is known here."""
    told = None if fault.reads else without_database.all_off(request, fault)
    if told is None:
        return None
    if request.path.startswith("/api/"):
        said = {"message": str(told), "stored": False, "miners": told.miners, "wish": None}
        return JsonResponse(said, status=202)
    if getattr(request, "htmx", False):
        toast = {"text": str(told), "is_error": True}
        return HttpResponse(render_to_string("dashboard/_toast.html", {"toast": toast}))
    return answer(request, fault, was_done=True)


def _done(request: HttpRequest, told: DoneAtOnce) -> HttpResponse:
    """A page of the set-up asked for less heat: back to where it was, with what happened."""
    messages.warning(request, str(told))
    referer = urlsplit(request.headers.get("Referer", ""))
    is_ours = referer.netloc == request.get_host() and referer.path.startswith("/")
    return redirect(referer.path if is_ours else "admin:index")


def handler500(request: HttpRequest) -> HttpResponse:
    """Django's own answer to an error of ours, unless something is not available."""
    error = sys.exc_info()[1]
    fault = fault_of(error)
    if fault is None:
        return server_error(request)
    log_fault(request, fault, error)
    return answer(request, fault)


def log_fault(request: HttpRequest, fault: Fault, error: BaseException) -> None:
    """One line: PostgreSQL's own words are several."""
    log.error("%s %s: %s (%s)", request.method, request.path, fault.what, " ".join(str(error).split()))


def answer(request: HttpRequest, fault: Fault, *, was_done: bool = False) -> HttpResponse:
    """503 in the form the asker understands. `was_done`: what was asked for, only no page can be shown."""
    if request.path.startswith("/api/") or request.path.endswith((".json", "/healthz")):
        response: HttpResponse = JsonResponse({"detail": fault.text}, status=503)
    elif getattr(request, "htmx", False) and request.method == "POST":
        toast = {"text": f"That was not done. {fault.text}", "is_error": True}
        response = HttpResponse(render_to_string("dashboard/_toast.html", {"toast": toast}), status=503)
    elif getattr(request, "htmx", False) or not _wants_page(request):
        response = HttpResponse(fault.text, content_type="text/plain; charset=utf-8", status=503)
    else:
        context = {
            "fault": fault,
            "theme": theme_of(request),
            "was_refused": request.method != "GET" and not was_done,
            "can_switch_off": _is_signed_in(request),
            "held": held.orders(),
            "csrf_token": get_token(request),
        }
        response = HttpResponse(render_to_string("dashboard/unavailable.html", context), status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    response._has_been_logged = True  # in one line, by whoever met it
    return response


def _is_signed_in(request: HttpRequest) -> bool:
    """As far as that can be found out: a database that does not answer knows nobody."""
    try:
        return request.user.is_authenticated
    except (*DATABASE_ERRORS, AttributeError):
        return False


def _wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")
