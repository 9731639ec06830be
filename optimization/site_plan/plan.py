"""The plan of a site: everything a person set up there, read and compiled once, immutable and typed.

Attributes are named like the columns they come from. Nothing here changes after it was compiled, so that passes share
one plan and the watchdog may keep what it needs of an old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from climate.schedule import Slot
from climate.sensors import Limits
from climate.targets import FROST_PRESET_CELSIUS, Period, Preset
from energy.balance import SourceFacts
from integrations.errors import AdapterError
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind
from miners import power
from miners.power import PowerModel
from miners.status import upstream_plug
from optimization.rules import CompiledPolicy

_EMPTY: Mapping[Any, Any] = MappingProxyType({})


def _none() -> Any:
    return field(default_factory=lambda: _EMPTY)


class Id(UUID):
    """The id of a row, whose text and hash are worked out once: passes ask for them hundreds of times."""

    __slots__ = ("_hash", "_text")

    def __init__(self, pk: UUID) -> None:
        super().__init__(int=pk.int)
        object.__setattr__(self, "_text", str(pk))
        object.__setattr__(self, "_hash", hash(pk))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self._text


@dataclass(frozen=True, slots=True, eq=False)
class ConnectionPlan:
    """A connection that adapters share. `withheld`: why its secret is not given out."""

    pk: UUID
    site_id: UUID
    kind: ConnectionKind
    name: str
    withheld: AdapterError | None = None

    def __str__(self) -> str:
        return self.name

    def refuse_moved(self) -> None:
        """Raises `AdapterError` where its secret would go to another place than it was entered for."""
        if self.withheld is not None:
            raise type(self.withheld)(*self.withheld.args)


@dataclass(frozen=True, slots=True, eq=False)
class AddressPlan(ConnectionPlan):
    """A Home Assistant or an MQTT broker."""

    url: str = ""
    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    host: str = ""
    port: int = 0
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class HousePlan(ConnectionPlan):
    """A simulated house; what it is like now is state."""

    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class AdapterPlan:
    """A monitor or controller with its settings as they were checked once.

    `problem`: why it cannot be read, to follow its name; `refusal`: the error its settings answer with.
    """

    pk: UUID
    key: str
    site_id: UUID
    name: str
    adapter_kind: Kind
    adapter_type: str
    adapter_class: type[Adapter] | None = None
    checked: AdapterConfig | None = field(default=None, repr=False)
    refusal: AdapterError | None = None
    problem: str = ""
    connection_id: UUID | None = None
    wants: frozenset[str] = frozenset()
    fills: frozenset[str] | None = None
    is_real: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def adapter(self) -> type[Adapter]:
        """The adapter class; `LookupError` when it is not installed (any more)."""
        if self.adapter_class is None:
            raise LookupError(self.problem)
        return self.adapter_class

    @property
    def settings(self) -> AdapterConfig:
        """The checked config; raises `AdapterError` when it does not fit, or a secret of it is not given out."""
        if self.checked is None or self.refusal is not None:
            error = self.refusal or AdapterError(f"‘{self.name}’ {self.problem}")
            raise type(error)(*error.args)
        return self.checked


@dataclass(frozen=True, slots=True, eq=False)
class SensorPlan(AdapterPlan):
    """What reads the temperature of a room, or outdoors."""

    is_outdoor: bool = False
    limits: Limits | None = None
    confirmed_by_hand: tuple[datetime, float] | None = None

    @property
    def limit_of_age(self) -> timedelta:
        return self.limits.stale_after


@dataclass(frozen=True, slots=True, eq=False)
class MeterPlan(AdapterPlan):
    """What reads an energy source."""

    stale_after: timedelta = timedelta(hours=1)
    part_limits: Mapping[str, timedelta] = _none()


@dataclass(frozen=True, slots=True, eq=False)
class ControllerPlan(AdapterPlan):
    """What switches a miner. `rearm_seconds`: so long after its last “on” it switches itself off."""

    rearm_seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ZonePlan:
    """A room: its targets, its week, what reads it and what heats it.

    `monitors`: all of them; `sensors`: those that hang in the room. `heated_by`: its miners, and the part of each one's
    heat that comes here.
    """

    pk: UUID
    key: str
    slug: str
    name: str
    area_sqm: float | None
    default_target_celsius: float
    hysteresis_celsius: float
    high_limit_celsius: float
    highest_target_celsius: float
    comfort_celsius: float
    eco_celsius: float
    away_celsius: float
    frost_limit_celsius: float | None
    monitors: tuple[SensorPlan, ...]
    sensors: tuple[SensorPlan, ...]
    slots: tuple[Slot, ...]
    periods: tuple[Period, ...]
    heated_by: tuple[tuple[UUID, float], ...] = ()
    installed_w: float = 0.0

    def __str__(self) -> str:
        return self.name

    def celsius_of(self, preset: str, target_celsius: float | None) -> float:
        """A preset's or the plain target, °C."""
        if not preset:
            return target_celsius
        return FROST_PRESET_CELSIUS if preset == Preset.FROST else getattr(self, f"{Preset(preset)}_celsius")


