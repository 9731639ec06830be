"""Small words of the templates: addresses of assets, ages, icons."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from django import template
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html

from dashboard import formats

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
    return format_html(
        '<time class="ago" datetime="{}" data-stale="{}">{}</time>',
        moment.isoformat(),
        stale_after_seconds or "",
        formats.age(moment, context["now"]),
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
