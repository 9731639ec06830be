"""The energy of the simulated house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from energy.state import EnergySnapshot
from integrations.connections.simulated_house import observed
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register

_KEY = "energy"


@register
class SimulatedEnergyMonitor(Adapter):
    kind = Kind.ENERGY_MONITOR
    key = "simulated"
    label = "Simulated energy"
    description = "Sun, battery and grid of a simulated house: physics, no device."
    connection = ConnectionKind.SIMULATED_HOUSE
    is_real = False

    class Config(AdapterConfig):
        """Nothing to choose: a house has one energy system."""

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return (_KEY,)

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> EnergySnapshot:
        answer = observed(answers, _KEY)
        energy = answer.reading
        return EnergySnapshot(
            production_w=energy.production_w,
            household_w=energy.household_w,
            household_includes_miners=False,
            grid_w=energy.grid_w,
            battery_w=energy.battery_w,
            battery_soc_percent=energy.battery_soc_percent,
            battery_remaining_wh=energy.battery_remaining_wh,
            observed_at=answer.at,
        )
