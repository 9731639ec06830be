"""Where the recorded world meets the program: sessions and adapters that read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from energy.state import EnergySnapshot
from integrations import registry
from integrations.connections.entities import EntityAnswers, EntityState
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.errors import AdapterError, BadAnswer, Refused, Unreachable
from integrations.registry import Adapter, AdapterConfig, ConnectionKind, Kind
from miners.state import MinerSnapshot, MinerStatus

from .world import Hub, Machine, Meter, Trouble

#: What answers is waited for as long as a busy machine needs (s); while something hangs, no longer than this.
ANSWER_SECONDS, HUNG_SECONDS = 60.0, 3.0
#: Below this a machine draws no heating power (W).
_DRAWS_FROM_W = 50.0

#: How long the program waits for devices, where it still says so there.
_PATIENCE = (
    ("optimization.passes.run", "OBSERVE_SECONDS"),
    ("optimization.passes.act", "WRITE_SECONDS"),
    ("optimization.passes.act", "ACT_SECONDS"),
    ("optimization.passes.notifications", "TELL_SECONDS"),
)

_machines: dict[str, Machine] = {}
_meters: dict[str, Meter] = {}


def _error(trouble: Trouble) -> AdapterError:
    return {
        "unreachable": Unreachable("It does not answer."),
        "hangs": Unreachable("It did not answer in time."),
        "refuses": Refused("It refuses."),
        "garbage": BadAnswer("Its answer cannot be read."),
    }[trouble.kind]


class HubSession(HomeAssistantSession):
    """The recorded Home Assistant, as an open connection."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def ask(self, keys: Collection[str], deadline: float) -> EntityAnswers:
        self._met()
        answers = EntityAnswers()
        for key, one in self._hub.entities().items():
            if key in keys:
                answers[key] = EntityState(
                    key,
                    one.state,
                    one.unit,
                    observed_at=one.observed_at,
                    changed_at=one.changed_at,
                    user_id="" if one.user == "the program" else one.user,
                )
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        try:
            self._hub.switch(entity_id, service == "turn_on")
        except Trouble as trouble:
            raise _error(trouble) from None

    def notify(self, notification_id: str, title: str, message: str, deadline: float) -> None:
        self._met()
        self._hub.note("notification", "shown", title)

    def clear_notification(self, notification_id: str, deadline: float) -> None:
        self._met()
        self._hub.note("notification", "cleared", "")

    def _met(self) -> None:
        try:
            self._hub.met()
        except Trouble as trouble:
            raise _error(trouble) from None


class _Config(AdapterConfig):
    key: str
    own_off_minutes: int | None = None


class RecordedMachine(Adapter):
    kind, key, label, is_real, Config = Kind.MINER_CONTROLLER, "recorded", "Recorded", True, _Config

    @classmethod
    def rearm_seconds(cls, config):
        return None if config.own_off_minutes is None else config.own_off_minutes * 60.0

    @classmethod
    def read_alone(cls, config, deadline):
        machine = _machines[config.key]
        try:
            said = machine.answer()
        except Trouble as trouble:
            raise _error(trouble) from None
        return MinerSnapshot(
            _status(said),
            said["power_w"],
            power_is_measured=True,
            hash_rate_th_s=said["hash_rate_th_s"],
            chip_temperature_celsius=said["chips_celsius"],
            observed_at=machine.clock.at,
            fault=said["fault"],
            level=said["level"],
            set_power_w=said["told_w"] or None,
            switches_off_in_seconds=said["off_in_s"],
            is_latched=said["is_latched"],
            pool_alive=said["pool_alive"],
        )

    @classmethod
    def write(cls, config, session, power_w, deadline):
        try:
            _machines[config.key].write(power_w)
        except Trouble as trouble:
            raise _error(trouble) from None


def _status(said: dict[str, Any]) -> MinerStatus:
    draws = said["power_w"] >= _DRAWS_FROM_W
    if not said["told_w"]:
        return MinerStatus.STOPPING if draws else MinerStatus.OFF
    if said["fault"]:
        return MinerStatus.PROTECT
    if not said["pool_alive"]:
        return MinerStatus.NO_POOL
    if not draws:
        return MinerStatus.STARTING
    return MinerStatus.HEATING if abs(said["power_w"] - said["told_w"]) < _DRAWS_FROM_W else MinerStatus.RAMPING


class RecordedMeter(Adapter):
    kind, key, label, is_real, Config = Kind.ENERGY_MONITOR, "recorded", "Recorded", True, _Config

    @classmethod
    def read_alone(cls, config, deadline):
        try:
            said = _meters[config.key].answer()
        except Trouble as trouble:
            raise _error(trouble) from None
        times = said["times"]
        return EnergySnapshot(**said["values"], observed_at=max(times.values(), default=None), observed=times)


_ADAPTERS = (RecordedMachine, RecordedMeter)


def _patience() -> Iterator[tuple[Any, str]]:
    for path, name in _PATIENCE:
        try:
            module = import_module(path)
        except ImportError:
            continue
        if hasattr(module, name):
            yield module, name


def wait_at_most(seconds: float) -> None:
    """From now on, for an answer of any device. How long that takes on a busy machine is no part of a day."""
    for module, name in _patience():
        setattr(module, name, seconds)


@contextmanager
def connected(hub: Hub, machines: dict[str, Machine], meters: dict[str, Meter]) -> Iterator[None]:
    """The world's devices are what the adapters of the program meet."""
    opener = registry.openers[ConnectionKind.HOME_ASSISTANT]
    patience = [(*found, getattr(*found)) for found in _patience()]
    _machines.update(machines)
    _meters.update(meters)
    for adapter in _ADAPTERS:
        registry.register(adapter)
    registry.openers[ConnectionKind.HOME_ASSISTANT] = lambda row: HubSession(hub)
    try:
        yield
    finally:
        for module, name, seconds in patience:
            setattr(module, name, seconds)
        registry.openers[ConnectionKind.HOME_ASSISTANT] = opener
        for adapter in _ADAPTERS:
            registry._adapters.pop(registry._Key(adapter.kind, adapter.key), None)
        _machines.clear()
        _meters.clear()
