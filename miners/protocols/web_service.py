"""Asking a service on the internet for JSON: what each status means, in words; nothing is retried here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from integrations.errors import BadAnswer, NotFound, RateLimited, Refused, Unauthorized, Unreachable
from integrations.http import Answer, Http

from .json_answer import Part

#: Nobody is believed who wants to be left alone longer (s).
_LONGEST_WAIT_SECONDS = 86_400.0


def ask(
    address: str,
    *paths: str,
    name: str,
    deadline: float,
    headers: Mapping[str, str] | None = None,
    refused: str = "Check what was entered.",
    certificate: str = "",
) -> list[Part]:
    """The JSON objects at `paths` of one service, in that order, all before `deadline` (`time.monotonic()`).

    `name` is how sentences call it, `refused` what to do where it knows no such user. Raises `AdapterError`.
    """
    with closing(Http(address, name=name, headers=headers, certificate=certificate)) as http:
        answers = (http.request("GET", path, deadline=deadline) for path in paths)
        return [Part(_checked(answer, name, refused).json(), name) for answer in answers]


def _checked(answer: Answer, name: str, refused: str) -> Answer:
    status = answer.status
    if status == 200:
        return answer
    if status == 429:
        raise RateLimited(f"{name} was asked too often (429) and is left alone for a while.", _wait(answer.retry_after))
    if status in (401, 403):
        raise Unauthorized(f"{name} refuses ({status}). {refused}")
    if status == 404:
        raise NotFound(f"{name} does not know what it is asked (404). {refused}")
    if status >= 500:
        raise Unreachable(f"{name} has a problem of its own ({status}). It is asked again later.")
    if 400 <= status < 500:
        raise Refused(f"{name} refuses ({status}). {refused}")
    raise BadAnswer(f"{name} answered {status}.")


def _wait(retry_after: str) -> float | None:
    """Seconds of a `Retry-After` header, which is a number or a date; None where it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_WAIT_SECONDS)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT_SECONDS)
