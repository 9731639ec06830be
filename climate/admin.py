"""Set-up pages of rooms: what reads them, how warm they should be, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline

from integrations.admin import AdapterAdmin
from sites.admin_base import SiteRowAdmin, SiteRowForm
from sites.words import NOTHING, age, celsius, listed, watts

from .models import ClimateMonitor, ClimateZone, TemperatureSlot
from .slot_forms import SlotForm, SlotFormSet
from .week_strip import week_strip

#: `check(zone, monitors) -> sentence or None`: floors above add what must hold of a zone's sensors.
zone_checks: list[Callable[[ClimateZone, Iterable[ClimateMonitor]], str | None]] = []


def outdoor_problem(zone: ClimateZone, monitors: Iterable[ClimateMonitor]) -> str | None:
    """A sensor that hangs outdoors says nothing about a room."""
    outdoors = [monitor for monitor in monitors if monitor.is_outdoor]
    if not outdoors:
        return None
    return f"{listed(outdoors)} measures outdoors, so it reads no room. Choose a sensor that hangs in this one."


zone_checks.append(outdoor_problem)


@admin.register(ClimateMonitor)
class ClimateMonitorAdmin(AdapterAdmin):
    """What reads the temperature of a room."""

    after_settings = ("stale_after_seconds",)
    list_display = ("name", "kind", "connected_by", "reads")
    alternative = "To replace the sensor, add the new one to its room first."

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("zones")

    @admin.display(description="reads")
    def reads(self, row: ClimateMonitor) -> str:
        return listed(row.zones.all()) or "no room yet"


class SlotInline(TabularInline):
    model = TemperatureSlot
    form = SlotForm
    formset = SlotFormSet
    extra = 0
    hide_title = True
    verbose_name_plural = "Schedule"
    template_after = "admin/climate/week_preview.html"


class ZoneForm(SiteRowForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The stored schedule may be changing in this very submit; the slots' rows check the limit as typed.
        self.instance._slot_targets = list

    def clean(self):
        cleaned = super().clean()
        monitors = cleaned.get("monitors")
        for check in zone_checks if monitors is not None else ():
            problem = check(self.instance, monitors)
            if problem:
                self.add_error("monitors", problem)
        return cleaned


@admin.register(ClimateZone)
class ClimateZoneAdmin(SiteRowAdmin):
    """A room or area to keep warm, with its schedule."""

    form = ZoneForm
    heats = True
    inlines = (SlotInline,)
    list_display = ("name", "now", "target", "heating", "sensor")
    alternative = "To stop heating it for a while, set its target low or switch its unit off; its history stays."
    fieldsets = (
        (None, {"fields": ("site", "name", "monitors")}),
        ("Comfort", {"fields": ("default_target_celsius", "hysteresis_celsius")}),
        ("Safety", {"fields": ("high_limit_celsius", "frost_protection", "frost_limit_celsius")}),
        ("More", {"fields": ("area_sqm", "position"), "classes": ("collapse",)}),
    )

    def get_queryset(self, request):
        monitors = Prefetch("monitors", queryset=ClimateMonitor.objects.only("name", "site_id"))
        return super().get_queryset(request).prefetch_related(monitors)

    def _live(self, zone: ClimateZone) -> dict:
        return zone.live.get("zones", {}).get(str(zone.pk), {})

    @admin.display(description="now")
    def now(self, zone: ClimateZone) -> str:
        seen = self._live(zone)
        return celsius(seen.get("temperature_celsius")) if seen else "not read yet"

    @admin.display(description="target", ordering="default_target_celsius")
    def target(self, zone: ClimateZone) -> str:
        seen = self._live(zone)
        if not seen:
            return f"{celsius(zone.default_target_celsius)} by default"
        return f"{celsius(seen['target_celsius'])}, {seen['target_reason']}"

    @admin.display(description="heating")
    def heating(self, zone: ClimateZone) -> str | SafeString:
        seen = self._live(zone)
        if not seen:
            return NOTHING
        if seen["heating"]:
            return format_html('<span class="state state-heating">heating</span> {}', watts(seen["heating_w"]))
        return "off"

    @admin.display(description="sensor")
    def sensor(self, zone: ClimateZone) -> str | SafeString:
        monitors = list(zone.monitors.all())
        if not monitors:
            return format_html('<span class="state state-alarm">{}</span>', "no sensor")
        seen = self._live(zone)
        if not seen:
            return listed(monitors)
        if seen["sensor"] == "lost":
            return format_html('<span class="state state-alarm">lost</span> {}', seen["problem"])
        return f"{listed(monitors)}, {age(seen['observed_at'])}"

    def get_urls(self):
        view = self.admin_site.admin_view(require_POST(self.week_view))
        return [path("week/", view, name="climate_climatezone_week"), *super().get_urls()]

    def week_view(self, request: HttpRequest) -> HttpResponse:
        """The strip of the schedule as typed; nothing is saved."""
        typed = request.POST.copy()
        typed["slots-INITIAL_FORMS"] = "0"  # as typed, whatever is stored
        formset = SlotInline(self.model, self.admin_site).get_formset(request)(data=typed, prefix="slots")
        if not formset.management_form.is_valid():
            return HttpResponseBadRequest("This is not the form of a schedule.")
        formset.is_valid()
        try:
            default = float(request.POST.get("default_target_celsius", ""))
        except ValueError:
            default = ClimateZone._meta.get_field("default_target_celsius").default
        return HttpResponse(week_strip([slot for _, slot in formset.slots], default))
