"""The registry of adapters: one file, one class, one `@register` — and everything else follows.

An adapter is a class with a `key`, a `label`, a pydantic `Config` and pure functions:

* adapters on a shared connection name what they want (`wants(config) -> keys`) and read it from
  the answers (`read(config, answers) -> reading`): the connection is asked once per pass for
  the keys of all its adapters together;
* standalone adapters have `read_alone(config, deadline) -> reading`;
* controllers add `write(config, session, power_w, deadline)`.

`session` is an open `Session` of the connection (None for standalone adapters). Adapters never
touch the ORM and raise only `integrations.errors`. Third parties register through the entry
point group ``edgemining.adapters``.

From `Config` follow the admin form, its validation, the JSON schema in the API and the docs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Protocol, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What an adapter is for; the value is the slug used in URLs and forms."""

    CLIMATE_MONITOR = "climate-monitors"
    ENERGY_MONITOR = "energy-monitors"
    MINER_CONTROLLER = "miner-controllers"
    POOL_TRACKER = "pool-trackers"
    HASH_PRICE_SOURCE = "hash-price-sources"


class ConnectionKind(StrEnum):
    """The shared connections an adapter can need."""

    HOME_ASSISTANT = "home_assistant"
    SIMULATED_HOUSE = "simulated_house"
    MQTT = "mqtt_broker"


class AdapterConfig(BaseModel):
    """Base of every adapter's `Config`: unknown fields are refused, values stay as typed.

    Field descriptions are the help texts in the admin; `json_schema_extra={"unit": "W"}` gives a
    unit suffix, `{"entity_domains": [...]}` entity suggestions (those of `"entity_classes"` first),
    `{"secret": True}` encryption.
    """

    #: The settings that say where the secrets go. None: every text, and what is called a port or TLS, may; a change of
    #: one asks for the secrets again.
    place_settings: ClassVar[Collection[str] | None] = None

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def secrets(cls) -> set[str]:
        """The fields marked `json_schema_extra={"secret": True}`."""
        return {
            name
            for name, info in cls.model_fields.items()
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("secret")
        }

    @classmethod
    def place(cls, config: Mapping[str, Any]) -> str:
        """Where settings like these send their secrets, in words that are equal for the same place."""
        names = cls._place_names() if cls.place_settings is None else cls.place_settings
        values = {}
        for name in sorted(names):
            default = cls.model_fields[name].get_default(call_default_factory=True)
            values[name] = _spelled(config.get(name, default))
        if len(values) == 1:
            return next(iter(values.values()))
        return ", ".join(f"{name} {value}" for name, value in values.items())

    @classmethod
    def _place_names(cls) -> set[str]:
        texts = {name for name, info in cls.model_fields.items() if not _is_number(info.annotation)}
        named = {name for name in cls.model_fields if _PLACE_WORDS & set(name.lower().split("_"))}
        return (texts | named) - cls.secrets()


#: Numbers and switches of these names say where something is, too.
_PLACE_WORDS = frozenset({"port", "tls", "ssl", "https", "secure", "verify", "scheme"})


