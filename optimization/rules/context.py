"""What one evaluation looks at: two flat dicts of values by full rule path."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from .truth import ABSENT, Absent

Value = float | int | str | bool | None | Absent

OWN_ROOTS = ("climate.zone.", "miner.", "miner_state.")


class Context(NamedTuple):
    """Values by rule path. None = unknown; `ABSENT` or no key = absent by configuration.

    `own` holds `climate.zone.*`, `miner.*` and `miner_state.*`; `shared` everything else.
    `key` tells the contexts of one miner with several zones apart in hold timers (the zone's slug);
    leave it empty for a miner with one zone.
    """

    shared: Mapping[str, Value]
    own: Mapping[str, Value]
    key: str = ""

    def value(self, path: str) -> Value:
        """The raw value at `path`, from the half that owns it."""
        return self[side(path)].get(path, ABSENT)


def side(path: str) -> int:
    """The index in a `Context` of the half that holds `path`."""
    return 1 if path.startswith(OWN_ROOTS) else 0


def clean(value: object, type_name: str) -> Value:
    """`value` if it is one of its field's type; absent stays absent; all else is unknown (None).

    NaN, infinity, a bool or text in a number field, a number in a text field: a broken source,
    never a fact.
    """
    if value is ABSENT or value is None:
        return value
    if type_name == "number":
        return clean_number(value)
    if type_name == "boolean":
        return value if value.__class__ is bool else None
    return str(value) if isinstance(value, str) else None


def clean_number(value: object) -> Value:
    if value is ABSENT:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) <= sys.float_info.max else None  # NaN, infinity and 10**400 all fail
