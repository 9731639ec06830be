"""Builders of situations: every argument has a default, keywords override. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from climate.pulses import Pulse
from climate.state import SensorHealth, Target, ZoneState
from miners.state import MinerSnapshot, MinerStatus
from optimization.control import context
from optimization.control.decide import decide
from optimization.control.memory import Memory
from optimization.control.situation import Command, MinerSituation, SiteSituation, UnitSituation, Wish
from optimization.rules import CompiledPolicy, FieldTree, compile_rule

NO_PULSE, PULSE = Pulse(), Pulse(is_on=True, words="Its sensor is in doubt. It gets one pulse.")
NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
OFF = MinerSnapshot(MinerStatus.OFF, 0.0, True)
ON = MinerSnapshot(MinerStatus.HEATING, 1000.0, True)
SILENT = MinerSnapshot(MinerStatus.UNREACHABLE, problem="It does not answer.")

COLD = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
WARM = {"field": "climate.zone.above_target", "operator": "eq", "value": True}
SURPLUS = {"field": "energy_state.surplus_power", "operator": "gte", "value": 500}
NO_SURPLUS = {"field": "energy_state.surplus_power", "operator": "lt", "value": 500}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def zone(celsius: float | None = 20.0, *, target: float = 21.0, key: str = "hall", **kwargs) -> ZoneState:
    """Cold by default: 20 °C where 21 ± 0.5 °C are wanted; high limit 28 °C, frost limit 7 °C."""
    known = celsius is not None
    defaults = {
        "zone_id": f"zone-{key}",
        "slug": key,
        "name": key.capitalize(),
        "temperature_celsius": celsius,
        "humidity_percent": None,
        "target": Target(target, target, "default target"),
        "hysteresis_celsius": 0.5,
        "high_limit_celsius": 28.0,
        "frost_limit_celsius": 7.0,
        "sensor": SensorHealth.OK if known else SensorHealth.SUSPECT,
        "problem": "" if known else "The sensor ‘s’ cannot be read.",
        "observed_at": NOW,
        "highest_celsius": celsius,
        "lowest_celsius": celsius,
    }
    return ZoneState(**{**defaults, **kwargs})


def lost(celsius: float | None = None, **kwargs) -> ZoneState:
    return zone(None, sensor=SensorHealth.LOST, highest_celsius=celsius, **kwargs)


def doubted(celsius: float = 3.0, *, seconds: float = 120, pulse: Pulse = NO_PULSE, **kwargs) -> ZoneState:
    """Its only sensor says what no room can do, for so long."""
    return zone(None, doubted_celsius=celsius, doubted_since=ago(seconds), pulse=pulse, **kwargs)


def miner(*zones: ZoneState, key: str = "m", **kwargs) -> MinerSituation:
    """Off, seen off, wanted off and confirmed long ago by default; 1000 W."""
    defaults: dict[str, Any] = {
        "miner_id": key,
        "name": "Avalon",
        "nominal_power_w": 1000,
        "zones": zones,
        "heats_no_room": False,
        "snapshot": OFF,
        "desired_origin": "policy",
        "desired_confirmed": True,
        "was_seen_off": kwargs.get("desired_confirmed", True),
    }
    return MinerSituation(**{**defaults, **kwargs})


def running(*zones: ZoneState, for_seconds: float = 3600, watts: int = 1000, **kwargs) -> MinerSituation:
    """The same, on and wanted on since `for_seconds`."""
    snapshot = MinerSnapshot(MinerStatus.HEATING, float(watts), True)
    return miner(*zones, **{"snapshot": snapshot, "desired_w": watts, "switched_on_at": ago(for_seconds), **kwargs})


@lru_cache(maxsize=64)
def _policy(starts: tuple[str, ...], stops: tuple[str, ...]) -> CompiledPolicy:
    import json

    fields = FieldTree.for_zones([("hall", "Hall"), ("attic", "Attic")])

    def rules(kind: str, documents: tuple[str, ...]):
        return [
            compile_rule(json.loads(text), fields, kind=kind, name=f"{kind} {n}", rule_id=f"{kind}-{n}")
            for n, text in enumerate(documents)
        ]

    return CompiledPolicy(rules("start", starts), rules("stop", stops))


def policy(starts=(COLD,), stops=(WARM,)) -> CompiledPolicy:
    """Keep the room warm by default."""
    import json

    return _policy(tuple(map(json.dumps, starts)), tuple(map(json.dumps, stops)))


def with_contexts(one: MinerSituation, shared: dict[str, Any]) -> MinerSituation:
    own = context.miner(one.name, "", one.nominal_power_w, one.is_active, one.snapshot)
    return replace(one, contexts=context.of_miner(shared, own, one.zones))


def unit(
    *miners: MinerSituation,
    rules: CompiledPolicy | None = None,
    shared: dict[str, Any] | None = None,
    key: str = "unit",
    at: datetime = NOW,
    **kwargs,
) -> UnitSituation:
    zones = {zone.zone_id: zone for one in miners for zone in one.zones}
    values = {**context.timestamp(at), **context.climate(list(zones.values())), **(shared or {})}
    members = tuple(with_contexts(one, values) for one in miners)
    return UnitSituation(**{"unit_id": key, "name": "Unit", "policy": rules or policy(), "policy_problem": "",
                            "miners": members, **kwargs})  # fmt: skip


def site(*units: UnitSituation, now: datetime = NOW, **kwargs) -> SiteSituation:
    return SiteSituation(now, units, **kwargs)


def decided(*miners: MinerSituation, memory: Memory | None = None, acknowledged=(), **kwargs) -> dict[str, Command]:
    """The commands by miner id for one unit with these miners that keeps the room warm."""
    commands, _ = decide(site(unit(*miners), **kwargs), memory or Memory(), acknowledged=acknowledged)
    return {command.miner_id: command for command in commands}


def command(one: MinerSituation, **kwargs) -> Command:
    return decided(one, **kwargs)[one.miner_id]


def wish(power_w: int, *, seconds: float | None = 3600, by: str = "Ada", origin: str = "person") -> Wish:
    return Wish(power_w, None if seconds is None else NOW + timedelta(seconds=seconds), by, origin)
