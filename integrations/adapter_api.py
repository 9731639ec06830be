"""One shape for the three kinds of adapters in the API: monitors of rooms, of energy, and controllers.

No postponed annotations here: ninja reads the types of the functions made inside `adapter_router`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.pagination import paginate
from pydantic import Field
from pydantic import ValidationError as SchemaError

from integrations import registry
from integrations.models import CONNECTIONS, AdapterRow
from integrations.probe import probe
from integrations.registry import Adapter, AdapterConfig
from sites.rest import rows
from sites.rest.bodies import Answer, Body, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import Invalid, Missing, from_schema, invalid, problem


class AdapterIn(Body):
    """What every adapter is made of; `config` is checked against the adapter's own schema."""

    site_id: UUID
    name: str = Field(min_length=1, max_length=80)
    adapter_type: str = Field(max_length=40, description="One of GET …/types; fixed at creation.")
    config: dict[str, Any] = Field(
        {},
        description="As GET …/types/{type}/config-schema says. A secret left out of a change stays, but is "
        "entered again when the change sends it to another address.",
    )
    external_service_id: UUID | None = Field(None, description="The connection it reads from, where it needs one.")


class AdapterOut(Answer):
    """`secrets_set` names the secrets of `config` that are stored; their values are never answered."""

    id: UUID
    site_id: UUID
    name: str
    adapter_type: str
    config: dict[str, Any]
    secrets_set: list[str]
    external_service_id: UUID | None
    is_real: bool

    @staticmethod
    def resolve_config(row: AdapterRow) -> dict[str, Any]:
        secret = row.secret_names()
        return {name: value for name, value in row.config.items() if name not in secret}

    @staticmethod
    def resolve_secrets_set(row: AdapterRow) -> list[str]:
        return sorted(name for name in row.secret_names() if row.config.get(name))

    @staticmethod
    def resolve_external_service_id(row: AdapterRow) -> UUID | None:
        return next(filter(None, (getattr(row, f"{kind}_id") for kind in CONNECTIONS)), None)


class AdapterType(Answer):
    """`external_service`: the kind of connection it needs. `dead_man`: what cuts the power without us."""

    key: str
    label: str
    description: str
    external_service: str | None
    is_real: bool
    dead_man: str | None
    dead_man_help: str


class Check(Answer):
    """What a test of the real thing found, in a sentence, with the values it read."""

    ok: bool
    message: str
    values: dict[str, Any]
    advice: list[str] = Field([], description="What would make it better, one sentence each.")


def configure(row: AdapterRow, values: dict[str, Any]) -> None:
    """Take `config` and `external_service_id` from a body into `row`, as its adapter wants them. Raises `Invalid`."""
    try:
        adapter = row.adapter
    except LookupError as error:
        raise invalid("adapter_type", f"{error}.", row.adapter_type) from None
    if "config" in values:
        sent = values.pop("config")
        row.put_config(_config(row, adapter, sent), sent.keys() & adapter.Config.secrets())
        moved = row.moved_secrets().items()
        if moved:
            raise Invalid(*(problem(["body", "config", name], sentence) for name, sentence in moved))
    if "external_service_id" in values:
        _connect(row, adapter, values.pop("external_service_id"))


def _config(row: AdapterRow, adapter: type[Adapter], sent: dict[str, Any]) -> dict[str, Any]:
    secrets = adapter.Config.secrets()
    kept = {name: value for name, value in row.config.items() if name in secrets}
    try:
        config = adapter.Config.model_validate({**kept, **sent})
    except SchemaError as error:
        raise Invalid(*from_schema(error, ["body", "config"], secrets=secrets)) from None
    return config.model_dump(mode="json", exclude_unset=True)


def _connect(row: AdapterRow, adapter: type[Adapter], pk: UUID | None) -> None:
    for kind in CONNECTIONS:
        setattr(row, str(kind), None)
    if adapter.connection is None and pk is not None:
        raise invalid("external_service_id", f"{adapter.label} needs no external service. Leave it out.", str(pk))
    if adapter.connection is None:
        return
    model = CONNECTIONS[adapter.connection]
    if pk is None:
        raise invalid("external_service_id", f"{adapter.label} needs a {model._meta.verbose_name}. Choose one.")
    setattr(row, str(adapter.connection), rows.linked(model, pk, row.site_id, ["body", "external_service_id"]))


