"""A miner that only remembers what it was told, and fails when asked to: for trying rules and alarms."""

from __future__ import annotations

from pydantic import Field

from integrations.dummy import AGE_FIELD, Failure, WriteFailure, aged, fail_if_told
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.state import MinerSnapshot, MinerStatus
from sites.store import store


@register
class DummyMiner(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "dummy"
    label = "Dummy"
    description = "Remembers the last command and shows it as done; fails when told to. For trying rules and alarms."
    is_real = False
    dead_man = "there is no device"

    class Config(AdapterConfig):
        device: str = Field(
            "dummy",
            min_length=1,
            max_length=80,
            description="A name of its own: dummies of the same name are the same device.",
        )
        status: MinerStatus | None = Field(
            None, description="What it always shows, whatever it was told. Empty: what it was told last."
        )
        measures_power: bool = Field(True, description="It measures its power.")
        age_seconds: float = AGE_FIELD
        fail_read: Failure = Field(Failure.NONE, description="How it fails instead of answering.")
        fail_write: WriteFailure = Field(
            WriteFailure.NONE, description="How it fails when commanded; ‘ignore’ says yes and does nothing."
        )

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"power_w"} if config.measures_power else set()

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        fail_if_told(config.fail_read, deadline)
        power_w = float(store().get(_key(config)) or 0)
        told = MinerStatus.HEATING if power_w > 0 else MinerStatus.OFF
        return MinerSnapshot(
            status=config.status or told,
            power_w=power_w if config.measures_power else None,
            power_is_measured=config.measures_power,
            observed_at=aged(config.age_seconds),
        )

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        fail_if_told(config.fail_write, deadline)
        if config.fail_write != WriteFailure.IGNORE:
            store().set(_key(config), power_w)


def _key(config: DummyMiner.Config) -> str:
    return f"dummy-miner:{config.device}"
