"""Reading a request's body: JSON within bounds, or a sentence about what is wrong with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from sites import json_text
from sites.rest.problems import MOST_PROBLEMS, Invalid, bounded, problem

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 40


class BadBody(ValueError):
    """400: the body cannot be read; the text says why."""


class BodyParser(Parser):
    """Refuses what later steps would stumble over: NaN, deep nesting, text no database stores."""

    def parse_body(self, request: HttpRequest) -> Any:
        if not hasattr(request, "api_body"):
            request.api_body = parse(request.body)
        return request.api_body


def parse(raw: bytes) -> Any:
    """The JSON in `raw`. Raises `BadBody`, and `Invalid` where a key is given twice."""
    if len(raw) > MAX_BODY_BYTES:
        raise BadBody(f"The body is larger than {MAX_BODY_BYTES} bytes. Send less at once.")
    try:
        value = json_text.loads(raw, parse_constant=_refuse_constant)
    except BadBody:
        raise
    except json_text.DoubledKeys as error:
        raise _doubled(error.places) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # also text that is not UTF-8 and numbers of thousands of digits
        raise BadBody(f"The body is not JSON: {error}.") from None
    _inspect(value)
    return value


def _doubled(places: list[json_text.Place]) -> Invalid:
    sentence = "This key is given twice in the same object, so nobody knows which one counts. Leave one out."
    return Invalid(*bounded([problem(["body", *place], sentence) for place in places[:MOST_PROBLEMS]], len(places)))


def _refuse_constant(name: str) -> None:
    raise BadBody(f"{name} is not a number in JSON. Leave the field out or send null.")


def _too_deep() -> BadBody:
    return BadBody(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _inspect(value: Any) -> None:
    """Walk `value` without recursion, so that no nesting can break this check itself."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str):
            _storable(item)
        elif isinstance(item, float) and item in (float("inf"), float("-inf")):
            raise BadBody("A number in the body is too large.")
        elif isinstance(item, (dict, list)):
            if depth > MAX_DEPTH:
                raise _too_deep()
            inner = [*item.keys(), *item.values()] if isinstance(item, dict) else item
            waiting.extend((one, depth + 1) for one in inner)


def _storable(text: str) -> None:
    if "\x00" in text:
        raise BadBody("A text in the body holds the character NUL, which cannot be stored.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadBody("A text in the body holds half a character (a lone surrogate).") from None
