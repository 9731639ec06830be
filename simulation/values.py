"""Dataclasses to plain JSON values and back, and range checks with readable errors.

Floats pass through `repr` in JSON, which Python reads back bit for bit, so nothing is rounded
here: a house saved and loaded is the same house.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless `low <= value <= high`; NaN fails too."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {value!r} is not between {low:g} and {high:g}")


def utc(name: str, value: datetime) -> datetime:
    """The same instant in UTC; ValueError for a naive time, whose instant nobody knows."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError(f"{name}: a time with a time zone is needed, not {value!r}")
    return value.astimezone(UTC)


def encode(value: Any) -> Any:
    """Turn dataclasses, tuples and datetimes into dicts, lists and ISO 8601 text."""
    kind = type(value)
    if kind in (float, int, str, bool) or value is None:
        return value
    if kind is tuple:
        return [encode(item) for item in value]
    if kind is datetime:
        return value.isoformat()
    return {name: encode(getattr(value, name)) for name in _field_names(kind)}


def decode(kind: type, raw: Any, place: str) -> Any:
    """Build the dataclass `kind` from `raw`; ValueError naming the place on anything unfit.

    A missing field takes its default if it has one, so that a state saved by an older version
    still loads. An unknown field is refused: it would be lost on the next save.
    """
    return _decoder(kind)(raw, place)


@lru_cache(maxsize=64)
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> Callable[[Any, str], Any]:
    """The function `(raw, place) -> value` for one type annotation."""
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if typing.get_origin(kind) is tuple:
        return _tuple_decoder(_decoder(typing.get_args(kind)[0]))
    if isinstance(kind, types.UnionType):  # only `X | None` is used
        inner = _decoder(typing.get_args(kind)[0])
        return lambda raw, place: None if raw is None else inner(raw, place)
    return {float: _float, int: _int, str: _str, bool: _bool, datetime: _datetime}[kind]


def _dataclass_decoder(kind: type) -> Callable[[Any, str], Any]:
    hints = typing.get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
    required = {field.name for field in fields(kind) if field.default is MISSING}

    def build(raw: Any, place: str) -> Any:
        if not isinstance(raw, dict):
            raise ValueError(f"{place}: an object is needed, not {type(raw).__name__}")
        if missing := required - raw.keys():
            raise ValueError(f"{place}: missing {', '.join(sorted(missing))}")
        if unknown := raw.keys() - decoders.keys():
            raise ValueError(f"{place}: unknown {', '.join(sorted(map(str, unknown)))}")
        values = {name: decoders[name](raw[name], f"{place}.{name}") for name in raw}
        return kind(**values)

    return build


def _tuple_decoder(inner: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def build(raw: Any, place: str) -> tuple:
        if not isinstance(raw, list | tuple):
            raise ValueError(f"{place}: a list is needed, not {type(raw).__name__}")
        return tuple([inner(item, f"{place}[{i}]") for i, item in enumerate(raw)])

    return build


def _float(raw: Any, place: str) -> float:
    if type(raw) is int and abs(raw) < 2**53:
        return float(raw)
    if type(raw) is not float or not math.isfinite(raw):
        raise ValueError(f"{place}: a finite number is needed, not {str(raw)[:40]!r}")
    return raw


def _int(raw: Any, place: str) -> int:
    if type(raw) is not int or abs(raw) >= 2**63:
        raise ValueError(f"{place}: a whole number is needed, not {str(raw)[:40]!r}")
    return raw


def _str(raw: Any, place: str) -> str:
    if type(raw) is not str or len(raw) > 200:
        raise ValueError(f"{place}: a text of at most 200 characters is needed")
    return raw


def _bool(raw: Any, place: str) -> bool:
    if type(raw) is not bool:
        raise ValueError(f"{place}: true or false is needed, not {str(raw)[:40]!r}")
    return raw


def _datetime(raw: Any, place: str) -> datetime:
    try:
        return utc(place, datetime.fromisoformat(raw))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{place}: an ISO 8601 time with a zone is needed") from error
