"""Template context of every page: navigation, colour scheme, homes, and a toast left by a plain form."""

from __future__ import annotations

from django.http import HttpRequest

from .page import TOAST_KEY
from .scope import scope_of

THEMES = ("light", "dark")
NAVIGATION = (
    ("home", "Home", "home"),
    ("energy", "Energy", "energy"),
    ("miners", "Miners", "miners"),
    ("policies", "Policies", "policies"),
)


def theme_of(request: HttpRequest) -> str:
    """The colour scheme somebody chose in this browser; empty: as the device says."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


def page(request: HttpRequest) -> dict:
    """Only for the dashboard's own pages: the admin has its own frame and pays for none of this."""
    if request.resolver_match is None or "admin" in request.resolver_match.namespaces:
        return {}
    context = {"theme": theme_of(request), "navigation": NAVIGATION}
    if not request.user.is_authenticated:
        return context
    context |= {"scope": scope_of(request)}
    if not request.htmx:
        context["toast"] = request.session.pop(TOAST_KEY, None)
    return context
