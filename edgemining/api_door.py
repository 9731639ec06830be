"""The door of the API: who may come in, and the manners every address of it keeps.

One check before anything else: a bearer token, or a signed-in session whose changing requests
carry Django's CSRF token. What changes the set-up is for staff accounts. Then HEAD as GET, OPTIONS
and wrong methods answered, bodies bounded, and JSON always, for addresses that do not exist too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from sites.services import user_of_api_token

from . import api_unchanged
from .api_body import MAX_BODY_BYTES

View = Callable[..., HttpResponse]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: What every account may do: how warm it is, which miner runs now, and questions that change nothing. All other
#: changes are set-up and need a staff account, those of addresses that are added later as well.
EVERYDAY = frozenset(
    {
        ("POST", "alarms/{alarm_id}/acknowledge"),
        ("POST", "climate-monitors/{row_id}/confirm"),
        ("PUT", "climate-zones/{zone_id}/override"),
        ("DELETE", "climate-zones/{zone_id}/override"),
        ("PUT", "climate-zones/{zone_id}/schedule"),
        ("POST", "climate-zones/{zone_id}/schedule/copy-day"),
        ("POST", "target-periods"),
        ("PATCH", "target-periods/{period_id}"),
        ("DELETE", "target-periods/{period_id}"),
        ("POST", "miners/{miner_id}/start"),
        ("POST", "miners/{miner_id}/stop"),
        ("POST", "miners/{miner_id}/resume"),
        ("POST", "all-off"),
        ("POST", "resume-all"),
        ("POST", "evaluate"),
        ("POST", "rule-engine/validate"),
    }
)

_NEEDS_STAFF = (
    "Changing the set-up needs a staff account. Ask an administrator of this installation to make the change or to "
    "make your account a staff account."
)
_SIGN_IN_FIRST = "Sign in, or send the header “Authorization: Bearer <token>”; `./run manage api_token NAME` makes one."
_CSRF_MISSING = "This request carries no valid CSRF token. Send the csrftoken cookie's value as X-CSRFToken."


class BearerToken(HttpBearer):
    """`Authorization: Bearer em_…`, as `manage.py api_token NAME` prints it."""

    def authenticate(self, request: HttpRequest, token: str):
        if not hasattr(request, "token_user"):  # ninja asks a second time, the database need not
            request.token_user = user_of_api_token(token.strip())
            request.user = request.token_user or request.user
        return request.token_user


class SignedIn(APIKeyCookie):
    """The session of somebody signed in; with an Authorization header only that counts."""

    param_name = "sessionid"

    def __call__(self, request: HttpRequest):
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise HttpError(403, _CSRF_MISSING)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None):
        return self(request)


AUTH = [BearerToken(), SignedIn()]


def through_the_door(view: View, *, is_page: bool = False) -> View:
    """`view` for those who may come in. `is_page`: a person is sent to the sign-in page instead of a 401."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            user = next(filter(None, (check(request) for check in AUTH)), None)
        except HttpError as error:
            return sentence(error.status_code, str(error))
        if user is None:
            return redirect_to_login(request.get_full_path()) if is_page else _unauthorized()
        if not (request.user.is_staff or is_everyday(request.method, route_of(request))):
            return sentence(403, _NEEDS_STAFF)
        if _length(request) > MAX_BODY_BYTES:
            return sentence(413, f"The body is larger than {MAX_BODY_BYTES} bytes. Send less at once.")
        response = api_unchanged.answer(request, route_of(request), lambda: _mannered(request, view, args, kwargs))
        response.headers.setdefault("Cache-Control", "no-store")  # it is about a home, and about now
        return response

    # Sessions are checked above, and a bearer token is no cookie a browser sends by itself.
    answer.csrf_exempt = True
    return answer


def route_of(request: HttpRequest) -> str:
    """The address as the API's description has it, like `miners/{miner_id}/start`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request.resolver_match.route.removeprefix("api/v1/"))


def is_everyday(method: str, route: str) -> bool:
    """Whether an account without staff rights may do it."""
    return method in _SAFE_METHODS or (method, route) in EVERYDAY


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def _mannered(request: HttpRequest, view: View, args, kwargs) -> HttpResponse:
    asked = request.method
    if asked == "HEAD":
        request.method = "GET"  # the server leaves the body out
    try:
        response = view(request, *args, **kwargs)
    except Http404:
        return nothing_here(request)
    finally:
        request.method = asked
    if response.status_code != 405:
        return response
    methods = {method.strip() for method in response.get("Allow", "").split(",")} - {""}
    allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}))
    if asked == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allowed})
    return sentence(405, f"{asked} does nothing here. Use one of {allowed}.", {"Allow": allowed})


def sentence(status: int, detail: str, headers: dict[str, str] | None = None) -> JsonResponse:
    """An answer that says what is the matter."""
    return JsonResponse({"detail": detail}, status=status, headers=headers)


def _unauthorized() -> JsonResponse:
    return sentence(401, _SIGN_IN_FIRST, {"WWW-Authenticate": "Bearer"})


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    return sentence(404, "There is nothing at this address. GET /api/v1/openapi.json lists what there is.")
