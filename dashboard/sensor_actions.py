"""What a person says of a sensor in doubt."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from climate import services
from climate.models import ClimateMonitor

from . import formats
from .toasts import action, done, who


@action
def confirm_value(request: HttpRequest, monitor_id: UUID) -> HttpResponse:
    """What a sensor in doubt says is right."""
    monitor = get_object_or_404(ClimateMonitor.objects.select_related("site"), pk=monitor_id)
    try:
        celsius = float(request.POST.get("celsius", ""))
    except ValueError:
        seen = request.POST.get("celsius", "")[:20]
        raise ValidationError({"celsius": f"‘{seen}’ is not a temperature in °C."}) from None
    services.confirm_value(monitor, celsius, by=who(request))
    return done(request, f"{monitor.name}: {formats.celsius(celsius)} is believed from the next update on.")
