"""Telling a device at rest its level: what becomes of the start when it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from integrations.errors import Refused

T = TypeVar("T")


def set_before_start(set_level: Callable[[], T], *, is_off: bool, set_w: float | None, wanted_w: float) -> T | None:
    """What `set_level` answers; None when a device that is off refuses it and may start all the same.

    It may with its present, lower level (`set_w`): it is told again once it works. With a higher one it would heat more
    than is allowed, so the refusal stands.
    """
    try:
        return set_level()
    except Refused:
        if is_off and set_w is not None and set_w <= wanted_w:
            return None
        raise
