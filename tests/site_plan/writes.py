"""Every field of every model written in every way, and whether the version of its site moved as it is classified.

Run by `test_config_version` in memory, and as a program against PostgreSQL, where it prints what was wrong as one JSON
line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import django

if __name__ == "__main__":
    django.setup()

from django.db import connection, models, transaction

from climate.models import TargetOverride, TemperatureSlot
from miners import models_devices, models_pools
from miners.models import Circuit, DesiredState, ManualRequest, Miner
from optimization.site_plan.classification import (
    COMPILED_PARTS,
    Kind,
    all_models,
    configured_models,
    kind_of,
)
from sites.fields import EncryptedTextField
from sites.models import Alarm, Site
from tests import factories

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def world() -> tuple[Site, Site]:
    """A home with a row of every model that has configuration, and a neighbour that is never written."""
    site, neighbour = factories.site(), factories.site()
    ha, broker = factories.home_assistant(site), factories.mqtt_broker(site)
    house = factories.simulated_house(site)
    links = {"home_assistant": ha, "mqtt_broker": broker, "simulated_house": house}
    sensor = factories.climate_monitor(site, **links)
    zone = factories.zone(site, monitor=sensor)
    TemperatureSlot.objects.create(zone=zone, preset="eco", start_time=time(6), end_time=time(8))
    factories.target_period(site, zones=[zone])
    meter = factories.energy_monitor(site, **links)
    source = factories.energy_source(site, monitor=meter)
    plug, cutoff = factories.controller(site, **links), factories.controller(site)
    circuit = Circuit.objects.create(site=site, name="Line", limit_w=3000)
    quiet = {"quiet_from": time(22), "quiet_until": time(6)}
    miner = factories.miner(site, zones=[zone], controller=plug, cutoff=cutoff, circuit=circuit, **quiet)
    factories.pool(site, **links)
    factories.hash_price(site, **links)
    unit = factories.unit(site, miners=[miner], policy=factories.policy(), energy_source=source)
    unit.zones.add(zone)
    ManualRequest.objects.create(miner=miner, power_w=0, until=NOW)
    TargetOverride.objects.create(zone=zone, preset="eco")
    DesiredState.objects.create(miner=miner)
    Alarm.objects.create(site=site, kind="sensor_lost", subject="site", text="…")
    models_devices.DeviceKey.objects.create(controller=plug, key="net:one|")
    models_pools.PoolHour.objects.create(account=site.poolaccounts.get(), at=NOW)
    # Others to change a foreign key to.
    factories.zone(site, "Kitchen", monitor=factories.climate_monitor(site))
    factories.miner(site, "Bitaxe", controller=factories.controller(site), cutoff=factories.controller(site))
    factories.policy(site)
    return site, neighbour


def rows_of(model: type[models.Model], site: Site) -> models.Model | None:
    """The first row of the world of this model: the one made with everything."""
    rows = model._base_manager.order_by()
    if model is Site:
        return site
    names = {field.name for field in model._meta.fields}
    if "site" in names and model._meta.label != "optimization.Policy":
        rows = rows.filter(site=site)
    found = [row for row in rows if model is not Miner or row.name == "Avalon"]
    if model._meta.label == "optimization.Policy":
        found = [row for row in found if row.site_id is None and row.units.exists()]
    if model._meta.label == "optimization.Rule":
        found = [row for row in found if row.policy.units.exists()]
    if model._meta.label == "miners.MinerController":
        found = [row for row in found if hasattr(row, "miner") and row.miner.name == "Avalon"]
    return found[0] if found else None


def other_value(row: models.Model, field: models.Field) -> Any:
    """Another value the column takes."""
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        taken = {getattr(one, field.attname) for one in type(row)._base_manager.all()} if field.unique else {value}
        others = field.related_model._base_manager.exclude(pk__in=[pk for pk in taken if pk is not None])
        other = others.order_by("pk").first()
        if other is not None:
            return other.pk
        return None if field.null and value is not None else uuid4()  # nothing is committed that refers to nothing
    if field.choices:
        return next(key for key, _ in field.choices if key not in (value, ""))
    match field:
        case models.BooleanField():
            return not value
        case models.DateTimeField():
            return (value or datetime(2041, 1, 1, tzinfo=UTC)) + timedelta(minutes=1)
        case models.DateField():
            return date(2026, 1, 1)
        case models.TimeField():
            return time(13, 30) if value != time(13, 30) else time(14, 30)
        case models.JSONField():
            return ["b"] if isinstance(value, list) else {**(value or {}), "another": 1}
        case models.FloatField():
            return (value or 0.0) + 0.5
        case models.IntegerField():
            return value - 1 if value else 1
        case models.UUIDField():
            return uuid4()
    length = field.max_length or 40
    return {"time_zone": "Asia/Tokyo", "currency": "CHF"}.get(field.name, f"x{uuid4().hex}"[:length])


def changes_of(row: models.Model, field: models.Field) -> dict[str, Any]:
    if field.name == "target_celsius" and any(one.name == "preset" for one in row._meta.fields):
        return {"preset": "", "target_celsius": 19.5}
    return {field.attname: other_value(row, field)}


def by_save(row: models.Model, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    models.Model.save(row)


def by_bulk_update(row: models.Model, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    names = [one.name for one in row._meta.concrete_fields if one.attname in changes]
    type(row)._base_manager.bulk_update([row], names)


def by_queryset(row: models.Model, changes: dict[str, Any]) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**changes)


def by_sql(row: models.Model, changes: dict[str, Any]) -> None:
    fields = {one.attname: one for one in row._meta.concrete_fields}
    sets = ", ".join(f'"{fields[name].column}" = %s' for name in changes)
    values = [fields[name].get_db_prep_save(value, connection) for name, value in changes.items()]
    pk = row._meta.pk.get_db_prep_value(row.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{row._meta.db_table}" SET {sets} WHERE "{row._meta.pk.column}" = %s', [*values, pk])


WAYS: dict[str, Callable[[models.Model, dict[str, Any]], None]] = {
    "save": by_save,
    "bulk_update": by_bulk_update,
    "queryset.update": by_queryset,
    "SQL": by_sql,
}


def version(site: Site) -> int:
    return Site.objects.values_list("config_version", flat=True).get(pk=site.pk)


class _RolledBack(Exception):
    pass


def writes(site: Site) -> Iterator[tuple[str, models.Model, models.Field]]:
    for model in all_models():
        row = rows_of(model, site)
        if row is not None:
            yield from ((model._meta.label, row, one) for one in model._meta.concrete_fields if not one.primary_key)


def walk() -> list[str]:
    """What is wrong: fields whose write moves no version or one that it should not."""
    site, neighbour = world()
    wrong: list[str] = []
    seen = set()
    for label, row, field in writes(site):
        if field.name == "config_version":
            continue
        expected = kind_of(type(row), field) is Kind.CONFIGURATION
        seen.add(label)
        for way, write in WAYS.items():
            said = _moved(site, neighbour, row, field, write)
            if way == "save" and said[0] and _is_sealed(row):
                continue  # a secret is encrypted again with the whole row: other bytes
            if said != (expected, False, True):
                wrong.append(f"{label}.{field.name} by {way}: moved, neighbour moved, rolled back: {said}")
    missing = {model._meta.label for model in configured_models()} - seen
    wrong += [f"{label}: no row was written" for label in sorted(missing)]
    wrong += _parts(site)
    wrong += _inserts_and_deletes(site, neighbour)
    return wrong


def _is_sealed(row: models.Model) -> bool:
    return any(isinstance(one, EncryptedTextField) and getattr(row, one.attname) for one in row._meta.concrete_fields)


def _moved(site: Site, neighbour: Site, row: models.Model, field: models.Field, write) -> tuple[bool, bool, bool]:
    """Whether the version moved, the neighbour's did, and both were back after a rollback."""
    before, beside = version(site), version(neighbour)
    moved = elsewhere = False
    fresh = type(row)._base_manager.get(pk=row.pk)
    try:
        with transaction.atomic():
            changes = changes_of(fresh, field)
            is_site = isinstance(field, models.ForeignKey) and field.related_model is Site
            write(fresh, changes)
            moved = version(site) != before
            elsewhere = not is_site and version(neighbour) != beside
            raise _RolledBack
    except _RolledBack:
        pass
    return moved, elsewhere, (version(site), version(neighbour)) == (before, beside)


