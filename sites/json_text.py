"""JSON that people write: a key given twice in one object is refused, for only one of its two values could count."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Place = tuple[str | int, ...]


class DoubledKeys(ValueError):
    """`places`: the keys and indexes that lead to each key that is given twice."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        super().__init__("; ".join(f"{in_words(place)} is given twice" for place in places[:10]))


def loads(text: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The value in `text`. Raises DoubledKeys, else what `json.loads` raises."""
    doubled: list[tuple[dict[str, Any], set[str]]] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            doubled.append((found, {key for key, _ in pairs if key in seen or seen.add(key)}))
        return found

    value = json.loads(text, parse_constant=parse_constant, object_pairs_hook=collect)
    if doubled:
        raise DoubledKeys(_places(value, {id(one): keys for one, keys in doubled}))
    return value


def _places(value: Any, doubled: dict[int, set[str]]) -> list[Place]:
    """Where these objects stand in `value`; without recursion, as nothing is known of its depth."""
    found: list[Place] = []
    waiting: list[tuple[Any, Place]] = [(value, ())]
    while waiting:
        item, place = waiting.pop()
        found += [(*place, key) for key in sorted(doubled.get(id(item), ()))]
        inner = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        # Reversed, so that they are met in the order they are written in.
        waiting += [(child, (*place, step)) for step, child in reversed(list(inner)) if isinstance(child, dict | list)]
    return found


def in_words(place: Place) -> str:
    """`all_of[1].field`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in place)
    return f"‘{steps.removeprefix('.')}’"
