"""What a browser asks for to put the pages on a home screen; public, as browsers ask without a session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from .templatetags.look import asset

_ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-maskable-192.png", 192, "maskable"),
          ("icon-maskable-512.png", 512, "maskable"))  # fmt: skip
#: As the icon is drawn, and as the dark page is (`app.css`).
_DARK = "#1c1f24"


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest."""
    icons = [
        {"src": asset(f"dashboard/{name}"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in _ICONS
    ]
    content = {
        "id": reverse("home"),
        "name": "Edge Mining",
        "short_name": "Edge Mining",
        "description": "Heating by Bitcoin miners: how warm each room is, what heats it and why.",
        "lang": "en",
        "start_url": reverse("home"),
        "scope": reverse("home"),
        "display": "standalone",
        "background_color": _DARK,
        "theme_color": _DARK,
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
@cache_control(max_age=3600)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers, bookmarks and launchers ask for this address whatever a page says."""
    return redirect(asset("dashboard/favicon.ico"))
