"""Which target a zone has at a moment, why, and when it changes next: one pure function.

A wish made by hand comes first, then a period (holiday, away, all eco), then the slot of the weekly
schedule, then the zone's default. Of a wish and a period, or of two periods, the one that came last
holds: who taps "Away" means all rooms, who turns a room up afterwards means that room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sites.clock import is_ahead

from .schedule import Slot, next_change, slot_at
from .state import Lowered, Target, TargetSource

#: The preset that keeps pipes whole, °C; the others are each zone's own.
FROST_PRESET_CELSIUS = 7.0
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def was_made(created_at: datetime | None, now: datetime) -> bool:
    """False when it was made ahead of `now`, by a clock that has been set back since."""
    return created_at is None or not is_ahead(created_at, now)


class Preset(StrEnum):
    """Named targets of a zone."""

    COMFORT = "comfort"
    ECO = "eco"
    AWAY = "away"
    FROST = "frost"

    @property
    def label(self) -> str:
        return "frost protection" if self is Preset.FROST else str(self)


@dataclass(frozen=True, slots=True)
class Override:
    """A target by hand (°C) until a time (aware UTC) or, None, until resumed."""

    target_celsius: float
    until: datetime | None
    preset: str = ""
    created_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return was_made(self.created_at, now) and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Period:
    """A target (°C) of this zone from a time until another (aware UTC; None: until resumed)."""

    target_celsius: float
    starts_at: datetime
    ends_at: datetime | None
    name: str = "away"
    preset: str = ""
    created_at: datetime | None = None

    @property
    def came_at(self) -> datetime:
        """When it took effect: planned ones at their start, one tapped while it should hold at the tap."""
        return self.starts_at if self.created_at is None else max(self.starts_at, self.created_at)

    @property
    def rank(self) -> tuple[datetime, datetime, float, str]:
        """The highest rank holds: what came last, then what was made last, then the cooler."""
        return self.came_at, self.created_at or _LONG_AGO, -self.target_celsius, self.name

    def holds(self, now: datetime) -> bool:
        has_begun = was_made(self.created_at, now) and self.starts_at <= now
        return has_begun and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that says what a zone's target is: its default (°C), its week, what was set by hand, its periods."""

    default_celsius: float
    slots: Sequence[Slot] = ()
    override: Override | None = None
    periods: Sequence[Period] = ()


def resolve_target(plan: Plan, now: datetime, tz: ZoneInfo) -> Target:
    """The zone's target at `now` (aware UTC): why, when it changes next and to what."""
    plan = _without_the_future(plan, now)
    target, until = _target(plan, now, tz), _until(plan, decides(plan, now, tz), now, tz)
    if until is None:
        return target
    return replace(target, until=until, next_celsius=_target(plan, until, tz).effective_celsius)


def ahead(
    plan: Plan, now: datetime, tz: ZoneInfo, within: timedelta, ceiling_celsius: float
) -> tuple[tuple[float, float], ...]:
    """The next targets, each with when it begins: in so many hours, so many °C; none above the ceiling (`lower`)."""
    plan, at, found = _without_the_future(plan, now), now, []
    while (following := _until(plan, decides(plan, at, tz), at, tz)) is not None and following - now <= within:
        at = following
        celsius = min(_target(plan, at, tz).effective_celsius, ceiling_celsius)
        found.append(((at - now).total_seconds() / 3600, celsius))
    return tuple(found)


def _without_the_future(plan: Plan, now: datetime) -> Plan:
    """The plan without what a wrong clock made: it is over, and does not begin when time gets there."""
    if plan.override is None and not plan.periods:
        return plan
    override = plan.override if plan.override is not None and was_made(plan.override.created_at, now) else None
    return replace(plan, override=override, periods=[one for one in plan.periods if was_made(one.created_at, now)])


def decides(plan: Plan, now: datetime, tz: ZoneInfo) -> Override | Period | Slot | None:
    """What decides the target at `now`; None: the default."""
    period = holding_period(plan.periods, now)
    override = plan.override if plan.override is not None and plan.override.holds(now) else None
    if override is not None and (period is None or override.created_at is None or override.created_at > period.came_at):
        return override
    return period or slot_at(plan.slots, now.astimezone(tz))


def override_in_force(overrides: Iterable[Override], now: datetime) -> Override | None:
    """Of those of one zone that hold at `now`, none of them cancelled, the one made last."""
    holding = (one for one in overrides if one.holds(now))
    return max(holding, key=lambda one: one.created_at or _LONG_AGO, default=None)


def holding_period(periods: Iterable[Period], now: datetime) -> Period | None:
    """Of those that hold at `now` the one that came last."""
    return max((period for period in periods if period.holds(now)), key=lambda period: period.rank, default=None)


def _target(plan: Plan, now: datetime, tz: ZoneInfo) -> Target:
    here, slot = decides(plan, now, tz), slot_at(plan.slots, now.astimezone(tz))
    scheduled = slot.target_celsius if slot else plan.default_celsius
    match here:
        case Override():
            celsius = here.target_celsius
            return Target(celsius, celsius, "set by hand", preset=here.preset, source=TargetSource.HAND)
        case Period():
            return Target(scheduled, here.target_celsius, here.name, preset=here.preset, source=TargetSource.PERIOD)
        case Slot():
            reason = f"schedule {here.start:%H:%M}–{here.end:%H:%M}"
            return Target(scheduled, scheduled, reason, preset=here.preset, source=TargetSource.SCHEDULE)
    return Target(scheduled, scheduled, "default target")


def _until(plan: Plan, here: Override | Period | Slot | None, now: datetime, tz: ZoneInfo) -> datetime | None:
    """The first moment after `now` at which something else decides; None: not foreseen."""
    ends = [period.starts_at for period in plan.periods] + [period.ends_at for period in plan.periods]
    if plan.override is not None:
        ends.append(plan.override.until)
    if here is None or isinstance(here, Slot):
        ends.append(next_change(plan.slots, now, tz))
    moments = sorted({moment for moment in ends if moment is not None and moment > now})
    return next((moment for moment in moments if decides(plan, moment, tz) != here), None)


def lower(
    target: Target,
    *,
    ceiling_celsius: float,
    eco_celsius: float,
    nobody_there: bool = False,
    window_open: bool = False,
) -> Target:
    """The target as far as the house lets it: below the high limit, eco in an empty room, paused by a window.

    A target set by hand is not lowered because nobody moves: somebody has just been there.
    """
    if nobody_there and target.source is not TargetSource.HAND and target.effective_celsius > eco_celsius:
        target = replace(
            target,
            effective_celsius=eco_celsius,
            reason=f"{target.reason}, lowered: nobody is there",
            lowered=Lowered.ABSENCE,
        )
    if target.effective_celsius > ceiling_celsius:
        target = replace(
            target,
            effective_celsius=ceiling_celsius,
            reason=f"{target.reason}, lowered by the high limit",
            lowered=Lowered.HIGH_LIMIT,
        )
    if window_open and target.effective_celsius > FROST_PRESET_CELSIUS:
        target = replace(
            target,
            effective_celsius=FROST_PRESET_CELSIUS,
            reason=f"{target.reason}, paused: the window is open",
            lowered=Lowered.WINDOW,
        )
    return target
