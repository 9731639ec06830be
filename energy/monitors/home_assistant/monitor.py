"""A site's energy from the sensors that Home Assistant knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from energy.state import EnergySnapshot
from integrations import units
from integrations.connections.entities import Convert, entity_field, entity_type, measured
from integrations.errors import AdapterError, BadAnswer
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register

_DOMAINS = ("sensor", "input_number", "number")
_Entity = Annotated[str, entity_type(*_DOMAINS, optional=True)]
#: A sensor of one direction may show so much of the other: noise around zero (W).
_NOISE_W = 50.0


def _entity(description: str, *classes: str) -> Any:
    return entity_field(description, *_DOMAINS, classes=classes or ("power",), default="")


@register
class HomeAssistantEnergyMonitor(Adapter):
    kind = Kind.ENERGY_MONITOR
    key = "home_assistant"
    label = "Home Assistant"
    description = "Production, consumption, grid and battery from sensors in W, kW or MW, %, Wh, kWh or MWh."
    connection = ConnectionKind.HOME_ASSISTANT

    class Config(AdapterConfig):
        entity_production: _Entity = _entity("Power produced now (solar, wind, …), without what a battery gives.")
        production_is_negative: bool = Field(False, description="The sensor shows production as a negative value.")
        entity_consumption: _Entity = _entity("Power the home takes now.")
        consumption_includes_miners: bool = Field(
            True, description="The consumption sensor counts the miners, too (usual for a meter of the whole home)."
        )
        consumption_is_negative: bool = Field(False, description="The sensor shows consumption as a negative value.")
        entity_grid: _Entity = _entity("Power from and to the grid, one signed sensor. Or two sensors below.")
        grid_positive_export: bool = Field(
            False, description="A positive grid value means export. Off: it means import."
        )
        entity_grid_import: _Entity = _entity(
            "Power from the grid where import and export are two sensors (many smart meters). Needs the other, too."
        )
        entity_grid_export: _Entity = _entity("Power to the grid where import and export are two sensors.")
        entity_battery_soc: _Entity = _entity("State of charge of the battery.", "battery")
        entity_battery_power: _Entity = _entity(
            "Power into and out of the battery, one signed sensor. Or two sensors below."
        )
        battery_positive_charge: bool = Field(
            True, description="A positive battery value means charging. Off: it means discharging."
        )
        entity_battery_charge: _Entity = _entity(
            "Power into the battery where charging and discharging are two sensors. Needs the other, too."
        )
        entity_battery_discharge: _Entity = _entity(
            "Power out of the battery where charging and discharging are two sensors."
        )
        entity_battery_remaining_capacity: _Entity = _entity("Energy left in the battery.", "energy_storage", "energy")

        @model_validator(mode="after")
        def _pairs(self) -> Self:
            _check_pair("grid", self.entity_grid, "import", self.entity_grid_import, "export", self.entity_grid_export)
            battery = ("charging", self.entity_battery_charge, "discharging", self.entity_battery_discharge)
            _check_pair("battery", self.entity_battery_power, *battery)
            return self

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entity_id for part in _parts(config) for entity_id in part.entities))

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {part.name for part in _parts(config)}

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> EnergySnapshot:
        """W, Wh, %, each part with its own time. One that cannot be read is None and named in `problems`.

        Raises `AdapterError` when no part can be read, or none is configured.
        """
        values: dict[str, float] = {}
        observed: dict[str, datetime] = {}
        errors: list[AdapterError] = []
        parts = _parts(config)
        for part in parts:
            try:
                value, at = part.read(answers)
            except AdapterError as error:
                errors.append(error)
                continue
            values[part.name] = value
            if at is not None:
                observed[part.name] = at
        if not values:
            raise errors[0] if errors else BadAnswer("No entity is chosen. Choose at least one sensor.")
        return EnergySnapshot(
            **values,
            household_includes_miners=config.consumption_includes_miners,
            observed_at=max(observed.values(), default=None),
            problems=tuple(str(error) for error in errors),
            observed=observed,
            sensors={part.name: " and ".join(f"‘{entity_id}’" for entity_id in part.entities) for part in parts},
        )


def _check_pair(what: str, signed: str, plus_word: str, plus: str, minus_word: str, minus: str) -> None:
    """One signed sensor, or one for each direction; half of a pair would count the other direction as nothing."""
    if bool(plus) != bool(minus):
        missing, there = (minus_word, plus) if plus else (plus_word, minus)
        raise PydanticCustomError(
            "pair",
            "‘{there}’ measures one direction of the {what} only. Choose the {missing} sensor, too, or leave both "
            "empty.",
            {"there": there, "what": what, "missing": missing},
        )
    if signed and plus:
        raise PydanticCustomError(
            "pair",
            "The {what} is read by ‘{signed}’ alone or by two sensors ({plus_word} and {minus_word}), not by three. "
            "Leave one or the other empty.",
            {"what": what, "signed": signed, "plus_word": plus_word, "minus_word": minus_word},
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of the snapshot: its entities (one, or one for each direction), the conversion of its unit, its sign."""

    name: str
    entities: tuple[str, ...]
    convert: Convert
    sign: int = 1

    def read(self, answers: Mapping[str, Any]) -> tuple[float, datetime | None]:
        if len(self.entities) == 2:
            return _net(*(_one_way(answers, entity_id, self.convert) for entity_id in self.entities))
        value, at = measured(answers, self.entities[0], self.convert)
        if self.name == "production_w":
            value = self.sign * value
            # An inverter takes a few watts at night: that is no production.
            return (0.0 if -_NOISE_W <= value <= 0 else value), at
        if self.name == "battery_remaining_wh" and value < 0:
            raise BadAnswer(
                f"‘{self.entities[0]}’ says {value:g} Wh; the energy in a battery cannot be negative. "
                "Choose another entity."
            )
        return self.sign * value + 0.0, at


