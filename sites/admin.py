"""Set-up pages of homes, who may enter, and what happened."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from . import live
from .admin_base import DeletionAdmin, PageAdmin, RecordAdmin, SetAsideAdmin
from .models import ActivityLog, Alarm, ApiToken, Severity, Site
from .services import acknowledge_alarm, create_api_token
from .words import age, local_time

#: Suggested beside the input; any other three capital letters are accepted, too.
CURRENCIES = ("EUR", "CHF", "GBP", "USD", "SEK", "NOK", "DKK", "PLN", "CZK", "AUD", "CAD")


class SiteSetupForm(forms.ModelForm):
    """A home: its place decides the sun, its time zone the schedule."""

    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        widget=UnfoldAdminSelectWidget(attrs={"data-guess": "time-zone"}),
        help_text="Schedules follow it, also on the nights the clock changes.",
    )

    class Meta:
        widgets = {"currency": UnfoldAdminTextInputWidget(attrs={"data-suggest": ",".join(CURRENCIES)})}
        help_texts = {
            "latitude": "North is positive, for example 45.07. With the longitude it gives sunrise and sunset.",
            "longitude": "East is positive, for example 7.69.",
        }

    def clean(self):
        cleaned = super().clean()
        if (cleaned.get("latitude") is None) != (cleaned.get("longitude") is None) and not self.errors:
            missing = "latitude" if cleaned.get("latitude") is None else "longitude"
            self.add_error(missing, "Fill in both, or neither: one alone is no place.")
        return cleaned


@admin.register(Site)
class SiteAdmin(SetAsideAdmin):
    """One home or building."""

    form = SiteSetupForm
    heats = True
    search_fields = ("name",)
    list_display = ("name", "state", "time_zone", "period", "kind")
    alternative = "To stop heating there, untick ‘is active’; its history stays."
    fieldsets = (
        (None, {"fields": ("name", "time_zone", "currency", "temperature_unit")}),
        ("Place", {"fields": ("latitude", "longitude")}),
        ("Control", {"fields": ("control_period_seconds", "power_limit_w", "is_active")}),
    )

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        obj.wake()

    @admin.display(description="state")
    def state(self, site: Site) -> str | SafeString:
        if not site.is_active:
            return "not active"
        open_alarms = site.alarms.filter(ended_at=None, severity=Severity.ALARM).count()
        if open_alarms:
            words = "1 alarm" if open_alarms == 1 else f"{open_alarms} alarms"
            return format_html('<span class="state state-alarm">{}</span>', words)
        seen = live.read(site.pk)
        return f"last pass {age(seen['at'])}" if seen else "no pass yet"

    @admin.display(description="looked at every", ordering="control_period_seconds")
    def period(self, site: Site) -> str:
        return f"{site.control_period_seconds} s"

    @admin.display(description="kind")
    def kind(self, site: Site) -> str:
        return "simulated" if site.is_demo else "test bench" if site.is_test_bench else "home"


@admin.register(ActivityLog)
class ActivityLogAdmin(RecordAdmin):
    """What happened, in plain sentences."""

    list_display = ("when", "site", "severity", "text", "who")
    list_filter = ("severity", "site")
    list_select_related = ("site",)
    search_fields = ("text", "actor")
    date_hierarchy = "at"

    @admin.display(description="by", ordering="actor")
    def who(self, row: ActivityLog) -> str:
        return row.actor or "the program"


@admin.register(Alarm)
class AlarmAdmin(RecordAdmin):
    """What is or was wrong, since when, and what was done about it."""

    list_display = ("text", "state", "began", "did", "remedy", "site")
    list_filter = ("severity", ("ended_at", admin.EmptyFieldListFilter), "site")
    list_select_related = ("site",)
    search_fields = ("text",)
    date_hierarchy = "since"
    actions = ("acknowledge",)

    @admin.display(description="state", ordering="ended_at")
    def state(self, row: Alarm) -> str | SafeString:
        if row.ended_at is not None:
            return "over"
        word = f"seen by {row.acknowledged_by}" if row.acknowledged_at else "open"
        return format_html('<span class="state state-{}">{}</span>', "calm" if row.acknowledged_at else "alarm", word)

    @admin.display(description="since", ordering="since")
    def began(self, row: Alarm) -> str:
        return local_time(row.since, row.site.tz)

    @admin.action(description="Acknowledge", permissions=["view"])
    def acknowledge(self, request, queryset):
        alarms = list(queryset.filter(ended_at=None, acknowledged_at=None))
        for alarm in alarms:
            acknowledge_alarm(alarm, request.user.get_username())
        self.message_user(request, f"Acknowledged: {len(alarms)}.", messages.SUCCESS)


@admin.register(ApiToken)
class ApiTokenAdmin(DeletionAdmin):
    """Bearer tokens of the API. The token itself is shown once, when it is made."""

    fields = ("name", "user")
    list_display = ("name", "user", "created_at", "used")
    alternative = "Whatever uses it is refused from then on."

    def has_change_permission(self, request, obj=None):
        return False

    def get_changeform_initial_data(self, request):
        return {"user": request.user.pk, **super().get_changeform_initial_data(request)}

    @admin.display(description="last used", ordering="last_used_at")
    def used(self, row: ApiToken) -> str:
        return age(row.last_used_at)

    def save_model(self, request, obj, form, change):
        request.new_api_token = create_api_token(obj.name, obj.user)
        stored = ApiToken.objects.get(name=obj.name)
        obj.pk, obj.digest = stored.pk, stored.digest

    def response_add(self, request, obj, post_url_continue=None):
        """The one page that shows the token; it is kept nowhere, not even for a redirect."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The token, shown only now",
            "token": request.new_api_token,
            "name": obj.name,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/sites/token_created.html", context)


admin.site.unregister(Group)
admin.site.unregister(get_user_model())


@admin.register(get_user_model())
class UserAdmin(StockUserAdmin, PageAdmin):
    """Who may enter. Staff may set things up; a superuser may do everything."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
