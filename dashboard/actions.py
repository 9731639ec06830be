"""What a person does on a page: each a POST that writes a wish (never a device) and says so in a toast."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from climate import schedule
from climate import services as climate
from climate.models import ClimateZone, TargetOverride
from climate.targets import resolve_target
from miners import services as mining
from miners.models import Miner
from optimization.demo import create_demo_home, remove_demo_home
from sites.models import Alarm, Site
from sites.services import acknowledge_alarm

from . import formats, scope
from .page import TOAST_KEY, signed_in

#: A target by hand lasts this long where no schedule would end it.
WITHOUT_SCHEDULE = timedelta(hours=2)
STEP_CELSIUS = 0.5
#: Taps that follow each other this closely are undone together.
SERIES = timedelta(seconds=15)
HOLD_HOURS = {"2h": timedelta(hours=2), "4h": timedelta(hours=4)}


@dataclass(frozen=True)
class Undo:
    """Where the undo button posts, and what."""

    url: str
    fields: dict[str, str]


def action(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A signed-in POST; what the services refuse becomes a toast that says why."""

    def wrapped(request: HttpRequest, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return done(request, " ".join(error.messages), is_error=True)

    wrapped.__name__, wrapped.__doc__ = view.__name__, view.__doc__
    return require_POST(signed_in(wrapped))


def done(request: HttpRequest, text: str, *, undo: Undo | None = None, is_error: bool = False) -> HttpResponse:
    """The toast, and a live refresh; without JavaScript the page again, with the toast on it."""
    toast = {"text": text, "is_error": is_error}
    if undo is not None:
        toast |= {"undo_url": undo.url, "undo_fields": undo.fields}
    if request.htmx:
        response = render(request, "dashboard/_toast.html", {"toast": toast}, status=422 if is_error else 200)
        return trigger_client_event(response, "live")
    request.session[TOAST_KEY] = toast
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page the form was on, if it is one of ours."""
    referer = urlsplit(request.headers.get("Referer", ""))
    return referer.path if referer.netloc == request.get_host() and referer.path.startswith("/") else reverse("home")


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


# --- the target of a zone -------------------------------------------------------------------------


def _in_force(zone: ClimateZone, now: datetime) -> TargetOverride | None:
    rows = zone.overrides.filter(cancelled_at__isnull=True)
    return next((row for row in rows if row.until is None or row.until > now), None)


def _before_series(zone: ClimateZone, now: datetime, who: str) -> TargetOverride | None:
    """The override to go back to: what held before this person's present run of taps (None: the schedule)."""
    rows = list(zone.overrides.order_by("-created_at")[:20])
    later = now
    for row in rows:
        ended = row.cancelled_at or row.until
        if ended is not None and ended < later - timedelta(seconds=1):
            return None  # before the run the schedule held
        if row.by != who or later - row.created_at > SERIES:
            return row
        later = row.created_at
    return None


def _undo_target(zone: ClimateZone, now: datetime, who: str) -> Undo:
    before, fields = _before_series(zone, now, who), {}
    if before is not None:
        fields = {"target": f"{before.target_celsius:g}", "until": before.until.isoformat() if before.until else ""}
    return Undo(reverse("target-undo", args=[zone.pk]), fields)


def _until(zone: ClimateZone, hold: str, now: datetime) -> datetime | None:
    """When a target by hand ends: as chosen, by default at the next change of the schedule, else in 2 h."""
    if hold == "resume":
        return None
    if hold in HOLD_HOURS:
        return now + HOLD_HOURS[hold]
    if hold:
        raise ValidationError({"hold": f"‘{hold}’ is no duration: choose next change, 2 h, 4 h or until resumed."})
    slots = [slot.as_slot() for slot in zone.slots.all()]
    return schedule.next_change(slots, now, zone.site.tz) or now + WITHOUT_SCHEDULE


def _stepped(zone: ClimateZone, override: TargetOverride | None, step: str, now: datetime) -> float:
    """The target one step away from what is asked for now, on the half-degree grid."""
    try:
        direction = {"up": 1, "down": -1, "": 0}[step]
    except KeyError:
        raise ValidationError({"step": f"‘{step}’ is no step: choose up or down."}) from None
    if override is not None:
        asked = override.as_override().target_celsius
    else:
        asked = resolve_target(climate.plan_of(zone, now), now, zone.site.tz).effective_celsius
    return round((asked + direction * STEP_CELSIUS) / STEP_CELSIUS) * STEP_CELSIUS if direction else asked


@action
def target(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """A step up or down, or how long the present target shall hold."""
    zone = get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)
    now, who = timezone.now(), _who(request)
    undo, override = _undo_target(zone, now, who), _in_force(zone, now)
    step, hold = request.POST.get("step", ""), request.POST.get("hold", "")
    wanted = _stepped(zone, override, step, now)
    # A step keeps the end that was chosen; a choice of duration keeps the target.
    until = override.until if step and override is not None else _until(zone, hold, now)
    climate.set_override(zone, wanted, until=until, by=who)
    end = f"until {formats.moment(until, now, zone.site.tz)}" if until else "until you resume the schedule"
    return done(request, f"{zone.name}: {formats.degrees(wanted)} {end}.", undo=undo)


@action
def target_resume(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """Back to the schedule."""
    zone = get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)
    now = timezone.now()
    before, undo = _in_force(zone, now), None
    if before is not None:
        fields = {"target": f"{before.target_celsius:g}", "until": before.until.isoformat() if before.until else ""}
        undo = Undo(reverse("target-undo", args=[zone.pk]), fields)
    climate.cancel_override(zone, by=_who(request))
    return done(request, f"{zone.name} follows its schedule again.", undo=undo)


@action
def target_undo(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """What held before: an override (`target`, `until`), or without `target` the schedule."""
    zone = get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)
    text, until = request.POST.get("target", ""), request.POST.get("until", "")
    if not text:
        climate.cancel_override(zone, by=_who(request))
        return done(request, f"Undone. {zone.name} follows its schedule again.")
    try:
        wanted, end = float(text), datetime.fromisoformat(until) if until else None
        if not math.isfinite(wanted) or (end is not None and end.utcoffset() is None):
            raise ValueError
    except ValueError:
        raise ValidationError(f"‘{text}’ until ‘{until}’ cannot be restored.") from None
    climate.set_override(zone, wanted, until=end, by=_who(request))
    return done(request, f"Undone. {zone.name}: {formats.degrees(wanted)} again.")


# --- miners ---------------------------------------------------------------------------------------


@action
def miner_off(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """Off by hand until resumed."""
    miner = get_object_or_404(Miner.objects.select_related("site"), pk=miner_id)
    mining.request_power(miner, 0, by=_who(request))
    undo = Undo(reverse("miner-resume", args=[miner.pk]), {})
    return done(request, f"{miner.name} goes off and stays off until you resume it.", undo=undo)


@action
def miner_on(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """On by hand at full power for 2 hours, as far as the guards allow."""
    miner = get_object_or_404(Miner.objects.select_related("site"), pk=miner_id)
    wish = mining.request_power(miner, miner.nominal_power_w, by=_who(request))
    end = formats.moment(wish.until, timezone.now(), miner.site.tz)
    undo = Undo(reverse("miner-resume", args=[miner.pk]), {})
    return done(request, f"{miner.name} is asked to run until {end}, within its safety limits.", undo=undo)


@action
def miner_resume(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """Back to automatic."""
    miner = get_object_or_404(Miner.objects.select_related("site"), pk=miner_id)
    mining.resume(miner, by=_who(request))
    return done(request, f"{miner.name} is automatic again.")


@action
def all_off(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Every miner of the home off until resumed."""
    site = get_object_or_404(Site, pk=site_id)
    count = mining.all_off([site], by=_who(request))
    text = f"{count} miner{'' if count == 1 else 's'} of {site.name} told to go off, until you resume."
    return done(request, text, undo=Undo(reverse("resume-all", args=[site.pk]), {}))


@action
def all_homes_off(request: HttpRequest) -> HttpResponse:
    """Every miner of every home off until resumed."""
    sites = scope.scope_of(request).sites
    count = mining.all_off(sites, by=_who(request))
    text = f"{count} miner{'' if count == 1 else 's'} in {len(sites)} homes told to go off, until you resume."
    return done(request, text, undo=Undo(reverse("resume-all-homes"), {}))


@action
def resume_all_homes(request: HttpRequest) -> HttpResponse:
    """Every miner of every home back to automatic."""
    mining.resume_all(scope.scope_of(request).sites, by=_who(request))
    return done(request, "Every home heats automatically again.")


@action
def resume_all(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Every miner of the home back to automatic."""
    site = get_object_or_404(Site, pk=site_id)
    mining.resume_all([site], by=_who(request))
    return done(request, f"{site.name} heats automatically again.")


# --- alarms and homes -----------------------------------------------------------------------------


@action
def acknowledge(request: HttpRequest, alarm_id: UUID) -> HttpResponse:
    """Seen; the alarm stays until its cause has gone."""
    alarm = get_object_or_404(Alarm.objects.select_related("site"), pk=alarm_id, ended_at__isnull=True)
    acknowledge_alarm(alarm, by=_who(request))
    return done(request, "Noted that you have seen it. It stays here until its cause has gone.")


@action
def remove_demo(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """The simulated home goes, with everything in it."""
    site = get_object_or_404(Site, pk=site_id, is_demo=True)
    remove_demo_home(site, by=_who(request))
    request.session[TOAST_KEY] = {"text": "The simulated home has been removed.", "is_error": False}
    return redirect("home")


@action
def look_around(request: HttpRequest) -> HttpResponse:
    """A simulated home to look around in."""
    site = Site.objects.filter(is_demo=True).first() or create_demo_home()
    scope.choose(request, site.pk)
    return redirect("home")
