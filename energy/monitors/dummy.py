"""An energy meter that says what a person typed in: the quickest way to try a rule."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from energy.state import EnergySnapshot
from integrations.dummy import AGE_FIELD, Failure, aged, between, check_range, fail_if_told
from integrations.registry import Adapter, AdapterConfig, Kind, register

_MOST_W = 1e6


def _watts(default: float | None, description: str, lowest: float = 0.0) -> Any:
    return Field(default, ge=lowest, le=_MOST_W, description=description, json_schema_extra={"unit": "W"})


@register
class DummyEnergyMonitor(Adapter):
    kind = Kind.ENERGY_MONITOR
    key = "dummy"
    label = "Dummy"
    description = "Says the watts you type in, or random ones, and fails when told to. For trying rules."
    is_real = False

    class Config(AdapterConfig):
        production_w: float = _watts(3000.0, "Power produced.")
        highest_production_w: float | None = _watts(
            None, "If given: a random production from the value above to this one, anew each time."
        )
        household_w: float = _watts(500.0, "Power the home takes, without the miners.")
        highest_household_w: float | None = _watts(
            None, "If given: a random consumption from the value above to this one, anew each time."
        )
        battery_w: float = _watts(0.0, "Power into (+) or out of (−) the battery.", -_MOST_W)
        battery_soc_percent: float | None = Field(
            80.0, ge=0, le=100, description="State of charge; empty: unknown.", json_schema_extra={"unit": "%"}
        )
        battery_remaining_wh: float | None = Field(
            None, ge=0, le=1e7, description="Energy left; empty: unknown.", json_schema_extra={"unit": "Wh"}
        )
        grid_w: float | None = _watts(
            None, "Power from (+) or to (−) the grid; empty: what is left over or missing.", -_MOST_W
        )
        age_seconds: float = AGE_FIELD
        fail: Failure = Field(Failure.NONE, description="How it fails instead of answering.")

        @model_validator(mode="after")
        def _ranges(self) -> Self:
            check_range(self.production_w, self.highest_production_w, "production")
            check_range(self.household_w, self.highest_household_w, "consumption")
            return self

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        typed = {
            "battery_soc_percent": config.battery_soc_percent,
            "battery_remaining_wh": config.battery_remaining_wh,
        }
        given = {name for name, value in typed.items() if value is not None}
        return {"production_w", "household_w", "grid_w", "battery_w"} | given

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> EnergySnapshot:
        fail_if_told(config.fail, deadline)
        production_w = between(config.production_w, config.highest_production_w)
        household_w = between(config.household_w, config.highest_household_w)
        balance_w = household_w + config.battery_w - production_w
        return EnergySnapshot(
            production_w=production_w,
            household_w=household_w,
            household_includes_miners=False,
            grid_w=balance_w if config.grid_w is None else config.grid_w,
            battery_w=config.battery_w,
            battery_soc_percent=config.battery_soc_percent,
            battery_remaining_wh=config.battery_remaining_wh,
            observed_at=aged(config.age_seconds),
        )
