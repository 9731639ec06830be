"""Which fields are configuration and which are state.

Configuration is what only a person changes: the plan of a site is compiled from it, and whoever writes it, by whatever
way, moves `Site.config_version` (`triggers`). State changes by itself: passes read it, or write it, every time. A field
that is not named here is configuration, so that a forgotten one costs a recompilation and never an outdated plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.apps import apps
from django.db import models

#: The apps whose models are classified; `dashboard` has none.
APPS = ("sites", "integrations", "climate", "energy", "miners", "optimization")


class Kind(StrEnum):
    CONFIGURATION = "configuration"
    STATE = "state"


#: Models that are state as a whole: what passes, background jobs and requests by hand write.
STATE_MODELS = frozenset(
    {
        "sites.ActivityLog",
        "sites.Alarm",
        "sites.ApiToken",
        "sites.SignInLink",
        "sites.HistoryDay",
        "sites.HistoryMark",
        "climate.TargetOverride",
        "climate.ZoneReading",
        "climate.ZoneQuarter",
        "climate.ZoneHour",
        "energy.EnergyReading",
        "energy.EnergyQuarter",
        "energy.EnergyHour",
        "miners.ManualRequest",
        "miners.DesiredState",
        "miners.CommandLog",
        "miners.DeviceKey",
        "miners.MinerReading",
        "miners.MinerQuarter",
        "miners.MinerHour",
        "miners.HashPriceHour",
        "miners.PoolHour",
        "miners.MinerEarning",
        "optimization.Decision",
        "optimization.PassState",
    }
)

_OF_A_SERVICE = frozenset({"reading", "read_at", "next_read_at", "failures", "problem"})

#: State fields of models that otherwise are configuration.
STATE_FIELDS: dict[str, frozenset[str]] = {
    "sites.Site": frozenset({"next_pass_at", "config_version"}),
    "integrations.HomeAssistant": frozenset({"installation"}),
    "integrations.SimulatedHouse": frozenset({"state", "at"}),
    "miners.MinerController": frozenset({"identity", "known_as"}),
    "miners.Miner": frozenset({"cut_at"}),
    "miners.PoolAccount": _OF_A_SERVICE | {"workers", "asks_workers_next"},
    "miners.HashPriceSource": _OF_A_SERVICE,
}

#: Parts of JSON state that are configuration all the same: what a device can be told is compiled into the plan, when
#: it was asked is not.
COMPILED_PARTS: dict[str, dict[str, str]] = {"miners.MinerController": {"identity": "power"}}

_OWN = "SELECT {row}.site_id"


def _of_users(table: str, column: str) -> str:
    """Sites of rows that use this one, should they be others than its own."""
    return f"SELECT site_id FROM {table} WHERE {column} = {{row}}.id"


#: Of each model that has configuration, SELECTs of the sites it belongs to; `{row}` is the row written.
ROUTES: dict[str, tuple[str, ...]] = {
    "sites.Site": ("SELECT {row}.id",),
    "integrations.HomeAssistant": (_OWN,),
    "integrations.SimulatedHouse": (_OWN,),
    "integrations.MqttBroker": (_OWN,),
    "climate.ClimateMonitor": (
        _OWN,
        "SELECT z.site_id FROM climate_climatezone z JOIN climate_climatezone_monitors m ON m.climatezone_id = z.id "
        "WHERE m.climatemonitor_id = {row}.id",
    ),
    "climate.ClimateZone": (_OWN,),
    "climate.TemperatureSlot": ("SELECT site_id FROM climate_climatezone WHERE id = {row}.zone_id",),
    "climate.TargetPeriod": (_OWN,),
    "energy.EnergyMonitor": (_OWN, _of_users("energy_energysource", "monitor_id")),
    "energy.EnergySource": (_OWN,),
    "miners.MinerController": (
        _OWN,
        _of_users("miners_miner", "controller_id"),
        _of_users("miners_miner", "cutoff_id"),
    ),
    "miners.Circuit": (_OWN, _of_users("miners_miner", "circuit_id")),
    "miners.Miner": (_OWN,),
    "miners.PoolAccount": (_OWN,),
    "miners.HashPriceSource": (_OWN,),
    "optimization.Policy": (_OWN, _of_users("optimization_optimizationunit", "policy_id")),
    "optimization.Rule": (
        "SELECT site_id FROM optimization_policy WHERE id = {row}.policy_id",
        "SELECT site_id FROM optimization_optimizationunit WHERE policy_id = {row}.policy_id",
    ),
    "optimization.OptimizationUnit": (_OWN,),
    # Many-to-many tables.
    "climate.ClimateZone_monitors": ("SELECT site_id FROM climate_climatezone WHERE id = {row}.climatezone_id",),
    "climate.TargetPeriod_zones": ("SELECT site_id FROM climate_targetperiod WHERE id = {row}.targetperiod_id",),
    "miners.Miner_zones": ("SELECT site_id FROM miners_miner WHERE id = {row}.miner_id",),
    "optimization.OptimizationUnit_miners": (
        "SELECT site_id FROM optimization_optimizationunit WHERE id = {row}.optimizationunit_id",
    ),
    "optimization.OptimizationUnit_zones": (
        "SELECT site_id FROM optimization_optimizationunit WHERE id = {row}.optimizationunit_id",
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column whose change is a change of configuration; `part`: only this part of its JSON."""

    name: str
    part: str = ""


def all_models() -> list[type[models.Model]]:
    """Every model of the house, many-to-many tables included."""
    return [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]


def kind_of(model: type[models.Model], field: models.Field) -> Kind:
    """Whether a field is configuration or state."""
    label = model._meta.label
    is_state = label in STATE_MODELS or field.name in STATE_FIELDS.get(label, frozenset())
    return Kind.STATE if is_state else Kind.CONFIGURATION


def configured_models() -> list[type[models.Model]]:
    """The models that have configuration."""
    return [model for model in all_models() if model._meta.label not in STATE_MODELS]


def watched_columns(model: type[models.Model]) -> tuple[Column, ...]:
    """What of a row is compared when it is updated."""
    fields = [one for one in model._meta.concrete_fields if kind_of(model, one) is Kind.CONFIGURATION]
    parts = COMPILED_PARTS.get(model._meta.label, {})
    names = {field.name: field.column for field in model._meta.concrete_fields}
    return (*(Column(one.column) for one in fields), *(Column(names[name], part) for name, part in parts.items()))
