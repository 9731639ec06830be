"""One view, two answers: a whole page, or its live parts when htmx asks for what changed.

A page is made of parts. Each part has an id in the document and a key that is equal as long as it
looks the same; the browser swaps a part only when its key differs, and the server answers 304 when
none does. When the set of parts changed (a new zone), the browser is told to load the page anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from django_htmx.http import HttpResponseClientRefresh

from climate.models import TargetPeriod
from sites import known

from . import degrees, queries
from .bars import Bars, bars_of
from .facts import PeriodFacts
from .scope import Scope, scope_of

TOAST_KEY = "toast"


def digest(*values: Any) -> str:
    """A short fingerprint of plain values."""
    return blake2b(repr(values).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Part:
    """A piece of a page that lives: dom id, template, and the plain model it shows."""

    id: str
    template: str
    model: Any

    @functools.cached_property
    def key(self) -> str:
        return digest(self.model)


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pages for people who signed in; a live request of one who is out reloads its page."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs):
        if request.user.is_authenticated:
            known.note(request.session.session_key, request.user.get_username())
            return view(request, *args, **kwargs)
        if request.htmx:
            return HttpResponseClientRefresh()
        return _to_sign_in(request)

    return wrapped


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Whoever was signed out meanwhile and sent something is told that it was not taken."""
    answer = redirect_to_login(request.get_full_path())
    if request.method == "POST":
        answer["Location"] += "&not-taken=1"
    return answer


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What changes how a home is set up: for people with a staff account; others are told whom to ask."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs):
        if request.user.is_authenticated and not request.user.is_staff:
            if request.htmx:
                return HttpResponse(status=403, headers={"HX-Redirect": reverse("not-allowed")})
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(wrapped)


class PageData:
    """What every page of a home needs, read once: scope, moment, miners, alarms, bars."""

    def __init__(self, request: HttpRequest, scope: Scope):
        self.request, self.scope, self.site = request, scope, scope.site
        self.at = queries.now_at(scope.site)
        self.miners = queries.miners(scope.site, self.at.now)
        self.alarms = queries.alarms(scope.site)

    @functools.cached_property
    def period_rows(self) -> list[TargetPeriod]:
        return queries.period_rows(self.site, self.at.now)

    @functools.cached_property
    def periods(self) -> tuple[PeriodFacts, ...]:
        """Away, holidays, all eco: those that hold and those to come."""
        return queries.period_facts(self.period_rows)

    @functools.cached_property
    def bars(self) -> Bars:
        return bars_of(self.site, self.at, self.miners, self.alarms, self.periods)


def home_page(view: Callable[[PageData], HttpResponse]) -> Callable[..., HttpResponse]:
    """A signed-in view about the home in scope; without any home it becomes the welcome page."""

    @signed_in
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs):
        scope = scope_of(request)
        if scope.site is None:
            return HttpResponseClientRefresh() if request.htmx else render(request, "dashboard/welcome.html")
        with degrees.shown_in(scope.site.temperature_unit):
            return degrees.translate(view(PageData(request, scope), *args, **kwargs))

    return wrapped


def _seen_etags(request: HttpRequest) -> set[str]:
    """What the browser has; a compressed answer's tag came back to it as a weak one."""
    return {etag.removeprefix("W/") for etag in parse_etags(request.headers.get("If-None-Match", ""))}


def respond(data: PageData, template: str, parts: list[Part], **context: Any) -> HttpResponse:
    """The page with its parts, or, for htmx, only the parts (304 when nothing changed)."""
    request, bars = data.request, Part("bars", "dashboard/_bars.html", data.bars)
    everything = [bars, *parts]
    shape = digest(sorted(part.id for part in everything))  # another order is no reason to load it anew
    context |= {"site": data.site, "now": data.at.now, "bars": bars, "parts": parts, "shape": shape}
    context |= {"seen": queries.seen_at(data.site), "earliest": f"{data.at.now.astimezone(data.at.tz):%Y-%m-%dT%H:%M}"}
    if not request.htmx:
        response = render(request, template, context)
        patch_cache_control(response, private=True, no_cache=True)
        return response
    if request.GET.get("shape") != shape:
        return HttpResponseClientRefresh()
    # The forms inside carry a CSRF token of this session: a fragment never outlives it.
    etag = f'"{digest([(part.id, part.key) for part in everything], request.session.session_key)}"'
    if etag in _seen_etags(request):
        response = HttpResponseNotModified()
    else:
        response = render(request, "dashboard/_parts.html", {**context, "parts": everything, "oob": True})
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response
