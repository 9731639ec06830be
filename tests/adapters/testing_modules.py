"""What each adapter brings for its tests: the module `testing` in its folder.

`EXAMPLE`: settings as somebody fills them in. `STATES`: of entities of Home Assistant, by id, as (state, unit).
`DOCUMENT`: the body of an answer or message.
`ANSWERS`: bodies of a web address, with the fields or the error due.
`DEVICES`: emulated devices of a driver, for `tests/drivers`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from integrations import registry
from integrations.registry import Adapter, Kind


def brought_by(adapter: type[Adapter]) -> ModuleType | None:
    """None: it stands in a module of its own and needs nothing."""
    folder, _, module = adapter.__module__.rpartition(".")
    name = f"{folder}.testing"
    return import_module(name) if module in ("driver", "monitor") and find_spec(name) is not None else None


def found(kind: Kind) -> list[ModuleType]:
    modules = [brought_by(adapter) for adapter in registry.adapters(kind).values()]
    return [module for module in modules if module is not None]


def example_of(adapter: type[Adapter]) -> dict[str, Any]:
    return getattr(brought_by(adapter), "EXAMPLE", {})
