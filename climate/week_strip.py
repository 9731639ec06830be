"""A zone's week as seven bars of coloured stretches (HTML): what one types, seen at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sites.words import celsius

from .schedule import DAY_MINUTES, DAY_NAMES, Slot, spans


def week_strip(slots: Sequence[Slot], default_celsius: float) -> SafeString:
    """Monday to Sunday, 0 to 24 h; where no slot holds, the default target does."""
    stretches = sorted((begin, end, slot.target_celsius) for slot in slots for begin, end in spans(slot))
    targets = [default_celsius, *(slot.target_celsius for slot in slots)]
    days = format_html_join("", "{}", ((_day(day, stretches, targets),) for day in range(7)))
    return format_html(
        '<div class="week" role="img" aria-label="The week as typed">{}'
        '<p class="week-note">Everywhere else: {}, the default target.</p></div>',
        days,
        celsius(default_celsius),
    )


def _day(day: int, stretches: list[tuple[int, int, float]], targets: list[float]) -> SafeString:
    midnight = day * DAY_MINUTES
    parts = []
    for begin, end, target in stretches:
        first, last = max(begin, midnight), min(end, midnight + DAY_MINUTES)
        if first < last:
            parts.append(_stretch(first - midnight, last - midnight, target, targets))
    bars = format_html_join("", "{}", ((part,) for part in parts))
    return format_html(
        '<div class="week-day"><span>{}</span><div class="week-bar">{}</div></div>', DAY_NAMES[day], bars
    )


def _stretch(first: int, last: int, target: float, targets: list[float]) -> SafeString:
    """One stretch: left edge and width in % of the day, the warmer the stronger."""
    low, high = min(targets), max(targets)
    strength = 25 + round(55 * (target - low) / (high - low)) if high > low else 50
    return format_html(
        '<i style="left:{}%;width:{}%;--warm:{}%" title="{}–{} {}">{}</i>',
        f"{first / DAY_MINUTES * 100:.2f}",
        f"{(last - first) / DAY_MINUTES * 100:.2f}",
        strength,
        _clock(first),
        _clock(last),
        celsius(target),
        f"{target:g}°",
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
