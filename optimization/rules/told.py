"""What a rule says, put into words only when a truth or a number that is shown has changed.

An explanation walks the whole tree; a pass asks for it every few seconds and mostly shows the same sentence again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .context import Context, clean
from .explain import deciding_zone, explain, leaf_truth, sentence
from .fields import Field
from .nodes import Leaf, leaves
from .rule import CompiledRule

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
    shown = tuple(_shown(leaf, ctx) for ctx in contexts for leaf in leaves(rule.node))
    keys = tuple(ctx.key for ctx in contexts)
    said = rule.said.get((keys, shown))
    if said is None:
        if len(rule.said) >= _MOST:
            rule.said.clear()
        said = rule.said[keys, shown] = _said(whole())
    return Told(*said, whole)


def _said(explanation: dict[str, Any]) -> tuple[str, str, str]:
    return explanation["truth"], sentence(explanation), deciding_zone(explanation)


def _shown(leaf: Leaf, ctx: Context) -> tuple:
    """All of a comparison that its sentence may depend on."""
    figures = [_rounded(leaf.field, ctx)]
    if leaf.ref is not None:
        figures.append(_rounded(leaf.ref, ctx))
    if leaf.field.shows:
        first, _, second = leaf.field.shows
        figures += (_rounded(first, ctx), _rounded(second, ctx))
    return leaf_truth(leaf, ctx), *figures


def _rounded(field: Field, ctx: Context) -> object:
    """A value as finely as words show it (`words.figure`)."""
    value = clean(ctx.value(field.path), field.type)
    return round(value, 1) if value.__class__ is float else value
