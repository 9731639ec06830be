"""The clocks a pass reads: the wall, and the monotonic one that no setting of the wall moves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

#: A stored or told time further ahead of now comes from a clock that was set back, or is wrong (design.md §5.10).
FUTURE_TOLERANCE = timedelta(seconds=60)


def is_ahead(at: datetime, now: datetime) -> bool:
    """`at` cannot have been yet: a clock was set back since, or the source's is wrong."""
    return at - now > FUTURE_TOLERANCE


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock, aware UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment of this boot."""

    def boot(self) -> str:
        """Names the boot whose monotonic clock this is; readings of different boots do not compare."""


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"process started {time.time() - time.monotonic():.0f}"


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def boot(self) -> str:
        return _boot_id()


@dataclass(slots=True)
class ManualClock:
    """Clocks that move only when told: simulated days, tests and what-if runs."""

    at: datetime
    elapsed: float = 0.0
    boot_name: str = "manual"

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def boot(self) -> str:
        return self.boot_name

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds

    def step_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock; the monotonic one does not move."""
        self.at += timedelta(seconds=seconds)
