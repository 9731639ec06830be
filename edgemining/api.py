"""The JSON API, `/api/v1`: the routers of every floor, one door, one way of saying what is wrong."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, re_path
from ninja import NinjaAPI
from ninja.errors import ValidationErrorContext
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from climate import api as climate
from climate import periods_api as periods
from energy import api as energy
from integrations import api as integrations
from miners import api as miners
from miners.discovery import api as discovery
from miners.earnings import api as value
from optimization import api as optimization
from optimization import policy_api as policies
from sites import api as sites

from . import api_errors
from .api_body import BodyParser
from .api_door import AUTH, nothing_here, through_the_door

DESCRIPTION = """\
Homes heated with Bitcoin miners: zones, miners, energy, policies, and why each miner does what it does.

Sign in with a bearer token (`./run manage api_token NAME`) or a session. Ids are UUIDs; units stand in the
names (`_w`, `_wh`, `_celsius`, `_seconds`); times carry their UTC offset. Lists take `limit` (at most 500)
and `offset` and answer `items` and `count`. What is wrong with a request comes as a list of
`loc`, `msg` and the `input` seen. Nothing here switches a device: a wish is written down and the next
control pass acts on it, through every guard. Changing the set-up needs a staff account; every account may change
targets, schedules and periods, start, stop and resume miners, switch all off, acknowledge alarms and confirm what a
sensor says.
"""


def _failure(description: str, detail: dict[str, Any], **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": ["detail"], "properties": {"detail": detail, **more}}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_SENTENCE = {"type": "string", "description": "What is the matter and what to do."}
_PROBLEM = {
    "type": "object",
    "required": ["loc", "msg"],
    "properties": {
        "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
        "msg": {"type": "string"},
        "input": {"description": "The value seen; secrets are masked."},
    },
}
_USER = {"type": "object", "properties": {name: {"type": "string"} for name in ("type", "id", "name")}}
_FAILURES: dict[int, dict[str, Any]] = {
    400: _failure("The body cannot be read", _SENTENCE),
    401: _failure("Not signed in", _SENTENCE),
    403: _failure("Needs a staff account, or a session without a CSRF token", _SENTENCE),
    404: _failure("Nothing has this id", _SENTENCE),
    409: _failure(
        "In use, taken, or not possible now",
        {"description": "A sentence, or problems as in 422 where a name is taken."},
        in_use_by={"type": "array", "items": _USER},
    ),
    422: _failure("Not acceptable, and why", {"type": "array", "items": _PROBLEM}),
    503: _failure("Something it needs is not available; the header Retry-After says when to ask again", _SENTENCE),
}


class Api(NinjaAPI):
    """ninja's API with this project's door, errors and documented failures."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> Exception:
        parts = [(one.model.__ninja_param_source__, one.pydantic_validation_error) for one in error_contexts]
        return api_errors.UnreadableRequest(api_errors.request_problems(parts))

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**kwargs)
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                for status in _failures(path, method):
                    operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Failure{status}"})
        schema["components"]["responses"] = {f"Failure{status}": answer for status, answer in _FAILURES.items()}
        return schema

    def _get_urls(self) -> list[URLPattern]:
        """Every address goes through the door, the ones that do not exist as well."""
        patterns = super()._get_urls()
        for pattern in patterns:
            pattern.callback = through_the_door(pattern.callback, is_page=pattern.name == "openapi-view")
        return [*patterns, re_path(r"^(?P<rest>.*)$", through_the_door(nothing_here))]


def _failures(path: str, method: str) -> list[int]:
    """The statuses besides success that an operation may answer."""
    found = [401, 422, 503]
    if "{" in path:
        found.append(404)
    if method != "get":
        found += [400, 403, 409]
    return sorted(found)


#: No validator badge: it would tell another host about this home.
_DOCS = Swagger(settings={"validatorUrl": None, "docExpansion": "none", "filter": True})

api = Api(
    title="Edge Mining",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-v1",
    auth=AUTH,
    parser=BodyParser(),
    docs=_DOCS,
)
api_errors.install(api)

for prefix, router in (
    ("/sites", sites.sites_router),
    ("/alarms", sites.alarms_router),
    ("/activity", sites.activity_router),
    ("/external-services", integrations.router),
    ("/climate-zones", climate.zones_router),
    ("/climate-monitors", climate.monitors_router),
    ("/target-periods", periods.router),
    ("/energy-sources", energy.sources_router),
    ("/energy-monitors", energy.monitors_router),
    ("/miners", miners.miners_router),
    ("/miner-controllers", miners.controllers_router),
    ("/miner-discovery", discovery.router),
    ("/circuits", miners.circuits_router),
    ("/pool-trackers", value.pools_router),
    ("/hash-price-sources", value.prices_router),
    ("/optimization-units", optimization.units_router),
    ("/policies", policies.router),
    ("/decisions", optimization.decisions_router),
    ("/decisional-context", policies.context_router),
    ("/rule-engine", policies.engine_router),
    ("", miners.wishes_router),
    ("", value.earnings_router),
    ("", optimization.evaluate_router),
):
    api.add_router(prefix, router)
