"""Set-up page of wishes by hand: what was asked of miners, and a form that asks. No row is edited or deleted."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from miners import services
from miners.models import ManualRequest, Miner
from miners.requests.in_force import holds
from sites.admin_base import PageAdmin, SiteRowForm
from sites.models import Site
from sites.words import listed, local_time

from . import manual

# Words of this page alone: given here rather than in the model, where they would ask for a migration.
ManualRequest._meta.verbose_name = "wish by hand"
ManualRequest._meta.verbose_name_plural = "wishes by hand"

OFF, WATTS = "off", "watts"


def _level_choices(miners) -> list[tuple[str, list[tuple[str, str]]]]:
    """The levels of each miner as a group of its own; a value is the miner's id and the level's key."""
    groups = []
    for miner in miners:
        levels = [(f"{miner.pk} {level.key}", manual.level_words(level)) for level in miner.power.levels]
        groups.append((f"Level of {miner}", levels))
    return groups


class WishForm(SiteRowForm):
    """Everything is checked here as `services.request_power` does, so that every problem stands beside its field."""

    what = forms.ChoiceField(
        initial=OFF,
        widget=UnfoldAdminSelectWidget,
        help_text="Off, one of the levels of this very miner, or watts of your own below.",
        error_messages={"invalid_choice": "‘%(value)s’ is none of these. Choose off, watts, or a level of the miner."},
    )
    watts = forms.CharField(
        label="Watts (W)",
        required=False,
        max_length=40,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "decimal"}),
        help_text="Only for ‘on with the watts below’. Between two levels the lower one is taken; its safety limits "
        "and those of the home may allow less. For 0 W choose ‘Off’ above.",
    )
    hours = forms.CharField(
        label="For how long (hours)",
        required=False,
        initial="2",
        max_length=40,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "decimal"}),
        help_text="At most 24, 2 where empty; 0.5 is half an hour. Not needed for off, which holds until resumed.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "miner" not in self.fields:  # the page that shows one asks for nothing
            return
        miner = self.fields["miner"]
        miner.queryset = miner.queryset.select_related("site", "controller")
        miner.widget.can_add_related = False  # what is not set up yet cannot be asked for anything
        miner.help_text = "It starts and stops within its own limits; the next pass acts on it."
        plain = [(OFF, "Off, until resumed"), (WATTS, "On with the watts below")]
        self.fields["what"].choices = [*plain, *_level_choices(miner.queryset)]

    def clean(self):
        cleaned = super().clean()
        miner, what = cleaned.get("miner"), cleaned.get("what")
        if miner is None or not what:
            return cleaned
        self.power_w, self.until, self.asked_w = 0, None, ""
        if what != OFF:
            self._ask("miner", services.check_can_run, miner)
            self.until = self._ask("hours", self._end, cleaned.get("hours", ""))
        if what == WATTS:
            self.asked_w = cleaned.get("watts", "")
            self.power_w = self._ask("watts", self._typed, miner, self.asked_w)
        else:
            self._ask("watts", self._none_typed, cleaned.get("watts", ""))
        if what not in (OFF, WATTS):
            self.power_w = self._ask("what", self._level, miner, *what.split(" ", 1))
        return cleaned

    def _ask(self, field: str, check, *args):
        """What `check` makes of it; None where it refuses, which is then said beside the field."""
        try:
            return check(*args)
        except ValidationError as error:
            self.add_error(field, error.messages)

    @staticmethod
    def _end(hours: str) -> datetime | None:
        """None: as `services.request_power` does by default."""
        return manual.end_after_hours(hours, timezone.now()) if hours else None

    @staticmethod
    def _typed(miner: Miner, text: str) -> int:
        if not text:
            levels = manual.levels_words(miner.power)
            raise ValidationError(f"With how many watts? Fill this in, or choose a level above: {levels}.")
        return manual.watts_taken(miner.power, miner.nominal_power_w, text)

    @staticmethod
    def _none_typed(text: str) -> None:
        if text:
            raise ValidationError("Empty this, or choose ‘On with the watts below’ above.")

    @staticmethod
    def _level(miner: Miner, miner_id: str, key: str) -> int:
        if miner_id != str(miner.pk):
            levels = manual.levels_words(miner.power)
            raise ValidationError(f"That is a level of another miner. ‘{miner}’ has: {levels}.")
        return manual.watts_of_level(miner.power, key)


@admin.register(ManualRequest)
class ManualRequestAdmin(PageAdmin):
    """Who asked what of which miner by hand, until when, and whether it still holds."""

    form = WishForm
    list_display = ("miner", "what_is_wanted", "ends", "who", "from_where", "state", "made")
    list_filter = ("miner",)
    list_select_related = ("miner__site", "miner__controller")
    search_fields = ("miner__name", "by")
    ordering = ("-created_at",)
    actions = ("back_to_automatic",)

    def get_fields(self, request, obj=None):
        return ("miner", "what", "watts", "hours") if obj is None else self.list_display

    def get_readonly_fields(self, request, obj=None):
        return () if obj is None else self.list_display

    def get_queryset(self, request):
        same_moment = {"miner": OuterRef("miner"), "created_at": OuterRef("cancelled_at")}
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.annotate(replaced=Exists(ManualRequest.objects.filter(**same_moment)))

    def get_list_display(self, request):
        return (*self.list_display, "site") if Site.objects.count() > 1 else self.list_display

    def get_list_filter(self, request):
        return ("miner__site", *self.list_filter) if Site.objects.count() > 1 else self.list_filter

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def add_view(self, request, form_url="", extra_context=None):
        one_at_a_time = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_at_a_time, **(extra_context or {})})

    def save_model(self, request, obj, form, change):
        """The row that is written is the service's; `obj` becomes it."""
        by = request.user.get_username()
        row = services.request_power(form.cleaned_data["miner"], form.power_w, by=by, until=form.until)
        for column in ManualRequest._meta.concrete_fields:
            setattr(obj, column.attname, getattr(row, column.attname))
        obj.asked_w = form.asked_w

    def response_add(self, request, obj, post_url_continue=None):
        if obj.power_w:
            what = manual.runs_words(obj.miner.power, obj.power_w)
            said = f"{obj.miner} is asked to run at {what} until {self.ends(obj)}, within its safety limits."
            lower = manual.lower_words(obj.miner.power, obj.asked_w or obj.power_w, obj.power_w)
            said = f"{said} {lower}".rstrip()
        else:
            said = f"{obj.miner} goes off and stays off until you resume it."
        self.message_user(request, said, messages.SUCCESS)
        return self.response_post_save_add(request, obj)

    @admin.action(description="Back to automatic", permissions=["add"])
    def back_to_automatic(self, request, queryset):
        """Only wishes that hold are ended: one long over says nothing of what its miner does now."""
        now, by, done, over = timezone.now(), request.user.get_username(), [], []
        for row in queryset:
            holds = self._state(row, now) == "holds" and services.resume(row.miner, by=by)
            (done if holds else over).append(row.miner)
        if done:
            self.message_user(request, f"{listed(done)}: automatic again.", messages.SUCCESS)
        if over:
            words = f"{listed(over)}: that wish does not hold any more, so nothing was changed."
            self.message_user(request, words, messages.WARNING)

    @staticmethod
    def _state(row: ManualRequest, now: datetime) -> str:
        if row.cancelled_at is None:
            return "holds" if holds(row, now) else "over"
        if row.until is not None and row.until <= row.cancelled_at:
            return "over"
        return "replaced" if row.replaced else "resumed"

    @admin.display(description="what", ordering="power_w")
    def what_is_wanted(self, row: ManualRequest) -> str:
        return manual.wish_words(row.miner.power, row.miner.nominal_power_w, row.power_w)

    @admin.display(description="until", ordering="until")
    def ends(self, row: ManualRequest) -> str:
        return "resumed" if row.until is None else local_time(row.until, row.miner.site.tz)

    @admin.display(description="by", ordering="by")
    def who(self, row: ManualRequest) -> str:
        return row.by or "nobody named"

    @admin.display(description="origin", ordering="origin")
    def from_where(self, row: ManualRequest) -> str:
        return "switched at the device" if row.origin == "outside" else "a person"

    @admin.display(description="state", ordering="cancelled_at")
    def state(self, row: ManualRequest) -> str:
        return self._state(row, timezone.now())

    @admin.display(description="made", ordering="created_at")
    def made(self, row: ManualRequest) -> str:
        return local_time(row.created_at, row.miner.site.tz)

    @admin.display(description="site", ordering="miner__site__name")
    def site(self, row: ManualRequest) -> Site:
        return row.miner.site