def check(row: Any) -> Check:
    """Ask the real thing behind `row` (≤ 5 s)."""
    found = probe(row)
    advice = [one.sentence for one in found.advice]
    return Check(ok=found.ok, message=found.sentence, values=found.values, advice=advice)


def adapter_type(adapter: type[Adapter]) -> AdapterType:
    return AdapterType(
        key=adapter.key,
        label=adapter.label,
        description=adapter.description,
        external_service=adapter.connection,
        is_real=adapter.is_real,
        dead_man=adapter.dead_man,
        dead_man_help=adapter.dead_man_help,
    )


def config_schema(config: type[AdapterConfig]) -> dict[str, Any]:
    """The JSON schema of a config: titles, help, units, defaults, bounds."""
    return config.model_json_schema()


def _new(model: type[AdapterRow], body: AdapterIn) -> AdapterRow:
    return model(site=rows.site(body.site_id), name=body.name, adapter_type=body.adapter_type)


def adapter_router(
    model: type[AdapterRow],
    In: type[AdapterIn],
    Out: type[AdapterOut],
    *,
    used_through: Iterable[str],
    heats: bool,
    may_change: Callable[[AdapterRow, Mapping[str, Any]], None] = lambda row, values: None,
) -> Router:
    """The endpoints of one kind of adapters. `may_change(row, values)` raises where a change is not safe now."""
    kind = model.adapter_kind
    noun = model._meta.verbose_name
    router = Router(tags=[str(kind)])
    Patch = patch_of(In, "adapter_type")

    def name(verb: str) -> dict[str, str]:
        slug = str(kind).replace("-", "_")
        return {"operation_id": f"{slug}_{verb}", "summary": f"{verb.replace('_', ' ').capitalize()} ({noun})"}

    def adapter_of(key: str) -> type[Adapter]:
        try:
            return registry.get(kind, key)
        except LookupError as error:
            raise Missing(f"{error}.") from None

    @router.get("", response=list[Out], **name("list"))
    @paginate(Paged)
    def list_rows(request: HttpRequest, site_id: UUID | None = None):
        return rows.of_site(model.objects.all(), site_id)

    @router.post("", response={201: Out}, **name("create"))
    def create_row(request: HttpRequest, response: HttpResponse, body: In):
        return rows.created(request, response, rows.write(_new(model, body), body, prepare=configure))

    @router.post("/test-connection", response=Check, **name("test_connection"))
    def test_connection(request: HttpRequest, body: In):
        """Ask the real thing with these settings; nothing is stored."""
        row = _new(model, body)
        configure(row, body.model_dump())
        return check(row)

    @router.get("/types", response=list[AdapterType], **name("types"))
    def list_types(request: HttpRequest):
        return [adapter_type(adapter) for adapter in registry.adapters(kind).values()]

    @router.get("/types/{str:adapter_type}/config-schema", response=dict[str, Any], **name("config_schema"))
    def get_config_schema(request: HttpRequest, adapter_type: str):
        return config_schema(adapter_of(adapter_type).Config)

    @router.get("/types/{str:adapter_type}/external-services", response=str | None, **name("external_services"))
    def get_external_service(request: HttpRequest, adapter_type: str):
        """The kind of external service this type needs, or null."""
        return adapter_of(adapter_type).connection

    @router.get("/{uuid:row_id}", response=Out, **name("get"))
    def get_row(request: HttpRequest, row_id: UUID):
        return rows.get(model.objects.all(), row_id)

    @router.patch("/{uuid:row_id}", response=Out, **name("change"))
    def change_row(request: HttpRequest, row_id: UUID, body: Patch):
        """What is sent; `config` is replaced as a whole, but a secret left out stays, as long as its address does."""

        def prepare(row: AdapterRow, values: dict[str, Any]) -> None:
            may_change(row, values)
            configure(row, values)

        return rows.write(rows.get(model.objects.all(), row_id), body, prepare=prepare)

    @router.delete("/{uuid:row_id}", response={204: None}, **name("delete"))
    def delete_row(request: HttpRequest, row_id: UUID):
        row = rows.get(model.objects.all(), row_id)
        return rows.remove(row, by=rows.person(request), used_through=used_through, heats=heats)

    @router.post("/{uuid:row_id}/check", response=Check, **name("check"))
    def check_row(request: HttpRequest, row_id: UUID):
        """Ask the real thing now (≤ 5 s); the answer says what it said."""
        return check(rows.get(model.objects.select_related(*CONNECTIONS), row_id))

    return router
