"""A zone's week as seven bars of coloured stretches (HTML): what one types, seen at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sites.words import celsius

from .schedule import DAY_MINUTES, DAY_NAMES, Slot
from .week import SHADES, Piece, days, warmth


def week_strip(slots: Sequence[Slot], default_celsius: float) -> SafeString:
    """Monday to Sunday, 0 to 24 h; where no slot holds, the default target does."""
    rows = ((_day(name, pieces),) for name, pieces in zip(DAY_NAMES, days(slots, default_celsius), strict=True))
    return format_html(
        '<div class="week" role="img" aria-label="The week as typed">{}'
        '<p class="week-note">Everywhere else: {}, the default target.</p></div>',
        format_html_join("", "{}", rows),
        celsius(default_celsius),
    )


def _day(name: str, pieces: Iterable[Piece]) -> SafeString:
    bars = format_html_join("", "{}", ((_stretch(piece),) for piece in pieces if piece.slot is not None))
    return format_html('<div class="week-day"><span>{}</span><div class="week-bar">{}</div></div>', name, bars)


def _stretch(piece: Piece) -> SafeString:
    """One stretch: left edge and width in % of the day, the warmer the stronger, its preset named."""
    name = f"{piece.preset} " if piece.preset else ""
    return format_html(
        '<i class="{}" style="left:{}%;width:{}%;--warm:{}%" title="{} {}{}">{}{}</i>',
        piece.tone,
        f"{piece.begin / DAY_MINUTES * 100:.2f}",
        f"{(piece.end - piece.begin) / DAY_MINUTES * 100:.2f}",
        25 + 55 * warmth(piece.target_celsius) // (SHADES - 1),
        piece.times,
        name,
        celsius(piece.target_celsius),
        name,
        f"{piece.target_celsius:g}°",
    )
