"""What a person does to a whole home and its alarms: each a POST that writes a wish (never a device) and says so."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from climate import services as climate
from climate.models import ClimateMonitor
from climate.reports import words
from miners import services as mining
from optimization.demo import create_demo_home, remove_demo_home
from optimization.passes import due
from optimization.passes.held_orders import stored
from sites import held
from sites.models import Alarm, Site
from sites.services import acknowledge_alarm

from . import scope
from .page import TOAST_KEY
from .toasts import Undo, action, done, who

# --- all at once ----------------------------------------------------------------------------------


@action
def all_off(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Every miner of the home off until resumed."""
    site = get_object_or_404(Site, pk=site_id)
    count = mining.all_off([site], by=who(request))
    text = f"{count} miner{'' if count == 1 else 's'} of {site.name} told to go off, until you resume."
    return done(request, text, undo=Undo(reverse("resume-all", args=[site.pk]), {}))


@action
def all_homes_off(request: HttpRequest) -> HttpResponse:
    """Every miner of every home off until resumed."""
    sites = scope.scope_of(request).sites
    count = mining.all_off(sites, by=who(request))
    text = f"{count} miner{'' if count == 1 else 's'} in {len(sites)} homes told to go off, until you resume."
    return done(request, text, undo=Undo(reverse("resume-all-homes"), {}))


@action
def withdraw(request: HttpRequest, order_id: str) -> HttpResponse:
    """What is in force from memory and not stored yet no longer holds."""
    order = next((one for one in held.orders() if one.id == order_id), None)
    if order is None:
        return done(request, "It has been stored or taken back already.")
    held.keep(stored(order))
    due.wake(order.site_id)
    return done(request, f"Taken back: {order.what}.")


@action
def resume_all_homes(request: HttpRequest) -> HttpResponse:
    """Every miner of every home back to automatic."""
    mining.resume_all(scope.scope_of(request).sites, by=who(request))
    return done(request, "Every home heats automatically again.")


@action
def resume_all(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Every miner of the home back to automatic."""
    site = get_object_or_404(Site, pk=site_id)
    mining.resume_all([site], by=who(request))
    return done(request, f"{site.name} heats automatically again.")


# --- sensors --------------------------------------------------------------------------------------


@action
def age_limit(request: HttpRequest, monitor_id: UUID) -> HttpResponse:
    """The limit of age that suits a sensor, taken in one tap: beyond an hour the tap is the confirmation."""
    monitor = get_object_or_404(ClimateMonitor.objects.select_related("site"), pk=monitor_id)
    before = monitor.stale_after_seconds
    climate.set_age_limit(monitor, whole_seconds(request.POST.get("seconds", "")), by=who(request))
    undo = Undo(reverse("age-limit", args=[monitor.pk]), {"seconds": str(before)})
    limit = words(timedelta(seconds=monitor.stale_after_seconds))
    return done(request, f"{monitor.name} is believed for {limit} after each report.", undo=undo)


def whole_seconds(text: str) -> int:
    """Raises ValidationError."""
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ValidationError(f"‘{text[:20]}’ is not a number of seconds.")
    return int(text)


# --- alarms and homes -----------------------------------------------------------------------------


@action
def acknowledge(request: HttpRequest, alarm_id: UUID) -> HttpResponse:
    """Seen; the alarm stays until its cause has gone."""
    alarm = get_object_or_404(Alarm.objects.select_related("site"), pk=alarm_id, ended_at__isnull=True)
    acknowledge_alarm(alarm, by=who(request))
    return done(request, "Noted that you have seen it. It stays here until its cause has gone.")


@action
def remove_demo(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """The simulated home goes, with everything in it."""
    site = get_object_or_404(Site, pk=site_id, is_demo=True)
    remove_demo_home(site, by=who(request))
    request.session[TOAST_KEY] = {"text": "The simulated home has been removed.", "is_error": False}
    return redirect("home")


@action
def look_around(request: HttpRequest) -> HttpResponse:
    """A simulated home to look around in."""
    site = Site.objects.filter(is_demo=True).first() or create_demo_home()
    scope.choose(request, site.pk)
    return redirect("home")
