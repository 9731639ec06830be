"""Reading stored state in passes: plain SQL and the columns as values.

Django takes several times as long to build and compile these few SELECTs as SQLite to answer them, and passes ask them
every few seconds. `{ids}` stands for the sites asked for; ids in answers are hexadecimal, whatever the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models


def rows(sql: str, ids: Sequence[UUID]) -> list[tuple]:
    """The answer, as the engine gives it; nothing is asked about no sites."""
    if not ids:
        return []
    marks = ", ".join(["%s"] * len(ids))
    values = [pk.hex for pk in ids] if connection.vendor == "sqlite" else list(ids)
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%", "%%").replace("{ids}", marks), values)
        return cursor.fetchall()


def every(sql: str) -> list[tuple]:
    """The answer about all sites, as the engine gives it."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def columns(model: type[models.Model], alias: str, names: Collection[str] = ()) -> str:
    """The columns of a model for a SELECT, in the order of its fields; `names`: only these fields."""
    return ", ".join(f'{alias}."{field.column}"' for field in _fields(model, tuple(names)))


def values(model: type[models.Model], row: Sequence[Any], names: Collection[str] = ()) -> list[Any]:
    """A row of `columns` as Python values."""
    return [convert(value) for convert, value in zip(_converters(model, tuple(names)), row, strict=True)]


@lru_cache(maxsize=32)
def _fields(model: type[models.Model], names: tuple[str, ...]) -> list[models.Field]:
    found = {field.attname: field for field in model._meta.concrete_fields}
    return [found[name] for name in names] if names else list(found.values())


@lru_cache(maxsize=32)
def _converters(model: type[models.Model], names: tuple[str, ...]) -> list[Callable[[Any], Any]]:
    return [_converter(field) for field in _fields(model, names)]


def _converter(field: models.Field) -> Callable[[Any], Any]:
    match field.target_field if isinstance(field, models.ForeignKey) else field:
        case models.UUIDField():
            return uuid
        case models.DateTimeField():
            return time
        case models.JSONField():
            return plain
        case models.BooleanField():
            return yes_or_no
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def hexadecimal(value: Any) -> str:
    """An id."""
    return value if isinstance(value, str) else value.hex


def uuid(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value


def time(value: Any) -> datetime | None:
    """A time, aware UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def yes_or_no(value: Any) -> bool | None:
    return None if value is None else bool(value)


def plain(value: Any) -> Any:
    """JSON."""
    return json.loads(value) if isinstance(value, str) else value
