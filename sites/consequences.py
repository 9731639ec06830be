"""What deleting a row would do to others, in sentences: shown before anything is deleted.

Only direct relations are counted (one statement each), so a year of readings costs nothing. What no relation shows,
floors above add by `also`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models

from .words import listed

#: Up to this many rows are named; more are only counted.
NAMED = 20


_further: list[Callable[[models.Model], list[str]]] = []


def also(sentences: Callable[[models.Model], list[str]]) -> Callable[[models.Model], list[str]]:
    """Decorator: `function(obj) -> sentences` on what else deleting `obj` would change."""
    _further.append(sentences)
    return sentences


@dataclass(frozen=True, slots=True)
class Consequences:
    """`blocked`: why it cannot be deleted; `follows`: what else would change."""

    blocked: list[str]
    follows: list[str]


def of_deleting(obj: models.Model) -> Consequences:
    """The consequences of deleting `obj`."""
    blocked, follows = [], []
    for relation in obj._meta.related_objects:
        if relation.one_to_one and relation.on_delete is models.CASCADE:
            continue  # a part of the row itself, like a miner's desired state
        rows = relation.related_model._base_manager.filter(**{relation.field.name: obj})
        count = rows.count()
        if not count:
            continue
        what = _what(relation.related_model, rows, count)
        if relation.many_to_many:
            follows.append(f"No longer linked to it: {what}.")
        elif relation.on_delete in (models.PROTECT, models.RESTRICT):
            blocked.append(f"Still in use by {what}.")
        elif relation.on_delete is models.CASCADE:
            follows.append(f"Deleted with it: {what}.")
        else:
            follows.append(f"Left without it: {what}.")
    follows += [line for sentences in _further for line in sentences(obj)]
    return Consequences(blocked, follows)


def _what(model: type[models.Model], rows, count: int) -> str:
    meta = model._meta
    noun = meta.verbose_name if count == 1 else meta.verbose_name_plural
    has_name = any(field.name == "name" for field in meta.fields)
    if has_name and count <= NAMED:
        return f"{noun} {listed(rows)}"
    return f"{count:,} {noun}"
