"""What a person asked of a miner by hand (`ManualRequest`), as a pass reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Request:
    """So many watts (0: off) until a time; None: until resumed."""

    power_w: int
    until: datetime | None
    created_at: datetime
    by: str = ""
    origin: str = "person"
