"""Set-up pages of rooms: what reads them, how warm they should be, and when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from integrations.admin import AdapterAdmin
from integrations.forms import fieldsets
from sites.admin_base import SiteRowAdmin, SiteRowForm, TableInline
from sites.models import Site
from sites.words import NOTHING, age, celsius, listed, watts

from . import services, zone_checks
from .models import ClimateMonitor, ClimateZone, TargetPeriod, TemperatureSlot
from .period_forms import PeriodForm
from .site_time import SiteTimeAdmin
from .slot_forms import SlotForm, SlotFormSet
from .targets import Preset
from .week_strip import week_strip


@admin.register(ClimateMonitor)
class ClimateMonitorAdmin(AdapterAdmin):
    """What reads the temperature of a room."""

    believed = (
        "stale_after_seconds",
        "long_silence_confirmed",
        "max_jump_k",
        "plausible_low_celsius",
        "plausible_high_celsius",
    )
    not_asked_for = frozenset({"name", "is_outdoor", *believed})
    list_display = ("name", "kind", "connected_by", "reads")
    alternative = "To replace the sensor, add the new one to its room first."
    actions = (*AdapterAdmin.actions, "confirm_value")

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("zones")

    def get_fieldsets(self, request, obj=None):
        groups = fieldsets(self._adapters(obj), ("site", "name", "is_outdoor"), ())
        when = "A value outside of this is shown, but not believed. What is filled in suits most sensors."
        options = {"fields": self.believed, "classes": ["collapse"], "description": when}
        return [*groups, ("More: when it is believed", options)]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        for caution in obj.cautions():
            self.message_user(request, f"{obj}: {caution}", messages.WARNING)

    @admin.action(description="What it says is right (a sensor in doubt)", permissions=["change"])
    def confirm_value(self, request, queryset):
        by = request.user.get_username()
        for row in queryset.select_related("site"):
            try:
                doubted = services.doubted_celsius(row)
                services.confirm_value(row, doubted, by=by)
            except ValidationError as error:
                self.message_user(request, " ".join(error.messages), messages.WARNING)
            else:
                self.message_user(request, f"{row}: {celsius(doubted)} is believed from the next update on.")

    @admin.display(description="reads")
    def reads(self, row: ClimateMonitor) -> str:
        if row.is_outdoor:
            return "outdoors"
        return listed(row.zones.all()) or "no room yet"


class SlotInline(TableInline):
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
        for problem in zone_checks.problems(self.instance, monitors) if monitors is not None else ():
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
        (
            "Comfort",
            {
                "fields": (
                    "comfort_celsius",
                    "eco_celsius",
                    "away_celsius",
                    "default_target_celsius",
                    "hysteresis_celsius",
                ),
                "description": "What the presets mean in this room. Frost protection is 7 °C everywhere.",
            },
        ),
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

    def save_formset(self, request, form, formset, change):
        """The week goes in as a whole, through the service that lets nobody write between."""
        formset.save(commit=False)  # notes what changed, for the record
        if formset.has_changed():
            services.replace_schedule(form.instance, [slot for _, slot in formset.slots])

    def get_urls(self):
        view = self.admin_site.admin_view(require_POST(self.week_view))
        return [path("week/", view, name="climate_climatezone_week"), *super().get_urls()]

    def week_view(self, request: HttpRequest) -> HttpResponse:
        """The strip of the schedule as typed; nothing is saved."""
        typed = request.POST.copy()
        typed["slots-INITIAL_FORMS"] = "0"  # as typed, whatever is stored
        made = SlotInline(self.model, self.admin_site).get_formset(request)
        formset = made(data=typed, prefix="slots", instance=_zone_as_typed(request.POST))
        if not formset.management_form.is_valid():
            return HttpResponseBadRequest("This is not the form of a schedule.")
        formset.is_valid()
        zone = formset.instance
        return HttpResponse(week_strip([slot for _, slot in formset.slots], zone.default_target_celsius))


def _zone_as_typed(typed: Mapping[str, str]) -> ClimateZone:
    """A zone with the targets of the form, the usual ones where nothing of use is typed."""
    zone = ClimateZone()
    for name in ("default_target_celsius", "comfort_celsius", "eco_celsius", "away_celsius"):
        try:
            celsius_typed = float(typed.get(name, ""))
        except ValueError:
            continue
        if math.isfinite(celsius_typed):
            setattr(zone, name, celsius_typed)
    return zone


@admin.register(TargetPeriod)
class TargetPeriodAdmin(SiteTimeAdmin):
    """Away, holidays, guests: how warm the home is kept from a time until another."""

    form = PeriodForm
    fieldsets = (
        (None, {"fields": ("site", "name", "zones")}),
        ("How warm", {"fields": ("preset", "target_celsius")}),
        ("When", {"fields": ("starts_at", "ends_at")}),
    )
    list_display = ("name", "how_warm", "rooms", "begins", "ends", "state")
    ordering = ("-starts_at",)
    actions = ("end_now",)
    alternative = "To end it, choose ‘End now’ in the list: then it stays in the records."

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("zones")

    def get_changeform_initial_data(self, request):
        return {
            "name": "holiday",
            "preset": Preset.AWAY,
            "starts_at": None,
            **super().get_changeform_initial_data(request),
        }

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.cancelled_at is None)

    @admin.display(description="how warm")
    def how_warm(self, row: TargetPeriod) -> str:
        return row.target_words

    @admin.display(description="rooms")
    def rooms(self, row: TargetPeriod) -> str:
        return listed(row.zones.all()) or "the whole home"

    @admin.display(description="from", ordering="starts_at")
    def begins(self, row: TargetPeriod) -> str:
        return _minute(row.starts_at, row.site)

    @admin.display(description="until", ordering="ends_at")
    def ends(self, row: TargetPeriod) -> str:
        return _minute(row.ends_at, row.site) if row.ends_at else "you end it"

    @admin.display(description="state")
    def state(self, row: TargetPeriod) -> str:
        now = timezone.now()
        if row.cancelled_at is not None:
            return f"ended {_minute(row.cancelled_at, row.site)}"
        if row.ends_at is not None and row.ends_at <= now:
            return "over"
        return "holds" if row.starts_at <= now else "planned"

    @admin.action(description="End now", permissions=["change"])
    def end_now(self, request, queryset):
        for row in queryset.select_related("site"):
            ended = services.end_period(row, by=request.user.get_username())
            self.message_user(request, f"{row.name}: {'is over.' if ended else 'was over already.'}")

    def save_model(self, request, obj, form, change):
        services.save_period(obj, form.cleaned_data["zones"], by=request.user.get_username())

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        obj.site.wake()


def _minute(at: datetime, site: Site) -> str:
    """“24 Dec 2026 18:00” by the clocks of the site."""
    return f"{at.astimezone(site.tz):%d %b %Y %H:%M}"
