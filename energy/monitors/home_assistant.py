"""A site's energy from the sensors that Home Assistant knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from energy.state import EnergySnapshot
from integrations import units
from integrations.connections.entities import Convert, entity_field, entity_type, measured
from integrations.errors import AdapterError, BadAnswer
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register

_DOMAINS = ("sensor", "input_number", "number")
_Entity = Annotated[str, entity_type(*_DOMAINS, optional=True)]


def _entity(description: str) -> Any:
    return entity_field(description, *_DOMAINS, default="")


@register
class HomeAssistantEnergyMonitor(Adapter):
    kind = Kind.ENERGY_MONITOR
    key = "home_assistant"
    label = "Home Assistant"
    description = "Production, consumption, grid and battery from sensors in W, kW or MW, %, Wh, kWh or MWh."
    connection = ConnectionKind.HOME_ASSISTANT

    class Config(AdapterConfig):
        entity_production: _Entity = _entity("Power produced now (solar, wind, …).")
        entity_consumption: _Entity = _entity("Power the home takes now.")
        consumption_includes_miners: bool = Field(
            True, description="The consumption sensor counts the miners, too (usual for a meter of the whole home)."
        )
        entity_grid: _Entity = _entity("Power from and to the grid, one signed sensor.")
        grid_positive_export: bool = Field(
            False, description="A positive grid value means export. Off: it means import."
        )
        entity_battery_soc: _Entity = _entity("State of charge of the battery.")
        entity_battery_power: _Entity = _entity("Power into and out of the battery, one signed sensor.")
        battery_positive_charge: bool = Field(
            True, description="A positive battery value means charging. Off: it means discharging."
        )
        entity_battery_remaining_capacity: _Entity = _entity("Energy left in the battery.")

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(entity_id for entity_id, _, _ in _parts(config).values() if entity_id)

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> EnergySnapshot:
        """W, Wh, %. A part that cannot be read is None and named in `problems`; the time is that of the newest part.

        Raises `AdapterError` when no part can be read, or none is configured.
        """
        values: dict[str, float] = {}
        times: list[datetime] = []
        errors: list[AdapterError] = []
        for name, (entity_id, convert, adjust) in _parts(config).items():
            if not entity_id:
                continue
            try:
                value, at = measured(answers, entity_id, convert)
                values[name] = adjust(value, f"‘{entity_id}’")
            except AdapterError as error:
                errors.append(error)
                continue
            if at is not None:
                times.append(at)
        if not values:
            raise errors[0] if errors else BadAnswer("No entity is chosen. Choose at least one sensor.")
        return EnergySnapshot(
            **values,
            household_includes_miners=config.consumption_includes_miners,
            # The newest, not the oldest: Home Assistant moves no time while a value stays the same (no sun all
            # night is 0 W all night), so an old part is a steady one. A part that is gone says “unavailable”.
            observed_at=max(times, default=None),
            problems=tuple(str(error) for error in errors),
        )


Adjust = Callable[[float, str], float]


def _parts(config: HomeAssistantEnergyMonitor.Config) -> dict[str, tuple[str, Convert, Adjust]]:
    """Field of the snapshot → entity, conversion of its unit, sign."""
    return {
        "production_w": (config.entity_production, units.watts, _produced),
        "household_w": (config.entity_consumption, units.watts, _consumed),
        "grid_w": (config.entity_grid, units.watts, _sign(config.grid_positive_export)),
        "battery_w": (config.entity_battery_power, units.watts, _sign(not config.battery_positive_charge)),
        "battery_soc_percent": (config.entity_battery_soc, units.percent, _sign(False)),
        "battery_remaining_wh": (config.entity_battery_remaining_capacity, units.watt_hours, _stored),
    }


def _sign(turned: bool) -> Adjust:
    return lambda value, what: -value + 0.0 if turned else value


def _produced(value: float, what: str) -> float:
    """An inverter takes a few watts at night: that is no production."""
    return max(0.0, value)


def _consumed(value: float, what: str) -> float:
    if value < 0:
        raise BadAnswer(f"{what} says {value:g} W; consumption cannot be negative. Choose another entity.")
    return value


def _stored(value: float, what: str) -> float:
    if value < 0:
        raise BadAnswer(f"{what} says {value:g} Wh; a battery cannot hold less than nothing. Choose another entity.")
    return value
