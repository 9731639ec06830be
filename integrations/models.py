"""Connections that several adapters share, and the row every adapter is configured by."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from pydantic import ValidationError as ConfigError

from sites.brief import brief_text
from sites.fields import EncryptedTextField, Secret, SecretsField
from sites.models import Site, UUIDModel

from . import registry, tls
from .placed import Placed, place_of
from .registry import ConnectionKind, Kind
from .whereabouts import broker_of, same_url

#: `check(connection as stored, connection as it is to be) -> sentence or None`: why it may not be given another
#: address; floors above add.
address_checks: list[Callable[[Connection, Connection], str | None]] = []


def certificate_column() -> models.TextField:
    """Whom a connection by TLS believes (`integrations.tls`)."""
    return models.TextField(blank=True, validators=[validate_certificate], help_text=tls.HELP)


def validate_certificate(text: str) -> None:
    try:
        tls.certificate(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class Addressed(Placed, UUIDModel):
    """A connection to something at an address: what may be heating behind it is not let out of sight."""

    #: What says where it is.
    address_fields: tuple[str, ...]
    #: The field that holds what opens it.
    secret_field: str

    class Meta:
        abstract = True

    def secret_place(self) -> str:
        return place_of(self.url, self.certificate)

    def whereabouts(self) -> set[str]:
        """What is equal for another row that leads to the same thing."""
        return {f"{self.kind}:{same_url(self.url)}"}

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        secret = self.__dict__.get(self.secret_field)
        if secret and isinstance(secret, Secret):
            yield self.secret_field, secret

    def unmarked_secrets(self) -> dict[str, str]:
        secret = getattr(self, self.secret_field)
        return {self.secret_field: secret} if secret and not isinstance(secret, Secret) else {}

    def secret_noun(self, name: str) -> str:
        return str(self._meta.get_field(name).verbose_name)

    def clean(self):
        self.refuse_moved_in_forms()
        stored = type(self).objects.filter(pk=self.pk).first()
        if stored is None or all(getattr(stored, name) == getattr(self, name) for name in self.address_fields):
            return
        for check in address_checks:
            problem = check(stored, self)
            if problem:
                raise ValidationError({self.address_fields[0]: problem})


class HomeAssistant(Addressed):
    """A Home Assistant: asked once per pass for all entities that any adapter wants."""

    kind = ConnectionKind.HOME_ASSISTANT
    address_fields = ("url",)
    secret_field = "token"  # noqa: S105

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="home_assistants")
    name = models.CharField(max_length=80, default="Home Assistant")
    url = models.CharField(
        "address",
        max_length=200,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="As you open it in the browser, for example http://homeassistant.local:8123",
    )
    token = EncryptedTextField(
        "long-lived access token",
        blank=True,
        help_text="In Home Assistant: your profile → Security → Long-lived access tokens → Create.",
    )
    certificate = certificate_column()
    #: The same for connections that were found to lead to one Home Assistant by several addresses
    #: (`miners.identity.aliases`).
    installation = models.CharField(max_length=36, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "Home Assistant"
        verbose_name_plural = "Home Assistant"

    def __str__(self) -> str:
        return self.name

    def whereabouts(self) -> set[str]:
        installation = {f"{self.kind}={self.installation}"} if self.installation else set()
        return super().whereabouts() | installation

    def save(self, *args, **kwargs):
        """At another address it may be another installation."""
        stored = type(self).objects.filter(pk=self.pk).values_list("url", flat=True).first()
        if stored is not None and same_url(stored) != same_url(self.url):
            self.installation = ""
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "installation"}
        super().save(*args, **kwargs)

    def clean(self):
        super().clean()
        # The address is shown on pages, in the API and in errors: nothing secret may stand in it.
        if "@" in self.url.partition("//")[2].partition("/")[0]:
            raise ValidationError(
                {
                    "url": "The address holds a user name or password (what comes before the @). Leave it out: "
                    "Home Assistant is asked with its access token alone."
                }
            )


class SimulatedHouse(UUIDModel):
    """A house of pure physics; simulated sensors and miners of a site share it."""

    kind = ConnectionKind.SIMULATED_HOUSE

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="simulated_houses")
    name = models.CharField(max_length=80, default="Simulated house")
    seed = models.PositiveIntegerField(default=1)
    state = models.JSONField(default=dict, blank=True, editable=False)
    at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def whereabouts(self) -> set[str]:
        return {f"{self.kind}:{self.pk}"}


class MqttBroker(Addressed):
    """An MQTT broker: one client listens to it for all sensors that report there."""

    kind = ConnectionKind.MQTT
    address_fields = ("host", "port", "tls")
    secret_field = "password"  # noqa: S105

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="mqtt_brokers")
    name = models.CharField(max_length=80, default="MQTT")
    host = models.CharField(
        max_length=200,
        validators=[
            RegexValidator(
                r"^([A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+)\Z",
                "Only the name or address of the computer, like homeassistant.local or 192.168.1.20.",
            )
        ],
        help_text="Its name or address, for example homeassistant.local",
    )
    port = models.PositiveIntegerField(
        default=1883,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Usually 1883, with TLS 8883",
    )
    tls = models.BooleanField(
        "TLS", default=False, help_text="Encrypted; the broker needs a certificate this computer trusts."
    )
    username = models.CharField("user", max_length=100, blank=True, help_text="Empty: it asks for none.")
    password = EncryptedTextField(blank=True)
    certificate = certificate_column()

    class Meta:
        ordering = ["name"]
        verbose_name = "MQTT broker"

    def __str__(self) -> str:
        return self.name

    def secret_place(self) -> str:
        return place_of(f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}", self.certificate)

    def clean_fields(self, exclude=None):
        """An address as it was pasted, with a scheme, a port or a page, is taken apart first."""
        host, port, tls = broker_of(self.host)
        self.host, self.port = host, self.port if port is None else port
        self.tls = self.tls or tls
        super().clean_fields(exclude=exclude)

    @property
    def url(self) -> str:
        """Where it is and who asks; with `token` what a kept session is recognised by (`integrations.ask`)."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.username}@{self.host}:{self.port}"

    @property
    def token(self) -> str:
        return self.password


