"""External services: the shared connections that adapters read from."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.pagination import paginate
from pydantic import BaseModel, Field, field_validator
from pydantic import ValidationError as SchemaError

from sites.fields import Secret
from sites.rest import rows
from sites.rest.bodies import Answer, Body, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import Invalid, Missing, from_schema, problem

from .adapter_api import Check, check
from .connections.home_assistant_address import without_page
from .models import CONNECTIONS, Connection, HomeAssistant, MqttBroker
from .placed import Placed
from .registry import ConnectionKind
from .tls import Certificate, certificate_field

router = Router(tags=["external-services"])

#: The tables of adapters that read from a connection, by the name of the relation.
_READERS = ("climatemonitors", "energymonitors", "minercontrollers")


class HomeAssistantConfig(Body):
    url: str = field(HomeAssistant, "url")
    token: str = Field("", max_length=1000, description=HomeAssistant._meta.get_field("token").help_text)
    certificate: Certificate = certificate_field()

    @field_validator("url")
    @classmethod
    def without_credentials(cls, url: str) -> str:
        """An address is shown to everyone signed in; a password in it would be too. A page behind it is left out."""
        if "@" in urlsplit(url).netloc:
            raise ValueError("Leave user name and password out of the address; the token is all that is needed.")
        return without_page(url)


class SimulatedHouseConfig(Body):
    seed: int = Field(1, ge=0, le=2**31 - 1, description="The same seed gives the same house.")


class MqttBrokerConfig(Body):
    host: str = field(MqttBroker, "host")
    port: int = field(MqttBroker, "port")
    tls: bool = field(MqttBroker, "tls")
    username: str = field(MqttBroker, "username")
    password: str = Field("", max_length=1000, description="Write-only.")
    certificate: Certificate = certificate_field()


_CONFIGS: dict[ConnectionKind, type[Body]] = {
    ConnectionKind.HOME_ASSISTANT: HomeAssistantConfig,
    ConnectionKind.SIMULATED_HOUSE: SimulatedHouseConfig,
    ConnectionKind.MQTT: MqttBrokerConfig,
}
#: Settings that are never answered.
_SECRETS = frozenset({"token", "password"})


class ServiceIn(Body):
    site_id: UUID
    name: str = field(HomeAssistant, "name")
    adapter_type: ConnectionKind = Field(description="Fixed at creation.")
    config: dict[str, Any] = Field({}, description="As GET …/types/{type}/config-schema says. Left out stays.")


ServicePatch = patch_of(ServiceIn, "adapter_type")


class ServiceOut(Answer):
    """Token or password are write-only: `has_token` says whether one is stored."""

    id: UUID
    site_id: UUID
    name: str
    adapter_type: ConnectionKind
    config: dict[str, Any]
    has_token: bool

    @staticmethod
    def resolve_adapter_type(row: Connection) -> ConnectionKind:
        return row.kind

    @staticmethod
    def resolve_config(row: Connection) -> dict[str, Any]:
        config = {name: getattr(row, name) for name in _CONFIGS[row.kind].model_fields if name not in _SECRETS}
        return {name: value for name, value in config.items() if value or name != "certificate"}

    @staticmethod
    def resolve_has_token(row: Connection) -> bool:
        return any(getattr(row, name) for name in _CONFIGS[row.kind].model_fields if name in _SECRETS)


class ServiceType(Answer):
    key: ConnectionKind
    label: str


class LinkedEntities(Answer):
    """Ids of the adapters that read from the connection."""

    climate_monitors: list[UUID]
    energy_monitors: list[UUID]
    miner_controllers: list[UUID]


def _service(pk: UUID) -> Connection:
    for model in CONNECTIONS.values():
        row = model.objects.filter(pk=pk).first()
        if row is not None:
            return row
    raise Missing(f"There is no external service with the id {pk}.")


def _configure(row: Connection, values: dict[str, Any]) -> None:
    """Take `config` from a body into the row; what is left out of it stays."""
    schema = _CONFIGS[row.kind]
    stored = {name: getattr(row, name) for name in schema.model_fields}
    if "config" not in values:
        return
    sent = values.pop("config")
    try:
        config: BaseModel = schema.model_validate({**({} if row._state.adding else stored), **sent})
    except SchemaError as error:
        raise Invalid(*from_schema(error, ["body", "config"])) from None
    values.update(config.model_dump())
    for name in _SECRETS & values.keys():
        values[name] = Secret(values[name]) if name in sent else stored[name]
    for name in schema.model_fields:
        setattr(row, name, values[name])
    moved = row.moved_secrets().items() if isinstance(row, Placed) else ()
    if moved:
        raise Invalid(*(problem(["body", "config", name], sentence) for name, sentence in moved))


@router.get("", response=list[ServiceOut])
@paginate(Paged)
def list_services(request: HttpRequest, site_id: UUID | None = None):
    """By name. A site has one or two of them, so the tables are read whole."""
    all_kinds: list[QuerySet] = [rows.of_site(model.objects.all(), site_id) for model in CONNECTIONS.values()]
    return sorted((row for rows_of_one in all_kinds for row in rows_of_one), key=lambda row: (row.name, row.pk))


@router.post("", response={201: ServiceOut})
def create_service(request: HttpRequest, response: HttpResponse, body: ServiceIn):
    row = CONNECTIONS[body.adapter_type](site=rows.site(body.site_id))
    return rows.created(request, response, rows.write(row, body, prepare=_create))


def _create(row: Connection, values: dict[str, Any]) -> None:
    values.pop("adapter_type")
    _configure(row, values)


@router.post("/test-connection", response=Check)
def test_service(request: HttpRequest, body: ServiceIn):
    """Ask it with these settings; nothing is stored."""
    row = CONNECTIONS[body.adapter_type](site=rows.site(body.site_id), name=body.name)
    values = {"config": body.config}
    _configure(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    return check(row)


@router.get("/types", response=list[ServiceType])
def list_service_types(request: HttpRequest):
    return [ServiceType(key=kind, label=str(model._meta.verbose_name)) for kind, model in CONNECTIONS.items()]


@router.get("/types/{str:adapter_type}/config-schema", response=dict[str, Any])
def get_service_schema(request: HttpRequest, adapter_type: str):
    schema = _CONFIGS.get(adapter_type)
    if schema is None:
        raise Missing(
            f"There is no external service of the type ‘{adapter_type[:40]}’; there are: {', '.join(_CONFIGS)}."
        )
    return schema.model_json_schema()


@router.get("/{uuid:service_id}", response=ServiceOut)
def get_service(request: HttpRequest, service_id: UUID):
    return _service(service_id)


@router.patch("/{uuid:service_id}", response=ServiceOut)
def change_service(request: HttpRequest, service_id: UUID, body: ServicePatch):
    """Fields of `config` that are left out stay; an empty token or password removes it.

    Token and password stay only as long as the address does: for another one they are sent again (422 otherwise).
    """
    return rows.write(_service(service_id), body, prepare=_configure)


@router.delete("/{uuid:service_id}", response={204: None})
def delete_service(request: HttpRequest, service_id: UUID):
    """409 names the adapters that read from it."""
    return rows.remove(_service(service_id), by=rows.person(request), used_through=_READERS)


@router.get("/{uuid:service_id}/linked-entities", response=LinkedEntities)
def list_linked(request: HttpRequest, service_id: UUID):
    row = _service(service_id)
    climate, energy, controllers = ([one.pk for one in getattr(row, reader).all()] for reader in _READERS)
    return LinkedEntities(climate_monitors=climate, energy_monitors=energy, miner_controllers=controllers)


@router.post("/{uuid:service_id}/check", response=Check)
def check_service(request: HttpRequest, service_id: UUID):
    """Ask it now (≤ 5 s)."""
    return check(_service(service_id))


class ServiceStatus(Answer):
    """What the last pass saw of the connection; `ok` null: no pass since the start asked it."""

    ok: bool | None = None
    code: str | None = None
    problem: str | None = None


@router.get("/{uuid:service_id}/status", response=ServiceStatus)
def get_service_status(request: HttpRequest, service_id: UUID):
    return rows.seen(_service(service_id), "connections")
