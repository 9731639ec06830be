"""What floors below ask of floors above: each hook has a type, and is filled once, when the app above is ready.

A hook that nobody fills is a defect of the program, found by its system checks and not in a bedroom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from django.core import checks

from .held import Order

Function = TypeVar("Function")


class Hook(Generic[Function]):
    """A function of a floor above. `what` it does, for whoever finds it empty."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._function: Function | None = None

    @property
    def is_filled(self) -> bool:
        return self._function is not None

    @property
    def call(self) -> Function:
        """What fills it. Raises RuntimeError where nothing does."""
        if self._function is None:
            raise RuntimeError(f"Nothing can {self.what}: no app of this program fills that hook.")
        return self._function

    def fill(self, function: Function) -> None:
        """Once. Raises RuntimeError where something fills it already: which of two is asked would be chance."""
        if self._function is not None and self._function != function:
            raise RuntimeError(f"Two functions would {self.what}: {self._function} and {function}.")
        self._function = function

    @contextmanager
    def filled_with(self, function: Function) -> Iterator[None]:
        """For tests: another function meanwhile."""
        before, self._function = self._function, function
        try:
            yield
        finally:
            self._function = before


class DeleteSafely(Protocol):
    def __call__(self, obj: Any, /, *, by: str) -> None:
        """Delete something after everything it heats was seen off. Raises ValidationError when it was not."""


class SeeOff(Protocol):
    def __call__(self, obj: Any, /, *, by: str) -> list[str]:
        """Switch off what something set aside heats; a sentence for each miner not seen off within 20 s."""


class Lowered(Protocol):
    """What was done at once, as a sentence for each order by its id."""

    texts: Mapping[str, str]


class LowerNow(Protocol):
    def __call__(self, orders: Sequence[Order], /) -> Lowered:
        """Switch off at once what these orders want off."""


delete_safely: Hook[DeleteSafely] = Hook("delete what may be heating")
see_off: Hook[SeeOff] = Hook("switch off what was set aside")
lower_now: Hook[LowerNow] = Hook("carry out at once what lowers heat")

_ALL: Sequence[Hook[Any]] = (delete_safely, see_off, lower_now)


@checks.register()
def check_hooks(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every hook is filled."""
    return [
        checks.Error(f"Nothing can {one.what}: no app fills that hook.", id="sites.E001")
        for one in _ALL
        if not one.is_filled
    ]