#: The row a connection of each kind is.
Connection = HomeAssistant | SimulatedHouse | MqttBroker
CONNECTIONS: dict[ConnectionKind, type[Connection]] = {
    model.kind: model for model in (HomeAssistant, SimulatedHouse, MqttBroker)
}


class AdapterRow(Placed, UUIDModel):
    """Base of monitors and controllers: which adapter, with what settings, over which connection."""

    adapter_kind: Kind

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="%(class)ss")
    name = models.CharField(max_length=80)
    adapter_type = models.CharField(max_length=40)
    config = SecretsField(default=dict, blank=True)
    home_assistant = models.ForeignKey(
        HomeAssistant, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )
    simulated_house = models.ForeignKey(
        SimulatedHouse, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss"
    )
    mqtt_broker = models.ForeignKey(
        MqttBroker, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def adapter(self) -> type[registry.Adapter]:
        """The adapter class; `LookupError` when it is not installed (any more)."""
        return registry.get(self.adapter_kind, self.adapter_type)

    @cached_property
    def settings(self) -> registry.AdapterConfig:
        """The validated config, to be used. Raises pydantic's ValidationError when it does not fit the adapter, and
        `Withheld` when a secret of it was entered for another address.
        """
        self.refuse_moved()
        return self.validated()

    def validated(self) -> registry.AdapterConfig:
        """The config as the adapter takes it; pydantic's ValidationError when it does not fit."""
        return self.adapter.Config.model_validate(self.config)

    def fills(self) -> Collection[str] | None:
        """What its adapter can give with these settings (`Adapter.fills`); None: nobody knows."""
        try:
            return self.adapter.fills(self.__dict__.get("settings") or self.validated())
        except (LookupError, ConfigError):
            return None

    def put_config(self, config: Mapping[str, Any], typed: Collection[str]) -> None:
        """Take checked settings over. `typed`: the secrets a person entered just now; the others are the stored ones,
        still bound to where they were entered for.
        """
        names, before = self.secret_names(), self.config
        self.config = {
            name: value
            if name not in names or not isinstance(value, str)
            else Secret(value)
            if name in typed or name not in before
            else before[name]
            for name, value in config.items()
        }
        self.__dict__.pop("settings", None)

    def secret_place(self) -> str:
        """Where the config sends its secrets; empty while the adapter is not installed."""
        try:
            return self.adapter.Config.place(self.config) or self.adapter_type
        except LookupError:
            return ""

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        config = self.__dict__.get("config")
        found = [] if not isinstance(config, dict) else [one for one in config.items() if isinstance(one[1], Secret)]
        if found:
            defaults = self._defaults()
            yield from ((name, secret) for name, secret in found if secret and secret != defaults.get(name))

    def by_form_field(self, sentences: dict[str, str]) -> dict[str, Any]:
        return {"config": list(sentences.values())}

    def unmarked_secrets(self) -> dict[str, str]:
        names = self.secret_names()
        return {name: value for name, value in self.config.items() if name in names and type(value) is str and value}

    def _defaults(self) -> dict[str, Any]:
        """What a device of this kind comes with opens nothing that anybody keeps secret."""
        try:
            fields = self.adapter.Config.model_fields
        except LookupError:
            return {}
        return {name: info.default for name, info in fields.items()}

    def secret_names(self) -> set[str]:
        """The settings that may never be shown; all of them while their adapter is not installed."""
        try:
            return self.adapter.Config.secrets()
        except LookupError:
            return set(self.config)

    @property
    def is_real(self) -> bool:
        try:
            return self.adapter.is_real
        except LookupError:
            return True

    @property
    def connection(self) -> Connection | None:
        """The shared connection row this adapter reads from."""
        kind = self.adapter.connection
        return getattr(self, str(kind)) if kind is not None else None

    @property
    def connection_id(self) -> uuid.UUID | None:
        kind = self.adapter.connection
        return getattr(self, f"{kind}_id") if kind is not None else None

    def clean(self):
        """Adapter known, config valid, connection there and of the same site."""
        self.__dict__.pop("settings", None)
        self.refuse_moved_in_forms()
        try:
            adapter = self.adapter
        except LookupError as error:
            raise ValidationError({"adapter_type": str(error)}) from None
        try:
            adapter.Config.model_validate(self.config)
        except ConfigError as error:
            raise ValidationError({"config": config_messages(error, adapter.Config.secrets())}) from None
        if adapter.connection is not None:
            field = str(adapter.connection)
            row = getattr(self, field)
            if row is None:
                raise ValidationError({field: f"{adapter.label} needs a connection. Choose one or add one first."})
            if row.site_id != self.site_id:
                raise ValidationError({field: f"‘{row}’ belongs to another site."})


#: A config names this many problems at once; whoever corrects them checks again.
MOST_MESSAGES = 50


def config_messages(error: ConfigError, secrets: Collection[str] = ()) -> list[str]:
    """pydantic's problems as sentences naming field, value (not of `secrets`) and remedy."""
    return [_message(problem, secrets) for problem in error.errors()[:MOST_MESSAGES]]


def _message(problem: Mapping[str, Any], secrets: Collection[str]) -> str:
    place = problem["loc"]
    # Without a place the value is all the settings together.
    hidden = problem["type"] == "missing" or not place or place[0] in secrets
    seen = "" if hidden else f" (seen: {brief_text(problem['input'])!r})"
    return f"{'.'.join(str(part) for part in place) or 'settings'}: {problem['msg']}{seen}"
