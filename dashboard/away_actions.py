"""What a person does to the whole home at once: away, all eco, back again; each can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from climate import services
from climate.models import TargetPeriod
from climate.targets import Preset
from sites.models import Site

from . import formats
from .toasts import Undo, action, done, who

_SAID = {Preset.AWAY: "Away", Preset.ECO: "All eco"}


@action
def away_start(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Every room at its away or eco temperature, from a local time (`from`; empty: now) until another (`until`) or
    until somebody ends it."""
    site, now = get_object_or_404(Site, pk=site_id), timezone.now()
    preset = request.POST.get("preset", "")
    if preset not in _SAID:
        raise ValidationError({"preset": f"‘{preset}’ is nothing for a whole home: choose away or eco."})
    starts_at, ends_at = _local_time(request, "from", site), _local_time(request, "until", site)
    _check_order(starts_at, ends_at, now, site)
    if starts_at is not None and starts_at <= now:
        starts_at = None  # within the present minute, which is as exact as the input is
    period = services.start_period(site, preset=preset, starts_at=starts_at, ends_at=ends_at, by=who(request))
    begin = f" from {formats.moment(starts_at, now, site.tz)}" if starts_at else ""
    end = formats.moment(ends_at, now, site.tz) if ends_at else "you end it"
    undo = Undo(reverse("away-undo", args=[period.pk]), {})
    return done(request, f"{_SAID[Preset(preset)]}: every room of {site.name}{begin}, until {end}.", undo=undo)


def _check_order(starts_at: datetime | None, ends_at: datetime | None, now: datetime, site: Site) -> None:
    """Raises ValidationError for a beginning that is over and for an end that is not after it."""
    if starts_at is not None and starts_at <= now - timedelta(minutes=1):
        seen = formats.moment(starts_at, now, site.tz)
        raise ValidationError({"from": f"From {seen} is over. Choose a later time, or leave it empty for now."})
    begin = max(starts_at or now, now)
    if ends_at is not None and ends_at <= begin:
        words = [formats.moment(one, now, site.tz) for one in (ends_at, begin)]
        sentence = f"Until {words[0]} is not after its beginning, {words[1]}. It must end after it starts."
        raise ValidationError({"until": sentence})


def _local_time(request: HttpRequest, name: str, site: Site) -> datetime | None:
    """A time of the site's own clocks (aware UTC), None where the field is empty. Raises ValidationError."""
    text = request.POST.get(name, "")
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
        if not 2000 <= local.year <= 2200:
            raise ValueError
    except ValueError:
        sentence = f"{name.capitalize()}: ‘{text[:40]}’ is no time. Choose a day and a time of day."
        raise ValidationError({name: sentence}) from None
    return local.replace(tzinfo=local.tzinfo or site.tz).astimezone(UTC)


def _period(period_id: UUID) -> TargetPeriod:
    return get_object_or_404(TargetPeriod.objects.select_related("site"), pk=period_id)


@action
def away_end(request: HttpRequest, period_id: UUID) -> HttpResponse:
    """Back again: every room follows its schedule."""
    period = _period(period_id)
    if not services.end_period(period, by=who(request)):
        return done(request, "It was over already.")
    undo = Undo(reverse("away-resume", args=[period.pk]), {})
    return done(request, "The rooms follow their schedules again.", undo=undo)


@action
def away_undo(request: HttpRequest, period_id: UUID) -> HttpResponse:
    """As before it was started."""
    services.undo_start_period(_period(period_id), by=who(request))
    return done(request, "Undone. The rooms follow what held before.")


@action
def away_resume(request: HttpRequest, period_id: UUID) -> HttpResponse:
    """What was ended holds again."""
    period = _period(period_id)
    services.resume_period(period, by=who(request))
    return done(request, f"Undone. {period.name[:1].upper()}{period.name[1:]} again.")
