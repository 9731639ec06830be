"""A miner of the simulated house: its watts warm its room there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from integrations.connections.simulated_house import SimulatedHouseSession, observed
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind, register
from miners.state import MinerSnapshot, MinerStatus


@register
class SimulatedMiner(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "simulated"
    label = "Simulated miner"
    description = "A miner in a simulated house: physics, no device."
    connection = ConnectionKind.SIMULATED_HOUSE
    is_real = False
    dead_man = "the simulation stands still without this program"

    class Config(AdapterConfig):
        miner: str = Field("avalon", max_length=80, description="Which miner of the simulated house: avalon or heater.")

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return (_key(config),)

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"power_w", "hash_rate_th_s", "chip_temperature_celsius"}

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> MinerSnapshot:
        answer = observed(answers, _key(config))
        miner = answer.reading
        return MinerSnapshot(
            status=MinerStatus(miner.status),
            power_w=miner.power_w,
            power_is_measured=True,
            hash_rate_th_s=miner.hash_rate_th_s,
            chip_temperature_celsius=miner.chip_temperature_celsius,
            observed_at=answer.at,
        )

    @classmethod
    def write(cls, config: Config, session: SimulatedHouseSession, power_w: float, deadline: float) -> None:
        session.set_power(_key(config), power_w)


def _key(config: SimulatedMiner.Config) -> str:
    return f"miner:{config.miner}"
