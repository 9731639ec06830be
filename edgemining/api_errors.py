"""Every way a request can fail, as an answer: the status it deserves and a sentence that helps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as RowError
from django.db import IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as RequestError
from pydantic import ValidationError as SchemaError

from sites.faults import fault_of
from sites.lowering import DoneAtOnce
from sites.rest.problems import (
    MOST_PROBLEMS,
    Conflict,
    Invalid,
    Missing,
    bounded,
    from_django,
    is_taken,
    schema_problem,
)
from sites.words import listed

from . import unavailable
from .api_body import BadBody

log = logging.getLogger(__name__)


class UnreadableRequest(Exception):
    """pydantic's problems with a request, with the values seen (ninja's own error leaves them out)."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__(problems)
        self.problems = problems


def request_problems(parts: Sequence[tuple[str, SchemaError]]) -> list[dict[str, Any]]:
    """The problems of the parts of a request: each its source (body, query or path) and what pydantic says of it."""
    found = [(source, one) for source, error in parts for one in error.errors(include_url=False, include_context=False)]
    problems = []
    for source, one in found[:MOST_PROBLEMS]:
        # A body is one parameter: its name says nothing to who sent it.
        loc = one["loc"][1:] if source == "body" else one["loc"]
        problems.append(schema_problem(one, [source, *loc]))
    return bounded(problems, len(found))


def install(api: NinjaAPI) -> None:
    """Make `api` answer errors the way this module says."""

    def answer(status: int, detail: Any, **more: Any) -> Any:
        return lambda request: api.create_response(request, {"detail": detail, **more}, status=status)

    def on(kind: type[Exception]):
        def put(handle):
            api.add_exception_handler(kind, lambda request, error: handle(request, error)(request))
            return handle

        return put

    @on(UnreadableRequest)
    @on(Invalid)
    def invalid(request: HttpRequest, error: UnreadableRequest | Invalid):
        return answer(422, error.problems)

    @on(RequestError)
    def refused_by_ninja(request: HttpRequest, error: RequestError):
        return answer(422, error.errors)

    @on(RowError)
    def refused_by_row(request: HttpRequest, error: RowError):
        return answer(409 if is_taken(error) else 422, from_django(error, getattr(request, "api_body", None)))

    @on(DoneAtOnce)
    def done_at_once(request: HttpRequest, told: DoneAtOnce):
        more = {"message": str(told), "stored": told.is_stored, "miners": told.miners, "wish": None}
        return lambda request: api.create_response(request, more, status=202)

    @on(Conflict)
    def conflict(request: HttpRequest, error: Conflict):
        return answer(409, str(error), in_use_by=error.in_use_by)

    @on(ProtectedError)
    @on(RestrictedError)
    def in_use(request: HttpRequest, error: ProtectedError | RestrictedError):
        rows = sorted(getattr(error, "protected_objects", None) or error.restricted_objects, key=str)
        return answer(409, f"It is used by {listed(rows)}. Take it out there first.")

    @on(IntegrityError)
    def collision(request: HttpRequest, error: IntegrityError):
        log.info("a change collided with another one: %s", error)
        return answer(409, "Somebody else has just made or changed something like this. Look again and retry.")

    @on(Missing)
    def missing(request: HttpRequest, error: Missing):
        return answer(404, str(error))

    @on(Http404)
    def nothing(request: HttpRequest, error: Http404):
        return answer(404, "There is nothing with this id.")

    @on(HttpError)
    def told(request: HttpRequest, error: HttpError):
        # ninja wraps whatever went wrong with reading the body; the cause has the better words.
        if isinstance(error.__cause__, Invalid):
            return answer(422, error.__cause__.problems)
        detail = str(error.__cause__) if isinstance(error.__cause__, BadBody) else str(error)
        return answer(error.status_code, detail)

    @on(Exception)
    def broken(request: HttpRequest, error: Exception) -> HttpResponse:
        fault = fault_of(error)
        if fault is not None:
            unavailable.log_fault(request, fault, error)
            return lambda request: unavailable.answer(request, fault)
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return answer(500, "Something went wrong here. What exactly is in the program's log.")
