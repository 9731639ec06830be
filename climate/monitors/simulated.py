"""A room of the simulated house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from climate.state import ClimateReading
from integrations.connections.simulated_house import observed
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register

OUTDOORS = "outdoors"


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
            "living_room",
            max_length=80,
            description="Which room of the simulated house: living_room or bedroom; or outdoors.",
        )
        has_contact: bool = Field(False, description="Its window has a contact.")
        has_presence: bool = Field(False, description="Something tells whether somebody is there.")

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return ("weather" if config.room == OUTDOORS else f"room:{config.room}",)

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        if config.room == OUTDOORS:
            return {"temperature_celsius"}
        parts = {"window_open": config.has_contact, "is_occupied": config.has_presence}
        return {"temperature_celsius", "humidity_percent"} | {name for name, is_there in parts.items() if is_there}

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> ClimateReading:
        if config.room == OUTDOORS:
            weather = observed(answers, "weather")
            return ClimateReading(weather.reading.outdoor_celsius, None, weather.at)
        answer = observed(answers, f"room:{config.room}")
        room = answer.reading
        return ClimateReading(
            room.temperature_celsius,
            room.humidity_percent,
            answer.at,
            window_open=room.window_open if config.has_contact else None,
            is_occupied=room.is_occupied if config.has_presence else None,
        )
