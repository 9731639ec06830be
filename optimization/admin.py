"""Set-up pages of policies and units, and the record of decisions."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import StackedInline

from sites.admin_base import LoweringAdmin, RecordAdmin, SiteRowAdmin, SiteRowForm, only_site, refuse_unless
from sites.held import Order
from sites.words import NOTHING, celsius, listed, local_time, watts

from . import policies, services, shipped
from .models import Decision, OptimizationUnit, Policy, Rule, RuleKind
from .policy_check import check_policy, policy_errors
from .policy_copy import duplicate_policy
from .readable import explanation_tree, field_list, policy_in_words, saw_tables
from .rule_forms import RuleForm, RuleFormSet


class RuleInline(StackedInline):
    model = Rule
    form = RuleForm
    formset = RuleFormSet
    extra = 0
    fields = ("kind", "name", "priority", "enabled", "description", "conditions")


@admin.register(Policy)
class PolicyAdmin(SiteRowAdmin):
    """Start rules and stop rules. Those that come with the program are copied first, then changed."""

    inlines = (RuleInline,)
    actions = ("duplicate",)
    list_display = ("name", "state", "used_by", "origin")
    alternative = "Take it out of its units first; a copy can be kept under another name."
    change_form_outer_before_template = "admin/optimization/policy_banner.html"
    fieldsets = (
        (None, {"fields": ("site", "name", "description")}),
        ("In words", {"fields": ("in_words",)}),
        ("Names a rule may use", {"fields": ("names",), "classes": ("collapse",)}),
    )
    readonly_fields = ("in_words", "names")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("site").prefetch_related("units", "rules")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.shipped_key)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.shipped_key)

    @admin.display(description="")
    def in_words(self, policy: Policy) -> SafeString:
        rules = [] if policy._state.adding else policy.rules.all()
        return policy_in_words(rules, policies.fields_for(policy.site if policy.site_id else only_site()))

    @admin.display(description="")
    def names(self, policy: Policy) -> SafeString:
        return field_list(policies.fields_for(policy.site if policy.site_id else only_site()))

    @admin.display(description="state")
    def state(self, policy: Policy) -> str | SafeString:
        errors = policy_errors(policy, policy.site)
        if errors:
            return format_html('<span class="state state-alarm">{}</span>', errors[0])
        kinds = [rule.kind for rule in policy.rules.all() if rule.enabled]
        return f"{kinds.count(RuleKind.START)} to start, {kinds.count(RuleKind.STOP)} to stop"

    @admin.display(description="used by")
    def used_by(self, policy: Policy) -> str:
        return listed(policy.units.all()) or NOTHING

    @admin.display(description="origin")
    def origin(self, policy: Policy) -> str:
        return "comes with the program" if policy.shipped_key else "your own"

    @admin.action(description="Copy, to change the copy", permissions=["add"])
    def duplicate(self, request, queryset):
        copies = [duplicate_policy(policy, site=policy.site or only_site()) for policy in queryset]
        self.message_user(request, f"Copied: {listed(copies)}.", messages.SUCCESS)

    def get_urls(self):
        view = self.admin_site.admin_view(require_POST(self.duplicate_view))
        return [path("<uuid:object_id>/copy/", view, name="optimization_policy_copy"), *super().get_urls()]

    def duplicate_view(self, request: HttpRequest, object_id) -> HttpResponseRedirect:
        policy = self.get_object(request, str(object_id))
        refuse_unless(policy is not None and self.has_add_permission(request))
        copy = duplicate_policy(policy, site=policy.site or only_site())
        self.message_user(request, f"‘{copy}’ is yours to change.", messages.SUCCESS)
        return HttpResponseRedirect(self.change_url(copy))

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        policy = form.instance
        if change and any(formset.has_changed() for formset in formsets):
            policies.touch_policy(policy)
        check = check_policy(Policy.objects.get(pk=policy.pk))
        for line in (*check.errors, *check.warnings):
            self.message_user(request, line, messages.WARNING)


class UnitForm(SiteRowForm):
    """Whatever stands against switching a unit on is said beside the field that can change it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "policy" in self.fields:
            # What a policy does to a room is said before it is chosen.
            told = ((raw["name"], raw["description"]) for raw in shipped.load())
            self.fields["policy"].help_text = format_html_join("", "<p><strong>{}</strong>: {}</p>", told)

    def clean(self):
        cleaned = super().clean()
        site = self.site
        if not cleaned.get("is_enabled") or site is None or self.errors:
            return cleaned
        self.instance.site = site
        if cleaned.get("policy") is not None:
            for line in policy_errors(cleaned["policy"], site):
                self.add_error("policy", line)
        if not cleaned.get("miners"):
            self.add_error("miners", "An enabled unit needs a miner. Tick one, or untick ‘enabled’ for now.")
        for miner in cleaned.get("miners") or ():
            for line in services.miner_problems(miner, self.instance):
                self.add_error("miners", line)
        return cleaned


