"""A thermometer that says what a person typed in: the quickest way to try a rule."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from climate.state import ClimateReading
from integrations.dummy import AGE_FIELD, Failure, aged, between, check_range, fail_if_told
from integrations.registry import Adapter, AdapterConfig, Kind, register


@register
class DummyClimateMonitor(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "dummy"
    label = "Dummy"
    description = "Says the temperature you type in, or a random one, and fails when told to. For trying rules."
    is_real = False

    class Config(AdapterConfig):
        temperature_celsius: float = Field(
            20.0, ge=-60, le=100, description="What it says.", json_schema_extra={"unit": "°C"}
        )
        highest_temperature_celsius: float | None = Field(
            None,
            ge=-60,
            le=100,
            description="If given: a random value from the temperature above to this one, anew each time.",
            json_schema_extra={"unit": "°C"},
        )
        humidity_percent: float | None = Field(
            None, ge=0, le=100, description="Empty: it measures none.", json_schema_extra={"unit": "%"}
        )
        window: Literal["none", "closed", "open", "silent"] = Field(
            "none", description="What its window contact says; none: it has no contact."
        )
        presence: Literal["none", "somebody", "nobody", "silent"] = Field(
            "none", description="Whether somebody is there; none: nothing tells."
        )
        age_seconds: float = AGE_FIELD
        fail: Failure = Field(Failure.NONE, description="How it fails instead of answering.")

        @model_validator(mode="after")
        def _range(self) -> Self:
            check_range(self.temperature_celsius, self.highest_temperature_celsius, "temperature")
            return self

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        parts = {
            "humidity_percent": config.humidity_percent is not None,
            "window_open": config.window != "none",
            "is_occupied": config.presence != "none",
        }
        return {"temperature_celsius"} | {name for name, is_there in parts.items() if is_there}

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> ClimateReading:
        fail_if_told(config.fail, deadline)
        temperature = between(config.temperature_celsius, config.highest_temperature_celsius)
        return ClimateReading(
            temperature,
            config.humidity_percent,
            aged(config.age_seconds),
            {"open": True, "closed": False}.get(config.window),
            {"somebody": True, "nobody": False}.get(config.presence),
            "The contact says nothing." if config.window == "silent" else "",
            "The presence sensor says nothing." if config.presence == "silent" else "",
        )
