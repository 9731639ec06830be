"""What the `dummy` adapters share: values typed in or random in a range, and failing on demand."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import Field
from pydantic_core import PydanticCustomError

from . import units
from .errors import AdapterError, BadAnswer, DeadlineExceeded, Refused, Unauthorized, Unreachable

AGE_FIELD = Field(
    0.0, ge=0, le=31_536_000, description="How old the values claim to be.", json_schema_extra={"unit": "s"}
)


class Failure(StrEnum):
    """How a dummy can be told to fail."""

    NONE = "none"
    UNAVAILABLE = "unavailable"
    UNREACHABLE = "unreachable"
    HANG = "hang"
    UNAUTHORIZED = "unauthorized"
    GARBAGE = "garbage"
    NAN = "nan"
    WRONG_UNIT = "wrong_unit"


class WriteFailure(StrEnum):
    """How a dummy controller can be told to fail when it is commanded."""

    NONE = "none"
    UNREACHABLE = "unreachable"
    HANG = "hang"
    REFUSED = "refused"
    IGNORE = "ignore"  # says yes and does nothing


def _hang(deadline: float) -> AdapterError:
    threading.Event().wait(max(0.0, deadline - time.monotonic()))
    return DeadlineExceeded("The dummy did not answer in time, as it was told.")


def _unreadable(text: str, unit: str = "°C") -> AdapterError:
    try:
        units.celsius(units.number(text, "The dummy"), unit, "The dummy")
    except BadAnswer as error:
        return error
    raise ValueError(f"{text!r} {unit} is readable")


#: By the word: both enumerations are text, and share most words.
_ERRORS: dict[str, Callable[[float], AdapterError]] = {
    Failure.UNAVAILABLE: lambda deadline: Unreachable("The dummy is unavailable, as it was told."),
    Failure.UNREACHABLE: lambda deadline: Unreachable("The dummy cannot be reached, as it was told."),
    Failure.HANG: _hang,
    Failure.UNAUTHORIZED: lambda deadline: Unauthorized("The dummy refuses the token, as it was told."),
    Failure.GARBAGE: lambda deadline: _unreadable("\x00garbage"),
    Failure.NAN: lambda deadline: _unreadable("nan"),
    Failure.WRONG_UNIT: lambda deadline: _unreadable("20", "hPa"),
    WriteFailure.REFUSED: lambda deadline: Refused("The dummy refuses the command, as it was told."),
}


def fail_if_told(failure: Failure | WriteFailure, deadline: float) -> None:
    """Raise the error of `failure`; a hang first waits until `deadline` (`time.monotonic()`)."""
    error = _ERRORS.get(failure)
    if error is not None:
        raise error(deadline)


def between(value: float | None, highest: float | None) -> float | None:
    """`value`, or a random value from it to `highest` when that is given."""
    if value is None or highest is None:
        return value
    return round(random.uniform(value, highest), 2)  # noqa: S311 (no secret)


def check_range(lowest: float | None, highest: float | None, name: str) -> None:
    """Refuse a range that is none, as pydantic's error."""
    if highest is not None and (lowest is None or highest < lowest):
        raise PydanticCustomError("range", "The highest {name} lies below the lowest.", {"name": name})


def aged(seconds: float) -> datetime:
    """The time that a value of this age was observed at."""
    return datetime.now(UTC) - timedelta(seconds=seconds)