@dataclass(frozen=True, slots=True, eq=False)
class CircuitPlan:
    """A fused line."""

    pk: UUID
    name: str
    limit_w: int

    @property
    def line(self) -> tuple[str, str, int]:
        """As limits look at it: id, name, W."""
        return str(self.pk), self.name, self.limit_w


@dataclass(frozen=True, slots=True, eq=False)
class MinerPlan:
    """A miner and what it can be told. `problem`: why nothing of it can be relied on, as a sentence: it stays off."""

    pk: UUID
    key: str
    site_id: UUID
    name: str
    model: str = ""
    controller: ControllerPlan | None = None
    controller_id: UUID | None = None
    cutoff: ControllerPlan | None = None
    cutoff_id: UUID | None = None
    nominal_power_w: int = 1000
    zone_ids: tuple[UUID, ...] = ()
    heats_no_room: bool = False
    circuit: CircuitPlan | None = None
    min_on_seconds: int = 600
    min_off_seconds: int = 600
    ramp_seconds: int = 120
    max_starts_per_hour: int = 3
    max_starts_per_day: int = 40
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_max_w: int = 0
    level_watts: Mapping[str, float] = _none()
    noise_db: int | None = None
    max_chip_celsius: int | None = None
    max_board_celsius: int | None = None
    start_cost: float = 0.0
    leave_on: bool = False
    is_active: bool = True
    #: Its levels in the device's own watts, and corrected by what a person measured; None: it is only switched.
    told_power: PowerModel | None = None
    detected_power: PowerModel | None = None
    power: PowerModel = field(default_factory=lambda: power.on_or_off(1000))
    most_w: int = 1000
    highest_hash_rate_th_s: float | None = None
    #: The upstream plug can be told something; and: only a plug switches it off, and there is none.
    has_plug: bool = False
    lacks_off: bool = False
    reality_problem: str = ""
    #: Another miner of this site is behind the very same controller.
    doubled: Any = None
    problem: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def is_plug_its_switch(self) -> bool:
        """It has no off of its own."""
        return upstream_plug.is_switch(self.power)

    def takes_w(self, asked_w: float) -> int:
        """What it really takes when it is asked for so many watts."""
        return power.taken_w(self.detected_power, self.nominal_power_w, asked_w)

    def told_w(self, power_w: float) -> float:
        """What the device is to be told for `power_w`: its own watts of a level that a person has corrected."""
        return power_w if self.told_power is None else power.as_told(self.told_power, self.level_watts, power_w)


@dataclass(frozen=True, slots=True, eq=False)
class SourcePlan:
    """Where the power of a site comes from."""

    pk: UUID
    key: str
    name: str
    facts: SourceFacts
    monitor: MeterPlan | None = None

    @property
    def monitor_id(self) -> UUID | None:
        return None if self.monitor is None else self.monitor.pk


@dataclass(frozen=True, slots=True, eq=False)
class UnitPlan:
    """What is decided together. `policy_problem`: why nothing of it is heated."""

    pk: UUID
    key: str
    name: str
    policy: CompiledPolicy | None
    policy_problem: str
    miner_ids: tuple[UUID, ...]
    zone_ids: tuple[UUID, ...]
    energy_source_id: UUID | None
    strategy: str
    never_below_celsius: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PoolPlan:
    """A pool account: what its pool tells at all; what it told last is state."""

    pk: UUID
    tells: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class SitePlan:
    """A site at one `version` of its configuration. `adapters`: everything that is read, each once."""

    pk: UUID
    key: str
    version: int
    name: str
    time_zone: str
    tz: ZoneInfo
    latitude: float | None
    longitude: float | None
    control_period_seconds: int
    power_limit_w: int | None
    is_active: bool
    is_test_bench: bool
    zones: Mapping[UUID, ZonePlan] = _none()
    outdoor: SensorPlan | None = None
    sources: Mapping[UUID, SourcePlan] = _none()
    miners: Mapping[UUID, MinerPlan] = _none()
    units: tuple[UnitPlan, ...] = ()
    pools: Mapping[UUID, PoolPlan] = _none()
    connections: Mapping[UUID, ConnectionPlan] = _none()
    adapters: tuple[AdapterPlan, ...] = ()
    #: The miners by their id as a decision writes it, and as a database does without dashes.
    miner_of: Mapping[str, MinerPlan] = _none()
    #: What could not be compiled at all, by name of the row: sentences.
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name
