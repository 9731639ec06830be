"""What judging one sensor looks at: what it says, what is remembered of it, what is believed of it at all. Pure."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered
from sites.figures import apart
from sites.once import once

from . import unit_guess
from .room_physics import Followers, Surroundings
from .state import ClimateReading

PLAUSIBLE_CELSIUS = (-10.0, 45.0)
PLAUSIBLE_OUTDOORS_CELSIUS = (-40.0, 50.0)
JUMP_K = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believed of one sensor: its age, °C from…to, and the K it may jump. Outdoors weather is no room."""

    stale_after: timedelta = timedelta(hours=1)
    plausible_celsius: tuple[float, float] = PLAUSIBLE_CELSIUS
    max_jump_k: float = JUMP_K
    is_outdoor: bool = False

    def not_plausible(self, seen: float) -> str:
        """“says 99.0 °C, which no room has”: of a value outside of what is plausible."""
        if self.plausible_celsius == PLAUSIBLE_CELSIUS:
            return f"says {words(seen)} °C, which no room has"
        if self.plausible_celsius == PLAUSIBLE_OUTDOORS_CELSIUS:
            return f"says {words(seen)} °C, which no weather has"
        low, high = self.plausible_celsius
        if seen > high:
            shown, most = apart(seen, high, operator.gt)
            return f"says {shown} °C, but only {words(low)} to {most} °C are believed of it"
        shown, least = apart(seen, low)
        return f"says {shown} °C, but only {least} to {words(high)} °C are believed of it"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What bears out a value in doubt: a person (`by_hand`: when, and the °C that person saw), or a good sensor."""

    by_hand: tuple[datetime, float] | None = None
    by_another_sensor: bool = False

    @property
    def key(self) -> str:
        """Names what the person said; it counts once."""
        return "" if self.by_hand is None else self.by_hand[0].isoformat()


@dataclass(frozen=True)
class Look:
    """All that judging one sensor looks at; what is asked several times is worked out once."""

    reading: ClimateReading | None
    memory: dict[str, Any]
    limits: Limits
    now: datetime
    around: Surroundings
    confirmation: Confirmation

    def number(self, key: str) -> float | None:
        """A remembered °C; what is not plausible was never believed, so the memory is damaged."""
        return remembered.number(self.memory.get(key), *self.limits.plausible_celsius)

    @property
    def seen(self) -> float:
        return self.reading.temperature_celsius

    @once
    def now_text(self) -> str:
        return self.now.isoformat()

    @once
    def is_new_report(self) -> bool:
        """It is not the report that was believed last, seen again."""
        observed = self.reading.observed_at
        return observed is None or observed != remembered.time(self.memory.get("last_observed"))

    @once
    def last(self) -> tuple[float, datetime] | None:
        """What was believed last (°C) and when; a clock that was set back makes it no older than now."""
        celsius, at = self.number("last"), remembered.time(self.memory.get("last_at"))
        return None if celsius is None or at is None else (celsius, min(at, self.now))

    @property
    def unit_before(self) -> str:
        """The unit its source said it in when it was believed last; empty: not known."""
        unit = self.memory.get("unit")
        return unit if isinstance(unit, str) else ""

    @once
    def doubted_since(self) -> datetime | None:
        since = remembered.time(self.memory.get("doubt_since"))
        return None if since is None else min(since, self.now)

    @once
    def gap(self) -> timedelta:
        """In which what it says now came about: since the report before it, or since it was believed last."""
        at = self.last[1]
        if self.is_new_report:
            reported = remembered.past(self.memory.get("reported_at"), self.now)
            at = at if reported is None else min(at, reported)
        return self.now - at

    @once
    def moved(self) -> Followers:
        """The followers by now, drawn towards what it says."""
        return self.followers.towards(self.seen, self.gap, self.limits.max_jump_k, self.around)

    @property
    def followers(self) -> Followers:
        """As they were when it was believed last."""
        celsius, _ = self.last
        air, room = self.number("air"), self.number("room")
        return Followers(celsius if air is None else air, celsius if room is None else room)

    @property
    def hint(self) -> str:
        """What it looks like, if it looks like another unit or scale, as the end of a sentence."""
        last = self.last[0] if self.last else None
        hint = unit_guess.hint(self.seen, last, self.reading.number, self.reading.unit, self.unit_before)
        return f"; {hint}" if hint else ""

    @property
    def confirmed_by_hand(self) -> bool:
        said = self.confirmation.by_hand
        if said is None or self.confirmation.key == self.memory.get("confirmed"):
            return False
        return abs(self.seen - said[1]) <= self.limits.max_jump_k


def words(value: float) -> str:
    """“−6.1”: °C to one decimal."""
    return f"{value:.1f}".replace("-", "−")
