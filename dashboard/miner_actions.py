"""What a person does to one miner: off, on at a level for a while, back to automatic. Wishes, never the device."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from climate.override_duration import next_time
from miners import services
from miners.models import Miner
from miners.requests import manual

from . import formats
from .target_actions import clock_of
from .toasts import Undo, action, done, who


def _miner(miner_id: UUID) -> Miner:
    return get_object_or_404(Miner.objects.select_related("site", "controller"), pk=miner_id)


def _undo(miner: Miner) -> Undo:
    return Undo(reverse("miner-resume", args=[miner.pk]), {})


@action
def miner_off(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """Off by hand until resumed."""
    miner = _miner(miner_id)
    services.request_power(miner, 0, by=who(request))
    return done(request, f"{miner.name} goes off and stays off until you resume it.", undo=_undo(miner))


@action
def miner_on(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """On by hand, as far as the guards allow.

    `level` (the key of one) or `power_w` (a step of a range); neither: full power. `duration` in minutes, or
    `clock` when it is the time of day in the field `clock`; empty: 2 h.
    """
    miner, now = _miner(miner_id), timezone.now()
    services.check_can_run(miner)
    power_w, lower = _power(miner, request)
    wish = services.request_power(miner, power_w, by=who(request), until=_end(miner, request, now))
    how = "" if power_w is None else f" at {manual.runs_words(miner.power, wish.power_w)}"
    end = formats.moment(wish.until, now, miner.site.tz)
    said = f"{miner.name} is asked to run{how} until {end}, within its safety limits. {lower}".rstrip()
    return done(request, said, undo=_undo(miner))


def _power(miner: Miner, request: HttpRequest) -> tuple[int | None, str]:
    """The watts it takes for what was chosen (None: its usual power), and what is said where they are not the same."""
    model, key, typed = miner.power, request.POST.get("level"), request.POST.get("power_w")
    if key is not None:
        return manual.watts_of_level(model, key), ""
    if typed is None:
        return None, ""
    power_w = manual.watts_taken(model, miner.nominal_power_w, typed.strip())
    return power_w, manual.lower_words(model, typed.strip(), power_w)


def _end(miner: Miner, request: HttpRequest, now: datetime) -> datetime | None:
    """None: as `services.request_power` does by default."""
    duration = request.POST.get("duration")
    if duration is None:
        return None
    if duration == "clock":
        return next_time(clock_of(request.POST.get("clock", "")), now, miner.site.tz)
    return manual.end_after(manual.minutes_of(duration.strip()), now)


@action
def miner_resume(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """Back to automatic."""
    miner = _miner(miner_id)
    services.resume(miner, by=who(request))
    return done(request, f"{miner.name} is automatic again.")
