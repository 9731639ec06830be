"""Triggers of the database that move `Site.config_version` in the transaction of any write to configuration.

They are made from `classification`, for SQLite and PostgreSQL, and are no part of single migrations: SQLite drops the
triggers of a table it rebuilds, and refuses to rename one that a trigger names. So they are taken away before
migrations run and put back after them, and then every version moves.

A version moves by a random step. It always grows, and after a rollback or a restored backup it does not come by a
number again that some process knows with other content.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection, models, transaction

from .classification import ROUTES, Column, configured_models, watched_columns

log = logging.getLogger(__name__)

SITES, VERSION = "sites_site", "config_version"
_PREFIX = "site_config_"
_STEP = {
    "sqlite": "1 + abs(random() % 1000000)",
    "postgresql": "1 + floor(random() * 1000000)::bigint",
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger and how it is made."""

    name: str
    table: str
    statements: tuple[str, ...]


def wanted(vendor: str, columns: dict[str, set[str]] | None = None) -> list[Trigger]:
    """The triggers of the program as it is; `columns`: as far as the database has these columns, by table."""
    return _wanted(vendor) if columns is None else _made(vendor, columns)


@lru_cache(maxsize=2)
def _wanted(vendor: str) -> list[Trigger]:
    return _made(vendor, None)


@lru_cache(maxsize=2)
def prefix(vendor: str) -> str:
    """What the names of the wanted triggers, and of no others, begin with."""
    text = "\n".join(line for one in _bodies(vendor, None, "") for line in one.statements)
    return f"{_PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:8]}_"


def _made(vendor: str, columns: dict[str, set[str]] | None) -> list[Trigger]:
    if columns is not None and VERSION not in columns.get(SITES, set()):
        return []
    return _bodies(vendor, columns, prefix(vendor))


def _bodies(vendor: str, columns: dict[str, set[str]] | None, prefix: str) -> list[Trigger]:
    make = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}[vendor]
    found: list[Trigger] = []
    for model in configured_models():
        table = model._meta.db_table
        there = None if columns is None else columns.get(table, set())
        watched = [one for one in watched_columns(model) if there is None or one.name in there]
        if watched:
            found += make(model, table, watched, f"{prefix}{table}")
    return found


def _sites(model: type[models.Model], *rows: str) -> str:
    return " UNION ".join(route.format(row=row) for row in rows for route in ROUTES[model._meta.label])


def _changed(column: Column, part: str, differs: str) -> str:
    if not column.part:
        return f'OLD."{column.name}" {differs} NEW."{column.name}"'
    return f"{part.format(row='OLD', column=column.name, part=column.part)} {differs} " + part.format(
        row="NEW", column=column.name, part=column.part
    )


def _on_sqlite(model: type[models.Model], table: str, watched: Iterable[Column], name: str) -> list[Trigger]:
    part = "json_extract({row}.\"{column}\", '$.{part}')"
    when = " OR ".join(_changed(one, part, "IS NOT") for one in watched)
    of = ", ".join(f'"{one.name}"' for one in watched)
    events = (
        ("ins", "INSERT", "", ("NEW",)),
        ("upd", f"UPDATE OF {of}", f" WHEN {when}", ("OLD", "NEW")),
        ("del", "DELETE", "", ("OLD",)),
    )
    move = f"UPDATE {SITES} SET {VERSION} = {VERSION} + {_STEP['sqlite']} WHERE id IN"
    return [
        Trigger(
            f"{name}_{short}",
            table,
            (
                f'CREATE TRIGGER "{name}_{short}" AFTER {event} ON "{table}" FOR EACH ROW{condition} '
                f"BEGIN {move} ({_sites(model, *rows)}); END",
            ),
        )
        for short, event, condition, rows in events
    ]


def _on_postgresql(model: type[models.Model], table: str, watched: Iterable[Column], name: str) -> list[Trigger]:
    part = "({row}.\"{column}\" -> '{part}')"
    when = " OR ".join(_changed(one, part, "IS DISTINCT FROM") for one in watched)
    of = ", ".join(f'"{one.name}"' for one in watched)
    move = f"UPDATE {SITES} SET {VERSION} = {VERSION} + {_STEP['postgresql']}"
    events = (
        ("ins", "INSERT", "FOR EACH ROW", f"{move} WHERE id IN ({_sites(model, 'NEW')})"),
        (
            "upd",
            f"UPDATE OF {of}",
            f"FOR EACH ROW WHEN ({when})",
            f"{move} WHERE id IN ({_sites(model, 'OLD', 'NEW')})",
        ),
        ("del", "DELETE", "FOR EACH ROW", f"{move} WHERE id IN ({_sites(model, 'OLD')})"),
        ("all", "TRUNCATE", "FOR EACH STATEMENT", move),
    )
    return [
        Trigger(
            f"{name}_{short}",
            table,
            (
                f'CREATE FUNCTION "{name}_{short}"() RETURNS trigger LANGUAGE plpgsql AS '
                f"$$ BEGIN {statement}; RETURN NULL; END $$",
                f'CREATE TRIGGER "{name}_{short}" AFTER {event} ON "{table}" {how} EXECUTE FUNCTION "{name}_{short}"()',
            ),
        )
        for short, event, how, statement in events
    ]


# --- in the database --------------------------------------------------------------------------------


def count_sql(vendor: str) -> str:
    """A scalar SELECT of how many of the wanted triggers work: to be asked together with a version."""
    like = prefix(vendor).replace("_", r"\_") + "%"
    if vendor == "sqlite":
        return rf"(SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{like}' ESCAPE '\')"
    return rf"(SELECT count(*) FROM pg_trigger WHERE tgname LIKE '{like}' AND tgenabled <> 'D')"


def installed() -> set[tuple[str, str]]:
    """Name and table of the triggers that are there, of this version of the program and of others."""
    like = _PREFIX.replace("_", r"\_") + "%"
    if connection.vendor == "sqlite":
        sql = rf"SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{like}' ESCAPE '\'"
    else:
        sql = (
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            f"WHERE t.tgname LIKE '{like}' AND t.tgenabled <> 'D'"
        )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {(str(name), str(table)) for name, table in cursor.fetchall()}


def remove() -> None:
    """Take all of them away."""
    with connection.cursor() as cursor:
        for name, table in installed():
            if connection.vendor == "sqlite":
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            else:
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"')
        if connection.vendor == "postgresql":
            _remove_functions(cursor)


def _remove_functions(cursor) -> None:
    like = _PREFIX.replace("_", r"\_") + "%"
    cursor.execute(f"SELECT proname FROM pg_proc WHERE proname LIKE '{like}'")
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP FUNCTION IF EXISTS "{name}"() CASCADE')


def ensure() -> bool:
    """Put in place what is missing or of another version, and then move every version; True when it had to."""
    if connection.vendor not in _STEP:
        return False
    names = {(one.name, one.table) for one in wanted(connection.vendor)}
    if installed() == names:
        return False
    triggers = wanted(connection.vendor, _columns())
    if installed() == {(one.name, one.table) for one in triggers}:
        return False
    with transaction.atomic():
        remove()
        with connection.cursor() as cursor:
            for statement in (line for one in triggers for line in one.statements):
                cursor.execute(statement)
            if triggers:
                cursor.execute(f"UPDATE {SITES} SET {VERSION} = {VERSION} + {_STEP[connection.vendor]}")
    return True


def _columns() -> dict[str, set[str]]:
    """The columns of the database as it is, by table: during a migration backwards it lacks some."""
    if connection.vendor == "sqlite":
        sql = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
    else:
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found
