"""What a person does to the target of a room: a tap, a preset, how long it holds, resume; each can be undone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from climate import services
from climate.models import TARGET_MIN_CELSIUS, ClimateZone, TargetOverride
from climate.override_duration import Hold, next_time
from climate.targets import Preset, decides, resolve_target

from . import degrees, formats
from .toasts import Undo, action, done, who

#: Taps that follow each other this closely are undone together.
SERIES = timedelta(seconds=15)
#: What the buttons send, in minutes.
HOLD_MINUTES = {"2h": 120, "4h": 240}


def _zone(zone_id: UUID) -> ClimateZone:
    return get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)


@action
def target(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """A target typed or dragged to, a step up or down, a preset, or how long the present target shall hold."""
    zone, now = _zone(zone_id), timezone.now()
    undo, wish = _undo_series(zone, now, who(request)), _in_force(zone, now)
    step, preset, hold, typed = (request.POST.get(name, "") for name in ("step", "preset", "hold", "target"))
    if typed.strip():
        target_celsius, until = _typed(zone, typed), wish.until if wish else _until(zone, request, "next", now)
    elif step:
        # A step keeps the end that was chosen; a choice of duration keeps the target.
        target_celsius, until = _stepped(zone, step, now), wish.until if wish else _until(zone, request, "next", now)
    elif preset:
        target_celsius, until = None, _until(zone, request, hold or "next", now)
    else:
        preset, target_celsius = _present(zone, now)
        until = _until(zone, request, hold, now)
    row = services.set_override(zone, target_celsius, preset=preset, until=until, by=who(request))
    return done(request, _said(zone, row, now), undo=undo)


@action
def target_resume(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """Back to the schedule."""
    zone = _zone(zone_id)
    ended = services.cancel_override(zone, by=who(request))
    undo = _undo_to(zone, [str(row.pk) for row in ended]) if ended else None
    return done(request, f"{zone.name} follows its schedule again.", undo=undo)


@action
def target_undo(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """What held before: the wishes named in `to`, or without one the schedule."""
    zone, now = _zone(zone_id), timezone.now()
    try:
        before = [UUID(text) for text in request.POST.get("to", "").split()]
    except ValueError:
        raise ValidationError(f"‘{request.POST['to'][:60]}’ cannot be restored.") from None
    services.restore_override(zone, before, by=who(request))
    wish = _in_force(zone, now)
    return done(request, f"Undone. {_said(zone, wish, now) if wish else f'{zone.name} follows its schedule again.'}")


def _said(zone: ClimateZone, row: TargetOverride, now: datetime) -> str:
    """“Bedroom: eco, 18.0° until 22:00.”"""
    name = f"{Preset(row.preset).label}, " if row.preset else ""
    degrees = formats.degrees(zone.celsius_of(row.preset, row.target_celsius))
    end = f"until {formats.moment(row.until, now, zone.site.tz)}" if row.until else "until you resume the schedule"
    return f"{zone.name}: {name}{degrees} {end}."


def _in_force(zone: ClimateZone, now: datetime) -> TargetOverride | None:
    """The wish by hand that decides now: one that a later “Away” beats does not."""
    rows = services.open_overrides(zone, now)
    return (
        rows[0] if rows and decides(services.plan_of(zone, now), now, zone.site.tz) == rows[0].as_override() else None
    )


def _present(zone: ClimateZone, now: datetime) -> tuple[str, float | None]:
    """The preset or the °C that is asked for now, to be kept."""
    asked = resolve_target(services.plan_of(zone, now), now, zone.site.tz)
    return (asked.preset, None) if asked.preset else ("", asked.effective_celsius)


def _typed(zone: ClimateZone, text: str) -> float:
    """The target that was typed or dragged to, °C. Raises ValidationError; the bounds are the services' to check."""
    celsius = degrees.typed(text)
    if celsius is None:
        bounds = f"{formats.celsius(TARGET_MIN_CELSIUS)} to {formats.celsius(zone.highest_target_celsius)}"
        raise ValidationError({"target": f"‘{text[:40]}’ is no temperature. Type a number, {bounds}."})
    return celsius


def _stepped(zone: ClimateZone, step: str, now: datetime) -> float:
    """The target one step away from what is asked for now, on the grid of half a °C or a whole °F."""
    try:
        direction = {"up": 1, "down": -1}[step]
    except KeyError:
        raise ValidationError({"step": f"‘{step}’ is no step: choose up or down."}) from None
    asked = resolve_target(services.plan_of(zone, now), now, zone.site.tz).effective_celsius
    shown, step_size = degrees.shown(asked), degrees.step()
    return degrees.celsius(round((shown + direction * step_size) / step_size) * step_size)


def _until(zone: ClimateZone, request: HttpRequest, hold: str, now: datetime) -> datetime | None:
    """When it ends, as chosen: at the next change, after some hours, at a time of the clock, or when resumed."""
    if hold == "next":
        return services.hold_until(zone, Hold.NEXT_CHANGE)
    if hold == "resume":
        return None
    if hold in HOLD_MINUTES:
        return services.hold_until(zone, Hold.FOR_MINUTES, minutes=HOLD_MINUTES[hold])
    if hold == "clock":
        return next_time(clock_of(request.POST.get("clock", "")), now, zone.site.tz)
    raise ValidationError({"hold": f"‘{hold}’ is no duration: choose next change, 2 h, 4 h, a time or until resumed."})


def clock_of(text: str) -> time:
    """A time of the clock as a form sends it. Raises ValidationError."""
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of the clock has no zone
    except ValueError:
        raise ValidationError({"clock": f"‘{text}’ is no time of day. Write it like 22:30."}) from None


def _undo_series(zone: ClimateZone, now: datetime, person: str) -> Undo:
    before = _before_series(zone, now, person)
    return _undo_to(zone, [str(before.pk)] if before else [])


def _undo_to(zone: ClimateZone, wish_ids: list[str]) -> Undo:
    return Undo(reverse("target-undo", args=[zone.pk]), {"to": " ".join(wish_ids)})


def _before_series(zone: ClimateZone, now: datetime, person: str) -> TargetOverride | None:
    """The wish to go back to: what held before this person's present run of taps (None: the schedule)."""
    later = now
    for row in zone.overrides.order_by("-created_at")[:20]:
        ended = row.cancelled_at or row.until
        if ended is not None and ended < later - timedelta(seconds=1):
            return None  # before the run the schedule held
        if row.by != person or later - row.created_at > SERIES:
            return row
        later = row.created_at
    return None