def _parts(site: Site) -> list[str]:
    """JSON state of which one part is compiled into the plan."""
    wrong = []
    for label, parts in COMPILED_PARTS.items():
        row = next(rows_of(model, site) for model in all_models() if model._meta.label == label)
        for name, part in parts.items():
            before = version(site)
            type(row).objects.filter(pk=row.pk).update(**{name: {part: {"levels": [["a", 100.0]]}, "at": "now"}})
            if (moved := version(site)) == before:
                wrong.append(f"{label}.{name}: another {part} moves no version")
            type(row).objects.filter(pk=row.pk).update(**{name: {part: {"levels": [["a", 100.0]]}, "at": "later"}})
            if version(site) != moved:
                wrong.append(f"{label}.{name}: the same {part} moves the version")
    return wrong


def _inserts_and_deletes(site: Site, neighbour: Site) -> list[str]:
    """Every row of the world deleted and put back, by SQL, without what refers to it."""
    wrong = []
    for model in configured_models():
        row = rows_of(model, site)
        if model is Site or row is None:
            continue
        table, pk = model._meta.db_table, model._meta.pk
        columns = list(model._meta.concrete_fields)
        values = [one.get_db_prep_save(getattr(row, one.attname), connection) for one in columns]
        before, beside = version(site), version(neighbour)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("PRAGMA defer_foreign_keys = ON")
                else:
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                cursor.execute(
                    f'DELETE FROM "{table}" WHERE "{pk.column}" = %s', [pk.get_db_prep_value(row.pk, connection)]
                )
                deleted = version(site)
                names, marks = ", ".join(f'"{one.column}"' for one in columns), ", ".join(["%s"] * len(values))
                cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)
                inserted = version(site)
                raise _RolledBack
        except _RolledBack:
            pass
        if deleted == before:
            wrong.append(f"{model._meta.label}: deleting moves no version")
        if inserted == deleted:
            wrong.append(f"{model._meta.label}: adding moves no version")
        if (version(site), version(neighbour)) != (before, beside):
            wrong.append(f"{model._meta.label}: not rolled back, or the neighbour moved")
    return wrong


if __name__ == "__main__":
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(walk()))
