"""Adapters find themselves: a module, or a folder, in a package of adapters is all there is to add.

A folder holds its adapter in a module `driver` or `monitor`, beside what else belongs to it. One that cannot be
imported is named, in the log and by the system checks, and takes nothing else with it: what uses it is off, as with any
adapter that is not there.
"""

from __future__ import annotations

import logging
import pkgutil
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core import checks

from . import registry

log = logging.getLogger(__name__)

#: The modules of a folder that hold adapters.
IN_A_FOLDER = ("driver", "monitor")

#: Why what could not be imported could not, by the name of its module.
broken: dict[str, str] = {}


def load(*packages: str) -> None:
    """Import every adapter of these packages, which registers it."""
    for package in packages:
        for found in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            for name in _modules(found.name) if found.ispkg else (found.name,):
                _import(name)


def _modules(folder: str) -> list[str]:
    return [name for name in (f"{folder}.{module}" for module in IN_A_FOLDER) if _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except Exception:  # its folder itself fails: importing it says why
        return True


def _import(name: str) -> None:
    try:
        import_module(name)
    except Exception as error:
        broken[name] = f"{type(error).__name__}: {error}"
        registry.drop(name)
        log.exception("the adapter in %s cannot be used", name)
    else:
        broken.pop(name, None)


@checks.register()
def check_adapters(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A broken adapter stops nothing; it is told at every start."""
    return [
        checks.Warning(
            f"The adapter in {name} cannot be used: {why}",
            hint="What uses it stays off. Mend it, or take its folder away.",
            id="integrations.W001",
        )
        for name, why in sorted(broken.items())
    ]
