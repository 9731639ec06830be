"""Set-up pages of energy: what a home has, and what measures it."""

from __future__ import annotations

from django.contrib import admin

from integrations.admin import AdapterAdmin
from integrations.forms import fieldsets
from sites.admin_base import SiteRowAdmin
from sites.words import NOTHING, listed, watts

from .models import EnergyMonitor, EnergySource


@admin.register(EnergyMonitor)
class EnergyMonitorAdmin(AdapterAdmin):
    """What reads production, consumption, battery and grid."""

    heats = False
    believed = (
        "stale_after_seconds",
        "production_stale_after_seconds",
        "household_stale_after_seconds",
        "grid_stale_after_seconds",
        "battery_stale_after_seconds",
        "charge_stale_after_seconds",
    )
    not_asked_for = frozenset({"name", *believed})
    list_display = ("name", "kind", "connected_by", "reads")
    alternative = "To replace the meter, choose the new one in its energy source first."

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("sources")

    def get_fieldsets(self, request, obj=None):
        groups = fieldsets(self._adapters(obj), ("site", "name"), ())
        when = (
            "A part that is older is unknown, even while others move. A production of nothing at night and a battery "
            "that rests may stand still for hours. What is left empty suits most meters."
        )
        options = {"fields": self.believed, "classes": ["collapse"], "description": when}
        return [*groups, ("More: when it is believed", options)]

    @admin.display(description="reads")
    def reads(self, row: EnergyMonitor) -> str:
        return listed(row.sources.all()) or "no energy source yet"


@admin.register(EnergySource)
class EnergySourceAdmin(SiteRowAdmin):
    """Where the power of a home comes from."""

    list_display = ("name", "type", "surplus", "production", "battery", "grid", "monitor")
    list_select_related = ("site", "monitor")
    alternative = "Units go on without it, by the room's temperature alone where their policy allows."
    fieldsets = (
        (None, {"fields": ("site", "name", "type", "monitor", "nominal_power_w")}),
        ("Battery", {"fields": ("has_battery", "battery_capacity_wh")}),
        ("Grid", {"fields": ("has_grid", "contracted_power_w")}),
    )

    def _live(self, source: EnergySource) -> dict:
        return source.live.get("energy", {}).get(str(source.pk), {})

    @admin.display(description="surplus")
    def surplus(self, source: EnergySource) -> str:
        seen = self._live(source)
        return seen.get("problem") or watts(seen.get("surplus_w"))

    @admin.display(description="production")
    def production(self, source: EnergySource) -> str:
        return watts(self._live(source).get("production_w")) if source.has_production else "none"

    @admin.display(description="battery")
    def battery(self, source: EnergySource) -> str:
        if not source.has_battery:
            return "none"
        percent = self._live(source).get("battery_soc_percent")
        return NOTHING if percent is None else f"{percent:.0f} %"

    @admin.display(description="grid")
    def grid(self, source: EnergySource) -> str:
        if not source.has_grid:
            return "none"
        power_w = self._live(source).get("grid_w")
        if power_w is None:
            return NOTHING
        return f"{watts(abs(power_w))} {'in' if power_w > 0 else 'out'}"
