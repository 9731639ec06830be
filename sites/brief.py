"""A value as an answer shows it: short, without secrets, and at a cost that does not grow with the value."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_SECRET_NAME = re.compile(r"token|password|passphrase|secret|api_?key|credential", re.IGNORECASE)
MASK = "•••"
SHOWN_CHARACTERS = 200


def is_secret(name: Any, secrets: Collection[str] = ()) -> bool:
    """What stands under this name is never shown."""
    return isinstance(name, str) and (name in secrets or bool(_SECRET_NAME.search(name)))


def brief(value: Any, secrets: Collection[str] = (), limit: int = SHOWN_CHARACTERS) -> Any:
    """`value` itself when it is short JSON, else the beginning of its text; secrets at any depth are masked."""
    text = ""
    for piece in _pieces(value, secrets, limit):
        text += piece
        if len(text) > limit:
            return text[:limit] + "…"
    return json.loads(text)


def brief_text(value: Any, limit: int = 80) -> str:
    """The beginning of `str(value)`, of a list or group of its JSON."""
    if isinstance(value, (Mapping, list, tuple)):
        shown = brief(value, limit=limit)
        return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return (value if isinstance(value, str) else str(value))[:limit]


def _pieces(value: Any, secrets: Collection[str], limit: int) -> Iterator[str]:
    """The JSON of `value` bit by bit, so that whoever has enough can stop."""
    if isinstance(value, Mapping):
        yield "{"
        for index, (name, inner) in enumerate(value.items()):
            yield f"{', ' if index else ''}{json.dumps(str(name)[: limit + 1], ensure_ascii=False)}: "
            yield from [f'"{MASK}"'] if is_secret(name, secrets) else _pieces(inner, secrets, limit)
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        for index, inner in enumerate(value):
            if index:
                yield ", "
            yield from _pieces(inner, secrets, limit)
        yield "]"
    else:
        cut = value[: limit + 1] if isinstance(value, (str, bytes)) else value
        yield json.dumps(cut, default=str, ensure_ascii=False)
