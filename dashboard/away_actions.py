"""What a person does to the whole home at once: away, all eco, back again; each can be undone."""

from __future__ import annotations

from datetime import UTC, datetime
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
    """Every room at its away or eco temperature, until a local time (`until`) or until somebody ends it."""
    site = get_object_or_404(Site, pk=site_id)
    preset, until = request.POST.get("preset", ""), request.POST.get("until", "")
    if preset not in _SAID:
        raise ValidationError({"preset": f"‘{preset}’ is nothing for a whole home: choose away or eco."})
    ends_at = _local_time(until, site) if until else None
    period = services.start_period(site, preset=preset, ends_at=ends_at, by=who(request))
    end = formats.moment(ends_at, timezone.now(), site.tz) if ends_at else "you end it"
    undo = Undo(reverse("away-undo", args=[period.pk]), {})
    return done(request, f"{_SAID[Preset(preset)]}: every room of {site.name}, until {end}.", undo=undo)


def _local_time(text: str, site: Site) -> datetime:
    """A time of the site's own clocks (aware UTC). Raises ValidationError."""
    try:
        local = datetime.fromisoformat(text)
        if not 2000 <= local.year <= 2200:
            raise ValueError
    except ValueError:
        raise ValidationError({"until": f"‘{text[:40]}’ is no time. Choose a day and a time of day."}) from None
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
