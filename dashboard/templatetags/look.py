"""Small words of the templates: addresses of assets, ages, icons."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from django import template
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.template.loader import get_template, render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from dashboard import formats, fragments
from dashboard.page import Part

register = template.Library()


@lru_cache(maxsize=32)
def _fingerprint(path: str) -> str:
    found = finders.find(path)
    return blake2b(Path(found).read_bytes(), digest_size=4).hexdigest() if found else ""


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file; it changes with the content, so that no browser keeps an old one."""
    return f"{static(path)}?v={_fingerprint(path)}"


@register.simple_tag(takes_context=True)
def ago(context, moment, stale_after_seconds: int = 0) -> str:
    """“40 s ago”, ticking by itself in the browser, amber from `stale_after_seconds` on (0: never)."""
    if moment is None:
        return ""
    if context.get("leaves_open"):
        return mark_safe(fragments.open_age(moment, stale_after_seconds))  # noqa: S308 - nothing of it was typed
    return _age(moment, stale_after_seconds, context["now"])


def _age(moment: datetime, stale_after_seconds: int, now: datetime) -> str:
    return format_html(
        '<time class="ago" datetime="{}" data-stale="{}">{}</time>',
        moment.isoformat(),
        stale_after_seconds or "",
        formats.age(moment, now),
    )


@register.simple_tag(takes_context=True)
def show(context, part: Part) -> str:
    """A part of the page by its template, as it is kept where its model did not change (`fragments`)."""
    values = {"part": part, "model": part.model, "oob": context.get("oob", False)}
    if part.template not in fragments.KEPT:
        return get_template(part.template).render({**context.flatten(), **values})
    return mark_safe(  # noqa: S308 - a template made it
        fragments.rendered(
            (part.template, part.id, part.key, values["oob"]),
            lambda: render_to_string(part.template, {**values, "csrf_token": fragments.CSRF, "leaves_open": True}),
            str(context["csrf_token"]),
            lambda moment, stale: _age(moment, stale, context["now"]),
        )
    )


@register.inclusion_tag("dashboard/_icon.html")
def icon(name: str) -> dict:
    """A drawing of our own, hidden from screen readers: the word stands beside it."""
    return {"name": name}


#: So many people of the set-up are named; a fleet has more, and nobody asks all of them.
_MOST_NAMES = 3


@register.simple_tag
def whom_to_ask() -> str:
    """“Changing it needs a staff account. Ask anna or ben.”"""
    staff = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("date_joined")
    names = [user.get_full_name() or user.get_username() for user in staff[: _MOST_NAMES + 1]]
    who = f"Ask {' or '.join(names)}" if 0 < len(names) <= _MOST_NAMES else "Ask whoever set this home up"
    return f"Changing it needs a staff account. {who}."
