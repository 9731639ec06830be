"""What a rule says, put into words only when a truth or a number that is shown has changed.

An explanation walks the whole tree; a pass asks for it every few seconds and mostly shows the same sentence again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .context import Context, clean, side
from .explain import deciding_zone, explain, leaf_truth, sentence
from .fields import Field
from .rule import CompiledRule
from .truth import ABSENT

#: Figures that differ by more than this are shown with one decimal at most.
_CLEARLY_APART = 0.25
#: So many sayings of one rule are remembered.
_MOST = 32


@dataclass(frozen=True, slots=True)
class Told:
    """The truth of a rule in words, the fact behind it, the zone it is a fact of; and the tree, when asked for."""

    truth: str
    sentence: str
    zone: str
    explanation: Callable[[], dict[str, Any]]


def told(rule: CompiledRule, contexts: Sequence[Context], holds: Mapping[str, float], now: float) -> Told:
    """What `explain` says of it, shortly."""
    whole = partial(explain, rule, contexts, holds, now)
    if rule.timers and holds:  # seconds are shown
        return Told(*_said(whole()), whole)
    shown = tuple(figure for ctx in contexts for figure in _shown(rule, ctx))
    said = rule.said.get(shown)
    if said is None:
        if len(rule.said) >= _MOST:
            rule.said.clear()
        said = rule.said[shown] = _said(whole())
    return Told(*said, whole)


def _said(explanation: dict[str, Any]) -> tuple[str, str, str]:
    return explanation["truth"], sentence(explanation), deciding_zone(explanation)


def _shown(rule: CompiledRule, ctx: Context) -> list[object]:
    """All that its sentence may depend on: figures as finely as they are shown, and which comparisons are true."""
    found: list[object] = [ctx.key]
    for leaf in rule.leaves:
        field, shows = leaf.field, leaf.field.shows
        seen = _value(field, ctx)
        if field.type != "number":
            found.append(seen)
        else:
            expected = leaf.expected if leaf.ref is None else _value(leaf.ref, ctx)
            found += _compared(seen, expected)
            found.append(leaf_truth(leaf, ctx))
        if shows is not None:
            found += _compared(_value(shows[0], ctx), _value(shows[2], ctx))
    return found


def _compared(seen: object, expected: object) -> tuple:
    """Two figures that are compared: words round them only as far as it still shows what is true of them."""
    if seen.__class__ is float and expected.__class__ in (float, int) and abs(seen - expected) > _CLEARLY_APART:
        return round(seen, 1), round(seen), round(expected, 1), round(expected)
    return seen, tuple(expected) if isinstance(expected, list | set | frozenset) else expected


def _value(field: Field, ctx: Context) -> object:
    return clean(ctx[side(field.path)].get(field.path, ABSENT), field.type)