def _is_number(annotation: Any) -> bool:
    """Nothing but a number, yes or no, or none of them fits."""
    if get_origin(annotation) is Literal:
        return all(isinstance(value, int | float) for value in get_args(annotation))
    if get_origin(annotation) is Annotated:
        return _is_number(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return all(_is_number(one) for one in get_args(annotation))
    return annotation in (int, float, bool, type(None))


def _spelled(value: Any) -> str:
    """`value` in one spelling: that of a person's address counts no capitals and no last slash."""
    return "" if value is None else str(value).strip().rstrip("/").casefold()


@dataclass(frozen=True, slots=True)
class Advice:
    """What would make a row better, as a sentence, and what does it: settings of the adapter, fields of the row."""

    sentence: str
    settings: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Switched:
    """What a controller switches: at which address (standalone devices), and which part of what is there.

    `part`: an output of a device, an entity of a connection; empty: the whole device.
    """

    part: str = ""
    address: str = ""


#: Asks the connection for more keys: `ask(keys) -> answers`.
Ask = Callable[[Collection[Any]], Mapping[str, Any]]


class Session(Protocol):
    """An open shared connection, used for one pass (or one "Read now")."""

    def ask(self, keys: Collection[str], deadline: float) -> Mapping[str, Any]:
        """Answers by key; a key the other side does not know is absent. `deadline`: `time.monotonic()`."""


class Adapter:
    """Base class of adapters; see the module docstring for what a subclass gives."""

    kind: ClassVar[Kind]
    key: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str] = ""
    connection: ClassVar[ConnectionKind | None] = None
    Config: ClassVar[type[AdapterConfig]]
    #: Real adapters move real things; `simulated` and `dummy` do not (guard in design.md §5.4).
    is_real: ClassVar[bool] = True
    #: Pool trackers and hash price sources: how often it is asked, at most (s).
    refresh_seconds: ClassVar[float] = 900.0
    #: Standalone controllers only: where such a device listens; discovery asks it only there (none: it never does).
    usual_ports: ClassVar[tuple[int, ...]] = ()
    #: Standalone controllers only: knows many kinds, each less well than its own driver; discovery asks it last.
    is_generalist: ClassVar[bool] = False
    #: Controllers only: what cuts the power when this program is gone, whatever the configuration (None: nothing).
    dead_man: ClassVar[str | None] = None
    #: Controllers only: how to set the dead-man up, one or two sentences.
    dead_man_help: ClassVar[str] = ""

    #: Controllers only: settings that only say what is read. They may change while the device may be on.
    only_read: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def dead_man_of(cls, config: AdapterConfig) -> str | None:
        """Controllers: what cuts the power of a device configured like this when this program is gone."""
        return cls.dead_man

    @classmethod
    def rearm_seconds(cls, config: AdapterConfig) -> float | None:
        """Controllers: the device switches itself off this long after its last "on" (None: it does not)."""
        return None

    @classmethod
    def switched(cls, config: AdapterConfig) -> Switched | None:
        """Controllers: which physical thing these settings switch, so that it is given to one miner only; None: none
        that could be given twice. By default what is at `address`, or on a connection what the texts of the settings
        name.
        """
        if cls.connection is None:
            address = getattr(config, "address", "")
            return Switched(address=address) if isinstance(address, str) and address else None
        settings = config.model_dump(exclude={*cls.only_read, *cls.Config.secrets()})
        return Switched("|".join(text for _, text in sorted(settings.items()) if isinstance(text, str) and text))

    @classmethod
    def upstream_settings(cls, load_w: int, auto_off_minutes: int) -> Mapping[str, Any] | None:
        """Standalone controllers that can be the upstream plug of a miner: their settings beside the address, for what
        takes `load_w` and is to be cut so long after the last "on". None: it is no such plug.
        """
        return None

    @classmethod
    def wants(cls, config: AdapterConfig) -> Collection[str]:
        """The keys this adapter reads from its shared connection."""
        return ()

    @classmethod
    def read(cls, config: AdapterConfig, answers: Mapping[str, Any]) -> Any:
        """The reading in `answers`. Raises `AdapterError`."""
        raise NotImplementedError

    @classmethod
    def advice(cls, config: AdapterConfig, answers: Mapping[str, Any], ask: Ask) -> Sequence[Advice]:
        """Adapters on a shared connection: what would make this row better, for “Read now”. Raises `AdapterError`."""
        return ()

    @classmethod
    def cautions(cls, config: AdapterConfig) -> Sequence[str]:
        """What is to be known of these settings before they are relied on, one sentence each."""
        return ()

    @classmethod
    def fills(cls, config: AdapterConfig) -> Collection[str] | None:
        """The fields of its reading that these settings can give at all; None: that is up to what it asks."""
        return None

    @classmethod
    def reports_every_seconds(cls, config: AdapterConfig) -> float | None:
        """Monitors: how often the device reports at the least, as its maker says; None: not known."""
        return None

    @classmethod
    def read_alone(cls, config: AdapterConfig, deadline: float) -> Any:
        """Standalone adapters: ask the device, answer before `deadline` (`time.monotonic()`)."""
        raise NotImplementedError

    @classmethod
    def identify(cls, config: AdapterConfig, deadline: float) -> Any:
        """Standalone controllers: the `miners.power.Identity` of what is at the address. Raises `AdapterError`."""
        raise NotImplementedError

    @classmethod
    def recognise(cls, config: AdapterConfig, deadline: float) -> str:
        """Standalone controllers: what a device of this kind calls itself without a password. Raises `AdapterError`
        at any other. Discovery asks it first where a driver has it: no password is tried at a stranger.
        """
        raise NotImplementedError

    @classmethod
    def write(cls, config: AdapterConfig, session: Session | None, power_w: float, deadline: float) -> None:
        """Controllers: ask for `power_w` (0 = off). Returning means "sent", never "done"."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Key:
    kind: Kind
    key: str


_adapters: dict[_Key, type[Adapter]] = {}
_loaded_entry_points = False


def register(adapter: type[Adapter]) -> type[Adapter]:
    """Class decorator: put `adapter` into the registry. A key taken by another class is an error."""
    slot = _Key(adapter.kind, adapter.key)
    taken = _adapters.get(slot)
    if taken is not None and taken is not adapter:
        raise ValueError(f"adapter {adapter.key!r} of kind {adapter.kind} is registered twice")
    _adapters[slot] = adapter
    return adapter


def drop(module: str) -> None:
    """Nothing of a module that failed half-way is used."""
    for slot in [slot for slot, adapter in _adapters.items() if adapter.__module__ == module]:
        del _adapters[slot]


def _load_entry_points() -> None:
    global _loaded_entry_points
    if not _loaded_entry_points:
        _loaded_entry_points = True
        for point in metadata.entry_points(group="edgemining.adapters"):
            point.load()


def adapters(kind: Kind) -> dict[str, type[Adapter]]:
    """All adapters of `kind` by key, in order of registration."""
    _load_entry_points()
    return {slot.key: adapter for slot, adapter in _adapters.items() if slot.kind == kind}


def installed() -> int:
    """How many adapters there are: what was made of them holds as long as these are the same."""
    return len(_adapters)


def get(kind: Kind, key: str) -> type[Adapter]:
    """The adapter, or `LookupError` naming what there is."""
    _load_entry_points()
    found = _adapters.get(_Key(kind, key))
    if found is None:
        raise LookupError(f"no adapter {key!r} of kind {kind}; there are: {', '.join(adapters(kind)) or 'none'}")
    return found


#: How to open a session of a connection row, by connection kind; filled by `integrations.connections.*`.
openers: dict[ConnectionKind, Callable[[Any], Session]] = {}


def opener(kind: ConnectionKind) -> Callable[[Callable[[Any], Session]], Callable[[Any], Session]]:
    """Decorator: `function(connection_row) -> Session` opens connections of `kind` (no I/O yet).

    A secret that was entered for another address than the row's is not given out: `Withheld`.
    """

    def put(function: Callable[[Any], Session]) -> Callable[[Any], Session]:
        @functools.wraps(function)
        def checked(row: Any) -> Session:
            refuse_moved = getattr(row, "refuse_moved", None)
            if refuse_moved is not None:
                refuse_moved()
            return function(row)

        openers[kind] = checked
        return checked

    return put
