"""A room of the simulated house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from climate.state import ClimateReading
from integrations.connections.simulated_house import observed
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register


@register
class SimulatedClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "simulated"
    label = "Simulated room"
    description = "The sensor of a room in a simulated house: physics, no device."
    connection = ConnectionKind.SIMULATED_HOUSE
    is_real = False

    class Config(AdapterConfig):
        room: str = Field(
            "living_room", max_length=80, description="Which room of the simulated house: living_room or bedroom."
        )

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return (f"room:{config.room}",)

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        answer = observed(answers, f"room:{config.room}")
        return ClimateReading(answer.reading.temperature_celsius, answer.reading.humidity_percent, answer.at)