def _parts(config: HomeAssistantEnergyMonitor.Config) -> list[_Part]:
    """What is set up, in the order of a snapshot."""

    def signed(name: str, entity_id: str, inverted: bool = False, convert: Convert = units.watts) -> _Part:
        return _Part(name, (entity_id,) if entity_id else (), convert, -1 if inverted else 1)

    def flow(name: str, entity_id: str, inverted: bool, plus: str, minus: str) -> _Part:
        return _Part(name, (plus, minus), units.watts) if plus else signed(name, entity_id, inverted)

    grid = (config.entity_grid_import, config.entity_grid_export)
    battery = (config.entity_battery_charge, config.entity_battery_discharge)
    parts = [
        signed("production_w", config.entity_production, config.production_is_negative),
        signed("household_w", config.entity_consumption, config.consumption_is_negative),
        flow("grid_w", config.entity_grid, config.grid_positive_export, *grid),
        flow("battery_w", config.entity_battery_power, not config.battery_positive_charge, *battery),
        signed("battery_soc_percent", config.entity_battery_soc, convert=units.percent),
        signed("battery_remaining_wh", config.entity_battery_remaining_capacity, convert=units.watt_hours),
    ]
    return [part for part in parts if part.entities]


_Flow = tuple[float, datetime | None]


def _one_way(answers: Mapping[str, Any], entity_id: str, convert: Convert) -> _Flow:
    """The watts of a sensor that shows one direction alone, and their time."""
    value, at = measured(answers, entity_id, convert)
    if value < -_NOISE_W:
        raise BadAnswer(
            f"‘{entity_id}’ says {value:g} W, but a sensor of one direction is never negative. "
            "If it measures both, choose it as the one signed sensor."
        )
    return max(0.0, value), at


def _net(plus: _Flow, minus: _Flow) -> _Flow:
    """Both directions as one signed value; both may flow at once, on different phases.

    Its time is that of the older, but the direction in which nothing flows need not move while the other does.
    """
    (plus_w, plus_at), (minus_w, minus_at) = plus, minus
    value = plus_w - minus_w + 0.0
    if plus_at is None or minus_at is None:
        return value, plus_at or minus_at
    older_w, newer_w = (plus_w, minus_w) if plus_at <= minus_at else (minus_w, plus_w)
    rests = older_w == 0 and newer_w > 0
    return value, max(plus_at, minus_at) if rests else min(plus_at, minus_at)