@admin.register(OptimizationUnit)
class OptimizationUnitAdmin(LoweringAdmin, SiteRowAdmin):
    """What is decided together, and whether it is decided at all."""

    form = UnitForm
    heats = True
    list_display = ("name", "enabled", "policy", "decides_for", "last_reason")
    list_select_related = ("site", "policy")
    alternative = "To pause it, untick ‘is enabled’: its miners are switched off and everything stays as it is."
    fieldsets = (
        (None, {"fields": ("site", "name", "description")}),
        (
            "What it decides",
            {"fields": ("miners", "zones", "policy", "rules_here", "never_below_celsius", "strategy", "energy_source")},
        ),
        ("In use", {"fields": ("is_enabled",)}),
    )
    readonly_fields = ("rules_here",)

    def get_queryset(self, request):
        last = Decision.objects.filter(unit=OuterRef("pk")).order_by("-at").values("reason")[:1]
        return super().get_queryset(request).prefetch_related("miners").annotate(reason=Subquery(last))

    @admin.display(description="enabled", ordering="is_enabled", boolean=True)
    def enabled(self, unit: OptimizationUnit) -> bool:
        return unit.is_enabled

    @admin.display(description="decides for")
    def decides_for(self, unit: OptimizationUnit) -> str:
        return listed(unit.miners.all()) or "no miner yet"

    @admin.display(description="its rules here")
    def rules_here(self, unit: OptimizationUnit) -> str | SafeString:
        """What its policy says but may not mean with what this unit has."""
        if unit._state.adding or unit.policy is None:
            return "Choose a policy and save: what of it can never be true here is then named."
        check = check_policy(unit.policy, unit=unit)
        lines = [*check.errors, *check.warnings]
        if not lines:
            return "Every rule of the policy can be true here."
        return format_html('<ul class="plain">{}</ul>', format_html_join("", "<li>{}</li>", ((one,) for one in lines)))

    @admin.display(description="last reason")
    def last_reason(self, unit: OptimizationUnit) -> str:
        return unit.reason or "no decision yet"

    def lowers(self, request, obj) -> Order | None:
        is_disabled = obj.is_enabled and "is_enabled" not in request.POST
        return services.disabling(obj, by=request.user.get_username()) if is_disabled else None

    def save_model(self, request, obj, form, change):
        """Switching on and off goes through the services; the row itself keeps its state until then."""
        wanted, before = obj.is_enabled, bool(change and form.initial.get("is_enabled"))
        obj.is_enabled = before
        super().save_model(request, obj, form, change)
        obj.switch_to = wanted if wanted != before else None

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        unit, by = form.instance, request.user.get_username()
        if unit.switch_to is True:
            try:
                services.enable_unit(unit, by=by)
            except ValidationError as error:
                self.message_user(request, f"Saved, but not switched on. {' '.join(error.messages)}", messages.ERROR)
        elif unit.switch_to is False:
            # After the commit: waiting for a miner to be off must not hold the database.
            transaction.on_commit(lambda: self._disable(request, unit, by))

    def _disable(self, request, unit: OptimizationUnit, by: str) -> None:
        for line in services.disable_unit(unit, by=by):
            self.message_user(request, line, messages.ERROR)


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    """Why a miner did what it did."""

    list_display = ("when", "miner", "did", "reason", "rule_name", "origin")
    list_filter = ("action", "origin", "miner")
    list_select_related = ("miner", "site")
    search_fields = ("reason", "rule_name", "miner__name")
    date_hierarchy = "at"
    fieldsets = (
        (None, {"fields": ("reason", "did", "held", "by_rule", "by_guard")}),
        ("What the rule found", {"fields": ("explained",)}),
        ("Everything it saw", {"fields": ("seen",)}),
    )

    def get_readonly_fields(self, request, obj=None):
        return ("reason", "did", "held", "by_rule", "by_guard", "explained", "seen")

    @admin.display(description="did", ordering="action")
    def did(self, row: Decision) -> str:
        words = {"start": "start", "stop": "stop", "hold": "go on", "keep_off": "stay off", "level": "change level"}
        power = f" at {watts(row.command_w)}" if row.command_w else ""
        return f"{words.get(row.action, row.action.replace('_', ' '))}{power}"

    @admin.display(description="held")
    def held(self, row: Decision) -> str:
        begin, end = (local_time(at, row.site.tz) for at in (row.at, row.last_confirmed_at))
        return f"{begin} to {end} ({row.site.time_zone})"

    @admin.display(description="rule")
    def by_rule(self, row: Decision) -> str:
        target = f"; target {celsius(row.target_celsius)}" if row.target_celsius is not None else ""
        return (f"‘{row.rule_name}’" if row.rule_name else f"none ({row.origin})") + target

    @admin.display(description="guard")
    def by_guard(self, row: Decision) -> str:
        if not row.guard:
            return "none; the wish was allowed as it was"
        broke = " It broke the minimum on time." if row.broke_min_on else ""
        return f"{row.guard.replace('_', ' ')}: wanted {watts(row.intent_w)}, allowed {watts(row.command_w)}.{broke}"

    @admin.display(description="")
    def explained(self, row: Decision) -> SafeString:
        return explanation_tree(row.explanation)

    @admin.display(description="")
    def seen(self, row: Decision) -> SafeString:
        return saw_tables(row.saw, policies.fields_for(row.site)) or SafeString("<p>Nothing was kept.</p>")
