"""What writes climate rows in more than one step: wishes for a target, periods of the home, a zone's week.

Each of them can be undone: a target by hand with `restore_override` and the wishes that held before
(`open_overrides`, or what `cancel_override` answered), a period with `undo_start_period` or, after
`end_period`, `resume_period`; a week by putting back what `replace_schedule` answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sites import live, lowering
from sites.clock import FUTURE_TOLERANCE
from sites.held import Order
from sites.models import Site
from sites.services import log_activity
from sites.words import celsius as degrees

from . import override_duration, schedule
from .lower import held_overrides, iso, order_of, withdraw
from .models import (
    TARGET_MAX_CELSIUS,
    TARGET_MIN_CELSIUS,
    ClimateMonitor,
    ClimateZone,
    TargetFields,
    TargetOverride,
    TargetPeriod,
    TemperatureSlot,
    is_too_warm,
    too_warm,
)
from .periods import Planned, find_clash
from .reports import USUAL_LIMIT, words
from .state import Lowered, Target
from .targets import Override, Period, Plan, Preset, lower, override_in_force, resolve_target

_CHANGED_SINCE = "It was changed again since, so there is nothing to undo."


def lock(row: Site | ClimateZone) -> None:
    """One change at a time of this home's periods, or of this room, until the transaction ends.

    A room is locked before its home. What only points at the row, like a reading, waits for nobody.
    """
    type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)


def check_target(zone: ClimateZone, preset: str, target_celsius: float | None) -> None:
    """Raises ValidationError, naming the field, unless the zone may be kept at this preset or target."""
    problem = _problem_of(zone, preset, target_celsius)
    if problem:
        name = "preset" if preset else "target_celsius"
        raise ValidationError({name: problem})


def _problem_of(zone: ClimateZone, preset: str, target_celsius: float | None) -> str:
    celsius = zone.celsius_of(preset, target_celsius)
    if not TARGET_MIN_CELSIUS <= celsius <= TARGET_MAX_CELSIUS:
        return f"{celsius:g} °C: choose a target from {TARGET_MIN_CELSIUS:g} to {TARGET_MAX_CELSIUS:g} °C."
    if is_too_warm(celsius, zone):
        return f"{zone.name}: {too_warm(celsius, zone, preset)}"
    return ""


def _words(row: TargetFields) -> str:
    return row.target_words if row.preset else f"{row.target_celsius:.1f} °C"


# --- a sensor in doubt ----------------------------------------------------------------------------


def doubted_celsius(monitor: ClimateMonitor) -> float | None:
    """What the last pass saw it say in doubt, °C; None: nothing it says is in doubt."""
    rooms = (live.read(monitor.site_id) or {}).get("zones", {}).values()
    seen = (room.get("monitors", {}).get(str(monitor.pk), {}).get("doubted_celsius") for room in rooms)
    return next((celsius for celsius in seen if celsius is not None), None)


def confirm_value(monitor: ClimateMonitor, celsius: float | None, *, by: str) -> None:
    """A person says that what a sensor in doubt says (°C) is right; the next pass believes it from there on.

    Raises ValidationError when nothing is in doubt, something else is, or no room could have it.
    """
    doubted = doubted_celsius(monitor)
    if doubted is None or celsius is None:
        raise ValidationError(f"Nothing that ‘{monitor}’ says is in doubt, so there is nothing to confirm.")
    if abs(doubted - celsius) > monitor.max_jump_k:
        sentence = f"‘{monitor}’ says {degrees(doubted)} by now, not {degrees(celsius)}. Confirm that, if it is right."
        raise ValidationError({"celsius": sentence})
    low, high = monitor.plausible_range_celsius
    if not low <= celsius <= high:
        believed = f"what is believed of ‘{monitor}’: {degrees(low)} to {degrees(high)}"
        raise ValidationError({"celsius": f"{degrees(celsius)} is outside {believed}."})
    with transaction.atomic():
        now = timezone.now()
        ClimateMonitor.objects.filter(pk=monitor.pk).update(confirmed_at=now, confirmed_celsius=celsius)
        log_activity(monitor.site, f"‘{monitor}’ says {degrees(celsius)}, and that is right.", actor=by)
        monitor.site.wake()


# --- a target by hand -----------------------------------------------------------------------------


def hold_until(
    zone: ClimateZone, hold: override_duration.Hold, *, minutes: int | None = None, until: datetime | None = None
) -> datetime | None:
    """When a target set by hand now ends (see `override_duration.ends_at`). Raises ValidationError."""
    now = timezone.now()
    return override_duration.ends_at(hold, plan_of(zone, now), now, zone.site.tz, minutes=minutes, until=until)


def set_override(
    zone: ClimateZone, target_celsius: float | None = None, *, preset: str = "", until: datetime | None, by: str
) -> TargetOverride:
    """Wish for a target by hand, instead of any earlier wish: °C or one of the zone's presets.

    `hold_until` makes `until` of a choice. Raises ValidationError.
    """
    now = timezone.now()
    override = TargetOverride(
        zone=zone, target_celsius=target_celsius, preset=preset, until=until, by=by[:80], created_at=now
    )
    override.clean_fields(exclude=["zone", "target_celsius"])
    override.check_one_target()
    check_target(zone, preset, target_celsius)
    if until is not None and until <= now:
        raise ValidationError({"until": "This time has passed. Choose a later one."})

    def order() -> Order | None:
        do = ("override", {"target_celsius": target_celsius, "preset": preset, "until": iso(until)})
        plan = plan_of(zone, now)
        held = {zone: (plan, replace(plan, override=override.as_override()))}
        return order_of(f"{zone.name}: target {_words(override)}", held, by, now, do, until=until)

    row = lowering.or_hold(lambda: write_override(override, by), order)
    withdraw(zone)  # it replaces what was asked before and is not stored yet
    return row


def write_override(override: TargetOverride, by: str) -> TargetOverride:
    zone = override.zone
    with transaction.atomic():
        lock(zone)
        _end_overrides(zone, override.created_at)
        override.save()
        log_activity(zone.site, f"{zone.name}: target {_words(override)} by hand.", actor=by)
        zone.site.wake()
    return override


def set_age_limit(monitor: ClimateMonitor, seconds: int, *, by: str) -> None:
    """How old a value of this sensor may be; beyond an hour it is confirmed hereby. Raises ValidationError."""
    monitor.stale_after_seconds = seconds
    monitor.long_silence_confirmed = seconds > USUAL_LIMIT.total_seconds()
    monitor.full_clean()
    with transaction.atomic():
        monitor.save(update_fields=["stale_after_seconds", "long_silence_confirmed"])
        limit = words(timedelta(seconds=seconds))
        log_activity(monitor.site, f"{monitor.name}: a value may now be {limit} old.", actor=by)
        monitor.site.wake()


def cancel_override(zone: ClimateZone, *, by: str) -> list[TargetOverride]:
    """Back to the schedule. Answers the wishes it ended, none when nothing was set by hand."""
    if withdraw(zone) and not open_overrides(zone, timezone.now()):
        return []

    def order() -> Order | None:
        now = timezone.now()
        plan = plan_of(zone, now)
        held = {zone: (plan, replace(plan, override=None))}
        return order_of(f"{zone.name}: back to the schedule", held, by, now, ("cancel", {}))

    return lowering.or_hold(lambda: write_cancel(zone, by), order)


def write_cancel(zone: ClimateZone, by: str) -> list[TargetOverride]:
    with transaction.atomic():
        lock(zone)
        ended = _end_overrides(zone, timezone.now())
        if ended:
            log_activity(zone.site, f"{zone.name}: back to the schedule.", actor=by)
            zone.site.wake()
    return ended


def _end_overrides(zone: ClimateZone, now: datetime) -> list[TargetOverride]:
    ended = list(TargetOverride.objects.filter(zone=zone, cancelled_at__isnull=True))
    TargetOverride.objects.filter(pk__in=[row.pk for row in ended]).update(cancelled_at=now)
    return ended


def restore_override(zone: ClimateZone, before: Iterable[UUID], *, by: str) -> None:
    """The wishes with these ids hold again as they were made, instead of any other; no ids: the schedule.

    Raises ValidationError when one of them could not be set any more, as after the high limit was lowered.
    """
    rows = list(zone.overrides.filter(pk__in=list(before)))
    for row in rows:
        check_target(zone, row.preset, row.target_celsius)
    with transaction.atomic():
        lock(zone)
        _end_overrides(zone, timezone.now())
        zone.overrides.filter(pk__in=[row.pk for row in rows]).update(cancelled_at=None)
        log_activity(zone.site, f"{zone.name}: the last change of the target was undone.", actor=by)
        zone.site.wake()


def open_overrides(zone: ClimateZone, now: datetime) -> list[TargetOverride]:
    """The wishes that hold at `now`, the latest first (more than one only by accident)."""
    rows = zone.overrides.filter(cancelled_at__isnull=True).order_by("-created_at")
    return [row for row in rows if row.as_override().holds(now)]


def overrides_in_force(site_id: UUID, zone_ids: Iterable[UUID], now: datetime) -> dict[UUID, Override]:
    """The target set by hand that holds at `now`, by zone of this home: stored or held in memory until it can be."""
    found: dict[UUID, list[Override]] = {pk: [] for pk in zone_ids}
    rows = TargetOverride.objects.filter(zone__in=list(found), cancelled_at__isnull=True).select_related("zone")
    for pk, override in chain(((row.zone_id, row.as_override()) for row in rows), held_overrides(site_id)):
        if pk in found:
            found[pk].append(override)
    chosen = {pk: override_in_force(overrides, now) for pk, overrides in found.items()}
    return {pk: override for pk, override in chosen.items() if override is not None}


# --- what the target of a zone follows from -------------------------------------------------------


def plan_of(zone: ClimateZone, now: datetime) -> Plan:
    """All that says what the zone's target is, as stored."""
    return Plan(
        zone.default_target_celsius,
        [slot.as_slot() for slot in zone.slots.all()],
        overrides_in_force(zone.site_id, [zone.pk], now).get(zone.pk),
        periods_of(zone, open_periods(zone.site, now)),
    )


