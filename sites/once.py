"""An attribute that is worked out when it is asked for first, without the lock of `functools.cached_property`.

For objects of one thread that live for a moment: Python 3.11 takes a lock each time, which costs more than the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class once:
    """Decorator of a method without arguments; its class has a `__dict__`."""

    def __init__(self, work_out: Callable[[Any], Any]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work_out(instance)
        return value
