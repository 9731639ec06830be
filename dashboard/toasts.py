"""What every action of a page shares: a signed-in POST, a toast that says what was done, a way to undo it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from sites.lowering import DoneAtOnce

from . import degrees
from .page import TOAST_KEY, signed_in
from .scope import scope_of


@dataclass(frozen=True)
class Undo:
    """Where the undo button posts, and what."""

    url: str
    fields: dict[str, str]


def action(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A signed-in POST; what the services refuse becomes a toast that says why."""

    def answered(request: HttpRequest, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return done(request, " ".join(error.messages), is_error=True)
        except DoneAtOnce as told:
            return done(request, str(told), is_alarm=not (told.is_sure and told.is_stored))

    def wrapped(request: HttpRequest, *args, **kwargs):
        site = scope_of(request).site
        with degrees.shown_in(site.temperature_unit if site is not None else degrees.CELSIUS):
            return answered(request, *args, **kwargs)

    wrapped.__name__, wrapped.__doc__ = view.__name__, view.__doc__
    return require_POST(signed_in(wrapped))


def done(
    request: HttpRequest, text: str, *, undo: Undo | None = None, is_error: bool = False, is_alarm: bool = False
) -> HttpResponse:
    """The toast, and a live refresh; without JavaScript the page again, with the toast on it."""
    toast = {"text": degrees.translated(text), "is_error": is_error or is_alarm}
    if undo is not None:
        toast |= {"undo_url": undo.url, "undo_fields": undo.fields}
    if request.htmx:
        response = render(request, "dashboard/_toast.html", {"toast": toast}, status=422 if is_error else 200)
        return trigger_client_event(response, "live")
    request.session[TOAST_KEY] = toast
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page the form was on, if it is one of ours."""
    referer = urlsplit(request.headers.get("Referer", ""))
    return referer.path if referer.netloc == request.get_host() and referer.path.startswith("/") else reverse("home")


def who(request: HttpRequest) -> str:
    return request.user.get_username()
