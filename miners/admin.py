"""Set-up pages of miners: the device, what drives it, the line it hangs on."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from integrations.admin import AdapterAdmin
from integrations.errors import AdapterError
from sites.admin_base import RecordAdmin, SetAsideAdmin, SiteRowAdmin, SiteRowForm
from sites.words import NOTHING, listed, watts

from . import services
from .level_watts_field import LevelWattsField
from .models import Circuit, CommandLog, Miner, MinerController
from .reality import reality_problem
from .services import identify


@admin.register(MinerController)
class MinerControllerAdmin(AdapterAdmin):
    """What reads and switches one miner."""

    list_display = ("name", "kind", "device", "connected_by", "drives")
    actions = ("read_now", "ask_what_it_is")
    list_select_related = (*AdapterAdmin.list_select_related, "miner")
    alternative = "To replace it, choose the new one in its miner first; deactivate the miner to leave it alone."

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        row = form.instance
        if row.can_identify and (not row.identity or form.has_changed()):
            # After the commit: waiting for a device must not hold the database.
            transaction.on_commit(lambda: self._identify(request, row))

    @admin.action(description="Ask what it is", permissions=["change"])
    def ask_what_it_is(self, request, queryset):
        for row in queryset.select_related("site"):
            self._identify(request, row)

    def _identify(self, request, row: MinerController) -> None:
        try:
            found = identify(row, by=request.user.get_username())
        except (AdapterError, ValidationError) as error:
            words = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            self.message_user(request, f"What it is could not be asked: {words}", messages.WARNING)
            return
        levels = ", ".join(f"{level.key} {watts(level.power_w)}" for level in found.power.levels[:12])
        self.message_user(request, f"{row} is a {found.model}. It can heat with: {levels}.", messages.SUCCESS)
        for line in found.limits:
            self.message_user(request, line, messages.WARNING)

    @admin.display(description="device")
    def device(self, row: MinerController) -> str:
        return " ".join(filter(None, (row.identity.get("model"), row.identity.get("version")))) or NOTHING

    @admin.display(description="drives")
    def drives(self, row: MinerController) -> str:
        miner = getattr(row, "miner", None)
        return str(miner) if miner else "no miner yet"


@admin.register(Circuit)
class CircuitAdmin(SiteRowAdmin):
    """A fused line that several miners share."""

    fields = ("site", "name", "limit_w")
    list_display = ("name", "limit", "used_by")
    alternative = "Its miners would then share no limit but the home's."

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("miners")

    @admin.display(description="limit", ordering="limit_w")
    def limit(self, row: Circuit) -> str:
        return watts(row.limit_w)

    @admin.display(description="used by")
    def used_by(self, row: Circuit) -> str:
        return listed(row.miners.all()) or NOTHING


class MinerForm(SiteRowForm):
    level_watts = LevelWattsField(required=False, label="Levels as measured (W)")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "level_watts" in self.fields:
            told = self.instance.told_power
            self.fields["level_watts"].name_levels([level.key for level in told.levels] if told else [])

    def _reality(self, cleaned: dict, zones) -> str | None:
        if self.site is None:
            return None
        return reality_problem(cleaned.get("controller"), zones, self.site, cleaned.get("cutoff"))

    def clean(self):
        cleaned = super().clean()
        zones, none = cleaned.get("zones"), cleaned.get("heats_no_room")
        if zones and none:
            self.add_error("heats_no_room", f"It heats {listed(zones)}. Untick this, or untick the rooms.")
        if zones is not None and not zones and not none:
            self.add_error("zones", "Which rooms does it heat? Tick them, or tick ‘heats no room’ below.")
        problem = self._reality(cleaned, zones or ())
        if problem:
            self.add_error("controller", problem)
        return cleaned


@admin.register(Miner)
class MinerAdmin(SetAsideAdmin, SiteRowAdmin):
    """A heater that earns: which rooms it heats, through which controller, and how often it may start."""

    form = MinerForm
    heats = True
    actions_list = ("find_by_address",)
    list_display = ("name", "state", "power", "wanted", "rooms", "controller", "its_page")
    list_select_related = ("site", "controller", "desired")
    actions = ("switch_off", "on_for_two_hours", "back_to_automatic")
    actions_detail = ("by_hand",)
    alternative = "To leave it alone for a while, untick ‘active’; its history stays."
    fieldsets = (
        (None, {"fields": ("site", "name", "model", "controller", "device_class", "nominal_power_w")}),
        ("Where its heat goes", {"fields": ("zones", "heats_no_room", "circuit")}),
        (
            "Switching",
            {
                "fields": (
                    "min_on_seconds",
                    "min_off_seconds",
                    "ramp_seconds",
                    "max_starts_per_hour",
                    "max_starts_per_day",
                    "start_cost",
                    "level_watts",
                )
            },
        ),
        (
            "Plug before it, noise, quiet hours, heat limits",
            {
                "fields": (
                    "cutoff",
                    "noise_db",
                    "quiet_from",
                    "quiet_until",
                    "quiet_max_w",
                    "max_chip_celsius",
                    "max_board_celsius",
                ),
                "classes": ("collapse",),
            },
        ),
        ("In use", {"fields": ("is_active", "leave_on")}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("zones")

    @action(description="Find a miner by its address", url_path="find-by-address", permissions=["add"])
    def find_by_address(self, request):
        """The add-wizard, a page of its own."""
        return redirect("add-miner")

    def view_on_site(self, miner: Miner) -> str:
        """Its page: what it does and why, and a level for a while."""
        return reverse("miner", args=[miner.pk])

    @action(description="Level and duration by hand", url_path="by-hand")
    def by_hand(self, request, object_id: str):
        return redirect("miner", object_id)

    @admin.display(description="page")
    def its_page(self, miner: Miner) -> SafeString:
        return format_html('<a href="{}">Open<span class="sr-only"> {}</span></a>', self.view_on_site(miner), miner)

    @admin.action(description="Off, until resumed", permissions=["change"])
    def switch_off(self, request, queryset):
        self._ask(request, queryset, lambda miner, by: services.request_power(miner, 0, by=by), "told to go off")

    @admin.action(description="On for 2 h", permissions=["change"])
    def on_for_two_hours(self, request, queryset):
        for miner in queryset.filter(Q(is_active=False) | Q(controller=None)):
            self.message_user(request, f"{miner}: it is not active, or nothing switches it.", messages.WARNING)
        able = queryset.filter(is_active=True, controller__isnull=False)
        said = "asked to run for 2 h, within their safety limits"
        self._ask(request, able, lambda miner, by: services.request_power(miner, None, by=by), said)

    @admin.action(description="Back to automatic", permissions=["change"])
    def back_to_automatic(self, request, queryset):
        self._ask(request, queryset, lambda miner, by: services.resume(miner, by=by), "automatic again")

    def _ask(self, request, queryset, wish: Callable[[Miner, str], object], said: str) -> None:
        """A wish for each; no device is touched here."""
        by, done = request.user.get_username(), []
        for miner in queryset.select_related("site", "controller"):
            try:
                wish(miner, by)
                done.append(miner)
            except ValidationError as error:
                self.message_user(request, f"{miner}: {' '.join(error.messages)}", messages.ERROR)
        if done:
            self.message_user(request, f"{listed(done)}: {said}.", messages.SUCCESS)

    def _live(self, miner: Miner) -> dict:
        return miner.live.get("miners", {}).get(str(miner.pk), {})

    @admin.display(description="state")
    def state(self, miner: Miner) -> str | SafeString:
        if not miner.is_active:
            return "not active"
        if miner.controller is None:
            return format_html('<span class="state state-alarm">{}</span>', "no controller")
        status = self._live(miner).get("status")
        if status is None:
            return "not read yet"
        if status in ("unreachable", "protect"):
            return format_html('<span class="state state-alarm">{}</span>', status)
        tone = "heating" if status in ("heating", "ramping", "starting") else "calm"
        return format_html('<span class="state state-{}">{}</span>', tone, status.replace("_", " "))

    @admin.display(description="power now")
    def power(self, miner: Miner) -> str:
        seen = self._live(miner)
        if not seen:
            return NOTHING
        return watts(seen["power_w"]) if seen["power_is_measured"] else "not measured"

    @admin.display(description="wanted")
    def wanted(self, miner: Miner) -> str:
        desired = getattr(miner, "desired", None)
        if desired is None:
            return NOTHING
        return watts(desired.power_w) if desired.power_w else "off"

    @admin.display(description="heats")
    def rooms(self, miner: Miner) -> str:
        return "no room" if miner.heats_no_room else listed(miner.zones.all()) or "nobody said"


@admin.register(CommandLog)
class CommandLogAdmin(RecordAdmin):
    """Every command to a device, and what came of it."""

    list_display = ("when", "miner", "power", "outcome", "reason", "origin")
    fields = ("when", "miner", "power", "outcome", "reason", "origin")
    list_filter = ("outcome", "miner")
    list_select_related = ("miner__site",)
    search_fields = ("miner__name", "reason")
    date_hierarchy = "at"

    @admin.display(description="command", ordering="power_w")
    def power(self, row: CommandLog) -> str:
        return watts(row.power_w) if row.power_w else "off"


# Django looks for set-up pages here; those of pools, the hash price and wishes stand in files of their own.
from miners.earnings import admin as value_admin  # noqa: E402, F401
from miners.requests import admin as wish_admin  # noqa: E402, F401
