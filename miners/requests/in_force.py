"""Which request by hand is in force for a miner: the one rule of the control pass, the pages and the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sites.clock import is_ahead


class Timed(Protocol):
    created_at: datetime
    until: datetime | None


AnyRequest = TypeVar("AnyRequest", bound=Timed)


@dataclass(slots=True)
class Request:
    """So many watts (0: off) until a time; None: until resumed. A `ManualRequest` without its row."""

    power_w: int
    until: datetime | None
    created_at: datetime
    by: str = ""
    origin: str = "person"


def holds(request: Timed, now: datetime) -> bool:
    """False once its end has come, or where it has an end and was made ahead of `now`: the clock was set back since.

    One without an end (an off until resumed) holds whatever the clock did.
    """
    return request.until is None or (now < request.until and not is_ahead(request.created_at, now))


def in_force(requests: Iterable[AnyRequest], now: datetime) -> AnyRequest | None:
    """Of those of one miner that hold at `now`, none of them cancelled, the one made last."""
    return max((one for one in requests if holds(one, now)), key=lambda one: one.created_at, default=None)
