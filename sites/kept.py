"""Statements that are asked again and again, worked out once.

Building a SELECT and turning it into SQL takes Django several times as long as SQLite takes to answer it,
and a pass asks the same ones every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.db.models.sql import Query


class _Kept(Query):
    """A query that remembers its compiler's work, also in its clones."""

    _work: dict[str, Any] | None = None

    def keep(self) -> None:
        compiler = super().get_compiler(DEFAULT_DB_ALIAS)
        statement = compiler.as_sql()
        work = {key: value for key, value in vars(compiler).items() if key not in ("query", "connection", "using")}
        self._work = {**work, "as_sql": lambda *args, **kwargs: statement}

    def get_compiler(self, *args: Any, **kwargs: Any):
        compiler = super().get_compiler(*args, **kwargs)
        vars(compiler).update(self._work or {})
        return compiler

    def add_q(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("a kept statement can only be iterated: put the condition where it is built")


def kept(build: Callable[[tuple], QuerySet]) -> Callable[[Iterable[Hashable]], QuerySet]:
    """Decorator of `build(ids) -> QuerySet`: for the same ids, its SQL is worked out once in the process.

    Each call gives a fresh queryset to be iterated as it is. Nothing but `ids` may decide what it selects.
    """

    @lru_cache(maxsize=64)
    def made(ids: tuple[Hashable, ...]) -> QuerySet:
        queryset = build(ids)
        query = queryset.query.chain(_Kept)
        try:
            query.keep()
        except EmptyResultSet:  # no ids: nothing is asked
            return queryset.none()
        queryset.query = query
        return queryset

    @wraps(build)
    def fresh(ids: Iterable[Hashable]) -> QuerySet:
        return made(tuple(ids)).all()

    return fresh