def target_of(zone: ClimateZone, now: datetime, *, seen: str | None = None) -> Target:
    """The zone's target at `now` as far as the house lets it; `seen`: what lowered it in the last pass."""
    target = resolve_target(plan_of(zone, now), now, zone.site.tz)
    return lower(
        target,
        ceiling_celsius=zone.highest_target_celsius,
        eco_celsius=zone.eco_celsius,
        nobody_there=seen == Lowered.ABSENCE,
        window_open=seen == Lowered.WINDOW,
    )


def open_periods(site: Site, now: datetime) -> QuerySet[TargetPeriod]:
    """The site's periods that hold at `now` or are still to come, zones prefetched."""
    rows = site.target_periods.filter(cancelled_at__isnull=True, created_at__lte=now + FUTURE_TOLERANCE)
    return rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)).prefetch_related("zones")


def periods_of(zone: ClimateZone, rows: Iterable[TargetPeriod]) -> list[Period]:
    """Those of `rows` (of the zone's site, zones prefetched) that mean this zone."""
    return [row.as_period(zone) for row in rows if row.means(zone)]


# --- periods: away, all eco, holidays -------------------------------------------------------------


def start_period(
    site: Site,
    *,
    by: str,
    preset: str = "",
    target_celsius: float | None = None,
    name: str = "",
    zones: Sequence[ClimateZone] = (),
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> TargetPeriod:
    """Keep the whole home (or `zones` of it) at a preset or target, from now or `starts_at`. Raises ValidationError.

    One for now ends what was started so for the same rooms: nobody is away and all-eco at once. Planned
    ones stay, and hold again afterwards. `undo_start_period` takes it back.
    """
    now = timezone.now()
    period = TargetPeriod(
        site=site,
        name=name or (Preset(preset).label if preset in list(Preset) else "by hand"),
        preset=preset,
        target_celsius=target_celsius,
        starts_at=starts_at or now,
        ends_at=ends_at,
        created_at=now,
    )
    return save_period(period, zones, by=by)


def save_period(period: TargetPeriod, zones: Sequence[ClimateZone], *, by: str) -> TargetPeriod:
    """Check and store a new or changed period of these zones (none: the whole home). Raises ValidationError."""
    site, zones, is_new = period.site, list(zones), period._state.adding
    if period.cancelled_at is not None:
        raise ValidationError("It was ended. Start a new one.")
    if is_new:
        period.by = by[:80]
    period.full_clean()

    def order() -> Order | None:
        """Of a new one that holds at once; a change of a planned one is none that anybody waits for."""
        now = timezone.now()
        if not is_new or period.is_planned:
            return None
        rooms = zones or list(site.zones.select_related("site"))
        plans = {zone: plan_of(zone, now) for zone in rooms}
        held = {
            zone: (one, replace(one, periods=[*one.periods, period.as_period(zone)])) for zone, one in plans.items()
        }
        names = ("preset", "target_celsius", "name")
        arguments = {name: getattr(period, name) for name in names} | {"site_id": str(site.pk), "is_whole": not zones}
        do = ("period", {**arguments, "ends_at": iso(period.ends_at)})
        return order_of(f"{site.name}: {period.name}", held, by, now, do, until=period.ends_at)

    return lowering.or_hold(lambda: write_period(period, zones, is_new, by), order)


def write_period(period: TargetPeriod, zones: Sequence[ClimateZone], is_new: bool, by: str) -> TargetPeriod:
    site = period.site
    with transaction.atomic():
        lock(site)  # two people planning at once must see each other
        check_period(period, zones)
        if is_new and not period.is_planned:
            _end_tapped(period, zones, period.created_at)
        period.save()
        period.zones.set(zones)
        log_activity(site, f"{site.name}: {period.name}, {_words(period)}{'' if is_new else ', changed'}.", actor=by)
        site.wake()
    return period


def change_period(
    period: TargetPeriod, values: Mapping[str, Any], zones: Sequence[ClimateZone] | None = None, *, by: str
) -> TargetPeriod:
    """Change these columns of a stored period and, unless None, its zones. Raises ValidationError."""
    with transaction.atomic():
        lock(period.site)
        period.refresh_from_db()  # as it is now, for two changes of different columns at once must both survive
        for name, value in values.items():
            setattr(period, name, value)
        return save_period(period, list(period.zones.all()) if zones is None else zones, by=by)


def check_period(period: TargetPeriod, zones: Sequence[ClimateZone]) -> None:
    """Raises ValidationError unless its rooms may be kept so and, planned, no other planned one claims them then."""
    if period.ends_at is not None and period.ends_at <= timezone.now():
        raise ValidationError({"ends_at": "This time has passed. Choose a later one."})
    for zone in zones or period.site.zones.all():
        if zone.site_id != period.site_id:
            raise ValidationError({"zones": f"‘{zone}’ belongs to another site. Choose rooms of this one."})
        check_target(zone, period.preset, period.target_celsius)
    if not period.is_planned:
        return
    rows = open_periods(period.site, timezone.now()).exclude(pk=period.pk)
    others = [_planned(row, row.zones.all()) for row in rows if row.is_planned]
    clash = find_clash(_planned(period, zones), others)
    if clash is not None:
        sentence = f"In these rooms it overlaps {clash.words(period.site.tz)}. Change a time, or end that one first."
        raise ValidationError({"starts_at": sentence})


def _planned(row: TargetPeriod, zones: Iterable[ClimateZone]) -> Planned:
    return Planned(row.name, row.starts_at, row.ends_at, frozenset(zone.pk for zone in zones))


def _end_tapped(period: TargetPeriod, zones: Sequence[ClimateZone], now: datetime) -> None:
    """End what else was started to hold at once for exactly the same rooms."""
    rooms = {zone.pk for zone in zones}
    rows = [row for row in open_periods(period.site, now).exclude(pk=period.pk) if not row.is_planned]
    same = [row.pk for row in rows if {zone.pk for zone in row.zones.all()} == rooms]
    TargetPeriod.objects.filter(pk__in=same).update(cancelled_at=now)


def end_period(period: TargetPeriod, *, by: str) -> bool:
    """Back to the schedule; False when it was ended already. `resume_period` takes it back."""

    def order() -> Order | None:
        now = timezone.now()
        rows = open_periods(period.site, now).exclude(pk=period.pk)
        plans = {zone: plan_of(zone, now) for zone in period.site.zones.select_related("site")}
        held = {zone: (one, replace(one, periods=periods_of(zone, rows))) for zone, one in plans.items()}
        do = ("end", {"period_id": str(period.pk)})
        return order_of(f"{period.site.name}: {period.name} over", held, by, now, do)

    return lowering.or_hold(lambda: write_end(period, by), order)


def write_end(period: TargetPeriod, by: str) -> bool:
    with transaction.atomic():
        lock(period.site)
        ended = TargetPeriod.objects.filter(pk=period.pk, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
        if ended:
            log_activity(period.site, f"{period.site.name}: {period.name} is over.", actor=by)
            period.site.wake()
    return bool(ended)


def resume_period(period: TargetPeriod, *, by: str) -> None:
    """A period that was ended holds again, as it was. Raises ValidationError when it could not be made any more."""
    with transaction.atomic():
        lock(period.site)
        zones = list(period.zones.all())
        check_period(period, zones)
        if not period.is_planned:
            _end_tapped(period, zones, timezone.now())
        TargetPeriod.objects.filter(pk=period.pk).update(cancelled_at=None)
        log_activity(period.site, f"{period.site.name}: {period.name} again.", actor=by)
        period.site.wake()


def undo_start_period(period: TargetPeriod, *, by: str) -> None:
    """As before it was started: what it ended holds again. Raises ValidationError when it was ended since."""
    with transaction.atomic():
        lock(period.site)
        ended = TargetPeriod.objects.filter(pk=period.pk, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
        if not ended:
            raise ValidationError(_CHANGED_SINCE)
        # What a period ends, it ends at the moment it is made.
        period.site.target_periods.filter(cancelled_at=period.created_at).update(cancelled_at=None)
        log_activity(period.site, f"{period.site.name}: {period.name} was undone.", actor=by)
        period.site.wake()


# --- the week of a zone ---------------------------------------------------------------------------


def replace_schedule(zone: ClimateZone, slots: Sequence[schedule.Slot], *, by: str = "") -> list[schedule.Slot]:
    """Put `slots` in place of the zone's schedule. Answers the slots before: putting them back undoes it.

    Of a slot with a preset the target is the zone's. Raises ValidationError on an overlap or a bad target.
    """
    return _rewrite(zone, lambda _: slots, by)


def copy_day(zone: ClimateZone, day: int, to_days: Iterable[int], *, by: str = "") -> list[schedule.Slot]:
    """Make `to_days` (0 = Monday) like `day`. Answers the slots before, for undo. Raises ValidationError."""
    days = list(to_days)
    return _rewrite(zone, lambda slots: schedule.copy_day(slots, day, days), by)


def _rewrite(
    zone: ClimateZone, change: Callable[[list[schedule.Slot]], Sequence[schedule.Slot]], by: str
) -> list[schedule.Slot]:
    with transaction.atomic():
        lock(zone)  # two editors must not interleave
        locked = ClimateZone.objects.get(pk=zone.pk)
        before = [slot.as_slot() for slot in locked.slots.all()]
        slots = change(before)
        rows = [_row(locked, slot) for slot in slots]
        for row in rows:
            row.clean_fields(exclude=["zone"])
            row.check_one_target()
        clash = schedule.find_overlap([row.as_slot() for row in rows])
        if clash is not None:
            raise ValidationError({"slots": clash.sentence})
        for row in rows:
            problem = _problem_of(locked, row.preset, row.target_celsius)
            if problem:
                raise ValidationError({"slots": f"{row}: {problem}"})
        locked.slots.all().delete()
        TemperatureSlot.objects.bulk_create(rows)
        if by:
            log_activity(zone.site, f"{zone.name}: the schedule was changed.", actor=by)
        zone.site.wake()
    return before


def _row(zone: ClimateZone, slot: schedule.Slot) -> TemperatureSlot:
    return TemperatureSlot(
        zone=zone,
        weekdays=slot.weekdays,
        start_time=slot.start,
        end_time=slot.end,
        target_celsius=None if slot.preset else slot.target_celsius,
        preset=slot.preset,
    )
